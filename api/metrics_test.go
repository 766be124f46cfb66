package main

import (
	"slices"
	"testing"

	"guildhall.chat/guildhall/internal/metrics"
	"guildhall.chat/guildhall/internal/metrics/page"
)

func TestMetricsPage(t *testing.T) {
	for process, withheld := range map[string][]string{"api": onlyWorker, "worker": onlyServe} {
		defined := slices.DeleteFunc(metrics.Default.Definitions(), func(d metrics.Definition) bool {
			return slices.Contains(withheld, d.Package)
		})
		page.Check(t, process, defined)
	}
	for _, name := range append(onlyServe, onlyWorker...) {
		if !slices.ContainsFunc(metrics.Default.Definitions(), func(d metrics.Definition) bool { return d.Package == name }) {
			t.Errorf("package %s declares no metrics", name)
		}
	}
}
