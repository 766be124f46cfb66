package resources

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/yaml"

	"guildhall.chat/guildhall/api-types/v1alpha1"
)

var update = flag.Bool("update", false, "write the golden files anew")

func platform() Platform {
	return Platform{
		Cluster: &v1alpha1.ChatCluster{
			ObjectMeta: metav1.ObjectMeta{Name: "chat", Namespace: "talk", UID: "7f1c7d0e-2c57-4b4f-9d0a-0f9f8f7e6d5c"},
			Spec: v1alpha1.ChatClusterSpec{
				Image:          "registry.example.com/guildhall:v1",
				PublicURL:      "https://chat.example.com",
				SecretName:     "guildhall-secrets",
				Redis:          v1alpha1.RedisSpec{Addrs: []string{"redis-0.redis:6379", "redis-1.redis:6379"}},
				Mail:           v1alpha1.MailSpec{SMTPAddr: "smtp.example.com:587", From: "guildhall@example.com"},
				TrustedProxies: []string{"10.0.0.0/8"},
				Gateway: v1alpha1.GatewaySpec{Shards: 2, ReplicasPerShard: 2, Resources: v1alpha1.Resources{
					Requests: v1alpha1.Quantities{"cpu": resource.MustParse("250m")},
					Limits:   v1alpha1.Quantities{"memory": resource.MustParse("1Gi")},
				}},
				API:         v1alpha1.APISpec{Replicas: 3},
				Worker:      v1alpha1.WorkerSpec{Replicas: 1},
				ShardRouter: v1alpha1.ShardRouterSpec{Replicas: 2},
			},
		},
		Secret: SecretVersion{All: "all", SigningKeys: "keys"},
	}
}

func migrateJob(t *testing.T, p Platform) runtime.ApplyConfiguration {
	t.Helper()
	job, err := p.MigrateJob()
	if err != nil {
		t.Fatal(err)
	}
	return job
}

// Each golden file is what is applied for one kind of object. After a change that is meant: go test -update.
func TestGolden(t *testing.T) {
	t.Parallel()
	p := platform()
	golden := map[string][]runtime.ApplyConfiguration{
		"job":         {migrateJob(t, p)},
		"statefulset": {p.GatewayShard(1)},
		"deployment":  {p.APIDeployment(), p.WorkerDeployment(), p.ShardRouterDeployment()},
	}
	for _, service := range p.Services() {
		golden["service"] = append(golden["service"], service)
	}
	for _, account := range p.ServiceAccounts() {
		golden["serviceaccount"] = append(golden["serviceaccount"], account)
	}
	for _, budget := range p.PodDisruptionBudgets() {
		golden["poddisruptionbudget"] = append(golden["poddisruptionbudget"], budget)
	}
	for name, objects := range golden {
		var have bytes.Buffer
		for _, object := range objects {
			content, err := yaml.Marshal(object)
			if err != nil {
				t.Fatal(err)
			}
			have.WriteString("---\n")
			have.Write(content)
		}
		path := filepath.Join("testdata", name+".yaml")
		if *update {
			if err := os.WriteFile(path, have.Bytes(), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(have.Bytes(), want) {
			t.Errorf("%s differs; it is now\n%s", path, &have)
		}
	}
}

func TestBuildersAreDeterministicAndLeaveTheirInputAlone(t *testing.T) {
	t.Parallel()
	p, untouched := platform(), platform()
	name := *p.APIDeployment().GetName()
	for range 20 {
		first, err := yaml.Marshal(p.APIDeployment())
		if err != nil {
			t.Fatal(err)
		}
		second, err := yaml.Marshal(p.APIDeployment())
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(first, second) {
			t.Fatalf("%s is built differently each time", name)
		}
	}
	before, after := mustYAML(t, untouched.Cluster), mustYAML(t, p.Cluster)
	if before != after {
		t.Errorf("changed:\n%s", after)
	}
}

func mustYAML(t *testing.T, object any) string {
	t.Helper()
	content, err := yaml.Marshal(object)
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

func TestEveryNameFits(t *testing.T) {
	t.Parallel()
	p := platform()
	p.Cluster.Name = strings.Repeat("a", 40) // the most that the schema admits
	p.Cluster.Namespace = strings.Repeat("n", 63)
	p.Cluster.Spec.Gateway.Shards, p.Cluster.Spec.Gateway.ReplicasPerShard = 512, 1
	// The label controller-revision-hash is the StatefulSet's name, "-" and up to 10 characters.
	if name := p.ShardName(511); len(name)+11 > 63 {
		t.Errorf("%s has %d characters", name, len(name))
	}
	job, err := p.MigrateJob()
	if err != nil {
		t.Fatal(err)
	}
	if name := *job.GetName(); len(name) > 63 {
		t.Errorf("%s has %d characters", name, len(name))
	}
	// Linux takes no argument of 128 KiB or more.
	if n := len("--pods=" + p.gatewayPods()); n >= 128<<10 {
		t.Errorf("the shard router's list of pods has %d bytes", n)
	}
}

func TestMigrationsRunForEachImageAndSecret(t *testing.T) {
	t.Parallel()
	names := map[string]bool{}
	for _, change := range []func(*Platform){
		func(*Platform) {},
		func(p *Platform) { p.Cluster.Spec.Image = "guildhall:v2" },
		func(p *Platform) { p.Secret.All = "changed" },
		func(p *Platform) { p.Cluster.Spec.SecretName = "other" },
	} {
		p := platform()
		change(&p)
		job, err := p.MigrateJob()
		if err != nil {
			t.Fatal(err)
		}
		names[*job.GetName()] = true
	}
	if len(names) != 4 {
		t.Errorf("%d Jobs for 4 platforms: %v", len(names), names)
	}
	p := platform()
	p.Cluster.Spec.API.Replicas = 9
	job, err := p.MigrateJob()
	if err != nil {
		t.Fatal(err)
	}
	if !names[*job.GetName()] {
		t.Error("more api pods are a reason to migrate")
	}
}

func TestGatewayURL(t *testing.T) {
	t.Parallel()
	for public, want := range map[string]string{"https://chat.example.com": "wss://chat.example.com", "http://chat.local:8080": "ws://chat.local:8080"} {
		p := platform()
		p.Cluster.Spec.PublicURL = public
		if have := p.gatewayURL(); have != want {
			t.Errorf("%s -> %s", public, have)
		}
	}
}

func TestSecretVersion(t *testing.T) {
	t.Parallel()
	data := func(change func(map[string][]byte)) SecretVersion {
		d := map[string][]byte{"postgres-dsn": []byte("a"), "signing-keys": []byte("b")}
		change(d)
		return NewSecretVersion(d)
	}
	base := data(func(map[string][]byte) {})
	for name, c := range map[string]struct {
		change    func(map[string][]byte)
		all, keys bool // are they others
	}{
		"nothing":           {func(map[string][]byte) {}, false, false},
		"a foreign key":     {func(d map[string][]byte) { d["tls.crt"] = []byte("x") }, false, false},
		"the DSN":           {func(d map[string][]byte) { d["postgres-dsn"] = []byte("x") }, true, false},
		"a password":        {func(d map[string][]byte) { d["smtp-password"] = []byte("x") }, true, false},
		"an empty password": {func(d map[string][]byte) { d["redis-password"] = nil }, true, false},
		"the signing keys":  {func(d map[string][]byte) { d["signing-keys"] = []byte("x") }, true, true},
	} {
		now := data(c.change)
		if now.All != base.All != c.all || now.SigningKeys != base.SigningKeys != c.keys {
			t.Errorf("%s: %+v, before %+v", name, now, base)
		}
	}
}
