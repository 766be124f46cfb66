package rules

import "time"

// eventLog is the way of events from Postgres over Redis to the gateway.
func eventLog(scale Scale) Group {
	short := scale.Range(5 * time.Minute)
	return Group{Subsystem: EventLog, Recordings: []Recording{
		{
			"guildhall:event_lag_seconds:p99_rate5m",
			`histogram_quantile(0.99, sum by (namespace, chatcluster, le) (rate(guildhall_events_lag_seconds_bucket[` + short + `])))`,
		},
	}, Alerts: []Alert{
		{
			Name: "GuildhallOutboxOld", Severity: Critical, For: scale.Time(2 * time.Minute),
			Conditions:  []Condition{{`max by (namespace, chatcluster) (guildhall_outbox_unpublished_age_seconds)`, Above, scale.Seconds(30 * time.Second)}},
			Summary:     "Events wait in the outbox",
			Description: "The oldest event of {{ $labels.namespace }}/{{ $labels.chatcluster }} that is not in Redis was committed {{ $value | humanizeDuration }} ago. It is not lost, but clients don't see it.",
		},
		{
			Name: "GuildhallGapNotFilled", Severity: Critical, For: scale.Time(30 * time.Second),
			Conditions:  []Condition{{`max by (namespace, chatcluster) (guildhall_events_oldest_gap_age_seconds)`, Above, scale.Seconds(10 * time.Second)}},
			Summary:     "Gateway pods wait for events that they miss",
			Description: "A gateway pod of {{ $labels.namespace }}/{{ $labels.chatcluster }} has missed an event for {{ $value | humanizeDuration }} and finds it neither in Redis nor in the outbox: the members of that guild get nothing there until it does.",
		},
		{
			Name: "GuildhallFeedsLost", Severity: Warning, Keep: scale.Time(5 * time.Minute),
			Conditions:  []Condition{{`sum by (namespace, chatcluster) (increase(guildhall_events_feeds_lost_total[` + scale.Range(10*time.Minute) + `]))`, Above, 0}},
			Summary:     "Feeds fell behind the outbox",
			Description: "Gateway pods of {{ $labels.namespace }}/{{ $labels.chatcluster }} were cut off for longer than events are kept, and loaded guilds anew; their sessions were told to identify.",
		},
		{
			Name: "GuildhallEventLogSlow", Severity: Warning, For: scale.Time(10 * time.Minute),
			Conditions:  []Condition{{"guildhall:event_lag_seconds:p99_rate5m", Above, 0.5}},
			Summary:     "Events are slow on their way to the gateway",
			Description: "One event in a hundred of {{ $labels.namespace }}/{{ $labels.chatcluster }} takes longer than {{ $value | humanizeDuration }} from its commit to the gateway pods.",
		},
	}}
}
