// Package monitoring writes what Grafana and Prometheus read: dashboards (package dashboards), and rules (package rules). They are
// defined in Go and checked in as files; a test says when these are not what the Go makes.
package monitoring

import (
	"fmt"
	"os"
	"path/filepath"

	"guildhall.chat/guildhall/monitoring/dashboards"
	"guildhall.chat/guildhall/monitoring/rules"
)

//go:generate go run ./generate

// Folders of what is written, from the top of the tree.
const (
	kustomizeRules      = "config/prometheus"
	kustomizeDashboards = "config/grafana/dashboards"
	chartFiles          = "charts/guildhall-operator/files"
)

// Files returns what is written, by path from the top of the tree.
func Files() (map[string][]byte, error) {
	files := map[string][]byte{}
	groups := rules.Groups(rules.Production)
	plain, err := rules.File(groups)
	if err != nil {
		return nil, err
	}
	object, err := rules.PrometheusRule(groups, "guildhall-system", "guildhall")
	if err != nil {
		return nil, err
	}
	files[filepath.Join(kustomizeRules, "rules.yaml")] = object
	files[filepath.Join(chartFiles, "rules.yaml")] = plain

	pages, err := dashboards.All()
	if err != nil {
		return nil, err
	}
	for _, page := range pages {
		for _, folder := range []string{kustomizeDashboards, filepath.Join(chartFiles, "dashboards")} {
			files[filepath.Join(folder, page.Name+".json")] = page.JSON
		}
	}
	return files, nil
}

// Write writes the files into the tree at root.
func Write(root string) error {
	files, err := Files()
	if err != nil {
		return err
	}
	for path, content := range files {
		path = filepath.Join(root, path)
		if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
			return fmt.Errorf("write monitoring: %w", err)
		}
		if err := os.WriteFile(path, content, 0o644); err != nil { //nolint:gosec // it is read by everybody who reads the tree
			return fmt.Errorf("write monitoring: %w", err)
		}
	}
	return nil
}
