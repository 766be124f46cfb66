package resources

import (
	"strings"
	"testing"

	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/utils/ptr"

	"guildhall.chat/guildhall/api-types/v1alpha1"
)

// generatedSecret returns the Secret in the middle of a rotation.
func generatedSecret(p Platform, generated Generated) runtime.ApplyConfiguration {
	data := map[string][]byte{}
	for key, value := range generated.Render(p, []Credential{{Generation: 2, Value: "new"}, {Generation: 1, Value: "old"}}) {
		data[key] = []byte(value)
	}
	return p.GeneratedSecret(generated.Component, data)
}

func TestVersionsChangeWithWhatIsRead(t *testing.T) {
	t.Parallel()
	versions := func(change func(map[string][]byte)) SecretVersions {
		contents := map[string][]byte{"postgres-dsn": []byte("a"), "signing-keys": []byte("b"), "smtp-password": []byte("c")}
		change(contents)
		return NewSecretVersions([]byte("key"), contents)
	}
	base := versions(func(map[string][]byte) {})
	for name, c := range map[string]struct {
		change func(map[string][]byte)
		rolls  string // the components that read another version
	}{
		"nothing":        {func(map[string][]byte) {}, ""},
		"a foreign key":  {func(c map[string][]byte) { c["tls.crt"] = []byte("x") }, ""},
		"the DSN":        {func(c map[string][]byte) { c["postgres-dsn"] = []byte("x") }, "migrate gateway api worker"},
		"the replicas":   {func(c map[string][]byte) { c["postgres-replica-dsn"] = []byte("x") }, "api worker"},
		"mail":           {func(c map[string][]byte) { c["smtp-password"] = []byte("x") }, "api worker"},
		"Redis":          {func(c map[string][]byte) { c["redis-password"] = []byte("x") }, "gateway api worker"},
		"an empty value": {func(c map[string][]byte) { c["redis-password"] = nil }, "gateway api worker"},
		"the keys":       {func(c map[string][]byte) { c["signing-keys"] = []byte("x") }, "gateway api worker shard-router"},
	} {
		now, rolls := versions(c.change), []string{}
		for _, component := range []string{Migrate, Gateway, API, Worker, ShardRouter} {
			if now.of(component) != base.of(component) {
				rolls = append(rolls, component)
			}
		}
		if have := strings.Join(rolls, " "); have != c.rolls {
			t.Errorf("%s rolls %q", name, have)
		}
	}
}

func TestOldAndNewLoginsAreDifferentRoles(t *testing.T) {
	t.Parallel()
	data := renderPostgres(platform(), []Credential{{Generation: 3, Value: "old"}, {Generation: 4, Value: "new"}})
	if data[PostgresLoginsKey] != "guildhall_b old\nguildhall_a new\n" || !strings.HasPrefix(data["postgres-dsn"], "postgres://guildhall_b:old@chat-postgres.talk.svc:5432/guildhall") {
		t.Errorf("%q", data)
	}
}

func TestStandbysAreReadFromWhereThereAreSome(t *testing.T) {
	t.Parallel()
	p := platform()
	replica := func() (file SecretFile, there bool) {
		for _, f := range p.SecretFiles() {
			if f.Key == "postgres-replica-dsn" {
				return f, true
			}
		}
		return file, false
	}
	p.Cluster.Spec.Postgres = v1alpha1.PostgresSpec{}
	data := renderPostgres(p, []Credential{{Generation: 3, Value: "x"}})
	if file, there := replica(); !there || file.Optional || !strings.Contains(data[file.Key], "@chat-postgres-replicas.talk.svc:5432/") {
		t.Errorf("managed: %v %v %q", file, there, data)
	}
	p.Cluster.Spec.Postgres.Instances = ptr.To[int32](1)
	if file, there := replica(); there {
		t.Errorf("without a standby: %v", file)
	}
	p.Cluster.Spec.Postgres = v1alpha1.PostgresSpec{External: &v1alpha1.ExternalPostgresSpec{SecretName: "mine"}}
	if file, there := replica(); !there || !file.Optional || file.Secret != "mine" {
		t.Errorf("external: %v %v", file, there)
	}
}

func TestDataIsKeptUnlessThePolicySaysOtherwise(t *testing.T) {
	t.Parallel()
	p := platform()
	if owners := p.GeneratedSecret(Keys, nil).OwnerReferences; len(owners) != 0 {
		t.Errorf("kept data has owners: %v", owners)
	}
	p.Cluster.Spec.DeletionPolicy = v1alpha1.DeletionDelete
	if owners := p.GeneratedSecret(Keys, nil).OwnerReferences; len(owners) != 1 {
		t.Errorf("data to delete has no owner: %v", owners)
	}
}
