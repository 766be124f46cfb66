package dashboards

func postgres() page {
	return page{
		name: "postgres", title: "Postgres",
		about: "PostgreSQL as the processes see it: whether it answers, who waits for a connection, how long changes take, how far standbys are behind.",
		rows: []row{
			{"What saturates first", []panel{
				{kind: light, title: "Primary", unit: "none", doc: "runbooks/GuildhallPostgresDown.md", about: "Whether any process reaches it.",
					queries: []query{{`max(guildhall_ready{@,check="postgres"})`, ""}}, words: []word{{"1", "ANSWERS", "green"}, {"0", "SILENT", "red"}}},
				{kind: value, title: "Pool in use", unit: "percentunit", doc: "runbooks/GuildhallPostgresPoolExhausted.md", about: "Of the component whose pools are fullest.",
					queries: []query{{`max(sum by (component) (guildhall_postgres_pool_connections{@,state="acquired"}) / sum by (component) (guildhall_postgres_pool_max_connections{@}))`, ""}}, good: below(0.9)},
				{kind: value, title: "Server's connections", unit: "percentunit", doc: "runbooks/GuildhallPostgresConnectionsHigh.md", about: "Open, of those that the server allows.",
					queries: []query{{`max(sum by (namespace, chatcluster) (guildhall_postgres_connections{@}) / max by (namespace, chatcluster) (guildhall_postgres_max_connections{@}))`, ""}}, good: below(0.9)},
				{kind: value, title: "Furthest standby", unit: "s", doc: "runbooks/GuildhallPostgresReplicaLag.md", about: "How old what it has replayed is.",
					queries: []query{{`max(guildhall_postgres_replica_lag_seconds{@})`, ""}}, good: below(30)},
				{kind: value, title: "Last backup", unit: "s", doc: "runbooks/GuildhallBackupOld.md", about: "How long ago, of the ChatCluster that waits longest.",
					queries: []query{{`time() - min(guildhall_operator_last_backup_timestamp_seconds{@} > 0)`, ""}}},
			}},
			{"Pools", []panel{
				{title: "Connections", unit: "short", doc: "runbooks/GuildhallPostgresPoolExhausted.md", about: "By component and state.",
					queries: []query{{`sum by (component, state) (guildhall_postgres_pool_connections{@})`, "{{component}} {{state}}"}}, stacked: true},
				{title: "Waits", unit: "ops", doc: "runbooks/GuildhallPostgresPoolExhausted.md", about: "Connections that had to be waited for, and waits that were given up.",
					queries: []query{
						{`sum by (component) (rate(guildhall_postgres_pool_waits_total{@}[$__rate_interval]))`, "{{component}}"},
						{`sum by (component) (rate(guildhall_postgres_pool_canceled_acquires_total{@}[$__rate_interval]))`, "{{component}} given up"},
					}},
				{title: "Time waited", unit: "s", doc: "runbooks/GuildhallPostgresPoolExhausted.md", about: "Of all requests together, a second.",
					queries: []query{{`sum by (component) (rate(guildhall_postgres_pool_wait_seconds_total{@}[$__rate_interval]))`, "{{component}}"}}},
			}},
			{"Changes", []panel{
				{title: "Changes", unit: "ops", doc: "dashboards.md#postgres", about: "Transactions a second that change something.",
					queries: []query{{`sum by (component) (rate(guildhall_postgres_change_seconds_count{@}[$__rate_interval]))`, "{{component}}"}}},
				{title: "Reads on replicas", unit: "ops", doc: "dashboards.md#postgres", about: "Reads that a replica may answer, by who did, and why the primary had to.",
					queries: []query{
						{`sum by (target) (rate(guildhall_postgres_reads_total{@}[$__rate_interval]))`, "{{target}}"},
						{`sum by (reason) (rate(guildhall_postgres_replica_fallbacks_total{@}[$__rate_interval]))`, "replica {{reason}}"},
					}},
				latency("Transactions", "runbooks/GuildhallRESTSlow.md", "From the beginning to after the commit, retries included.", "guildhall_postgres_change_seconds"),
				{title: "Failures", unit: "ops", doc: "runbooks/GuildhallPostgresDown.md", about: "Because of Postgres, not of what was asked for.",
					queries: []query{{`sum by (component) (rate(guildhall_postgres_change_failures_total{@}[$__rate_interval]))`, "{{component}}"}}},
				{title: "Messages committed together", unit: "short", doc: "dashboards.md#postgres", about: "Concurrent messages share a commit: the busier, the more.",
					queries: []query{{`sum(rate(guildhall_postgres_message_batch_messages_sum{@}[$__rate_interval])) / (sum(rate(guildhall_postgres_message_batch_messages_count{@}[$__rate_interval])) > 0)`, "mean"}}},
			}},
			{"Server", []panel{
				{title: "Connections", unit: "short", doc: "runbooks/GuildhallPostgresConnectionsHigh.md", about: "By state. idle_in_transaction for long: something holds locks.",
					queries: []query{{`max by (state) (guildhall_postgres_connections{@})`, "{{state}}"}}, stacked: true},
				{title: "Oldest transaction", unit: "s", doc: "runbooks/GuildhallPostgresLongTransaction.md", about: "How long it has been open.",
					queries: []query{{`max(guildhall_postgres_oldest_transaction_age_seconds{@})`, "age"}}},
				{title: "Size", unit: "bytes", doc: "operations.md#scale", about: "Of the platform's database.",
					queries: []query{{`max by (namespace, chatcluster) (guildhall_postgres_database_bytes{@})`, "{{namespace}}/{{chatcluster}}"}}},
			}},
			{"Standbys", []panel{
				{title: "Standbys", unit: "none", doc: "runbooks/GuildhallPostgresReplicaLag.md", about: "That stream from the primary.",
					queries: []query{{`max(guildhall_postgres_replicas{@})`, "standbys"}}},
				{title: "Lag", unit: "s", doc: "runbooks/GuildhallPostgresReplicaLag.md", about: "How old what a standby has replayed is.",
					queries: []query{{`max by (replica) (guildhall_postgres_replica_lag_seconds{@})`, "{{replica}}"}}},
				{title: "Lag in bytes", unit: "bytes", doc: "runbooks/GuildhallPostgresReplicaLag.md", about: "Of the write-ahead log that a standby has not replayed.",
					queries: []query{{`max by (replica) (guildhall_postgres_replica_lag_bytes{@})`, "{{replica}}"}}},
			}},
		},
	}
}
