package operator

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"sigs.k8s.io/yaml"
)

// kubectl explain, which shows no defaults itself, is the manual of a ChatCluster: each field says what it means, and what
// holds without it.
func TestEveryFieldIsExplained(t *testing.T) {
	t.Parallel()
	content, err := os.ReadFile(filepath.Join(root, "config/crd/bases/guildhall.chat_chatclusters.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	var crd apiextensionsv1.CustomResourceDefinition
	if err := yaml.Unmarshal(content, &crd); err != nil {
		t.Fatal(err)
	}
	schema := crd.Spec.Versions[0].Schema.OpenAPIV3Schema
	fields := explain(t, "spec", schema.Properties["spec"]) + explain(t, "status", schema.Properties["status"])
	if fields < 100 {
		t.Errorf("only %d fields are found", fields)
	}
}

// explain judges a field and those in it, and counts them.
func explain(t *testing.T, path string, field apiextensionsv1.JSONSchemaProps) (fields int) {
	t.Helper()
	text := strings.Join(strings.Fields(field.Description), " ")
	if text == "" {
		t.Errorf("%s has no description", path)
	}
	if field.Default != nil && string(field.Default.Raw) != "{}" {
		var value any
		if err := yaml.Unmarshal(field.Default.Raw, &value); err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		values, list := value.([]any)
		if !list {
			values = []any{value}
		}
		for _, value := range values {
			if !strings.Contains(text, fmt.Sprint(value)) {
				t.Errorf("%s does not say that its default is %v: %s", path, value, text)
			}
		}
	}
	for name, inner := range field.Properties {
		fields += explain(t, path+"."+name, inner)
	}
	if field.Items != nil && field.Items.Schema != nil {
		for name, inner := range field.Items.Schema.Properties {
			fields += explain(t, path+"[]."+name, inner)
		}
	}
	return fields + 1
}
