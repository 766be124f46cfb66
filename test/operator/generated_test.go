package operator

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"guildhall.chat/guildhall/test/apiserver"
)

var generator = regexp.MustCompile(`(?m)^//go:generate (go run sigs\.k8s\.io/controller-tools\S+ .*)$`)

// What controller-gen makes is checked in; this makes it anew elsewhere and compares. If it fails: make generate.
func TestGeneratedFilesAreCurrent(t *testing.T) {
	t.Parallel()
	for source, made := range map[string][]string{
		"api-types/v1alpha1/doc.go":   {"api-types/v1alpha1/zz_generated.deepcopy.go", "config/crd/bases/guildhall.chat_chatclusters.yaml"},
		"operator/controller/rbac.go": {"config/rbac/role.yaml"},
	} {
		content, err := os.ReadFile(filepath.Join(root, source))
		if err != nil {
			t.Fatal(err)
		}
		directive := generator.FindStringSubmatch(string(content))
		if directive == nil {
			t.Fatalf("%s has no go:generate line", source)
		}
		into := t.TempDir()
		var args []string
		for _, word := range strings.Fields(directive[1]) {
			word, _, _ = strings.Cut(word, ":dir=") // of output:..., replaced by one for all
			if !strings.HasPrefix(word, "output:") {
				args = append(args, strings.Replace(word, "paths=.", "paths=guildhall.chat/guildhall/"+filepath.Dir(source), 1))
			}
		}
		if _, err := apiserver.Command(t.Context(), args[0], append(args[1:], "output:dir="+into)...); err != nil {
			t.Fatal(err)
		}
		for _, path := range made {
			want, err := os.ReadFile(filepath.Join(into, filepath.Base(path)))
			if err != nil {
				t.Fatal(err)
			}
			have, err := os.ReadFile(filepath.Join(root, path))
			if err != nil {
				t.Fatal(err)
			}
			if string(have) != string(want) {
				t.Errorf("%s is not what %s makes: run make generate", path, source)
			}
		}
	}
}
