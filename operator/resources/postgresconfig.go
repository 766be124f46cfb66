package resources

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"

	core "k8s.io/client-go/applyconfigurations/core/v1"
	"sigs.k8s.io/yaml"

	"guildhall.chat/guildhall/operator/postgres"
)

// Keys of the ConfigMap. Patroni reads all files of a directory that end with .yml; start.sh puts them there.
const (
	patroniKey   = "patroni.yml"   // what instances have in common
	bootstrapKey = "bootstrap.yml" // what a new group starts with; afterwards Patroni's store has it
	startKey     = "start.sh"
)

// PostgresConfigMapName is not <scope>-config: that is what Patroni calls something else.
func (p Platform) PostgresConfigMapName() string { return p.Name(Postgres) + "-patroni" }

// PostgresConfigMap returns the files that every instance reads when it starts.
func (p Platform) PostgresConfigMap() (*core.ConfigMapApplyConfiguration, error) {
	files, err := p.postgresFiles()
	if err != nil {
		return nil, err
	}
	bootstrap, err := yaml.Marshal(map[string]any{"bootstrap": map[string]any{"dcs": p.PostgresSettings().Dynamic()}})
	if err != nil {
		return nil, fmt.Errorf("build Patroni's configuration: %w", err)
	}
	files[bootstrapKey] = string(bootstrap)
	return core.ConfigMap(p.PostgresConfigMapName(), p.Cluster.Namespace).
		WithLabels(p.Labels(Postgres)).
		WithOwnerReferences(p.owner()).
		WithData(files), nil
}

// postgresFiles returns the files whose change rolls the instances.
func (p Platform) postgresFiles() (map[string]string, error) {
	patroni, err := yaml.Marshal(p.patroni())
	if err != nil {
		return nil, fmt.Errorf("build Patroni's configuration: %w", err)
	}
	files := map[string]string{patroniKey: string(patroni), startKey: postgresStart}
	spec := p.Cluster.Spec.Postgres
	if spec.Backup != nil {
		files[backupFile] = p.pgBackRestConfig(spec.Backup.BackupRepository, p.Cluster.Name, backupVolume, spec.Backup.Keep)
	}
	if spec.Restore != nil {
		files[restoreFile] = p.pgBackRestConfig(spec.Restore.BackupRepository, spec.Restore.ClusterName, restoreVolume, 0)
	}
	return files, nil
}

// postgresFilesHash changes when instances have to restart for the sake of their files.
func (p Platform) postgresFilesHash() (string, error) {
	files, err := p.postgresFiles()
	if err != nil {
		return "", err
	}
	var names []string
	for name := range files {
		names = append(names, name)
	}
	slices.Sort(names)
	h := sha256.New()
	for _, name := range names {
		_, _ = fmt.Fprintf(h, "%s %d\n%s", name, len(files[name]), files[name])
	}
	return hex.EncodeToString(h.Sum(nil)[:16]), nil
}

// patroni is what all instances are told, and no store keeps.
// https://patroni.readthedocs.io/en/latest/yaml_configuration.html
func (p Platform) patroni() map[string]any {
	labels := map[string]any{}
	for name, value := range p.Labels(Postgres) {
		labels[name] = value
	}
	bootstrap := map[string]any{
		"initdb": []any{map[string]any{"encoding": "UTF8"}, map[string]any{"locale": "C.UTF-8"}, "data-checksums"},
	}
	if p.Cluster.Spec.Postgres.Restore != nil {
		bootstrap["method"] = "restore"
		bootstrap["restore"] = map[string]any{
			"command": p.restoreCommand(), "keep_existing_recovery_conf": true, "no_params": true,
		}
	}
	return map[string]any{
		"scope": p.Name(Postgres),
		"kubernetes": map[string]any{
			"namespace":     p.Cluster.Namespace,
			"labels":        labels,
			"scope_label":   labelPatroni,
			"role_label":    LabelPostgresRole,
			"use_endpoints": true,
			"ports":         []any{map[string]any{"name": postgresPortName, "port": postgres.Port}},
		},
		"bootstrap": bootstrap,
		"postgresql": map[string]any{
			"data_dir":        postgresDirectory,
			"pgpass":          postgresRun + "/pgpass",
			"use_unix_socket": true,
			"parameters":      map[string]any{"unix_socket_directories": postgresRun},
			"pg_hba": []any{
				"local all all peer", //nolint:dupword // all databases, all users
				"host replication " + postgres.Replication + " all scram-sha-256",
				"host all all all scram-sha-256", //nolint:dupword // and from everywhere
			},
			"basebackup": []any{map[string]any{"checkpoint": "fast"}},
			// A former primary that can't be rewound is cloned anew.
			"remove_data_directory_on_rewind_failure":     true,
			"remove_data_directory_on_diverged_timelines": true,
		},
		"watchdog": map[string]any{"mode": "off"},
	}
}

// postgresStart gives Patroni what differs between instances and what is secret, in a directory in memory that only the
// server's user may read, and becomes Patroni.
const postgresStart = `umask 077
host=$POD_IP
case $host in *:*) host="[$host]" ;; esac
own=` + postgresRun + `
mkdir -p "$own/patroni"
cp ` + patroniFiles + `/*.yml "$own/patroni/"
cat >"$own/patroni/instance.yml" <<END
name: '$POD_NAME'
kubernetes:
  pod_ip: '$POD_IP'
restapi:
  listen: '$host:8008'
  connect_address: '$host:8008'
  authentication:
    username: ` + postgres.PatroniUser + `
    password: '$(cat ` + secretsDir + `/` + PatroniKey + `)'
postgresql:
  listen: '$host:5432'
  connect_address: '$host:5432'
  authentication:
    superuser:
      username: ` + postgres.Superuser + `
      password: '$(cat ` + secretsDir + `/` + PostgresSuperuserKey + `)'
    replication:
      username: ` + postgres.Replication + `
      password: '$(cat ` + secretsDir + `/` + PostgresReplicationKey + `)'
END
for file in ` + backupFile + ` ` + restoreFile + `; do
  [ -e "` + patroniFiles + `/$file" ] || continue
  cp "` + patroniFiles + `/$file" "$own/$file"
  keys=` + secretsDir + `/${file%.conf}
  [ ! -d "$keys" ] || cat >>"$own/$file" <<END
[global]
repo1-s3-key=$(cat "$keys/s3-access-key")
repo1-s3-key-secret=$(cat "$keys/s3-secret-key")
END
done
exec patroni "$own/patroni"
`
