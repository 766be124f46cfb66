package resources

// Images that managed stores run where the spec names no other. A release of the operator is tested with these.
const (
	// DefaultRedisImage is Redis as its project publishes it.
	DefaultRedisImage = "docker.io/library/redis:7.4"
	// DefaultPostgresImage is the target postgres of Guildhall's Dockerfile: PostgreSQL 17 with Patroni and pgBackRest.
	DefaultPostgresImage = "guildhall-postgres:17"
)
