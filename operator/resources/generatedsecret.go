package resources

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"strings"

	apply "k8s.io/client-go/applyconfigurations/core/v1"

	"guildhall.chat/guildhall/internal/config"
)

// Keys of the generated Secrets that no service reads.
const (
	// AcceptedKey holds what is accepted, a line each: the number of spec.rotation that it was made for, a space, the
	// value. The first is in use. Everything else that depends on it is made from this.
	AcceptedKey = "accepted"
	// RedisACLKey holds the file of users of Redis: the default user, with the hashes of all accepted passwords.
	// https://redis.io/docs/latest/operate/oss_and_stack/management/security/acl/
	RedisACLKey = "users.acl"
	// PostgresLoginsKey holds the roles that may log in as the platform, a line each: name, a space, password. The first is
	// in use.
	PostgresLoginsKey = "logins"
	// MadeKey holds when the accepted credentials were made, a line each: the number of spec.rotation, a space, the time as in
	// RFC 3339.
	MadeKey = "made"
	// VersionKey is what the versions of secret files are made with (see NewSecretVersions).
	VersionKey = "version-key"
	// These are made once.
	PostgresSuperuserKey   = "superuser-password"
	PostgresReplicationKey = "replication-password"
	PatroniKey             = "patroni-password"
)

// Credential is a key or password that the operator has generated.
type Credential struct {
	Generation int64 // of spec.rotation
	Value      string
}

// Generated is a Secret that the operator generates: what it is made from, and how.
type Generated struct {
	Component string   // Keys, Redis or Postgres
	Once      []string // keys with random values that never change
	// New returns a value, of so many random bytes as it is given.
	New func(random []byte) string
	// Render returns the keys that depend on the accepted credentials, of which the first is in use.
	Render func(p Platform, accepted []Credential) map[string]string
}

// GeneratedSecrets are those that the platform needs, by what of it is not external.
func (p Platform) GeneratedSecrets() []Generated {
	all := []Generated{{Component: Keys, New: base64.StdEncoding.EncodeToString, Render: renderKeys, Once: []string{VersionKey}}}
	if p.Cluster.Spec.Redis.External == nil {
		all = append(all, Generated{Component: Redis, New: hex.EncodeToString, Render: renderRedis})
	}
	if p.Cluster.Spec.Postgres.External == nil {
		all = append(all, Generated{
			Component: Postgres, New: hex.EncodeToString, Render: renderPostgres,
			Once: []string{PostgresSuperuserKey, PostgresReplicationKey, PatroniKey},
		})
	}
	return all
}

func renderKeys(_ Platform, accepted []Credential) map[string]string {
	var lines strings.Builder
	for _, key := range accepted {
		lines.WriteString(key.Value + "\n")
	}
	return map[string]string{config.SigningKeysFile: lines.String()}
}

func renderRedis(_ Platform, accepted []Credential) map[string]string {
	var user strings.Builder
	user.WriteString("user default on ~* &* +@all")
	for _, password := range accepted {
		sum := sha256.Sum256([]byte(password.Value))
		user.WriteString(" #" + hex.EncodeToString(sum[:]))
	}
	return map[string]string{config.RedisPasswordFile: accepted[0].Value, RedisACLKey: user.String() + "\n"}
}

// renderPostgres gives each credential a role of its own, since a role of PostgreSQL has one password only. Two roles take
// turns.
func renderPostgres(p Platform, accepted []Credential) map[string]string {
	role := func(c Credential) string { return PostgresRole + "_" + string("ab"[c.Generation%2]) }
	var logins strings.Builder
	for _, c := range accepted {
		logins.WriteString(role(c) + " " + c.Value + "\n")
	}
	dsn := func(service string) string {
		return fmt.Sprintf("postgres://%s:%s@%s.%s.svc:%d/%s", role(accepted[0]), accepted[0].Value, service, p.Cluster.Namespace, postgresPort, PostgresRole)
	}
	return map[string]string{
		config.PostgresDSNFile:        dsn(p.Name(Postgres)),
		config.PostgresReplicaDSNFile: dsn(p.Name(Postgres) + postgresReplicas),
		PostgresLoginsKey:             logins.String(),
	}
}

// GeneratedSecret returns the Secret with the data. It outlives the ChatCluster unless the deletion policy says otherwise:
// without it, kept data is of no use.
func (p Platform) GeneratedSecret(component string, data map[string][]byte) *apply.SecretApplyConfiguration {
	return apply.Secret(p.Name(component), p.Cluster.Namespace).
		WithLabels(p.Labels(component)).
		WithOwnerReferences(p.keep()...).
		WithData(data)
}
