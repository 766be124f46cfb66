package worker

import "guildhall.chat/guildhall/internal/metrics"

// Of every worker. The label of the job is task: job is the one that Prometheus itself gives.
var (
	leasesHeld = metrics.NewGauges("guildhall_worker_lease_held",
		"1 while this worker does the job, else 0, by job.", "task")
	failures = metrics.NewCounters("guildhall_worker_failures_total",
		"Steps of a job that failed and were tried again, by job.", "task")
	stepSeconds = metrics.NewHistograms("guildhall_worker_step_seconds",
		"Time of a step of a job, by job.", metrics.Latency, "task")
	lastSuccess = metrics.NewGauges("guildhall_worker_last_success_timestamp_seconds",
		"When a step of the job last ended well, by job, on the worker that does it.", "task")
	relayed = metrics.NewCounter("guildhall_outbox_relayed_events_total",
		"Events that the relay published because nobody else had.")
)

// Of the worker that holds the lease of the measuring, see measure.go: the others don't have them.
var (
	unpublished = metrics.NewGauges("guildhall_outbox_unpublished_events",
		"Events that are committed and that the relay has not yet found in Redis, or put there. It is a second or two behind what is published without it.")
	unpublishedAge = metrics.NewGauges("guildhall_outbox_unpublished_age_seconds",
		"Age of the oldest event that the relay has not yet found in Redis, or put there.")
	outboxBytes = metrics.NewGauges("guildhall_outbox_bytes",
		"Size of the outbox in Postgres, indexes included.")
	webhookQueue = metrics.NewGauges("guildhall_webhook_queue_events",
		"Events that wait to be sent to applications.")
	webhookAge = metrics.NewGauges("guildhall_webhook_queue_age_seconds",
		"For how long the event that waits longest to be sent to an application is due.")
	webhookDead = metrics.NewGauges("guildhall_webhook_dead_letters",
		"Events to applications that were given up and are kept.")
	replicas = metrics.NewGauges("guildhall_postgres_replicas",
		"Replicas that stream from the primary of Postgres.")
	replicaLag = metrics.NewGauges("guildhall_postgres_replica_lag_seconds",
		"For how long there has been something that the replica of Postgres has yet to replay, by replica; to five seconds.", "replica")
	replicaLagBytes = metrics.NewGauges("guildhall_postgres_replica_lag_bytes",
		"Write-ahead log that the replica of Postgres has yet to replay, by replica.", "replica")
	serverConnections = metrics.NewGauges("guildhall_postgres_connections",
		"Connections of clients to the database, by state: active, idle, idle_in_transaction, other.", "state")
	serverMaxConnections = metrics.NewGauges("guildhall_postgres_max_connections",
		"Connections that the primary of Postgres accepts.")
	oldestTransaction = metrics.NewGauges("guildhall_postgres_oldest_transaction_age_seconds",
		"Age of the oldest transaction that is open in the database.")
	databaseBytes = metrics.NewGauges("guildhall_postgres_database_bytes",
		"Size of the database.")
	coveredSlots = metrics.NewGauges("guildhall_redis_covered_slots",
		"Slots of the Redis Cluster, of 16384, whose master is there; 0 if nobody can say.")
	redisMasters = metrics.NewGauges("guildhall_redis_masters",
		"Masters of the Redis Cluster that have slots.")
	redisNodes = metrics.NewGauges("guildhall_redis_known_nodes",
		"Nodes that the Redis Cluster knows, those that are not there included.")
)
