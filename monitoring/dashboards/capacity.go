package dashboards

func capacity() page {
	return page{
		name: "capacity", title: "Capacity",
		about: "How much is used of what there is, what a unit of work costs, and when it will not be enough.",
		rows: []row{
			{"Used of what there is", []panel{
				{kind: value, title: "Gateway connections", unit: "percentunit", doc: "operations.md#scale", about: "Add pods or shards past 70 %.",
					queries: []query{{`sum(guildhall_gateway_connections{@}) / sum(guildhall_gateway_max_connections{@})`, ""}}, good: below(0.7)},
				{kind: value, title: "Router connections", unit: "percentunit", doc: "operations.md#scale", about: "Add routers past 70 %.",
					queries: []query{{`sum(guildhall_router_connections{@}) / sum(guildhall_router_max_connections{@})`, ""}}, good: below(0.7)},
				{kind: value, title: "Postgres pools", unit: "percentunit", doc: "operations.md#scale", about: "In use on the hour's average.",
					queries: []query{{`sum(avg_over_time(guildhall_postgres_pool_connections{@,state="acquired"}[1h])) / sum(guildhall_postgres_pool_max_connections{@})`, ""}}, good: below(0.7)},
				{kind: value, title: "Postgres connections", unit: "percentunit", doc: "operations.md#scale", about: "Open, of those that the server allows.",
					queries: []query{{`max(sum by (namespace, chatcluster) (guildhall_postgres_connections{@}) / max by (namespace, chatcluster) (guildhall_postgres_max_connections{@}))`, ""}}, good: below(0.7)},
			}},
			{"Cost of a unit of work", []panel{
				{title: "Memory of a session", unit: "bytes", doc: "operations.md#scale", about: "Resident memory of the gateway, by its sessions.",
					queries: []query{{`sum(process_resident_memory_bytes{@,component="gateway"}) / (sum(guildhall_gateway_sessions{@}) > 0)`, "bytes"}}},
				{title: "Processor time of a delivery", unit: "s", doc: "operations.md#scale", about: "Of the gateway, by its dispatches.",
					queries: []query{{`sum(rate(process_cpu_seconds_total{@,component="gateway"}[$__rate_interval])) / (sum(rate(guildhall_gateway_dispatches_total{@}[$__rate_interval])) > 0)`, "seconds"}}},
				{title: "Processor time of a request", unit: "s", doc: "operations.md#scale", about: "Of the api, by its requests.",
					queries: []query{{`sum(rate(process_cpu_seconds_total{@,component="api"}[$__rate_interval])) / (sum(rate(guildhall_http_request_duration_seconds_count{@}[$__rate_interval])) > 0)`, "seconds"}}},
				{title: "Deliveries of an event", unit: "short", doc: "operations.md#scale", about: "Dispatches for each event published: the fan-out.",
					queries: []query{{`sum(rate(guildhall_gateway_dispatches_total{@}[$__rate_interval])) / (sum(rate(guildhall_events_published_total{@}[$__rate_interval])) > 0)`, "dispatches"}}},
			}},
			{"Growth", []panel{
				{title: "Database", unit: "bytes", doc: "operations.md#scale", about: "Now, and in 30 days if it goes on as in the last day.",
					queries: []query{
						{`max(guildhall_postgres_database_bytes{@})`, "now"},
						{`max(predict_linear(guildhall_postgres_database_bytes{@}[1d], 30 * 24 * 3600))`, "in 30 days"},
					}},
				{title: "Outbox", unit: "bytes", doc: "dashboards.md#event-log", about: "What the resume window costs on disk.",
					queries: []query{{`max(guildhall_outbox_bytes{@})`, "outbox"}}},
				{title: "Sessions by shard", unit: "short", doc: "operations.md#scale", about: "Shards should be level: guilds are spread by their ids.",
					queries: []query{{`sum by (shard) (guildhall_gateway_sessions{@})`, "shard {{shard}}"}}},
				{title: "Processor time by component", unit: "none", doc: "operations.md#scale", about: "Cores in use.",
					queries: []query{{`sum by (component) (rate(process_cpu_seconds_total{@}[$__rate_interval]))`, "{{component}}"}}, stacked: true},
			}},
		},
	}
}
