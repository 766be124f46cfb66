package dashboards

func api() page {
	const top = `topk(10, `
	return page{
		name: "api", title: "API and worker",
		about: "REST by route, what is refused and why, caches, and the jobs that no request does.",
		rows: []row{
			{"What saturates first", []panel{
				{kind: value, title: "Connections to Postgres of those allowed", unit: "percentunit", doc: "runbooks/GuildhallPostgresPoolExhausted.md", about: "In use, of the api's pools.",
					queries: []query{{`sum(guildhall_postgres_pool_connections{@,component="api",state="acquired"}) / sum(guildhall_postgres_pool_max_connections{@,component="api"})`, ""}}, good: below(0.9)},
				{kind: value, title: "5xx", unit: "percentunit", doc: "runbooks/GuildhallRESTBudgetBurn.md", about: "Part of the requests of 5 minutes that failed.",
					queries: []query{{`max(guildhall:rest_errors:ratio_rate5m{@})`, ""}}, good: below(0.001)},
				{kind: value, title: "p99", unit: "s", doc: "runbooks/GuildhallRESTSlow.md", about: "Of the requests of 5 minutes.",
					queries: []query{{`max(guildhall:rest_latency_seconds:p99_rate5m{@})`, ""}}, good: below(1)},
				{kind: value, title: "Jobs that nobody does", unit: "none", doc: "runbooks/GuildhallWorkerJobIdle.md", about: "Jobs of the worker without a pod that has their lease.",
					queries: []query{{`count(max by (namespace, chatcluster, task) (guildhall_worker_lease_held{@}) == 0) or 0 * max(guildhall_worker_lease_held{@})`, ""}}, good: below(1)},
			}},
			{"Rate", []panel{
				{title: "Requests by status", unit: "reqps", doc: "runbooks/GuildhallRESTBudgetBurn.md", about: "By class of status.",
					queries: []query{{`sum by (status) (rate(guildhall_http_request_duration_seconds_count{@}[$__rate_interval]))`, "{{status}}"}}, stacked: true},
				{title: "Busiest routes", unit: "reqps", doc: "dashboards.md#api", about: "The ten routes with the most requests.",
					queries: []query{{top + `sum by (method, route) (rate(guildhall_http_request_duration_seconds_count{@}[$__rate_interval])))`, "{{method}} {{route}}"}}},
				{title: "In flight", unit: "short", doc: "runbooks/GuildhallRESTSlow.md", about: "Requests that are being answered.",
					queries: []query{{`sum by (pod) (guildhall_http_requests_in_flight{@})`, "{{pod}}"}}},
			}},
			{"Errors", []panel{
				{title: "5xx by route", unit: "reqps", doc: "runbooks/GuildhallRESTBudgetBurn.md", about: "The ten routes that fail most.",
					queries: []query{{top + `sum by (method, route) (rate(guildhall_http_request_duration_seconds_count{@,status="5xx"}[$__rate_interval]))) or 0 * sum(rate(guildhall_http_request_duration_seconds_count{@}[$__rate_interval]))`, "{{method}} {{route}}"}}},
				{title: "Rate limits", unit: "reqps", doc: "runbooks/GuildhallRateLimitsLocal.md", about: "Requests answered with 429, by scope, and those that were counted locally because Redis did not answer.",
					queries: []query{
						{`sum by (scope) (rate(guildhall_ratelimit_refusals_total{@}[$__rate_interval]))`, "refused {{scope}}"},
						{`sum(rate(guildhall_ratelimit_fallbacks_total{@}[$__rate_interval]))`, "counted locally"},
					}},
				{title: "Denials", unit: "reqps", doc: "dashboards.md#api", about: "Requests refused for want of a login or a permission, by reason. A jump may be somebody who tries doors.",
					queries: []query{{`sum by (reason) (rate(guildhall_permission_denials_total{@}[$__rate_interval]))`, "{{reason}}"}}},
				{title: "Panics", unit: "reqps", doc: "runbooks/GuildhallRESTPanics.md", about: "Each is a bug.",
					queries: []query{{`sum(rate(guildhall_http_panics_total{@}[$__rate_interval]))`, "panics"}}},
			}},
			{"Latency", []panel{
				latency("All requests", "runbooks/GuildhallRESTSlow.md", "How long requests take.", "guildhall_http_request_duration_seconds"),
				{title: "Slowest routes, p99", unit: "s", doc: "runbooks/GuildhallRESTSlow.md", about: "The ten slowest routes.",
					queries: []query{{top + `histogram_quantile(0.99, sum by (method, route, le) (rate(guildhall_http_request_duration_seconds_bucket{@}[$__rate_interval]))))`, "{{method}} {{route}}"}}},
				{title: "Cache hits", unit: "percentunit", doc: "dashboards.md#api", about: "Part of the look-ups that found what they looked for.",
					queries: []query{{`sum by (cache) (rate(guildhall_cache_lookups_total{@,result="hit"}[$__rate_interval])) / (sum by (cache) (rate(guildhall_cache_lookups_total{@}[$__rate_interval])) > 0)`, "{{cache}}"}}},
			}},
			{"Worker", []panel{
				{title: "Jobs held", unit: "none", doc: "runbooks/GuildhallWorkerJobIdle.md", about: "Each job should be held by one pod.",
					queries: []query{{`sum by (task) (guildhall_worker_lease_held{@})`, "{{task}}"}}},
				{title: "Failures", unit: "ops", doc: "runbooks/GuildhallWorkerJobFailing.md", about: "Steps of jobs that failed and are tried again.",
					queries: []query{{`sum by (task) (rate(guildhall_worker_failures_total{@}[$__rate_interval]))`, "{{task}}"}}},
				{title: "Time of a step, p99", unit: "s", doc: "dashboards.md#api", about: "By job.",
					queries: []query{{`histogram_quantile(0.99, sum by (task, le) (rate(guildhall_worker_step_seconds_bucket{@}[$__rate_interval])))`, "{{task}}"}}},
				{title: "Since the last success", unit: "s", doc: "runbooks/GuildhallWorkerJobFailing.md", about: "Since a step of a job ended well.",
					queries: []query{{`time() - max by (task) (guildhall_worker_last_success_timestamp_seconds{@} > 0)`, "{{task}}"}}},
			}},
			{"To applications and people", []panel{
				{title: "Webhook deliveries", unit: "ops", doc: "runbooks/GuildhallWebhookDeadLetters.md", about: "Attempts to send events to applications, by outcome.",
					queries: []query{{`sum by (outcome) (rate(guildhall_webhook_deliveries_total{@}[$__rate_interval]))`, "{{outcome}}"}}},
				{title: "Webhook queue", unit: "short", doc: "runbooks/GuildhallWebhooksLate.md", about: "Events that wait to be sent, and those that were given up.",
					queries: []query{
						{`max(guildhall_webhook_queue_events{@})`, "waiting"},
						{`max(guildhall_webhook_dead_letters{@})`, "given up"},
					}},
				{title: "Mail", unit: "ops", doc: "runbooks/GuildhallMailDropped.md", about: "Mails handed over, and given up.",
					queries: []query{
						{`sum(rate(guildhall_mails_sent_total{@}[$__rate_interval]))`, "sent"},
						{`sum(rate(guildhall_mails_dropped_total{@}[$__rate_interval]))`, "given up"},
					}},
			}},
			processes("api"),
		},
	}
}
