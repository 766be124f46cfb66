package operator

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/yaml"
	"sigs.k8s.io/controller-runtime/pkg/client"
	sigsyaml "sigs.k8s.io/yaml"
)

const (
	helm  = "helm.sh/helm/v3/cmd/helm@v3.17.3"
	chart = root + "/charts/guildhall-operator"
)

// runHelm returns what helm prints.
func runHelm(t *testing.T, args ...string) (string, error) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", append([]string{"run", helm}, args...)...)
	home := t.TempDir()
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "HELM_CACHE_HOME="+home, "HELM_CONFIG_HOME="+home, "HELM_DATA_HOME="+home)
	output, err := cmd.CombinedOutput()
	return string(output), err
}

// rendered returns the chart's objects by kind and name.
func rendered(t *testing.T, set ...string) map[string]*unstructured.Unstructured {
	t.Helper()
	args := []string{"template", "guildhall-operator", chart, "--namespace", "guildhall-system", "--kube-version", "1.34.0"}
	for _, value := range set {
		args = append(args, "--set", value)
	}
	output, err := runHelm(t, args...)
	if err != nil {
		t.Fatalf("helm template: %v\n%s", err, output)
	}
	objects := map[string]*unstructured.Unstructured{}
	decoder := yaml.NewYAMLOrJSONDecoder(strings.NewReader(output), 4096)
	for {
		object := &unstructured.Unstructured{}
		if decoder.Decode(object) != nil {
			break
		}
		if object.GetKind() != "" {
			objects[object.GetKind()+" "+object.GetName()] = object
		}
	}
	return objects
}

// kustomized returns an object of a file below config.
func kustomized(t *testing.T, path string) *unstructured.Unstructured {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(root, "config", path))
	if err != nil {
		t.Fatal(err)
	}
	object := &unstructured.Unstructured{}
	if err := sigsyaml.Unmarshal(content, &object.Object); err != nil {
		t.Fatal(err)
	}
	return object
}

// plain returns a value in a form in which equal ones are equal, whichever types their numbers have.
func plain(t *testing.T, value any) string {
	t.Helper()
	content, err := json.Marshal(value) // keys are sorted
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

func TestChartIsClean(t *testing.T) {
	t.Parallel()
	if output, err := runHelm(t, "lint", "--strict", chart); err != nil {
		t.Errorf("%v\n%s", err, output)
	}
}

// The chart installs what config/default does, with the same rights.
func TestChartIsWhatKustomizeInstalls(t *testing.T) {
	t.Parallel()
	objects := rendered(t)
	for _, c := range []struct{ chart, kustomize, field string }{
		{"ClusterRole guildhall-system-guildhall-operator", "rbac/role.yaml", "rules"},
		{"Role guildhall-operator-lease", "rbac/lease_role.yaml", "rules"},
		{"CustomResourceDefinition chatclusters.guildhall.chat", "crd/bases/guildhall.chat_chatclusters.yaml", "spec"},
		{"NetworkPolicy guildhall-operator", "network-policy/operator.yaml", "spec.policyTypes"},
	} {
		have, ok := objects[c.chart]
		if !ok {
			t.Errorf("the chart has no %s", c.chart)
			continue
		}
		field := strings.Split(c.field, ".")
		got, _, _ := unstructured.NestedFieldNoCopy(have.Object, field...)
		want, _, _ := unstructured.NestedFieldNoCopy(kustomized(t, c.kustomize).Object, field...)
		if want == nil || plain(t, got) != plain(t, want) {
			t.Errorf("%s of %s is not that of config/%s: make generate", c.field, c.chart, c.kustomize)
		}
	}

	var ours, theirs appsv1.Deployment
	for object, into := range map[*unstructured.Unstructured]*appsv1.Deployment{
		objects["Deployment guildhall-operator"]: &ours, kustomized(t, "manager/deployment.yaml"): &theirs,
	} {
		if err := runtime.DefaultUnstructuredConverter.FromUnstructured(object.Object, into); err != nil {
			t.Fatal(err)
		}
	}
	a, b := ours.Spec.Template.Spec.Containers[0], theirs.Spec.Template.Spec.Containers[0]
	if *ours.Spec.Replicas != 2 || !reflect.DeepEqual(a.SecurityContext, b.SecurityContext) || !reflect.DeepEqual(a.LivenessProbe, b.LivenessProbe) ||
		!reflect.DeepEqual(a.ReadinessProbe, b.ReadinessProbe) || !reflect.DeepEqual(a.Ports, b.Ports) || !reflect.DeepEqual(a.Command, b.Command) ||
		!reflect.DeepEqual(ours.Spec.Template.Spec.SecurityContext, theirs.Spec.Template.Spec.SecurityContext) {
		t.Errorf("the operator's pod differs:\n%+v\n%+v", ours.Spec.Template.Spec, theirs.Spec.Template.Spec)
	}
	// The policies of ChatClusters let in who has this label.
	if ours.Spec.Template.Labels["app.kubernetes.io/name"] != theirs.Spec.Template.Labels["app.kubernetes.io/name"] {
		t.Errorf("labels %v", ours.Spec.Template.Labels)
	}
}

// Whatever is set, the API server takes what comes of it.
func TestChartIsAdmitted(t *testing.T) {
	t.Parallel()
	installKind(t, prometheusOperator, serviceMonitors)
	namespace := newNamespace(t)
	for _, set := range [][]string{
		nil,
		{"crds.install=false", "podDisruptionBudget.enabled=false", "networkPolicy.enabled=false"},
		{
			"image.repository=registry.example.com/guildhall", "image.digest=sha256:" + strings.Repeat("0a", 32), "image.pullPolicy=Always", "image.pullSecrets={a,b}",
			"metrics.serviceMonitor.enabled=true", "metrics.serviceMonitor.labels.release=prometheus", "networkPolicy.monitoringNamespaces={monitoring}",
			"serviceAccount.name=other", "podLabels.team=chat", "podAnnotations.note=x", "nodeSelector.disk=fast", "priorityClassName=high",
			"tolerations[0].key=a", "tolerations[0].operator=Exists",
		},
	} {
		objects := rendered(t, set...)
		if len(objects) < 6 {
			t.Errorf("%v: %d objects", set, len(objects))
		}
		if _, there := objects["CustomResourceDefinition chatclusters.guildhall.chat"]; there != (len(set) != 3) {
			t.Errorf("%v: the CRD is there: %v", set, there)
		}
		for name, object := range objects {
			if object.GetNamespace() != "" {
				object.SetNamespace(namespace)
			}
			err := k8s.Apply(t.Context(), client.ApplyConfigurationFromUnstructured(object), client.FieldOwner("helm"), client.ForceOwnership, client.DryRunAll)
			if err != nil {
				t.Errorf("%v: %s: %v", set, name, err)
			}
		}
	}
}

func TestValuesThatCannotBeRightAreRefused(t *testing.T) {
	t.Parallel()
	for value, want := range map[string]string{
		"replicas=0":                                "replicas",
		"replicas=two":                              "replicas",
		"replica=2":                                 "replica",
		"image.tag=a b":                             "image.tag",
		"image.repository=":                         "image.repository",
		"image.digest=md5:1":                        "image.digest",
		"image.pullPolicy=Sometimes":                "image.pullPolicy",
		"image.pullSecrets={A_B}":                   "image.pullSecrets",
		"operator.logLevel=loud":                    "operator.logLevel",
		"operator.progressDeadline=soon":            "operator.progressDeadline",
		"operator.verbose=true":                     "operator",
		"crds.install=maybe":                        "crds.install",
		"serviceAccount.name=A":                     "serviceAccount.name",
		"resources.limits.memory=much":              "resources.limits.memory",
		"podDisruptionBudget.enabled=1":             "podDisruptionBudget.enabled",
		"metrics.serviceMonitor.enabled=yes":        "metrics.serviceMonitor.enabled",
		"networkPolicy.monitoringNamespaces={a,a}":  "networkPolicy.monitoringNamespaces",
		"networkPolicy.monitoringNamespaces[0]=A.b": "networkPolicy.monitoringNamespaces",
	} {
		output, err := runHelm(t, "template", "guildhall-operator", chart, "--set", value)
		if err == nil || !strings.Contains(output, "values don't meet the specifications of the schema") || !strings.Contains(output, want) {
			t.Errorf("%s: want a refusal that names %s: %v\n%s", value, want, err, output)
		}
	}
}

// What values.yaml holds is what the schema knows.
func TestSchemaKnowsTheValues(t *testing.T) {
	t.Parallel()
	content, err := os.ReadFile(filepath.Join(chart, "values.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	var values, schema map[string]any
	if err := sigsyaml.Unmarshal(content, &values); err != nil {
		t.Fatal(err)
	}
	raw, err := os.ReadFile(filepath.Join(chart, "values.schema.json"))
	if err != nil {
		t.Fatal(err)
	}
	if err := sigsyaml.Unmarshal(raw, &schema); err != nil {
		t.Fatal(err)
	}
	known, ok := schema["properties"].(map[string]any)
	if !ok {
		t.Fatal("the schema has no properties")
	}
	for name := range known {
		if _, there := values[name]; !there && name != "global" {
			t.Errorf("values.yaml does not have %s", name)
		}
	}
	for name := range values {
		if known[name] == nil {
			t.Errorf("the schema does not know %s", name)
		}
	}
}
