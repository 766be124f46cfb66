package rig

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// observations are the methods of client_golang that do what a metric costs while nobody reads it, by their files.
var observations = map[string][]string{
	"counter.go": {
		"func (c *counter) Add(v float64) {", "func (c *counter) AddWithExemplar(v float64, e Labels) {", "func (c *counter) Inc() {",
	},
	"gauge.go": {
		"func (g *gauge) Set(val float64) {", "func (g *gauge) Add(val float64) {", "func (g *gauge) Inc() {", "func (g *gauge) Dec() {",
	},
	"histogram.go": {
		"func (h *histogram) Observe(v float64) {", "func (h *histogram) ObserveWithExemplar(v float64, e Labels) {",
	},
}

// Silent builds the services of this module so that their metrics count nothing, and returns the directory. A switch for that
// in the services would itself cost what it is to measure.
func (r *Rig) Silent(ctx context.Context) (dir string, err error) {
	const module = "github.com/prometheus/client_golang"
	list := exec.CommandContext(ctx, "go", "list", "-m", "-f", "{{.Dir}}", module)
	list.Dir = r.root
	output, err := list.Output()
	if err != nil {
		return "", fmt.Errorf("find %s: %w", module, err)
	}
	library := r.File("silent-library")
	if err := os.CopyFS(library, os.DirFS(strings.TrimSpace(string(output)))); err != nil {
		return "", fmt.Errorf("copy %s: %w", module, err)
	}
	for name, methods := range observations {
		if err := silence(filepath.Join(library, "prometheus", name), methods); err != nil {
			return "", err
		}
	}
	mod, err := r.replacing(module, library)
	if err != nil {
		return "", err
	}
	dir = r.File("silent")
	return dir, goBuild(ctx, r.root, dir, "-modfile="+mod, "./api", "./gateway", "./shard-router")
}

// silence has the methods of a file return at once.
func silence(file string, methods []string) error {
	source, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	for _, method := range methods {
		if !bytes.Contains(source, []byte(method)) {
			return fmt.Errorf("%s has no %q any more", file, method)
		}
		source = bytes.Replace(source, []byte(method), []byte(method+"\n\tif true {\n\t\treturn\n\t}\n"), 1)
	}
	if err := os.Remove(file); err != nil { // as the module cache has it, it can't be written
		return err
	}
	return os.WriteFile(file, source, 0o600)
}

// replacing returns a go.mod like the module's, with another directory for one of its dependencies.
func (r *Rig) replacing(module, dir string) (path string, err error) {
	for _, name := range []string{"go.mod", "go.sum"} {
		content, err := os.ReadFile(filepath.Join(r.root, name))
		if err != nil {
			return "", err
		}
		if name == "go.mod" {
			content = fmt.Appendf(content, "\nreplace %s => %s\n", module, dir)
		}
		if err := os.WriteFile(r.File("silent-"+name), content, 0o600); err != nil {
			return "", err
		}
	}
	return r.File("silent-go.mod"), nil // go finds the other by its name
}
