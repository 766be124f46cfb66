package operator

import (
	"fmt"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"guildhall.chat/guildhall/api-types/v1alpha1"
)

// raw returns the sample as a user would write it, in the namespace.
func raw(t *testing.T, namespace string) *unstructured.Unstructured {
	t.Helper()
	content, err := runtime.DefaultUnstructuredConverter.ToUnstructured(sample(t))
	if err != nil {
		t.Fatal(err)
	}
	object := &unstructured.Unstructured{Object: content}
	object.SetNamespace(namespace)
	unstructured.RemoveNestedField(object.Object, "status")
	return object
}

func TestBadManifestsAreRefused(t *testing.T) {
	t.Parallel()
	namespace := newNamespace(t)
	cases := map[string]struct {
		path  string // of the field that is set, "" to set none
		value any    // nil: the field is taken away
		want  string // in the error
	}{
		"no image":              {"spec.image", nil, "spec.image: Required"},
		"image with a space":    {"spec.image", "guild hall", "spec.image"},
		"empty image":           {"spec.image", "", "spec.image"},
		"a URL for a domain":    {"spec.domain", "https://example.com", "spec.domain"},
		"domain with a path":    {"spec.domain", "example.com/chat", "spec.domain"},
		"domain with a login":   {"spec.domain", "a:b@example.com", "spec.domain"},
		"domain with a query":   {"spec.domain", "example.com?a=b", "spec.domain"},
		"bad name of a Secret":  {"spec.postgres.external.secretName", "Secret_1", "spec.postgres.external.secretName"},
		"no Redis":              {"spec.redis.external.addrs", []any{}, "spec.redis.external.addrs"},
		"Redis without a port":  {"spec.redis.external.addrs", []any{"redis"}, "spec.redis.external.addrs[0]"},
		"Redis twice":           {"spec.redis.external.addrs", []any{"a:1", "a:1"}, "spec.redis.external.addrs[1]: Duplicate"},
		"no mail":               {"spec.smtp", nil, "spec.smtp: Required"},
		"mail server, no port":  {"spec.smtp.addr", "smtp.example.com", "spec.smtp.addr"},
		"no sender":             {"spec.smtp.from", "guildhall", "spec.smtp.from"},
		"no network":            {"spec.trustedProxies", []any{"10.0.0.1"}, "spec.trustedProxies[0]"},
		"no shards":             {"spec.gateway.shards", int64(0), "spec.gateway.shards"},
		"many shards":           {"spec.gateway.shards", int64(513), "spec.gateway.shards"},
		"shards as text":        {"spec.gateway.shards", "2", "spec.gateway.shards"},
		"many pods":             {"spec.gateway", map[string]any{"shards": int64(129), "replicasPerShard": int64(8)}, "spec.gateway: Invalid"},
		"no api pods":           {"spec.api.replicas", int64(-1), "spec.api.replicas"},
		"no routers":            {"spec.shardRouter.replicas", int64(0), "spec.shardRouter.replicas"},
		"no workers":            {"spec.worker.replicas", int64(0), "spec.worker.replicas"},
		"requests above limits": {"spec.api.resources", map[string]any{"requests": map[string]any{"memory": "2Gi"}, "limits": map[string]any{"memory": "1Gi"}}, "spec.api.resources: Invalid"},
		"quantity":              {"spec.api.resources", map[string]any{"limits": map[string]any{"memory": "much"}}, "spec.api.resources.limits.memory"},
		"unknown field":         {"spec.gateway.replicas", int64(2), `unknown field "spec.gateway.replicas"`},
		"long name":             {"metadata.name", strings.Repeat("a", 41), "metadata.name must be at most 40"},
		"name with a dot":       {"metadata.name", "chat.example", "metadata.name must be lower case"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			object := raw(t, namespace)
			path := strings.Split(c.path, ".")
			if c.value == nil {
				unstructured.RemoveNestedField(object.Object, path...)
			} else if err := unstructured.SetNestedField(object.Object, c.value, path...); err != nil {
				t.Fatal(err)
			}
			strict := client.WithFieldValidation(k8s, "Strict") // as kubectl does
			err := strict.Create(t.Context(), object)
			if err == nil || !apierrors.IsInvalid(err) && !apierrors.IsBadRequest(err) || !strings.Contains(err.Error(), c.want) {
				t.Errorf("want a refusal with %q: %v", c.want, err)
			}
		})
	}
}

func TestLeastManifestGetsDefaults(t *testing.T) {
	t.Parallel()
	namespace := newNamespace(t)
	object := raw(t, namespace)
	for _, field := range []string{"gateway", "api", "trustedProxies"} {
		unstructured.RemoveNestedField(object.Object, "spec", field)
	}
	if err := k8s.Create(t.Context(), object); err != nil {
		t.Fatal(err)
	}
	spec := (&cluster{T: t, namespace: namespace}).get().Spec
	have := fmt.Sprintf("%d %d %d %d %s %s", spec.Gateway.Shards, spec.Gateway.ReplicasPerShard, spec.Worker.Replicas, spec.ShardRouter.Replicas, spec.Registration, spec.DeletionPolicy)
	if have != "1 1 2 2 Open Retain" {
		t.Errorf("defaults: %s", have)
	}
}

func TestResourcesMayBeWrittenAsNumbers(t *testing.T) {
	t.Parallel()
	object := raw(t, newNamespace(t))
	err := unstructured.SetNestedField(object.Object, map[string]any{"requests": map[string]any{"cpu": "500m"}, "limits": map[string]any{"cpu": int64(1)}}, "spec", "api", "resources")
	if err != nil {
		t.Fatal(err)
	}
	if err := k8s.Create(t.Context(), object); err != nil {
		t.Fatal(err)
	}
	c := &cluster{T: t, namespace: object.GetNamespace()}
	limit := c.get().Spec.API.Resources.Limits[corev1.ResourceCPU]
	if limit.Cmp(resource.MustParse("1")) != 0 {
		t.Errorf("limit %s", limit.String())
	}
}

func TestShortNameAndColumns(t *testing.T) {
	t.Parallel()
	c := create(t, func(c *v1alpha1.ChatCluster) { c.Spec.Gateway.Shards = 3 })
	c.finish()
	columns, cells := c.table()
	want := []string{"Name", "Shards", "API", "Redis", "Primary", "Version", "Available", "Status", "Degraded", "Age"}
	if fmt.Sprint(columns) != fmt.Sprint(want) {
		t.Errorf("columns %v", columns)
	}
	if fmt.Sprint(cells[:8]) != "[chat 3/3 2/2 <nil> <nil> guildhall:dev True UpToDate]" {
		t.Errorf("cells %v", cells)
	}
}
