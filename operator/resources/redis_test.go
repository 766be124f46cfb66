package resources

import (
	"os/exec"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/utils/ptr"

	"guildhall.chat/guildhall/api-types/v1alpha1"
)

func redisObjects(p Platform) []runtime.ApplyConfiguration {
	return []runtime.ApplyConfiguration{
		p.RedisServiceAccount(), p.RedisConfigMap(), p.RedisService(), p.RedisPodDisruptionBudget(),
		p.RedisStatefulSet(p.RedisMasters()*(1+p.RedisReplicas()), p.RedisStorage()),
	}
}

func TestRedisFollowsTheSpec(t *testing.T) {
	t.Parallel()
	p := platform()
	p.Cluster.Spec.DeletionPolicy = v1alpha1.DeletionDelete
	p.Cluster.Spec.Redis = v1alpha1.RedisSpec{
		Image:             "valkey:8",
		Masters:           ptr.To[int32](5),
		ReplicasPerMaster: ptr.To[int32](0),
		Storage:           &v1alpha1.StorageSpec{Size: resource.MustParse("5Gi"), ClassName: "fast"},
		Resources:         v1alpha1.Resources{Limits: v1alpha1.Quantities{"memory": resource.MustParse("1000")}},
	}
	if p.RedisMasters() != 5 || p.RedisReplicas() != 0 {
		t.Errorf("%d masters, %d replicas", p.RedisMasters(), p.RedisReplicas())
	}
	set := mustYAML(t, p.RedisStatefulSet(5, p.RedisStorage()))
	for _, want := range []string{
		"image: valkey:8", "replicas: 5", "storage: 5Gi", "storageClassName: fast", "whenDeleted: Delete",
		"name: MAXMEMORY\n          value: \"800\"",
	} {
		if !strings.Contains(set, want) {
			t.Errorf("no %q in\n%s", want, set)
		}
	}
}

// A password that is rotated must not restart the nodes: they take it over as they run.
func TestRedisPodsDoNotDependOnPasswords(t *testing.T) {
	t.Parallel()
	before, after := platform(), platform()
	after.Secrets = SecretVersions{"redis-password": "another", "signing-keys": "another"}
	if mustYAML(t, before.RedisStatefulSet(6, before.RedisStorage())) != mustYAML(t, after.RedisStatefulSet(6, after.RedisStorage())) {
		t.Error("another password, another template")
	}
}

func TestRedisScriptsAreGoodShell(t *testing.T) {
	t.Parallel()
	for name, content := range RedisFiles() {
		if !strings.HasSuffix(name, ".sh") {
			continue
		}
		check := exec.CommandContext(t.Context(), "sh", "-n")
		check.Stdin = strings.NewReader(content)
		if output, err := check.CombinedOutput(); err != nil {
			t.Errorf("%s: %v: %s", name, err, output)
		}
	}
}
