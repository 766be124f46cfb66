package operator

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes/scheme"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"guildhall.chat/guildhall/api-types/v1alpha1"
)

// templates returns the pod template of each workload, by its name.
func (c *cluster) templates() map[string]corev1.PodTemplateSpec {
	templates := map[string]corev1.PodTemplateSpec{}
	for _, object := range c.owned() {
		switch object := object.(type) {
		case *batchv1.Job:
			templates[object.Name] = object.Spec.Template
		case *appsv1.StatefulSet:
			templates[object.Name] = object.Spec.Template
		case *appsv1.Deployment:
			templates[object.Name] = object.Spec.Template
		}
	}
	if len(templates) != 6 {
		c.Fatalf("%d workloads", len(templates))
	}
	return templates
}

// Every pod is one that a namespace of the restricted Pod Security Standard admits.
func TestPodsAreRestricted(t *testing.T) {
	t.Parallel()
	c := create(t, nil)
	c.finish()
	admit := func(name string, spec corev1.PodSpec) error {
		pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: c.namespace}, Spec: spec}
		return k8s.Create(t.Context(), pod, client.DryRunAll)
	}
	for name, template := range c.templates() {
		if err := admit(name, template.Spec); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		for _, container := range template.Spec.Containers {
			for _, env := range container.Env {
				if env.ValueFrom != nil && env.ValueFrom.SecretKeyRef != nil || len(container.EnvFrom) > 0 {
					t.Errorf("%s: a secret is in the environment", name)
				}
			}
			if !*container.SecurityContext.ReadOnlyRootFilesystem {
				t.Errorf("%s can write to its root", name)
			}
		}
		if has, watches := *template.Spec.AutomountServiceAccountToken, name == "chat-shard-router"; has != watches {
			t.Errorf("%s has a token for the API server: %v", name, has)
		}
		template.Spec.SecurityContext.RunAsNonRoot = nil
		if err := admit(name, template.Spec); err == nil {
			t.Fatalf("%s: the namespace admits anything", name)
		}
	}

	var operator appsv1.Deployment
	if err := k8s.Get(t.Context(), client.ObjectKey{Namespace: "guildhall-system", Name: "guildhall-operator"}, &operator); err != nil {
		t.Fatal(err)
	}
	if err := admit("operator", operator.Spec.Template.Spec); err != nil {
		t.Error(err)
	}
}

// The programs understand the arguments that the operator gives them: started without secrets, they complain of these
// alone.
func TestProgramsUnderstandTheirArguments(t *testing.T) {
	t.Parallel()
	c := create(t, nil)
	c.finish()
	for name, template := range c.templates() {
		container := template.Spec.Containers[0]
		args := append(container.Command[1:], container.Args...)
		for i, arg := range args {
			args[i] = strings.ReplaceAll(arg, "$(POD_NAME)", "chat-gateway-0-0")
		}
		args = append(args, "--secrets="+t.TempDir())
		cmd := exec.CommandContext(t.Context(), filepath.Join(binaries, container.Command[0]), args...)
		output, err := cmd.CombinedOutput()
		if err == nil || cmd.ProcessState.ExitCode() != 2 || !strings.Contains(string(output), "secret file") {
			t.Errorf("%s %q: %v\n%s", name, args, err, output)
		}
	}
}

// The sample is what the documentation tells users to begin with.
func TestSampleIsComplete(t *testing.T) {
	t.Parallel()
	content, err := os.ReadFile(filepath.Join(root, "docs/operator.md"))
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(content), sample(t).Spec.SMTP.SecretName) || sample(t).Spec.SMTP.SecretName != secretName {
		t.Errorf("docs/operator.md does not say how to make the sample's Secret %s", sample(t).Spec.SMTP.SecretName)
	}
}

// table returns what kubectl get cc prints.
func (c *cluster) table() (columns []string, cells []any) {
	c.Helper()
	plain := rest.CopyConfig(config)
	plain.GroupVersion = &v1alpha1.GroupVersion
	plain.APIPath = "/apis"
	plain.NegotiatedSerializer = scheme.Codecs.WithoutConversion()
	rc, err := rest.RESTClientFor(plain)
	if err != nil {
		c.Fatal(err)
	}
	content, err := rc.Get().Namespace(c.namespace).Resource("chatclusters").
		SetHeader("Accept", "application/json;as=Table;v=v1;g=meta.k8s.io").Do(c.Context()).Raw()
	if err != nil {
		c.Fatal(err)
	}
	var table metav1.Table
	if err := json.Unmarshal(content, &table); err != nil || len(table.Rows) != 1 {
		c.Fatalf("%v: %s", err, content)
	}
	for _, column := range table.ColumnDefinitions {
		columns = append(columns, column.Name)
	}
	return columns, table.Rows[0].Cells
}
