package controller

import (
	"context"
	"fmt"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"guildhall.chat/guildhall/api-types/v1alpha1"
	"guildhall.chat/guildhall/operator/postgres"
	"guildhall.chat/guildhall/operator/resources"
)

// backups sees to it that backups are made, and says whether they are. What goes wrong with them keeps nothing else waiting.
// The first one waits until the primary is published: before, its Job finds no host of that name.
func (r rollout) backups(ctx context.Context, picture postgres.Picture, published bool, archiveFailure string) error {
	cluster := r.platform.Cluster
	schedule := r.platform.PostgresBackupCronJob()
	if schedule == nil {
		meta.RemoveStatusCondition(&cluster.Status.Conditions, v1alpha1.ConditionBackupReady)
		return r.deleteCronJob(ctx)
	}
	if err := r.apply(ctx, schedule, nil); err != nil {
		return err
	}
	var jobs batchv1.JobList
	if err := r.list(ctx, &jobs, resources.PostgresBackup); err != nil {
		return err
	}
	first, err := r.platform.PostgresFirstBackup()
	if err != nil {
		return err
	}
	var done, failed backup
	made := false
	for i := range jobs.Items {
		job := &jobs.Items[i]
		made = made || job.Name == *first.GetName()
		done.later(job, batchv1.JobComplete)
		failed.later(job, batchv1.JobFailed)
	}
	// A Job can't be changed, and needn't be: the cache may miss one that was just made, which is then applied once more.
	if !made && published {
		if err := r.apply(ctx, first, nil); err != nil {
			return err
		}
	}
	if last := cluster.Status.Postgres.LastBackup; done.job != "" && (last == nil || last.Before(&done.at)) {
		cluster.Status.Postgres.LastBackup = &done.at
	}
	last := cluster.Status.Postgres.LastBackup
	switch {
	case failed.job != "" && (last == nil || last.Before(&failed.at)):
		setCondition(cluster, v1alpha1.ConditionBackupReady, false, v1alpha1.ReasonBackupFailed, fmt.Sprintf(
			"Job %s failed: see kubectl logs -n %s job/%s; kubectl create job --from=cronjob/%s tries again",
			failed.job, cluster.Namespace, failed.job, *schedule.GetName()))
	case last == nil:
		setCondition(cluster, v1alpha1.ConditionBackupReady, false, v1alpha1.ReasonNotReady, "the first backup has not ended")
	case archiveFailure != "":
		setCondition(cluster, v1alpha1.ConditionBackupReady, false, v1alpha1.ReasonBackupFailed, fmt.Sprintf(
			"segment %s of the write-ahead log can't be archived, and its volume fills: see kubectl logs -n %s %s",
			archiveFailure, cluster.Namespace, picture.Primary))
	default:
		component(cluster, v1alpha1.ConditionBackupReady, "")
	}
	return nil
}

// backup is one that has ended.
type backup struct {
	job string
	at  metav1.Time
}

// later makes the backup that of the job, if it has ended so, and after this one.
func (b *backup) later(job *batchv1.Job, kind batchv1.JobConditionType) {
	for _, condition := range job.Status.Conditions {
		if condition.Type != kind || condition.Status != corev1.ConditionTrue {
			continue
		}
		if at := condition.LastTransitionTime; b.job == "" || b.at.Before(&at) {
			b.job, b.at = job.Name, at
		}
	}
}

// backupFailure says what is wrong with backups, if something is.
func (r rollout) backupFailure() *failure {
	condition := meta.FindStatusCondition(r.platform.Cluster.Status.Conditions, v1alpha1.ConditionBackupReady)
	if condition == nil || condition.Reason != v1alpha1.ReasonBackupFailed {
		return nil
	}
	return &failure{reason: v1alpha1.ReasonBackupFailed, message: condition.Message}
}

// deleteCronJob ends backups that are wanted no more. What was made of them stays.
func (r rollout) deleteCronJob(ctx context.Context) error {
	var schedules batchv1.CronJobList
	if err := r.list(ctx, &schedules, resources.PostgresBackup); err != nil {
		return err
	}
	for i := range schedules.Items {
		err := r.reconciler.Client.Delete(ctx, &schedules.Items[i], client.PropagationPolicy(metav1.DeletePropagationBackground))
		if client.IgnoreNotFound(err) != nil {
			return fmt.Errorf("delete CronJob %s: %w", schedules.Items[i].Name, err)
		}
	}
	return nil
}
