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
	"k8s.io/utils/ptr"
	"sigs.k8s.io/yaml"

	"guildhall.chat/guildhall/api-types/v1alpha1"
)

var update = flag.Bool("update", false, "write the golden files anew")

func platform() Platform {
	return Platform{
		Cluster: &v1alpha1.ChatCluster{
			ObjectMeta: metav1.ObjectMeta{Name: "chat", Namespace: "talk", UID: "7f1c7d0e-2c57-4b4f-9d0a-0f9f8f7e6d5c"},
			Spec: v1alpha1.ChatClusterSpec{
				Image:            "registry.example.com/guildhall:v1",
				ImagePullSecrets: []string{"registry"},
				Domain:           "chat.example.com",
				Registration:     v1alpha1.RegistrationInvite,
				SMTP:             v1alpha1.SMTPSpec{Addr: "smtp.example.com:587", From: "guildhall@example.com", SecretName: "mail"},
				ObjectStorage:    &v1alpha1.ObjectStorageSpec{Endpoint: "https://s3.example.com", Bucket: "chat", Region: "eu", SecretName: "bucket"},
				TrustedProxies:   []string{"10.0.0.0/8"},
				Gateway: v1alpha1.GatewaySpec{Shards: 2, ReplicasPerShard: 2, MaxConcurrency: 1, MaxConnectionsPerPod: 15000, Resources: v1alpha1.Resources{
					Requests: v1alpha1.Quantities{"cpu": resource.MustParse("250m")},
					Limits:   v1alpha1.Quantities{"memory": resource.MustParse("1Gi")},
				}},
				API:         v1alpha1.APISpec{Replicas: ptr.To[int32](3)},
				Worker:      v1alpha1.WorkerSpec{Replicas: 1},
				ShardRouter: v1alpha1.ShardRouterSpec{Replicas: 2},
			},
		},
		Secrets: SecretVersions{"postgres-dsn": "a", "signing-keys": "b"},
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
		"redis":       redisObjects(p),
	}
	for _, generated := range p.GeneratedSecrets() {
		golden["secret"] = append(golden["secret"], generatedSecret(p, generated))
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
		compare(t, name, objects...)
	}
}

// The kubelet makes $ of $$ in commands and arguments, whoever else would read it.
func TestNoCommandHasTwoDollars(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/*.yaml")
	if err != nil || len(files) == 0 {
		t.Fatalf("%d golden files: %v", len(files), err)
	}
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if bytes.Contains(content, []byte("$$")) {
			t.Errorf("%s has $$", file)
		}
	}
}

// compare holds the objects against a golden file.
func compare[T any](t *testing.T, name string, objects ...T) {
	t.Helper()
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
}

func TestMigrationsRunForEachImageAndSecret(t *testing.T) {
	t.Parallel()
	names := map[string]bool{}
	for _, change := range []func(*Platform){
		func(*Platform) {},
		func(p *Platform) { p.Cluster.Spec.Image = "guildhall:v2" },
		func(p *Platform) { p.Secrets["postgres-dsn"] = "changed" },
		func(p *Platform) {
			p.Cluster.Spec.Postgres.External = &v1alpha1.ExternalPostgresSpec{SecretName: "other"}
		},
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
	p.Cluster.Spec.API.Replicas = ptr.To[int32](9)
	p.Secrets["signing-keys"] = "rotated"
	job, err := p.MigrateJob()
	if err != nil {
		t.Fatal(err)
	}
	if !names[*job.GetName()] {
		t.Error("more api pods or other signing keys are a reason to migrate")
	}
}

func TestURLs(t *testing.T) {
	t.Parallel()
	p := platform()
	if p.publicURL() != "https://chat.example.com" || p.gatewayURL() != "wss://chat.example.com" {
		t.Errorf("%s, %s", p.publicURL(), p.gatewayURL())
	}
	p.Cluster.Spec.TLS.Disabled, p.Cluster.Spec.Domain = true, "chat.local:8080"
	if p.publicURL() != "http://chat.local:8080" || p.gatewayURL() != "ws://chat.local:8080" {
		t.Errorf("%s, %s", p.publicURL(), p.gatewayURL())
	}
}
