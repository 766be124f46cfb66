package operator

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"
)

// Every sample is one that the API server takes as it is, strictly: no field of it is unknown.
func TestSamplesAreAdmitted(t *testing.T) {
	t.Parallel()
	paths, err := filepath.Glob(filepath.Join(root, "config/samples/*.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	admitted := 0
	for _, path := range paths {
		if filepath.Base(path) == "kustomization.yaml" {
			continue
		}
		content, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		object := &unstructured.Unstructured{}
		if err := yaml.Unmarshal(content, &object.Object); err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		object.SetNamespace(newNamespace(t))
		if err := client.WithFieldValidation(k8s, "Strict").Create(t.Context(), object, client.DryRunAll); err != nil {
			t.Errorf("%s: %v", path, err)
		}
		if !bytes.HasPrefix(content, []byte("# ")) {
			t.Errorf("%s does not say what it is for", path)
		}
		admitted++
	}
	if admitted < 3 {
		t.Errorf("%d samples", admitted)
	}
}
