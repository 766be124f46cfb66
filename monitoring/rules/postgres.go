package rules

import "time"

// postgres is PostgreSQL as the processes see it, whoever runs it, and its backups.
func postgres(scale Scale) Group {
	short := scale.Range(5 * time.Minute)
	return Group{Subsystem: Postgres, Alerts: []Alert{
		{
			Name: "GuildhallPostgresDown", Severity: Critical, For: scale.Time(time.Minute),
			Conditions:  []Condition{{`max by (namespace, chatcluster) (guildhall_ready{check="postgres"})`, Is, 0}},
			Summary:     "Postgres does not answer",
			Description: "No process of {{ $labels.namespace }}/{{ $labels.chatcluster }} reaches the primary: nothing can be written, and hardly anything read.",
		},
		{
			Name: "GuildhallPostgresPoolExhausted", Severity: Critical, For: scale.Time(2 * time.Minute),
			Conditions: []Condition{
				{`sum by (namespace, chatcluster, component) (guildhall_postgres_pool_connections{state="acquired"}) / sum by (namespace, chatcluster, component) (guildhall_postgres_pool_max_connections)`, Above, 0.9},
				{`sum by (namespace, chatcluster, component) (rate(guildhall_postgres_pool_wait_seconds_total[` + short + `]))`, Above, 1},
			},
			Summary:     "{{ $labels.component }} waits for connections to Postgres",
			Description: "{{ $value | humanizePercentage }} of the connections of {{ $labels.component }} in {{ $labels.namespace }}/{{ $labels.chatcluster }} are in use and requests wait for one.",
		},
		{
			Name: "GuildhallPostgresConnectionsHigh", Severity: Warning, For: scale.Time(10 * time.Minute),
			Conditions:  []Condition{{`sum by (namespace, chatcluster) (guildhall_postgres_connections) / max by (namespace, chatcluster) (guildhall_postgres_max_connections)`, Above, 0.9}},
			Summary:     "Postgres has hardly any connection left",
			Description: "{{ $value | humanizePercentage }} of the connections that the primary of {{ $labels.namespace }}/{{ $labels.chatcluster }} allows are open: pods that start may get none.",
		},
		{
			Name: "GuildhallPostgresLongTransaction", Severity: Warning, For: scale.Time(5 * time.Minute),
			Conditions:  []Condition{{`max by (namespace, chatcluster) (guildhall_postgres_oldest_transaction_age_seconds)`, Above, scale.Seconds(10 * time.Minute)}},
			Summary:     "A transaction stays open",
			Description: "A transaction in Postgres of {{ $labels.namespace }}/{{ $labels.chatcluster }} has been open for {{ $value | humanizeDuration }}: what it locks waits, and tables grow since nothing behind it can be cleaned up.",
		},
		{
			Name: "GuildhallPostgresReplicaLag", Severity: Warning, For: scale.Time(5 * time.Minute),
			Conditions:  []Condition{{`max by (namespace, chatcluster, replica) (guildhall_postgres_replica_lag_seconds)`, Above, scale.Seconds(30 * time.Second)}},
			Summary:     "The standby {{ $labels.replica }} is behind",
			Description: "The standby {{ $labels.replica }} of {{ $labels.namespace }}/{{ $labels.chatcluster }} is {{ $value | humanizeDuration }} behind the primary. If it had to take over, that much might be lost or have to be replayed first.",
		},
		{
			Name: "GuildhallBackupOld", Severity: Critical, For: scale.Time(30 * time.Minute),
			Conditions:  []Condition{{`time() - (max by (namespace, chatcluster) (guildhall_operator_last_backup_timestamp_seconds) > 0 or max by (namespace, chatcluster) (guildhall_operator_chatcluster_condition_since_timestamp_seconds{condition="BackupReady"})) - 1.5 * max by (namespace, chatcluster) (guildhall_operator_backup_interval_seconds)`, Above, 0}},
			Summary:     "The last backup is too old",
			Description: "The last full backup of {{ $labels.namespace }}/{{ $labels.chatcluster }} is older than its schedule allows by more than half, or there was never one. A disaster now would cost what was written since.",
		},
	}}
}
