package dashboards

func redis() page {
	return page{
		name: "redis", title: "Redis",
		about: "The Redis Cluster as the processes see it: whether all slots are served, how long it takes to answer, what fails.",
		rows: []row{
			{"What is wrong first", []panel{
				{kind: light, title: "Cluster", unit: "none", doc: "runbooks/GuildhallRedisDown.md", about: "Whether any process reaches it.",
					queries: []query{{`max(guildhall_ready{@,check="redis"})`, ""}}, words: []word{{"1", "ANSWERS", "green"}, {"0", "SILENT", "red"}}},
				{kind: value, title: "Slots served", unit: "none", doc: "runbooks/GuildhallRedisSlotsUncovered.md", about: "Of 16384.",
					queries: []query{{`min(guildhall_redis_covered_slots{@})`, ""}}, good: above(16384)},
				{kind: value, title: "Masters", unit: "none", doc: "dashboards.md#redis", about: "With slots.",
					queries: []query{{`min(guildhall_redis_masters{@})`, ""}}},
				{kind: value, title: "Nodes known", unit: "none", doc: "dashboards.md#redis", about: "To each other, replicas included.",
					queries: []query{{`min(guildhall_redis_known_nodes{@})`, ""}}},
			}},
			{"Round trips", []panel{
				{title: "Rate", unit: "ops", doc: "dashboards.md#redis", about: "Commands and pipelines, by component.",
					queries: []query{{`sum by (component) (rate(guildhall_redis_round_trip_seconds_count{@}[$__rate_interval]))`, "{{component}}"}}},
				{title: "Failures", unit: "ops", doc: "runbooks/GuildhallRedisErrors.md", about: "Round trips without an answer.",
					queries: []query{{`sum by (component) (rate(guildhall_redis_failures_total{@}[$__rate_interval]))`, "{{component}}"}}},
				latency("Latency", "runbooks/GuildhallRedisErrors.md", "How long Redis takes to answer a command, or all of a pipeline.", "guildhall_redis_round_trip_seconds"),
			}},
			{"Connections and coverage", []panel{
				{title: "Connections", unit: "short", doc: "dashboards.md#redis", about: "By component and state.",
					queries: []query{{`sum by (component, state) (guildhall_redis_pool_connections{@})`, "{{component}} {{state}}"}}},
				{title: "Waits given up", unit: "ops", doc: "runbooks/GuildhallRedisErrors.md", about: "For a connection.",
					queries: []query{{`sum by (component) (rate(guildhall_redis_pool_timeouts_total{@}[$__rate_interval]))`, "{{component}}"}}},
				{title: "Slots served", unit: "none", doc: "runbooks/GuildhallRedisSlotsUncovered.md", about: "As the worker sees it. A failover takes some seconds.",
					queries: []query{{`min(guildhall_redis_covered_slots{@})`, "slots"}}},
			}},
		},
	}
}
