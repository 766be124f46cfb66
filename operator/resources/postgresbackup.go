package resources

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	apply "k8s.io/client-go/applyconfigurations/batch/v1"
	core "k8s.io/client-go/applyconfigurations/core/v1"

	"guildhall.chat/guildhall/operator/postgres"
)

// backupTries is how often a backup is tried before its Job has failed. A failover ends one that is under way.
const backupTries = 4

// PostgresBackupCronJob returns what makes full backups by the schedule, nil if none are wanted. kubectl create job --from
// makes one between them.
func (p Platform) PostgresBackupCronJob() *apply.CronJobApplyConfiguration {
	backup := p.Cluster.Spec.Postgres.Backup
	if backup == nil {
		return nil
	}
	return apply.CronJob(p.Name(PostgresBackup), p.Cluster.Namespace).
		WithLabels(p.Labels(PostgresBackup)).
		WithOwnerReferences(p.owner()).
		WithSpec(apply.CronJobSpec().
			WithSchedule(backup.Schedule).
			WithTimeZone("Etc/UTC").
			WithConcurrencyPolicy(batchv1.ForbidConcurrent).
			WithStartingDeadlineSeconds(3600).
			WithSuccessfulJobsHistoryLimit(3).
			WithFailedJobsHistoryLimit(3).
			WithJobTemplate(apply.JobTemplateSpec().
				WithLabels(p.Labels(PostgresBackup)).
				WithSpec(p.backupJobSpec())))
}

// PostgresFirstBackup returns the Job of the backup that is made at once, nil if none is wanted: without a full backup, the
// archived write-ahead log is of no use. Another repository is another Job.
func (p Platform) PostgresFirstBackup() (*apply.JobApplyConfiguration, error) {
	backup := p.Cluster.Spec.Postgres.Backup
	if backup == nil {
		return nil, nil
	}
	where, err := json.Marshal(backup.BackupRepository)
	if err != nil {
		return nil, fmt.Errorf("build the first backup's Job: %w", err)
	}
	sum := sha256.Sum256(where)
	return apply.Job(p.Name(PostgresBackup)+"-first-"+hex.EncodeToString(sum[:4]), p.Cluster.Namespace).
		WithLabels(p.Labels(PostgresBackup)).
		WithOwnerReferences(p.owner()).
		WithSpec(p.backupJobSpec()), nil
}

// backupJobSpec has the primary run pgBackRest, by SQL: it has to be where the data is, and needs the right to nothing else.
// https://www.postgresql.org/docs/current/sql-copy.html#id-1.9.3.55.10
func (p Platform) backupJobSpec() *apply.JobSpecApplyConfiguration {
	container := p.postgresContainer().
		WithCommand("/bin/sh", "-euc", p.backupScript()).
		WithVolumeMounts(
			core.VolumeMount().WithName(secretsVolume).WithMountPath(secretsDir).WithReadOnly(true),
			core.VolumeMount().WithName("tmp").WithMountPath("/tmp"),
		)
	spec := p.postgresPodSpec(PostgresBackup).
		WithAutomountServiceAccountToken(false).
		WithRestartPolicy(corev1.RestartPolicyNever).
		WithContainers(container).
		WithVolumes(
			core.Volume().WithName(secretsVolume).WithProjected(core.ProjectedVolumeSource().WithDefaultMode(0o440).WithSources(
				core.VolumeProjection().WithSecret(core.SecretProjection().WithName(p.Name(Postgres)).WithItems(item(PostgresSuperuserKey))))),
			core.Volume().WithName("tmp").WithEmptyDir(core.EmptyDirVolumeSource()),
		)
	return apply.JobSpec().
		WithBackoffLimit(backupTries - 1).
		WithTemplate(core.PodTemplateSpec().
			WithLabels(p.Labels(PostgresBackup)).
			WithSpec(spec))
}

// backupScript prints what pgBackRest prints, and ends as it does. stanza-create does nothing where there is a stanza.
func (p Platform) backupScript() string {
	tool := p.pgBackRest(backupFile)
	return `umask 077
echo "*:*:*:` + postgres.Superuser + `:$(cat ` + secretsDir + `/` + PostgresSuperuserKey + `)" >/tmp/pgpass
PGPASSFILE=/tmp/pgpass exec psql -X -q -At -v ON_ERROR_STOP=1 \
  "host=` + p.Name(Postgres) + ` user=` + postgres.Superuser + ` dbname=postgres connect_timeout=10 keepalives_idle=30" <<'END'
create temp table output (line text);
copy output from program '(` + tool + ` stanza-create && ` + tool + ` --type=full backup) 2>&1; echo "exit code $?"'
  with (format csv, delimiter e'\x01', quote e'\x02');
select line from output;
do $verdict$ begin
  if not exists (select from output where line = 'exit code 0') then raise 'pgbackrest has failed'; end if;
end $verdict$;
END
`
}
