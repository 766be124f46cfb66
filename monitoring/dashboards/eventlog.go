package dashboards

func eventLog() page {
	return page{
		name: "event-log", title: "Event log",
		about: "The way of an event from its commit in Postgres over the Redis Cluster to the gateway pods: what waits, what was missed, what was filled.",
		rows: []row{
			{"What is wrong first", []panel{
				{kind: value, title: "Oldest event in the outbox", unit: "s", doc: "runbooks/GuildhallOutboxOld.md", about: "Committed, and not in Redis yet. It grows while Redis or the relay is stuck.",
					queries: []query{{`max(guildhall_outbox_unpublished_age_seconds{@})`, ""}}, good: below(30)},
				{kind: value, title: "Events in the outbox", unit: "short", doc: "runbooks/GuildhallOutboxOld.md", about: "That are not in Redis yet.",
					queries: []query{{`max(guildhall_outbox_unpublished_events{@})`, ""}}, good: below(1000)},
				{kind: value, title: "Oldest gap", unit: "s", doc: "runbooks/GuildhallGapNotFilled.md", about: "A gateway pod has missed an event for so long and can't find it.",
					queries: []query{{`max(guildhall_events_oldest_gap_age_seconds{@})`, ""}}, good: below(10)},
				{kind: value, title: "Lag, p99", unit: "s", doc: "runbooks/GuildhallEventLogSlow.md", about: "From the commit until a gateway pod has it in order, over 5 minutes.",
					queries: []query{{`max(guildhall:event_lag_seconds:p99_rate5m{@})`, ""}}, good: below(0.5)},
			}},
			{"Publishing", []panel{
				{title: "Events published", unit: "ops", doc: "dashboards.md#event-log", about: "At once by who committed them, and later by the relay. Many relayed ones: processes die, or Redis did not answer.",
					queries: []query{
						{`sum(rate(guildhall_events_published_total{@}[$__rate_interval]))`, "at once"},
						{`sum(rate(guildhall_outbox_relayed_events_total{@}[$__rate_interval]))`, "relayed"},
					}, stacked: true},
				{title: "Failures", unit: "ops", doc: "runbooks/GuildhallOutboxOld.md", about: "Events that could not be published at once and were left to the relay.",
					queries: []query{{`sum by (component) (rate(guildhall_events_publish_failures_total{@}[$__rate_interval]))`, "{{component}}"}}},
				latency("Publishing", "runbooks/GuildhallEventLogSlow.md", "How long it takes to bring a change's events to Redis.", "guildhall_events_publish_seconds"),
			}},
			{"On the way", []panel{
				latency("Lag", "runbooks/GuildhallEventLogSlow.md", "From the commit until a gateway pod has the event in order.", "guildhall_events_lag_seconds"),
				{title: "Age of what waits", unit: "s", doc: "runbooks/GuildhallOutboxOld.md", about: "The oldest event in the outbox, and the oldest gap.",
					queries: []query{
						{`max(guildhall_outbox_unpublished_age_seconds{@})`, "outbox"},
						{`max(guildhall_events_oldest_gap_age_seconds{@})`, "gap"},
					}},
				{title: "Size of the outbox", unit: "bytes", doc: "dashboards.md#event-log", about: "On disk. It holds the resume window and is dropped by slices of time.",
					queries: []query{{`max(guildhall_outbox_bytes{@})`, "outbox"}}},
			}},
			{"Gaps", []panel{
				{title: "Gaps", unit: "ops", doc: "runbooks/GuildhallGapNotFilled.md", about: "Holes that gateway pods found in a log's sequence, and filled. The two should be equal.",
					queries: []query{
						{`sum(rate(guildhall_events_gaps_found_total{@}[$__rate_interval]))`, "found"},
						{`sum(rate(guildhall_events_gaps_filled_total{@}[$__rate_interval]))`, "filled"},
					}},
				{title: "Events read to fill them", unit: "ops", doc: "runbooks/GuildhallGapNotFilled.md", about: "From Redis, or from the outbox behind it.",
					queries: []query{{`sum(rate(guildhall_events_gap_filled_events_total{@}[$__rate_interval]))`, "events"}}},
				{title: "Lost", unit: "ops", doc: "runbooks/GuildhallFeedsLost.md", about: "Feeds that fell behind the outbox, and subscriptions that broke and were made again.",
					queries: []query{
						{`sum(rate(guildhall_events_feeds_lost_total{@}[$__rate_interval]))`, "feeds"},
						{`sum(rate(guildhall_events_links_lost_total{@}[$__rate_interval]))`, "links"},
					}},
				{title: "Feeds", unit: "short", doc: "dashboards.md#event-log", about: "Logs that a gateway pod follows.",
					queries: []query{{`sum by (pod) (guildhall_events_feeds{@})`, "{{pod}}"}}},
			}},
		},
	}
}
