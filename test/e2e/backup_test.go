package e2e_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"guildhall.chat/guildhall/api-types/v1alpha1"
)

// TestBackupsAreTakenAndListed keeps backups in a volume, and takes one more by the commands that docs/operator.md tells. That
// they can be restored is for test/postgres to show.
func TestBackupsAreTakenAndListed(t *testing.T) {
	p := newPlatformWithBackups(t)
	p.eventually("there is a backup", func(ctx context.Context) error {
		cluster, err := p.read(ctx)
		if err != nil {
			return err
		}
		if !meta.IsStatusConditionTrue(cluster.Status.Conditions, v1alpha1.ConditionBackupReady) || cluster.Status.Postgres.LastBackup == nil {
			return fmt.Errorf("%s", shown(cluster.Status.Conditions))
		}
		return nil
	})
	first := p.backups()
	if output, err := p.kubectl("create", "job", "--from=cronjob/"+p.name+"-postgres-backup", "now"); err != nil {
		t.Fatalf("%v: %s", err, output)
	}
	p.eventually("another backup is taken", func(ctx context.Context) error {
		var job batchv1.Job
		if err := p.get(ctx, "now", &job); err != nil {
			return err
		}
		if job.Status.Succeeded == 0 {
			return fmt.Errorf("%+v", job.Status)
		}
		return nil
	})
	if now := p.backups(); first < 1 || now != first+1 {
		t.Errorf("%d backups at first, %d with another", first, now)
	}
}

// newPlatformWithBackups is newPlatform that keeps backups in a volume.
func newPlatformWithBackups(t *testing.T) *platform {
	t.Helper()
	n := newNamespace(t)
	claim := &corev1.PersistentVolumeClaim{
		ObjectMeta: metav1.ObjectMeta{Name: "backups", Namespace: n.name},
		Spec: corev1.PersistentVolumeClaimSpec{
			AccessModes: []corev1.PersistentVolumeAccessMode{corev1.ReadWriteOnce}, // there is one node
			Resources:   corev1.VolumeResourceRequirements{Requests: corev1.ResourceList{corev1.ResourceStorage: resource.MustParse("1Gi")}},
		},
	}
	if err := k8s.Create(t.Context(), claim); err != nil {
		t.Fatal(err)
	}
	return newPlatformIn(n, func(spec *v1alpha1.ChatClusterSpec) {
		spec.Postgres.Backup = &v1alpha1.BackupSpec{BackupRepository: v1alpha1.BackupRepository{VolumeClaimName: claim.Name}}
	})
}

// backups counts the full backups that there are.
func (p *platform) backups() int {
	p.t.Helper()
	primary := p.postgresPrimary()
	list, err := p.kubectl("exec", primary.Name, "--", "pgbackrest", "--config=/run/postgresql/backup.conf", "--stanza="+p.name, "info")
	if err != nil {
		p.t.Fatalf("%v: %s", err, list)
	}
	p.t.Log(list)
	return strings.Count(list, "full backup:")
}
