package dashboards

func shardRouter() page {
	return page{
		name: "shard-router", title: "Shard router",
		about: "The door for WebSockets: how many come, where they are placed, and who is turned away.",
		rows: []row{
			{"What saturates first", []panel{
				{kind: value, title: "Connections of those allowed", unit: "percentunit", doc: "runbooks/GuildhallRouterFull.md", about: "Of all shard routers.",
					queries: []query{{`sum(guildhall_router_connections{@}) / sum(guildhall_router_max_connections{@})`, ""}}, good: below(0.9)},
				{kind: value, title: "Shards without a pod", unit: "none", doc: "runbooks/GuildhallShardUncovered.md", about: "Shards that no gateway pod takes new sessions for.",
					queries: []query{{`max(guildhall_router_uncovered_shards{@})`, ""}}, good: below(1)},
				{kind: value, title: "Imbalance", unit: "none", doc: "runbooks/GuildhallRouterImbalance.md", about: "The fullest gateway pod of a shard against the mean of its pods, of the worst shard.",
					queries: []query{{`max(max by (namespace, chatcluster, shard) (sum by (namespace, chatcluster, shard, gateway) (guildhall_router_pod_connections{@})) / (avg by (namespace, chatcluster, shard) (sum by (namespace, chatcluster, shard, gateway) (guildhall_router_pod_connections{@})) > 0))`, ""}}, good: below(1.5)},
				{kind: value, title: "Shard maps followed", unit: "none", doc: "runbooks/GuildhallShardMapDiffers.md", about: "All routers should follow one.",
					queries: []query{{`max(count by (namespace, chatcluster) (count by (namespace, chatcluster, generation) (count_values by (namespace, chatcluster) ("generation", guildhall_router_shard_map_generation{@}))))`, ""}}, good: below(2)},
			}},
			{"Connections", []panel{
				{title: "Connections", unit: "short", doc: "runbooks/GuildhallRouterFull.md", about: "By phase: pending ones have not identified yet.",
					queries: []query{{`sum by (phase) (guildhall_router_connections{@})`, "{{phase}}"}}, stacked: true},
				{title: "Placements", unit: "ops", doc: "dashboards.md#shard-router", about: "Connections handed over to gateway pods, by shard.",
					queries: []query{{`sum by (shard) (rate(guildhall_router_placements_total{@}[$__rate_interval]))`, "shard {{shard}}"}}, stacked: true},
				{title: "Connections by gateway pod", unit: "short", doc: "runbooks/GuildhallRouterImbalance.md", about: "Pods of one shard should be level.",
					queries: []query{{`sum by (shard, gateway) (guildhall_router_pod_connections{@})`, "{{gateway}}"}}},
			}},
			{"Errors", []panel{
				{title: "Refusals", unit: "ops", doc: "runbooks/GuildhallRouterCannotPlace.md", about: "By reason. no_pod and too_many are the platform's, the others mostly the client's.",
					queries: []query{{`sum by (reason) (rate(guildhall_router_refusals_total{@}[$__rate_interval]))`, "{{reason}}"}}},
				{title: "Gateway pods that could not be reached", unit: "ops", doc: "runbooks/GuildhallRouterCannotPlace.md", about: "Attempts that failed, by shard. Others are tried.",
					queries: []query{{`sum by (shard) (rate(guildhall_router_dial_failures_total{@}[$__rate_interval])) or 0 * sum(guildhall_router_gateway_pods{@})`, "shard {{shard}}"}}},
			}},
			{"Latency and bytes", []panel{
				latency("Placing", "runbooks/GuildhallRouterCannotPlace.md", "From a client's IDENTIFY or RESUME to its hand-over.", "guildhall_router_placing_seconds"),
				{title: "Bytes copied", unit: "Bps", doc: "dashboards.md#shard-router", about: "By direction.",
					queries: []query{{`sum by (direction) (rate(guildhall_router_copied_bytes_total{@}[$__rate_interval]))`, "{{direction}}"}}},
			}},
			{"What it sees", []panel{
				{title: "Gateway pods", unit: "short", doc: "runbooks/GuildhallShardUncovered.md", about: "Known ones, and those of them that take new sessions.",
					queries: []query{
						{`min by (pod) (guildhall_router_gateway_pods{@})`, "{{pod}} knows"},
						{`min by (pod) (guildhall_router_open_gateway_pods{@})`, "{{pod}} open"},
					}},
				{title: "Shard map", unit: "none", doc: "runbooks/GuildhallShardMapDiffers.md", about: "The generation that each router follows.",
					queries: []query{{`max by (pod) (guildhall_router_shard_map_generation{@})`, "{{pod}}"}}},
			}},
			processes("shard-router"),
		},
	}
}
