// Package postgres keeps the managed Postgres of a ChatCluster: some pods, in each of which Patroni runs PostgreSQL and
// agrees with the others, through the API server, on which of them is the primary. Failover, cloning and rewinding are
// Patroni's; here is what needs an order over all instances.
//
// Data flows in one direction: [Observe] asks every Patroni and puts what they and Kubernetes say into a [Picture],
// [Plan], which is pure, compares it with what is [Wanted] and returns the next [Step], [Do] takes it. The caller takes
// at most one step a pass, and looks again.
//
// What Patroni is told is in settings.go; what is done by SQL, as superuser on the primary, is in logins.go (who may log
// in) and archive.go (whether the write-ahead log is archived).
package postgres
