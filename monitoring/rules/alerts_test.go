package rules

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"sigs.k8s.io/yaml"

	"guildhall.chat/guildhall/monitoring/promtool"
)

// series is one for promtool, by name with labels; its values in promtool's notation, one a minute.
// https://prometheus.io/docs/prometheus/latest/configuration/unit_testing_rules/#series
type series map[string]string

// situation is one in which an alert rings, and one much like it in which it doesn't.
type situation struct{ rings, silent series }

// looked is when promtool looks: after what every alert here waits for.
const looked = 40 * time.Minute

// held is a value that stays for long enough.
func held(value float64) string { return fmt.Sprintf("%.0f+0x60", value) }

// rises is a counter that rises by so much a minute.
func rises(by float64) string { return fmt.Sprintf("0+%gx60", by) }

// once is a counter that has risen once, minutes before it is looked at.
func once(minutes int) string { return fmt.Sprintf("0+0x%d 1+0x60", 40-minutes) }

// level is a situation of a gauge: one value rings, another doesn't.
func level(name string, rings, silent float64) situation {
	return situation{series{name: held(rings)}, series{name: held(silent)}}
}

// rate is a situation of a counter: so much a minute rings, so much doesn't.
func rate(name string, rings, silent float64) situation {
	return situation{series{name: rises(rings)}, series{name: rises(silent)}}
}

// with adds what is the same in both.
func (s situation) with(name, values string) situation {
	s.rings[name], s.silent[name] = values, values
	return s
}

var situations = map[string]situation{
	"GuildhallComponentDown": {
		rings:  series{`up{component="api",pod="a"}`: held(0), `up{component="api",pod="b"}`: held(0)},
		silent: series{`up{component="api",pod="a"}`: held(0), `up{component="api",pod="b"}`: held(1)},
	},
	"GuildhallTargetDown": level(`up{component="api",pod="a"}`, 0, 1),
	"GuildhallRestarts":   rate(`process_start_time_seconds{component="gateway",pod="a"}`, 1, 0),

	"GuildhallRESTSlow": {
		rings:  histogram("guildhall_http_request_duration_seconds", map[string]float64{"1": 90, "2.5": 100}),
		silent: histogram("guildhall_http_request_duration_seconds", map[string]float64{"1": 100, "2.5": 100}),
	},
	"GuildhallRESTPanics":       {series{"guildhall_http_panics_total": once(5)}, series{"guildhall_http_panics_total": held(7)}},
	"GuildhallRateLimitsLocal":  rate("guildhall_ratelimit_fallbacks_total", 5, 0),
	"GuildhallWorkerJobIdle":    level(`guildhall_worker_lease_held{task="relay",pod="a"}`, 0, 1).with(`guildhall_worker_lease_held{task="relay",pod="b"}`, held(0)),
	"GuildhallWorkerJobFailing": rate(`guildhall_worker_failures_total{task="relay"}`, 2, 0),
	"GuildhallWebhooksLate":     level("guildhall_webhook_queue_age_seconds", 1000, 100),
	"GuildhallWebhookDeadLetters": {
		series{`guildhall_webhook_deliveries_total{outcome="dead"}`: once(10)},
		series{`guildhall_webhook_deliveries_total{outcome="failed"}`: once(10)},
	},
	"GuildhallMailDropped": {series{"guildhall_mails_dropped_total": once(10)}, series{"guildhall_mails_dropped_total": held(7)}},

	"GuildhallGatewayFull": level(`guildhall_gateway_connections{shard="0"}`, 950, 850).with(`guildhall_gateway_max_connections{shard="0"}`, held(1000)),
	"GuildhallSlowReaders": rate(`guildhall_gateway_slow_readers_total{pod="a"}`, 60, 1).with("guildhall_gateway_connections", held(1000)),
	"GuildhallIdentifyFailing": rate(`guildhall_gateway_identifies_total{outcome="invalid_session"}`, 30, 5).with(`guildhall_gateway_identifies_total{outcome="ok"}`, rises(100)).
		with(`guildhall_gateway_identifies_total{outcome="limited"}`, rises(50)),
	"GuildhallSendQueuesDeep": {
		rings:  histogram("guildhall_gateway_send_queue_bytes", map[string]float64{"1048576": 50, "4194304": 100}),
		silent: histogram("guildhall_gateway_send_queue_bytes", map[string]float64{"1048576": 95, "4194304": 100}),
	},
	"GuildhallGuildViewsLost":  rate("guildhall_gateway_guild_views_lost_total", 1, 0),
	"GuildhallJournalDegraded": level(`guildhall_gateway_journal_degraded{pod="a"}`, 1, 0),

	"GuildhallRouterCannotPlace": {
		series{`guildhall_router_refusals_total{reason="no_pod"}`: rises(10)},
		series{`guildhall_router_refusals_total{reason="identify_timeout"}`: rises(10)},
	},
	"GuildhallRouterFull":      level(`guildhall_router_connections{phase="placed"}`, 950, 850).with("guildhall_router_max_connections", held(1000)),
	"GuildhallShardUncovered":  level("guildhall_router_uncovered_shards", 1, 0),
	"GuildhallRouterImbalance": level(`guildhall_router_pod_connections{shard="0",gateway="a"}`, 9000, 3000).with(`guildhall_router_pod_connections{shard="0",gateway="b"}`, held(2000)),
	"GuildhallShardMapDiffers": level(`guildhall_router_shard_map_generation{pod="a"}`, 1, 2).with(`guildhall_router_shard_map_generation{pod="b"}`, held(2)),

	"GuildhallOutboxOld":    level("guildhall_outbox_unpublished_age_seconds", 60, 2),
	"GuildhallGapNotFilled": level("guildhall_events_oldest_gap_age_seconds", 20, 1),
	"GuildhallFeedsLost":    {series{"guildhall_events_feeds_lost_total": once(5)}, series{"guildhall_events_feeds_lost_total": held(7)}},
	"GuildhallEventLogSlow": {
		rings:  histogram("guildhall_events_lag_seconds", map[string]float64{"0.5": 90, "1": 100}),
		silent: histogram("guildhall_events_lag_seconds", map[string]float64{"0.5": 100, "1": 100}),
	},

	"GuildhallPostgresDown": level(`guildhall_ready{check="postgres",pod="a"}`, 0, 1).with(`guildhall_ready{check="postgres",pod="b"}`, held(0)),
	"GuildhallPostgresPoolExhausted": level(`guildhall_postgres_pool_connections{component="api",state="acquired"}`, 24, 10).
		with(`guildhall_postgres_pool_max_connections{component="api"}`, held(24)).
		with(`guildhall_postgres_pool_wait_seconds_total{component="api"}`, rises(300)),
	"GuildhallPostgresConnectionsHigh": level(`guildhall_postgres_connections{state="idle"}`, 95, 50).with("guildhall_postgres_max_connections", held(100)),
	"GuildhallPostgresLongTransaction": level("guildhall_postgres_oldest_transaction_age_seconds", 1000, 10),
	"GuildhallPostgresReplicaLag":      level(`guildhall_postgres_replica_lag_seconds{replica="b"}`, 60, 1),
	"GuildhallBackupOld": level("guildhall_operator_backup_interval_seconds", 100, 86400).with("guildhall_operator_last_backup_timestamp_seconds", held(0)).
		with(`guildhall_operator_chatcluster_condition_since_timestamp_seconds{condition="BackupReady"}`, held(0)),

	"GuildhallRedisDown":           level(`guildhall_ready{check="redis",pod="a"}`, 0, 1).with(`guildhall_ready{check="redis",pod="b"}`, held(0)),
	"GuildhallRedisSlotsUncovered": level("guildhall_redis_covered_slots", 16383, 16384),
	"GuildhallRedisErrors":         rate(`guildhall_redis_failures_total{component="api"}`, 60, 1),

	"GuildhallClusterUnavailable":  level(`guildhall_operator_chatcluster_condition{condition="Available"}`, 0, 1),
	"GuildhallClusterDegraded":     level(`guildhall_operator_chatcluster_condition{condition="Degraded"}`, 1, 0),
	"GuildhallShardNotReady":       level(`guildhall_operator_shards{state="ready"}`, 1, 2).with(`guildhall_operator_shards{state="wanted"}`, held(2)),
	"GuildhallReshardStuck":        level(`guildhall_operator_waiting_since_timestamp_seconds{reason="Resharding"}`, 0, 2300).with(`guildhall_operator_shards{state="wanted"}`, held(2)),
	"GuildhallOperatorFailing":     rate(`controller_runtime_reconcile_errors_total{controller="chatcluster"}`, 20, 1).with(`controller_runtime_reconcile_total{controller="chatcluster"}`, rises(100)),
	"GuildhallCertificateExpiring": level("guildhall_operator_certificate_expiry_timestamp_seconds", 100000, 10000000),
	"GuildhallCredentialOld":       level(`guildhall_operator_credential_timestamp_seconds{credential="signing_keys"}`, -40000000, 0),
}

// histogram is one whose buckets rise by so much a minute.
func histogram(name string, buckets map[string]float64) series {
	s := series{}
	most := 0.0
	for bound, by := range buckets {
		s[name+`_bucket{le="`+bound+`"}`] = rises(by)
		most = max(most, by)
	}
	s[name+`_bucket{le="+Inf"}`] = rises(most)
	return s
}

// Each alert rings when it should, and is silent when it shouldn't.
func TestAlerts(t *testing.T) {
	t.Parallel()
	var tests []unitTest
	groups := Groups(Production)
	for _, alert := range Alerts(Production) {
		if alert.Labels["long"] != "" {
			continue // of an objective
		}
		s, ok := situations[alert.Name]
		if !ok {
			t.Errorf("alert %s is not tried", alert.Name)
			continue
		}
		of := fmt.Sprintf("ALERTS{alertname=%q,alertstate=\"firing\"}", alert.Name)
		tests = append(tests, newTest(s.rings, time.Minute, looked, of, 1), newTest(s.silent, time.Minute, looked, of, 0))
	}
	check(t, groups[1:], time.Minute, tests)
}

// An objective's alert rings when the budget is used up half as fast again as it may, and not when half as fast; and never for a
// few bad ones.
func TestObjectives(t *testing.T) {
	t.Parallel()
	const each = 100000 // a minute
	flow := map[string]func(bad float64) (good, bads string, values [2]float64){
		"delivery": func(bad float64) (string, string, [2]float64) {
			return `guildhall_gateway_delivery_seconds_bucket{le="1"}`, `guildhall_gateway_delivery_seconds_count`, [2]float64{each - bad, each}
		},
		"rest": func(bad float64) (string, string, [2]float64) {
			return `guildhall_http_request_duration_seconds_count{status="2xx"}`, `guildhall_http_request_duration_seconds_count{status="5xx"}`, [2]float64{each - bad, bad}
		},
		"resume": func(bad float64) (string, string, [2]float64) {
			return `guildhall_gateway_resumes_total{outcome="ok"}`, `guildhall_gateway_resumes_total{outcome="try_again"}`, [2]float64{each - bad, bad}
		},
	}
	var tests []unitTest
	for _, o := range Objectives() {
		for _, b := range burns {
			at := b.hold + 2*base
			of := fmt.Sprintf("ALERTS{alertname=%q,alertstate=\"firing\",long=%q}", o.Alert, Production.Range(b.long))
			for speed, want := range map[float64]float64{1.5: 1, 0.5: 0} {
				good, bad, values := flow[o.ID](each * b.factor * o.Budget() * speed)
				minutes := int(at/time.Minute) + 1
				tests = append(tests, newTest(series{
					good: fmt.Sprintf("0+%gx%d", values[0], minutes), bad: fmt.Sprintf("0+%gx%d", values[1], minutes),
				}, time.Minute, at, of, want))
			}
		}
	}
	few := fmt.Sprintf("ALERTS{alertname=%q,alertstate=\"firing\",long=\"1h\"}", "GuildhallRESTBudgetBurn")
	tests = append(tests, newTest(series{
		`guildhall_http_request_duration_seconds_count{status="2xx"}`: "0+0x60",
		`guildhall_http_request_duration_seconds_count{status="5xx"}`: "0+0x20 1+0x3 2+0x3 3+0x60",
	}, time.Minute, 30*time.Minute, few, 0))
	check(t, Groups(Production)[:1], time.Minute, tests)
}

// unitTest is one of promtool's.
type unitTest struct {
	Interval string       `json:"interval"`
	Input    []input      `json:"input_series"`
	Queries  []exprSample `json:"promql_expr_test"`
}

type input struct {
	Series string `json:"series"`
	Values string `json:"values"`
}

type exprSample struct {
	Expr string   `json:"expr"`
	At   string   `json:"eval_time"`
	Want []sample `json:"exp_samples"`
}

type sample struct {
	Labels string  `json:"labels"`
	Value  float64 `json:"value"`
}

// newTest is one that counts the alerts that a selector finds.
func newTest(s series, interval, at time.Duration, alerts string, want float64) unitTest {
	test := unitTest{
		Interval: Production.Range(interval),
		Queries: []exprSample{{
			Expr: "count(" + alerts + ") or vector(0)", At: Production.Range(at), Want: []sample{{"{}", want}},
		}},
	}
	for name, values := range s {
		test.Input = append(test.Input, input{inChatCluster(name), values})
	}
	return test
}

// inChatCluster adds the labels that the scrape gives.
func inChatCluster(name string) string {
	const labels = `namespace="talk",chatcluster="chat"`
	if before, after, found := strings.Cut(name, "{"); found {
		return before + "{" + labels + "," + after
	}
	return name + "{" + labels + "}"
}

// check has promtool check the rules, and run the tests.
func check(t *testing.T, groups []Group, every time.Duration, tests []unitTest) {
	t.Helper()
	dir := t.TempDir()
	content, err := File(groups)
	if err != nil {
		t.Fatal(err)
	}
	tried, err := yaml.Marshal(map[string]any{
		"rule_files": []string{"rules.yaml"}, "evaluation_interval": Production.Range(every), "tests": tests,
	})
	if err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string][]byte{"rules.yaml": content, "tests.yaml": tried} {
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if output, err := promtool.Run(t, "check", "rules", filepath.Join(dir, "rules.yaml")); err != nil {
		t.Fatalf("%v\n%s", err, output)
	}
	if output, err := promtool.Run(t, "test", "rules", filepath.Join(dir, "tests.yaml")); err != nil {
		t.Errorf("%v\n%s", err, output)
	}
}
