package operator

import (
	"encoding/json"
	"fmt"
	"maps"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
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
	// with returns the sample's spec with more.
	with := func(more map[string]any) map[string]any {
		spec, _, _ := unstructured.NestedMap(raw(t, namespace).Object, "spec")
		maps.Copy(spec, more)
		return spec
	}
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
		"two ways in": {"spec", with(map[string]any{
			"ingress": map[string]any{}, "httpRoute": map[string]any{"parentRefs": []any{map[string]any{"name": "public"}}},
		}), `spec: Invalid value: "object": ingress and httpRoute exclude each other`},
		"route without a gateway":      {"spec.httpRoute", map[string]any{"parentRefs": []any{}}, "spec.httpRoute.parentRefs"},
		"certificate without TLS":      {"spec.tls", map[string]any{"disabled": true, "secretName": "chat-tls"}, "spec.tls: Invalid"},
		"replicas and autoscaling":     {"spec.api", map[string]any{"replicas": int64(2), "autoscaling": map[string]any{"maxReplicas": int64(4)}}, "spec.api: Invalid"},
		"autoscaling without a bound":  {"spec.api", map[string]any{"autoscaling": map[string]any{"minReplicas": int64(2)}}, "spec.api.autoscaling.maxReplicas: Required"},
		"autoscaling upside down":      {"spec.api", map[string]any{"autoscaling": map[string]any{"minReplicas": int64(5), "maxReplicas": int64(4)}}, "spec.api.autoscaling: Invalid"},
		"registration of no kind":      {"spec.registration", "Sometimes", "spec.registration: Unsupported"},
		"deletion policy of no kind":   {"spec.deletionPolicy", "Forget", "spec.deletionPolicy: Unsupported"},
		"bucket with a capital":        {"spec.objectStorage.bucket", "Bucket", "spec.objectStorage.bucket"},
		"object storage with a path":   {"spec.objectStorage.endpoint", "https://s3.example.com/bucket", "spec.objectStorage.endpoint"},
		"external Redis that is sized": {"spec.redis.masters", int64(3), "spec.redis: Invalid"},
		"external Postgres, backups":   {"spec.postgres.backup", map[string]any{"volumeClaimName": "backups"}, "spec.postgres: Invalid"},
		"two masters":                  {"spec.redis", map[string]any{"masters": int64(2)}, "spec.redis.masters"},
		"many replicas of a master":    {"spec.redis", map[string]any{"replicasPerMaster": int64(5)}, "spec.redis.replicasPerMaster"},
		"no storage":                   {"spec.redis", map[string]any{"storage": map[string]any{"size": "0"}}, "spec.redis.storage.size"},
		"ten instances":                {"spec.postgres", map[string]any{"instances": int64(10)}, "spec.postgres.instances"},
		"the operator's parameter":     {"spec.postgres", map[string]any{"parameters": map[string]any{"archive_command": "true"}}, "spec.postgres.parameters: Invalid"},
		"two places for backups": {"spec.postgres", map[string]any{"backup": map[string]any{
			"volumeClaimName": "backups", "objectStorage": map[string]any{"endpoint": "https://s3.example.com", "bucket": "backups", "secretName": "s3"},
		}}, "spec.postgres.backup: Invalid"},
		"no place for backups":      {"spec.postgres", map[string]any{"backup": map[string]any{"keep": int64(3)}}, "spec.postgres.backup: Invalid"},
		"no schedule":               {"spec.postgres", map[string]any{"backup": map[string]any{"volumeClaimName": "backups", "schedule": "daily"}}, "spec.postgres.backup.schedule"},
		"time of a restore":         {"spec.postgres", map[string]any{"restore": map[string]any{"clusterName": "chat", "volumeClaimName": "backups", "time": "yesterday"}}, "spec.postgres.restore.time"},
		"the operator's label":      {"spec.gateway.pods", map[string]any{"labels": map[string]any{"app.kubernetes.io/name": "x"}}, "spec.gateway.pods.labels: Invalid"},
		"the operator's annotation": {"spec.gateway.pods", map[string]any{"annotations": map[string]any{"guildhall.chat/moved": "1"}}, "spec.gateway.pods.annotations: Invalid"},
		"namespace with a capital":  {"spec.networkPolicy", map[string]any{"clientNamespaces": []any{"Ingress"}}, "spec.networkPolicy.clientNamespaces[0]"},
		"rotation backwards":        {"spec.rotation", map[string]any{"signingKeys": int64(-1)}, "spec.rotation.signingKeys"},
		"many sessions at once":     {"spec.gateway.maxConcurrency", int64(0), "spec.gateway.maxConcurrency"},
		"long name":                 {"metadata.name", strings.Repeat("a", 41), "metadata.name must be at most 40"},
		"name with a dot":           {"metadata.name", "chat.example", "metadata.name must be lower case"},
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

// What a manifest must not change once it is there, is refused with the field's path too.
func TestBadChangesAreRefused(t *testing.T) {
	t.Parallel()
	managed := func(spec map[string]any) {
		spec["redis"] = map[string]any{"storage": map[string]any{"size": "2Gi", "className": "slow"}}
		spec["postgres"] = map[string]any{"storage": map[string]any{"size": "10Gi"}}
	}
	external := func(map[string]any) {}
	for name, c := range map[string]struct {
		before func(spec map[string]any)
		path   string
		value  any // nil: the field is taken away
		want   string
	}{
		"external Redis is taken away":    {external, "redis", map[string]any{}, `spec: Invalid value: "object": redis.external`},
		"external Redis is added":         {managed, "redis", map[string]any{"external": map[string]any{"addrs": []any{"redis:6379"}}}, `spec: Invalid value: "object": redis.external`},
		"external Postgres is taken away": {external, "postgres", map[string]any{}, `spec: Invalid value: "object": postgres.external`},
		"external Postgres is added":      {managed, "postgres", map[string]any{"external": map[string]any{"secretName": "dsn"}}, `spec: Invalid value: "object": postgres.external`},
		"a restore is added":              {managed, "postgres.restore", map[string]any{"clusterName": "old", "volumeClaimName": "backups"}, "spec.postgres: Invalid"},
		"a volume shrinks":                {managed, "postgres.storage.size", "5Gi", "spec.postgres.storage.size: Invalid"},
		"a volume changes its class":      {managed, "redis.storage.className", "fast", "spec.redis.storage.className: Invalid"},
		"2 shards become 3":               {external, "gateway.shards", int64(3), "spec.gateway: Invalid"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			namespace := newNamespace(t)
			object := raw(t, namespace)
			spec, ok := object.Object["spec"].(map[string]any)
			if !ok {
				t.Fatal("no spec")
			}
			c.before(spec)
			if err := k8s.Create(t.Context(), object); err != nil {
				t.Fatal(err)
			}
			if err := unstructured.SetNestedField(object.Object, c.value, append([]string{"spec"}, strings.Split(c.path, ".")...)...); err != nil {
				t.Fatal(err)
			}
			content, err := json.Marshal(object.Object["spec"])
			if err != nil {
				t.Fatal(err)
			}
			patch := fmt.Appendf(nil, `[{"op": "replace", "path": "/spec", "value": %s}]`, content)
			err = k8s.Patch(t.Context(), object, client.RawPatch(types.JSONPatchType, patch))
			if !apierrors.IsInvalid(err) || !strings.Contains(err.Error(), c.want) {
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
