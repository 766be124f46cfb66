package dashboards

func gateway() page {
	return page{
		name: "gateway", title: "Gateway",
		about: "WebSocket sessions: how many, how they begin and go on, what they are sent and how fast, and what waits for slow ones.",
		rows: []row{
			{"What saturates first", []panel{
				{kind: value, title: "Connections of those allowed", unit: "percentunit", doc: "runbooks/GuildhallGatewayFull.md",
					about:   "Of the fullest shard. Past 90 % add pods: spec.gateway.replicasPerShard.",
					queries: []query{{`max(sum by (namespace, chatcluster, shard) (guildhall_gateway_connections{@}) / sum by (namespace, chatcluster, shard) (guildhall_gateway_max_connections{@}))`, ""}}, good: below(0.9)},
				{kind: value, title: "Backlog of those allowed", unit: "percentunit", doc: "runbooks/GuildhallSendQueuesDeep.md",
					about:   "What waits for the slowest client, of what may. At 100 % it is closed.",
					queries: []query{{`max(guildhall_gateway_largest_backlog_bytes{@} / guildhall_gateway_max_backlog_bytes{@})`, ""}}, good: below(0.9)},
				{kind: value, title: "Pods without a journal", unit: "none", doc: "runbooks/GuildhallJournalDegraded.md",
					about:   "Pods whose sessions could not be resumed elsewhere if they died.",
					queries: []query{{`sum(guildhall_gateway_journal_degraded{@})`, ""}}, good: below(1)},
				{kind: value, title: "Pods that are ready", unit: "percentunit", doc: "runbooks/GuildhallTargetDown.md",
					about:   "Of the gateway pods that there are, those that answer.",
					queries: []query{{`avg(up{@,component="gateway"})`, ""}}, good: above(1)},
			}},
			{"Sessions", []panel{
				{title: "Connections by shard", unit: "short", doc: "runbooks/GuildhallGatewayFull.md", about: "Open connections of each shard's pods.",
					queries: []query{{`sum by (shard) (guildhall_gateway_connections{@})`, "shard {{shard}}"}}, stacked: true},
				{title: "IDENTIFYs", unit: "ops", doc: "runbooks/GuildhallIdentifyFailing.md", about: "By outcome; numbers are close codes, which are the client's fault.",
					queries: []query{{`sum by (outcome) (rate(guildhall_gateway_identifies_total{@}[$__rate_interval]))`, "{{outcome}}"}}},
				{title: "RESUMEs", unit: "ops", doc: "runbooks/GuildhallResumeBudgetBurn.md", about: "By where the session was and outcome.",
					queries: []query{{`sum by (kind, outcome) (rate(guildhall_gateway_resumes_total{@}[$__rate_interval]))`, "{{kind}} {{outcome}}"}}},
				{title: "RESUMEs refused", unit: "ops", doc: "runbooks/GuildhallResumeBudgetBurn.md", about: "By reason. unknown and ended are sessions that are over; all else is the platform's.",
					queries: []query{{`sum by (reason) (rate(guildhall_gateway_resume_refusals_total{@}[$__rate_interval]))`, "{{reason}}"}}},
			}},
			{"Ends", []panel{
				{title: "Sessions ended", unit: "ops", doc: "dashboards.md#gateway", about: "By cause.",
					queries: []query{{`sum by (cause) (rate(guildhall_gateway_sessions_ended_total{@}[$__rate_interval]))`, "{{cause}}"}}},
				{title: "Connections closed", unit: "ops", doc: "dashboards.md#gateway", about: "By close code, of those that the pod closed.",
					queries: []query{{`sum by (code) (rate(guildhall_gateway_closes_total{@}[$__rate_interval]))`, "{{code}}"}}},
				{title: "Connections refused", unit: "ops", doc: "runbooks/GuildhallGatewayFull.md", about: "By reason.",
					queries: []query{{`sum by (reason) (rate(guildhall_gateway_refused_connections_total{@}[$__rate_interval]))`, "{{reason}}"}}},
				{title: "Heartbeats", unit: "s", doc: "dashboards.md#gateway", about: "How late heartbeats come. Many late at once: the network, or pods without processor time.",
					queries: []query{{`histogram_quantile(0.99, sum by (le) (rate(guildhall_gateway_heartbeat_lateness_seconds_bucket{@}[$__rate_interval])))`, "p99"}}},
			}},
			{"Deliveries", []panel{
				latency("From commit to sockets", "runbooks/GuildhallDeliveryBudgetBurn.md", "99.9 % within 1 s is promised.", "guildhall_gateway_delivery_seconds"),
				{title: "Dispatches by type", unit: "ops", doc: "dashboards.md#gateway", about: "The ten types that most are sent of.",
					queries: []query{{`topk(10, sum by (type) (rate(guildhall_gateway_dispatches_total{@}[$__rate_interval])))`, "{{type}}"}}},
				{title: "Bytes before compression", unit: "Bps", doc: "dashboards.md#gateway", about: "Payloads a second, by the client's compression.",
					queries: []query{{`sum by (compression) (rate(guildhall_gateway_payload_bytes_total{@}[$__rate_interval]))`, "{{compression}}"}}, stacked: true},
				{title: "Bytes sent", unit: "Bps", doc: "dashboards.md#gateway", about: "What is written to sockets, after compression.",
					queries: []query{{`sum by (compression) (rate(guildhall_gateway_sent_bytes_total{@}[$__rate_interval]))`, "{{compression}}"}}, stacked: true},
			}},
			{"Slow clients", []panel{
				{title: "Waiting for clients", unit: "bytes", doc: "runbooks/GuildhallSendQueuesDeep.md", about: "What all clients of a pod have still to read.",
					queries: []query{{`max by (pod) (guildhall_gateway_backlog_bytes{@})`, "{{pod}}"}}},
				{title: "What a write leaves", unit: "bytes", doc: "runbooks/GuildhallSendQueuesDeep.md", about: "What waits for a client after a write that did not take all.",
					queries: []query{
						{`histogram_quantile(0.5, sum by (le) (rate(guildhall_gateway_send_queue_bytes_bucket{@}[$__rate_interval])))`, "p50"},
						{`histogram_quantile(0.99, sum by (le) (rate(guildhall_gateway_send_queue_bytes_bucket{@}[$__rate_interval])))`, "p99"},
					}},
				{title: "Slow readers closed", unit: "ops", doc: "runbooks/GuildhallSlowReaders.md", about: "Backlog: more waited than may. Stuck: a write found no room. They may resume.",
					queries: []query{
						{`sum(rate(guildhall_gateway_slow_readers_total{@}[$__rate_interval]))`, "backlog"},
						{`sum(rate(guildhall_gateway_stuck_writes_total{@}[$__rate_interval]))`, "stuck"},
					}},
			}},
			{"Guilds and journal", []panel{
				{title: "Guild views", unit: "short", doc: "runbooks/GuildhallGuildViewsLost.md", about: "Guilds that a pod follows.",
					queries: []query{{`max by (pod) (guildhall_gateway_guild_views{@})`, "{{pod}}"}}},
				{title: "Guild views lost", unit: "ops", doc: "runbooks/GuildhallGuildViewsLost.md", about: "Views that could not be kept exact. Should be 0.",
					queries: []query{{`sum(rate(guildhall_gateway_guild_views_lost_total{@}[$__rate_interval]))`, "lost"}}},
				latency("Journal", "runbooks/GuildhallJournalDegraded.md", "What a dispatch waits for Redis before it may leave.", "guildhall_gateway_journal_append_seconds"),
				{title: "History", unit: "bytes", doc: "dashboards.md#gateway", about: "Payloads that a pod keeps for resumes.",
					queries: []query{{`max by (pod) (guildhall_gateway_history_bytes{@})`, "{{pod}}"}}},
			}},
			processes("gateway"),
		},
	}
}

// processes is a row about what a component's processes use.
func processes(component string) row {
	labels := `@,component="` + component + `"`
	if component == "operator" {
		labels = `component="operator"`
	}
	return row{"Processes", []panel{
		{title: "Processor time", unit: "none", doc: "operations.md#scale", about: "Cores that a pod uses.",
			queries: []query{{`sum by (pod) (rate(process_cpu_seconds_total{` + labels + `}[$__rate_interval]))`, "{{pod}}"}}},
		{title: "Memory", unit: "bytes", doc: "operations.md#scale", about: "Resident memory of a pod.",
			queries: []query{{`sum by (pod) (process_resident_memory_bytes{` + labels + `})`, "{{pod}}"}}},
		{title: "Goroutines", unit: "short", doc: "dashboards.md#processes", about: "Many that only grow are a leak, or wait for a store that does not answer.",
			queries: []query{{`sum by (pod) (go_goroutines{` + labels + `})`, "{{pod}}"}}},
		{title: "Open files of those allowed", unit: "percentunit", doc: "dashboards.md#processes", about: "A connection is an open file. At 100 % a process accepts no more.",
			queries: []query{{`max by (pod) (process_open_fds{` + labels + `} / process_max_fds{` + labels + `})`, "{{pod}}"}}},
		{title: "Restarts", unit: "none", doc: "runbooks/GuildhallRestarts.md", about: "Starts of a pod's process within the hour.",
			queries: []query{{`sum by (pod) (changes(process_start_time_seconds{` + labels + `}[1h]))`, "{{pod}}"}}},
	}}
}
