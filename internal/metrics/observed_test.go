package metrics_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"strings"
	"testing"
)

// services are the folders that declare metrics, from this one.
var services = []string{"../../api", "../../gateway", "../../shard-router", "../../operator", "../../internal"}

// A metric that is declared and never observed is always zero, and misleads who looks at it.
func TestEveryMetricIsObserved(t *testing.T) {
	t.Parallel()
	declarations := 0
	for _, folder := range packages(t) {
		files := parsePackage(t, folder)
		declared := map[string]token.Pos{}
		for _, file := range files {
			ast.Inspect(file, func(n ast.Node) bool {
				switch n := n.(type) {
				case *ast.ValueSpec:
					for i, value := range n.Values {
						if declares(value) {
							declared[n.Names[i].Name] = n.Names[i].Pos()
						}
					}
				case *ast.KeyValueExpr:
					if key, ok := n.Key.(*ast.Ident); ok && declares(n.Value) {
						declared[key.Name] = key.Pos()
					}
				}
				return true
			})
		}
		declarations += len(declared)
		uses := map[string]int{}
		for _, file := range files {
			ast.Inspect(file, func(n ast.Node) bool {
				switch n := n.(type) {
				case *ast.KeyValueExpr:
					if declares(n.Value) {
						return false // the field that it is kept in
					}
				case *ast.Field:
					return false
				case *ast.Ident:
					if _, is := declared[n.Name]; is && n.Pos() != declared[n.Name] {
						uses[n.Name]++
					}
				}
				return true
			})
		}
		for name := range declared {
			if uses[name] == 0 {
				t.Errorf("%s: metric %s is declared and never used", folder, name)
			}
		}
	}
	if declarations < 100 {
		t.Errorf("only %d declarations were found: does this test still know how metrics are declared?", declarations)
	}
}

// declares tells whether an expression is a call of a function that declares a metric.
func declares(e ast.Expr) bool {
	call, ok := e.(*ast.CallExpr)
	if !ok {
		return false
	}
	function, ok := call.Fun.(*ast.SelectorExpr)
	if !ok || len(call.Args) == 0 {
		return false
	}
	switch function.Sel.Name {
	case "NewCounter", "NewCounters", "NewGauge", "NewGauges", "NewHistogram", "NewHistograms", "NewReading", "NewCache":
		from, ok := function.X.(*ast.Ident)
		return ok && (from.Name == "metrics" || from.Name == "registry")
	}
	return false
}

// packages returns the folders with source files.
func packages(t *testing.T) []string {
	t.Helper()
	var folders []string
	for _, root := range services {
		err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
			if err == nil && entry.IsDir() {
				folders = append(folders, path)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return folders
}

func parsePackage(t *testing.T, folder string) []*ast.File {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(folder, "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	set := token.NewFileSet() // one, so that positions tell files apart
	var files []*ast.File
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(set, name, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, file)
	}
	return files
}
