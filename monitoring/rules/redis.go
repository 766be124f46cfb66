package rules

import "time"

// redis is the Redis Cluster as the processes see it, whoever runs it.
func redis(scale Scale) Group {
	short := scale.Range(5 * time.Minute)
	return Group{Subsystem: Redis, Alerts: []Alert{
		{
			Name: "GuildhallRedisDown", Severity: Critical, For: scale.Time(time.Minute),
			Conditions:  []Condition{{`max by (namespace, chatcluster) (guildhall_ready{check="redis"})`, Is, 0}},
			Summary:     "Redis does not answer",
			Description: "No gateway pod of {{ $labels.namespace }}/{{ $labels.chatcluster }} reaches the Redis Cluster. If nobody else does either, events wait in the outbox, nothing is lost, clients see nothing new.",
		},
		{
			Name: "GuildhallRedisSlotsUncovered", Severity: Critical, For: scale.Time(time.Minute),
			Conditions:  []Condition{{`min by (namespace, chatcluster) (guildhall_redis_covered_slots)`, Below, 16384}},
			Summary:     "Slots of the Redis Cluster have no master",
			Description: "{{ $value }} of 16384 slots of the Redis Cluster of {{ $labels.namespace }}/{{ $labels.chatcluster }} are served. Guilds in the others get no events until they are.",
		},
		{
			Name: "GuildhallRedisErrors", Severity: Warning, For: scale.Time(5 * time.Minute),
			Conditions:  []Condition{{`sum by (namespace, chatcluster, component) (rate(guildhall_redis_failures_total[` + short + `]))`, Above, 0.1}},
			Summary:     "Redis does not answer some commands",
			Description: "{{ $value | humanize }} round trips a second of {{ $labels.component }} in {{ $labels.namespace }}/{{ $labels.chatcluster }} to Redis get no answer.",
		},
	}}
}
