package resources

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
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

// What a node of Redis 7.2 has written before it heard which shard a replica is in makes it refuse to start.
func TestRedisStartsWithReplicasInTheirMastersShard(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	write := func(name, content string) {
		t.Helper()
		path := filepath.Join(root, name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o700), os.WriteFile(path, []byte(content), 0o700)); err != nil {
			t.Fatal(err)
		}
	}
	for name, content := range RedisFiles() {
		write("etc/redis/"+name, content)
	}
	write("secrets/redis-password", "x")
	write("run/redis/x", "")
	write("bin/redis-server", "#!/bin/sh\nexit 0\n")
	write("data/nodes.conf", `a1 10.0.0.1:6379@16379,,tls-port=0,shard-id=11 myself,master - 0 0 1 connected 0-5460
b2 10.0.0.2:6379@16379,,tls-port=0,shard-id=99 slave a1 0 1 1 connected
c3 10.0.0.3:6379@16379,,shard-id=88,tls-port=0 slave,fail? d4 0 1 1 connected
d4 10.0.0.4:6379@16379,,shard-id=44,tls-port=0 master - 0 1 3 connected 5461-9999
e5 10.0.0.5:6379@16379 slave d4 0 1 1 connected
f6 10.0.0.6:6379@16379,,shard-id=66 slave a0 0 1 1 connected
vars currentEpoch 5 lastVoteEpoch 0
`)
	start := exec.CommandContext(t.Context(), "sh", filepath.Join(root, "etc/redis/start.sh"))
	start.Env = []string{"ROOT=" + root, "POD_IP=10.0.0.1", "PATH=" + filepath.Join(root, "bin") + ":" + os.Getenv("PATH")}
	if output, err := start.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, output)
	}
	got, err := os.ReadFile(filepath.Join(root, "data/nodes.conf"))
	want := `a1 10.0.0.1:6379@16379,,tls-port=0,shard-id=11 myself,master - 0 0 1 connected 0-5460
b2 10.0.0.2:6379@16379,,tls-port=0,shard-id=11 slave a1 0 1 1 connected
c3 10.0.0.3:6379@16379,,shard-id=44,tls-port=0 slave,fail? d4 0 1 1 connected
d4 10.0.0.4:6379@16379,,shard-id=44,tls-port=0 master - 0 1 3 connected 5461-9999
e5 10.0.0.5:6379@16379 slave d4 0 1 1 connected
f6 10.0.0.6:6379@16379,,shard-id=66 slave a0 0 1 1 connected
vars currentEpoch 5 lastVoteEpoch 0
`
	if err != nil || string(got) != want {
		t.Errorf("%v\n%s", err, got)
	}
}
