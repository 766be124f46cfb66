package rules

import "time"

// gateway is WebSocket sessions.
func gateway(scale Scale) Group {
	short := scale.Range(5 * time.Minute)
	return Group{Subsystem: Gateway, Recordings: []Recording{
		{
			"guildhall:delivery_latency_seconds:p99_rate5m",
			`histogram_quantile(0.99, sum by (namespace, chatcluster, le) (rate(guildhall_gateway_delivery_seconds_bucket[` + short + `])))`,
		},
	}, Alerts: []Alert{
		{
			Name: "GuildhallGatewayFull", Severity: Critical, For: scale.Time(5 * time.Minute),
			Conditions:  []Condition{{`sum by (namespace, chatcluster, shard) (guildhall_gateway_connections) / sum by (namespace, chatcluster, shard) (guildhall_gateway_max_connections)`, Above, 0.9}},
			Summary:     "Shard {{ $labels.shard }} is nearly full",
			Description: "Pods of shard {{ $labels.shard }} of {{ $labels.namespace }}/{{ $labels.chatcluster }} hold {{ $value | humanizePercentage }} of the connections that they may. Past that, clients are turned away.",
		},
		{
			Name: "GuildhallSlowReaders", Severity: Warning, For: scale.Time(5 * time.Minute),
			Conditions:  []Condition{{`sum by (namespace, chatcluster) (rate(guildhall_gateway_slow_readers_total[` + short + `])) / (sum by (namespace, chatcluster) (guildhall_gateway_connections) > 0)`, Above, 0.0005}},
			Summary:     "Clients are closed because they don't keep up",
			Description: "{{ $value | humanizePercentage }} of the connections of {{ $labels.namespace }}/{{ $labels.chatcluster }} are closed each second because too much waits for them. One alone is a slow client; many at once are a slow network or pods without processor time.",
		},
		{
			Name: "GuildhallSendQueuesDeep", Severity: Warning, For: scale.Time(5 * time.Minute),
			Conditions:  []Condition{{`histogram_quantile(0.9, sum by (namespace, chatcluster, le) (rate(guildhall_gateway_send_queue_bytes_bucket[` + short + `])))`, Above, 1 << 20}},
			Summary:     "Much waits for clients to be sent",
			Description: "A tenth of the writes of {{ $labels.namespace }}/{{ $labels.chatcluster }} that did not take all leave more than {{ $value | humanize1024 }}B behind: clients get events late and are closed when it is too much.",
		},
		{
			Name: "GuildhallIdentifyFailing", Severity: Critical, For: scale.Time(5 * time.Minute),
			Conditions: []Condition{
				{`(sum by (namespace, chatcluster) (rate(guildhall_gateway_identifies_total{outcome="invalid_session"}[` + short + `])) or 0 * sum by (namespace, chatcluster) (rate(guildhall_gateway_identifies_total[` + short + `]))) / (sum by (namespace, chatcluster) (rate(guildhall_gateway_identifies_total[` + short + `])) > 0)`, Above, 0.1},
				{`sum by (namespace, chatcluster) (increase(guildhall_gateway_identifies_total{outcome="invalid_session"}[` + short + `]))`, Above, 10},
			},
			Summary:     "Clients can't begin sessions",
			Description: "{{ $value | humanizePercentage }} of the IDENTIFYs to {{ $labels.namespace }}/{{ $labels.chatcluster }} are told to try again.",
		},
		{
			Name: "GuildhallGuildViewsLost", Severity: Warning, For: scale.Time(time.Minute), Keep: scale.Time(5 * time.Minute),
			Conditions:  []Condition{{`sum by (namespace, chatcluster) (rate(guildhall_gateway_guild_views_lost_total[` + short + `]))`, Above, 0}},
			Summary:     "Sessions are told to start anew",
			Description: "Gateway pods of {{ $labels.namespace }}/{{ $labels.chatcluster }} could not keep views of guilds exact and told their sessions to identify anew. Nothing wrong was sent.",
		},
		{
			Name: "GuildhallJournalDegraded", Severity: Warning, For: scale.Time(2 * time.Minute),
			Conditions:  []Condition{{`sum by (namespace, chatcluster) (guildhall_gateway_journal_degraded)`, Above, 0}},
			Summary:     "Sessions could not be resumed elsewhere",
			Description: "{{ $value }} gateway pods of {{ $labels.namespace }}/{{ $labels.chatcluster }} can't write their journal to Redis. Events still arrive, but if such a pod dies its sessions start anew.",
		},
	}}
}
