package resources

import (
	"fmt"
	"net/url"
	"strings"
	"time"

	core "k8s.io/client-go/applyconfigurations/core/v1"

	"guildhall.chat/guildhall/api-types/v1alpha1"
	"guildhall.chat/guildhall/internal/config"
)

// Configuration files of pgBackRest, of where backups go and of where a new database comes from; and where their volumes are.
const (
	backupFile    = "backup.conf"
	restoreFile   = "restore.conf"
	backupVolume  = "/backup"
	restoreVolume = "/restore"
)

// pgBackRest is the start of a command line. The stanza, under which backups lie in the repository, is in the file.
func (p Platform) pgBackRest(file string) string {
	stanza := p.Cluster.Name
	if file == restoreFile {
		stanza = p.Cluster.Spec.Postgres.Restore.ClusterName
	}
	return fmt.Sprintf("pgbackrest --config=%s/%s --stanza=%s", postgresRun, file, stanza)
}

// pgBackRestConfig returns the configuration file for a repository. Keys of a bucket are appended when an instance starts.
// https://pgbackrest.org/configuration.html
func (p Platform) pgBackRestConfig(repository v1alpha1.BackupRepository, stanza, volume string, keep int32) string {
	lines := []string{
		"[global]",
		"log-level-console=info",
		"log-level-file=off",
		"lock-path=/tmp/pgbackrest",
		"start-fast=y",
		"compress-type=zst",
	}
	if keep > 0 {
		lines = append(lines, fmt.Sprintf("repo1-retention-full=%d", keep))
	}
	if s3 := repository.ObjectStorage; s3 != nil {
		lines = append(lines, s3Lines(s3)...)
	} else {
		lines = append(lines, "repo1-path="+volume)
	}
	lines = append(lines, "["+stanza+"]", "pg1-path="+postgresDirectory, "pg1-socket-path="+postgresRun)
	return strings.Join(lines, "\n") + "\n"
}

func s3Lines(s3 *v1alpha1.ObjectStorageSpec) []string {
	endpoint, err := url.Parse(s3.Endpoint)
	if err != nil { // the schema has seen that it is a URL
		endpoint = &url.URL{}
	}
	style := "path"
	if s3.VirtualHostStyle {
		style = "host"
	}
	lines := []string{
		"repo1-type=s3",
		"repo1-path=/" + strings.Trim(s3.Prefix, "/"),
		"repo1-s3-endpoint=" + endpoint.Hostname(),
		"repo1-s3-bucket=" + s3.Bucket,
		"repo1-s3-region=" + s3.Region,
		"repo1-s3-uri-style=" + style,
	}
	if port := endpoint.Port(); port != "" {
		lines = append(lines, "repo1-storage-port="+port)
	}
	return lines
}

// restoreCommand fills an empty data directory from the backup. PostgreSQL then replays the write-ahead log and goes on from
// there as a primary.
func (p Platform) restoreCommand() string {
	command := p.pgBackRest(restoreFile) + " restore"
	if at, err := time.Parse(time.RFC3339, p.Cluster.Spec.Postgres.Restore.Time); err == nil { // the schema has seen to the format
		command += ` --type=time "--target=` + at.UTC().Format("2006-01-02 15:04:05.999999") + `+00" --target-action=promote`
	}
	return "sh -c 'mkdir -p -m 700 " + postgresDirectory + " && exec " + command + "'"
}

// repository returns the volume of a repository and where it is mounted, and the projection of the keys of its bucket; nil
// where it has none.
func (p Platform) repository(repository v1alpha1.BackupRepository, name, path string) (
	*core.VolumeApplyConfiguration, *core.VolumeMountApplyConfiguration, *core.VolumeProjectionApplyConfiguration,
) {
	if claim := repository.VolumeClaimName; claim != "" {
		volume := core.Volume().WithName(name).
			WithPersistentVolumeClaim(core.PersistentVolumeClaimVolumeSource().WithClaimName(claim))
		return volume, core.VolumeMount().WithName(name).WithMountPath(path), nil
	}
	keys := core.SecretProjection().WithName(repository.ObjectStorage.SecretName)
	for _, key := range []string{config.S3AccessKeyFile, config.S3SecretKeyFile} {
		keys.WithItems(core.KeyToPath().WithKey(key).WithPath(name + "/" + key))
	}
	return nil, nil, core.VolumeProjection().WithSecret(keys)
}
