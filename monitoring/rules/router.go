package rules

import "time"

// router is the shard router, where WebSockets come in.
func router(scale Scale) Group {
	const perPod = `sum by (namespace, chatcluster, shard, gateway) (guildhall_router_pod_connections)`
	short := scale.Range(5 * time.Minute)
	return Group{Subsystem: ShardRouter, Alerts: []Alert{
		{
			Name: "GuildhallRouterCannotPlace", Severity: Critical, For: scale.Time(2 * time.Minute),
			Conditions:  []Condition{{`sum by (namespace, chatcluster) (rate(guildhall_router_refusals_total{reason=~"no_pod|internal_error|too_many_connections|too_many_pending"}[` + short + `]))`, Above, 0.05}},
			Summary:     "Clients are turned away at the door",
			Description: "The shard router of {{ $labels.namespace }}/{{ $labels.chatcluster }} refuses {{ $value | humanize }} connections a second for want of a pod that takes them.",
		},
		{
			Name: "GuildhallRouterFull", Severity: Critical, For: scale.Time(5 * time.Minute),
			Conditions:  []Condition{{`sum by (namespace, chatcluster) (guildhall_router_connections) / sum by (namespace, chatcluster) (guildhall_router_max_connections)`, Above, 0.9}},
			Summary:     "The shard routers are nearly full",
			Description: "The shard routers of {{ $labels.namespace }}/{{ $labels.chatcluster }} hold {{ $value | humanizePercentage }} of the connections that they may. Past that, clients are turned away.",
		},
		{
			Name: "GuildhallShardUncovered", Severity: Critical, For: scale.Time(time.Minute),
			Conditions:  []Condition{{`max by (namespace, chatcluster) (guildhall_router_uncovered_shards)`, Above, 0}},
			Summary:     "Shards have no pod that takes new sessions",
			Description: "{{ $value }} shards of {{ $labels.namespace }}/{{ $labels.chatcluster }} have no gateway pod that takes new sessions: their clients wait at the door.",
		},
		{
			Name: "GuildhallRouterImbalance", Severity: Warning, For: scale.Time(30 * time.Minute),
			Conditions: []Condition{
				{`max by (namespace, chatcluster, shard) (` + perPod + `) / (avg by (namespace, chatcluster, shard) (` + perPod + `) > 0)`, Above, 1.5},
				{`max by (namespace, chatcluster, shard) (` + perPod + `)`, Above, 1000},
			},
			Summary:     "Pods of shard {{ $labels.shard }} carry unequal loads",
			Description: "The fullest pod of shard {{ $labels.shard }} of {{ $labels.namespace }}/{{ $labels.chatcluster }} has {{ $value | humanize }} times the mean.",
		},
		{
			Name: "GuildhallShardMapDiffers", Severity: Warning, For: scale.Time(5 * time.Minute),
			Conditions:  []Condition{{`max by (namespace, chatcluster) (guildhall_router_shard_map_generation) - min by (namespace, chatcluster) (guildhall_router_shard_map_generation)`, Above, 0}},
			Summary:     "Shard routers follow different shard maps",
			Description: "Of the shard routers of {{ $labels.namespace }}/{{ $labels.chatcluster }} some have not taken over the present shard map: their new sessions go to the wrong shard, which serves them all the same, at a cost.",
		},
	}}
}
