package deptest

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

const (
	module = "guildhall.chat/guildhall/"
	root   = "../.."
)

// The files are parsed here rather than by go list, so that the cache of go test knows what the result depends on.
func TestModule(t *testing.T) {
	t.Parallel()
	documented := make(map[string]bool) // packages that are more than tests
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		switch name := entry.Name(); {
		case err != nil:
			return err
		case entry.IsDir() && (name == "testdata" || name == "node_modules" || strings.HasPrefix(name, ".") && path != root):
			return fs.SkipDir
		case entry.IsDir() || !strings.HasSuffix(name, ".go"):
			return nil
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ImportsOnly|parser.ParseComments)
		if err != nil {
			return err
		}
		folder, err := filepath.Rel(root, filepath.Dir(path))
		if err != nil {
			return err
		}
		test := strings.HasSuffix(path, "_test.go")
		checkImports(t, filepath.ToSlash(folder), file, test)
		if !test {
			documented[folder] = documented[folder] || file.Doc != nil
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for folder, ok := range documented {
		if !ok {
			t.Errorf("%s has no package comment", folder)
		}
	}
	if !documented[filepath.FromSlash("internal/deptest")] {
		t.Error("didn't find this very package: the walk misses some")
	}
}

func checkImports(t *testing.T, folder string, file *ast.File, test bool) {
	t.Helper()
	for _, spec := range file.Imports {
		path, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			t.Fatal(err)
		}
		imported, ours := strings.CutPrefix(path, module)
		if !ours {
			continue
		}
		if why := refuse(folder, imported, test); why != "" {
			t.Errorf("%s imports %s: %s", folder, imported, why)
		}
	}
}

func TestModulePath(t *testing.T) {
	t.Parallel()
	content, err := os.ReadFile(filepath.Join(root, "go.mod"))
	if err != nil {
		t.Fatal(err)
	}
	if want := "module " + strings.TrimSuffix(module, "/") + "\n"; !strings.HasPrefix(string(content), want) {
		t.Errorf("go.mod doesn't begin with %q", want)
	}
}
