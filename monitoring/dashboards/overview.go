package dashboards

import (
	"fmt"
	"time"

	"guildhall.chat/guildhall/monitoring/rules"
)

// overview says whether users are served, then which subsystem is at fault, then how much is done, how well and how fast.
func overview() page {
	return page{
		name: "overview", title: "Overview",
		about: "Are users served, and if not, which component is at fault? First row: what was promised. Second row: each component, by its alerts. Below: how much is done, how well and how fast.",
		rows: []row{
			{"Are users served?", append([]panel{served()}, promises()...)},
			{"Which component is at fault?", lights()},
			{"What rings", []panel{{
				kind: list, title: "Alerts", unit: "none", doc: "operations.md#alerts",
				about:   "Alerts that ring now. The link of a line is its runbook.",
				queries: []query{{`ALERTS{@,alertname=~"Guildhall.*",alertstate="firing"} or ALERTS{alertname=~"Guildhall.*",alertstate="firing",subsystem="operator"}`, ""}},
			}}},
			{"How much", []panel{
				{title: "Requests", unit: "reqps", doc: "runbooks/GuildhallRESTBudgetBurn.md",
					about:   "REST requests answered a second, by class of status. 5xx are the platform's fault, 4xx the client's.",
					queries: []query{{`sum by (status) (rate(guildhall_http_request_duration_seconds_count{@}[$__rate_interval]))`, "{{status}}"}}, stacked: true},
				{title: "Dispatches", unit: "ops", doc: "runbooks/GuildhallDeliveryBudgetBurn.md",
					about:   "Events handed to sessions a second.",
					queries: []query{{`sum(rate(guildhall_gateway_dispatches_total{@}[$__rate_interval]))`, "dispatches"}}},
				{title: "Sessions and connections", unit: "short", doc: "runbooks/GuildhallGatewayFull.md",
					about: "Sessions wait for a resume for some minutes after their connection: more sessions than connections means that clients were just cut off.",
					queries: []query{
						{`sum(guildhall_gateway_sessions{@})`, "sessions"},
						{`sum(guildhall_gateway_connections{@})`, "connections"},
					}},
			}},
			{"How well", []panel{
				{title: "Errors against the promises", unit: "percentunit", doc: "operations.md#what-is-promised",
					about:   "The part that was bad over 5 minutes, by promise. Nothing is shown while nothing happens.",
					queries: errorRatios()},
				{title: "Sessions that begin and go on", unit: "ops", doc: "runbooks/GuildhallIdentifyFailing.md",
					about: "IDENTIFYs and RESUMEs a second, by outcome. Many RESUMEs at once: pods or routers were restarted. invalid_session: sessions began anew.",
					queries: []query{
						{`sum by (outcome) (rate(guildhall_gateway_identifies_total{@}[$__rate_interval]))`, "identify {{outcome}}"},
						{`sum by (outcome) (rate(guildhall_gateway_resumes_total{@}[$__rate_interval]))`, "resume {{outcome}}"},
					}},
				{title: "Age of what waits", unit: "s", doc: "runbooks/GuildhallOutboxOld.md",
					about: "How long the oldest event has waited on its way to clients (outbox, gaps), and the oldest one to applications (webhooks). All should be near 0.",
					queries: []query{
						{`max(guildhall_outbox_unpublished_age_seconds{@})`, "outbox"},
						{`max(guildhall_events_oldest_gap_age_seconds{@})`, "gaps"},
						{`max(guildhall_webhook_queue_age_seconds{@})`, "webhooks"},
					}},
			}},
			{"How fast", []panel{
				latency("REST", "runbooks/GuildhallRESTSlow.md", "How long requests take.", "guildhall_http_request_duration_seconds"),
				latency("Delivery", "runbooks/GuildhallDeliveryBudgetBurn.md", "From the commit of a change until it is written to the sockets. 99.9 % within 1 s is promised.", "guildhall_gateway_delivery_seconds"),
				latency("Transactions", "dashboards.md#postgres", "How long a change takes in Postgres, retries included.", "guildhall_postgres_change_seconds"),
				latency("Redis round trips", "dashboards.md#redis", "How long Redis takes to answer a command, or all of a pipeline.", "guildhall_redis_round_trip_seconds"),
			}},
		},
	}
}

// latency is a graph of a histogram's quantiles.
func latency(title, doc, about, histogram string) panel {
	p := panel{title: title, unit: "s", doc: doc, about: about}
	for _, q := range []string{"0.5", "0.99", "0.999"} {
		p.queries = append(p.queries, query{
			`histogram_quantile(` + q + `, sum by (le) (rate(` + histogram + `_bucket{@}[$__rate_interval])))`,
			"p" + map[string]string{"0.5": "50", "0.99": "99", "0.999": "99.9"}[q],
		})
	}
	return p
}

// served says it in a word.
func served() panel {
	return panel{
		kind: light, title: "Users are served", unit: "none", doc: "operations.md#alerts",
		about: "NO while an alert rings that wakes somebody up. Look at the second row for the component, and at the list below it for the runbook.",
		queries: []query{{
			`clamp_max(count(ALERTS{@,alertname=~"Guildhall.*",alertstate="firing",severity="critical"}), 1) or 0 * sum(up{@,component="gateway"})`, "",
		}},
		words: []word{{"0", "YES", "green"}, {"1", "NO", "red"}},
	}
}

// promises are the objectives: how much of the error budget of 30 days is left.
func promises() (panels []panel) {
	for _, o := range rules.Objectives() {
		panels = append(panels, panel{
			kind: value, title: o.Title + ": budget left", unit: "percentunit", doc: "runbooks/" + o.Alert + ".md",
			about: fmt.Sprintf("What is left of the error budget of 30 days. Promised: %g %% of the time %s. Below 0 the promise is broken.", o.Target*100, o.Good),
			queries: []query{{
				fmt.Sprintf(`1 - (sum(avg_over_time(guildhall:%[1]s_bad:rate5m{@}[%[2]s])) / (sum(avg_over_time(guildhall:%[1]s_all:rate5m{@}[%[2]s])) > 0)) / %[3]g`,
					o.ID, rules.Production.Range(rules.Period), o.Budget()), "",
			}},
			good: above(0.25),
		})
	}
	return panels
}

func errorRatios() (queries []query) {
	for _, o := range rules.Objectives() {
		queries = append(queries, query{`max(` + o.Ratio(5*time.Minute) + `{@})`, o.Title})
	}
	return queries
}

// lights are one for each subsystem: red while an alert of it rings that wakes somebody, yellow while another rings, or one
// is about to. What is there tells "all is well" from "nobody looks".
func lights() (panels []panel) {
	process := func(component string) string { return `sum(up{@,component="` + component + `"})` }
	for _, l := range []struct{ subsystem, title, there, doc string }{
		{rules.ShardRouter, "Shard router", process(rules.ShardRouter), "dashboards.md#shard-router"},
		{rules.Gateway, "Gateway", process(rules.Gateway), "dashboards.md#gateway"},
		{rules.API, "API", process(rules.API), "dashboards.md#api"},
		{rules.Worker, "Worker", process(rules.Worker), "dashboards.md#api"},
		{rules.EventLog, "Event log", `max(guildhall_outbox_unpublished_events{@})`, "dashboards.md#event-log"},
		{rules.Postgres, "Postgres", `max(guildhall_ready{@,check="postgres"})`, "dashboards.md#postgres"},
		{rules.Redis, "Redis", `max(guildhall_ready{@,check="redis"})`, "dashboards.md#redis"},
		{rules.Operator, "Operator", `sum(up{component="operator"})`, "dashboards.md#operator"},
	} {
		labels := `@,subsystem="` + l.subsystem + `"`
		if l.subsystem == rules.Operator {
			labels = `subsystem="` + l.subsystem + `"` // it has no ChatCluster of its own
		}
		panels = append(panels, panel{
			kind: light, title: l.title, unit: "none", doc: l.doc,
			about: "FAULT: an alert of it rings that wakes somebody up. LOOK: another rings, or one is about to. No data: Prometheus does not read it.",
			queries: []query{{
				`2 * max(ALERTS{` + labels + `,alertstate="firing",severity="critical"}) or max(ALERTS{` + labels + `}) or 0 * ` + l.there, "",
			}},
			words: []word{{"0", "OK", "green"}, {"1", "LOOK", "yellow"}, {"2", "FAULT", "red"}},
		})
	}
	return panels
}
