package resources

import (
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/utils/ptr"

	"guildhall.chat/guildhall/api-types/v1alpha1"
)

// withPostgres is a platform whose Postgres uses everything that the spec has.
func withPostgres() Platform {
	p := platform()
	p.Cluster.Spec.Postgres = v1alpha1.PostgresSpec{
		Image:      "registry.example.com/guildhall-postgres:17",
		Instances:  ptr.To[int32](3),
		Storage:    &v1alpha1.StorageSpec{Size: resource.MustParse("100Gi"), ClassName: "fast"},
		Parameters: map[string]string{"work_mem": "8MB"},
		Resources:  v1alpha1.Resources{Limits: v1alpha1.Quantities{corev1.ResourceMemory: resource.MustParse("4Gi")}},
		Backup: &v1alpha1.BackupSpec{
			Schedule: "17 3 * * *", Keep: 7,
			BackupRepository: v1alpha1.BackupRepository{ObjectStorage: &v1alpha1.ObjectStorageSpec{
				Endpoint: "https://s3.example.com:9000", Bucket: "backups", Region: "eu", Prefix: "chat", SecretName: "backup-bucket",
			}},
		},
		Restore: &v1alpha1.RestoreSpec{
			ClusterName: "old", Time: "2026-01-31T13:00:00+01:00",
			BackupRepository: v1alpha1.BackupRepository{VolumeClaimName: "old-backups"},
		},
	}
	return p
}

func postgresSet(t *testing.T, p Platform) runtime.ApplyConfiguration {
	t.Helper()
	set, err := p.PostgresStatefulSet(p.PostgresInstances(), p.PostgresStorage())
	if err != nil {
		t.Fatal(err)
	}
	return set
}

func TestGoldenPostgres(t *testing.T) {
	t.Parallel()
	p := withPostgres()
	files, err := p.PostgresConfigMap()
	if err != nil {
		t.Fatal(err)
	}
	first, err := p.PostgresFirstBackup()
	if err != nil {
		t.Fatal(err)
	}
	objects := []runtime.ApplyConfiguration{
		files, postgresSet(t, p), p.PostgresRole(), p.PostgresRoleBinding(), p.PostgresPodDisruptionBudget(), p.PostgresBackupCronJob(), first,
	}
	for _, account := range p.PostgresServiceAccounts() {
		objects = append(objects, account)
	}
	for _, service := range p.PostgresServices() {
		objects = append(objects, service)
	}
	compare(t, "postgres", objects...)
}

// A change of what Patroni takes over while it runs must not restart pods; one of their files must.
func TestWhatRollsPostgres(t *testing.T) {
	t.Parallel()
	before := mustYAML(t, postgresSet(t, withPostgres()))
	for name, c := range map[string]struct {
		change func(*v1alpha1.PostgresSpec)
		rolls  bool
	}{
		"a parameter":      {func(s *v1alpha1.PostgresSpec) { s.Parameters = map[string]string{"work_mem": "9MB"} }, false},
		"asynchronous":     {func(s *v1alpha1.PostgresSpec) { s.Asynchronous = true }, false},
		"the schedule":     {func(s *v1alpha1.PostgresSpec) { s.Backup.Schedule = "0 0 * * *" }, false},
		"the repository":   {func(s *v1alpha1.PostgresSpec) { s.Backup.ObjectStorage.Bucket = "other" }, true},
		"how many to keep": {func(s *v1alpha1.PostgresSpec) { s.Backup.Keep = 3 }, true},
		"the image":        {func(s *v1alpha1.PostgresSpec) { s.Image = "other" }, true},
	} {
		p := withPostgres()
		c.change(&p.Cluster.Spec.Postgres)
		if rolls := mustYAML(t, postgresSet(t, p)) != before; rolls != c.rolls {
			t.Errorf("%s: rolls %v", name, rolls)
		}
	}
}

func TestKeptPatroniKeysAreOnlyDeletedByPolicy(t *testing.T) {
	t.Parallel()
	for policy, kept := range map[v1alpha1.DeletionPolicy]bool{v1alpha1.DeletionRetain: true, v1alpha1.DeletionDelete: false} {
		p := withPostgres()
		p.Cluster.Spec.DeletionPolicy = policy
		for _, service := range p.PostgresServices() {
			key := false
			for _, suffix := range patroniKeys {
				key = key || strings.HasSuffix(*service.GetName(), "-"+suffix)
			}
			if owned := len(service.OwnerReferences) > 0; owned == (key && kept) {
				t.Errorf("%s: Service %s is owned: %v", policy, *service.GetName(), owned)
			}
		}
		if content := mustYAML(t, postgresSet(t, p)); strings.Contains(content, "whenDeleted: Retain") != kept {
			t.Errorf("%s: volumes\n%s", policy, content)
		}
	}
}
