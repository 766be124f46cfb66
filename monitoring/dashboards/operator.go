package dashboards

func operator() page {
	return page{
		name: "operator", title: "Operator",
		about: "ChatClusters as the operator sees them, what it waits for, and how its own work goes.",
		rows: []row{
			{"ChatClusters", []panel{
				{kind: light, title: "Available", unit: "none", doc: "runbooks/GuildhallClusterUnavailable.md", about: "Whether every component of every ChatCluster can serve.",
					queries: []query{{`min(guildhall_operator_chatcluster_condition{@,condition="Available"})`, ""}}, words: []word{{"1", "YES", "green"}, {"0", "NO", "red"}}},
				{kind: light, title: "Degraded", unit: "none", doc: "runbooks/GuildhallClusterDegraded.md", about: "Whether one needs attention.",
					queries: []query{{`max(guildhall_operator_chatcluster_condition{@,condition="Degraded"})`, ""}}, words: []word{{"0", "NO", "green"}, {"1", "YES", "red"}}},
				{kind: light, title: "Progressing", unit: "none", doc: "dashboards.md#operator", about: "Whether a rollout is under way.",
					queries: []query{{`max(guildhall_operator_chatcluster_condition{@,condition="Progressing"})`, ""}}, words: []word{{"0", "NO", "green"}, {"1", "YES", "blue"}}},
				{kind: value, title: "Shards not ready", unit: "none", doc: "runbooks/GuildhallShardNotReady.md", about: "Gateway shards without a ready pod.",
					queries: []query{{`sum(guildhall_operator_shards{@,state="wanted"}) - sum(guildhall_operator_shards{@,state="ready"})`, ""}}, good: below(1)},
				{kind: value, title: "Certificate", unit: "s", doc: "runbooks/GuildhallCertificateExpiring.md", about: "How long the one that ends first is good.",
					queries: []query{{`min(guildhall_operator_certificate_expiry_timestamp_seconds{@}) - time()`, ""}}, good: above(14 * 24 * 3600)},
				{kind: value, title: "Oldest credential", unit: "s", doc: "runbooks/GuildhallCredentialOld.md", about: "How long it has been in use.",
					queries: []query{{`time() - min(guildhall_operator_credential_timestamp_seconds{@})`, ""}}, good: below(365 * 24 * 3600)},
			}},
			{"Rollouts", []panel{
				{title: "Conditions", unit: "none", doc: "runbooks/GuildhallClusterDegraded.md", about: "1 while a condition holds.",
					queries: []query{{`min by (condition) (guildhall_operator_chatcluster_condition{@})`, "{{condition}}"}}},
				{title: "Waiting", unit: "s", doc: "runbooks/GuildhallReshardStuck.md", about: "How long a rollout has waited for one object, by what it does.",
					queries: []query{{`time() - max by (reason) (guildhall_operator_waiting_since_timestamp_seconds{@}) or 0 * max(guildhall_operator_shards{@})`, "{{reason}}"}}},
				{title: "Shards", unit: "none", doc: "runbooks/GuildhallReshardStuck.md", about: "Wanted, in the map, ready, and moved to the map. All are equal when nothing is under way.",
					queries: []query{{`sum by (state) (guildhall_operator_shards{@})`, "{{state}}"}}},
				{title: "Pods missing", unit: "none", doc: "runbooks/GuildhallClusterDegraded.md", about: "By component.",
					queries: []query{{`sum by (component) (guildhall_operator_pods{@,state="wanted"}) - sum by (component) (guildhall_operator_pods{@,state="ready"})`, "{{component}}"}}},
			}},
			{"Its own work", []panel{
				{title: "Passes", unit: "ops", doc: "runbooks/GuildhallOperatorFailing.md", about: "By result.",
					queries: []query{{`sum by (result) (rate(controller_runtime_reconcile_total[$__rate_interval]))`, "{{result}}"}}},
				{title: "Time of a pass", unit: "s", doc: "runbooks/GuildhallOperatorFailing.md", about: "Most take a fraction of a second.",
					queries: []query{{`histogram_quantile(0.99, sum by (le) (rate(controller_runtime_reconcile_time_seconds_bucket[$__rate_interval])))`, "p99"}}},
				{title: "Queue", unit: "short", doc: "runbooks/GuildhallOperatorFailing.md", about: "ChatClusters that wait for a pass.",
					queries: []query{{`sum by (name) (workqueue_depth)`, "{{name}}"}}},
				{title: "Drift put back", unit: "ops", doc: "dashboards.md#operator", about: "Objects that somebody else had changed.",
					queries: []query{{`sum by (kind) (rate(guildhall_operator_drift_corrected_total[$__rate_interval])) or 0 * sum(up{component="operator"})`, "{{kind}}"}}},
				{title: "Requests to the API server", unit: "reqps", doc: "dashboards.md#operator", about: "By status.",
					queries: []query{{`sum by (code) (rate(rest_client_requests_total{component="operator"}[$__rate_interval]))`, "{{code}}"}}},
			}},
			processes("operator"),
		},
	}
}
