package postgres

import (
	"fmt"
	"strconv"
)

// Ports of every instance.
const (
	Port        = 5432
	PatroniPort = 8008
)

// Names that every managed Postgres has.
const (
	Superuser   = "postgres"
	Replication = "standby"
	PatroniUser = "patroni" // of Patroni's REST interface
	Database    = "guildhall"
)

const mebi = 1 << 20

// Settings are what PostgreSQL and Patroni are told, apart from what differs between instances.
type Settings struct {
	// Asynchronous answers commits before a standby has them.
	Asynchronous bool
	// MaxConnections of each instance.
	MaxConnections int
	// Memory is what a pod may use, in bytes; 0: nobody has said.
	Memory int64
	// Storage is the size of an instance's volume, in bytes.
	Storage int64
	// Archive is the command that archives a segment of the write-ahead log; "": they are not archived.
	Archive string
	// Parameters of PostgreSQL that the user has set. They win.
	Parameters map[string]string
}

// Dynamic is the configuration that all instances share, which Patroni keeps in its store.
// https://patroni.readthedocs.io/en/latest/dynamic_configuration.html
func (s Settings) Dynamic() map[string]any {
	parameters := map[string]any{}
	for name, value := range s.parameters() {
		parameters[name] = value
	}
	return map[string]any{
		// The lock is good for ttl seconds: a hung primary is replaced after that.
		"ttl":           20,
		"loop_wait":     5,
		"retry_timeout": 5,
		// Without the API server a primary goes on as long as it reaches all others.
		"failsafe_mode":    true,
		"synchronous_mode": !s.Asynchronous,
		// A standby that lags further does not become the primary, in bytes.
		"maximum_lag_on_failover": mebi,
		"postgresql": map[string]any{
			"use_pg_rewind": true,
			"use_slots":     true,
			"parameters":    parameters,
		},
	}
}

func (s Settings) parameters() map[string]string {
	parameters := map[string]string{
		"jit":                  "off", // statements are short
		"max_connections":      strconv.Itoa(s.MaxConnections),
		"hot_standby_feedback": "on", // reads on standbys are not cancelled
		"archive_mode":         "on", // changing it takes a restart, changing the command does not
		"archive_command":      "/bin/true",
		"archive_timeout":      "0",
		// What a standby may have missed and still catches up with; and how much a lost standby may hold back.
		"wal_keep_size":          megabytes(min(s.Storage/20, 1024*mebi)),
		"max_slot_wal_keep_size": megabytes(max(s.Storage/4, 64*mebi)),
	}
	if s.Archive != "" {
		parameters["archive_command"] = s.Archive
		parameters["archive_timeout"] = "300" // seconds: what is lost at most with all volumes
	}
	if s.Memory > 0 {
		parameters["shared_buffers"] = megabytes(max(s.Memory/4, 16*mebi))
		parameters["effective_cache_size"] = megabytes(max(s.Memory/4*3, 16*mebi))
		parameters["maintenance_work_mem"] = megabytes(max(min(s.Memory/16, 1024*mebi), 16*mebi))
	}
	for name, value := range s.Parameters {
		parameters[name] = value
	}
	return parameters
}

func megabytes(n int64) string { return fmt.Sprintf("%dMB", n/mebi) }

// connections per process of the platform, at most.
const connectionsPerProcess = 24

// MaxConnections returns how many connections an instance should admit for so many processes of the platform. It is one of
// few values, because changing it restarts PostgreSQL.
func MaxConnections(processes int) int {
	// While they roll there are more of them; some connections are for standbys, backups and people.
	need := processes*connectionsPerProcess*5/4 + 20
	n := 200
	for n < need && n < 6400 {
		n *= 2
	}
	return n
}
