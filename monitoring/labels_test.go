package monitoring

import (
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/VictoriaMetrics/metricsql"
)

// ofTargets are labels that a metric has of whom it was read from, not of its own.
var ofTargets = []string{"__name__", "namespace", "chatcluster", "component", "pod", "shard", "le"}

// Every label that a query chooses or groups by is one that its metrics have: by one that they lack, all would be one group
// without a name, and nothing would fail.
func TestQueriesNameLabelsThatExist(t *testing.T) {
	t.Parallel()
	labels := documentedLabels(t)
	known := func(q query, metric, label string) {
		if strings.Contains(q.expr, strconv.Quote(label)) {
			return // the query makes it: count_values and label_replace quote its name
		}
		for _, suffix := range []string{"", "_bucket", "_count", "_sum"} {
			own, documented := labels[strings.TrimSuffix(metric, suffix)]
			if documented && !slices.Contains(ofTargets, label) && !slices.Contains(own, label) {
				t.Errorf("%s: %s has no label %s:\n%s", q.from, metric, label, q.expr)
				return
			}
		}
	}
	for _, q := range queries(t) {
		parsed, err := metricsql.Parse(q.expr)
		if err != nil {
			t.Errorf("%s: %v\n%s", q.from, err, q.expr)
			continue
		}
		metricsql.VisitAll(parsed, func(e metricsql.Expr) {
			switch e := e.(type) {
			case *metricsql.MetricExpr:
				for name, chosen := range chosenBy(e) {
					for _, label := range chosen {
						known(q, name, label)
					}
				}
			case *metricsql.AggrFuncExpr:
				if !strings.EqualFold(e.Modifier.Op, "by") {
					return
				}
				for name := range metricsOf(t, query{q.from, string(e.AppendString(nil))}) {
					for _, label := range e.Modifier.Args {
						known(q, name, label)
					}
				}
			}
		})
	}
}

// chosenBy returns the labels that a selector has, by its metric.
func chosenBy(e *metricsql.MetricExpr) map[string][]string {
	chosen := map[string][]string{}
	for _, filters := range e.LabelFilterss {
		name, labels := "", []string(nil)
		for _, f := range filters {
			if f.Label == "__name__" {
				name = f.Value
			} else {
				labels = append(labels, f.Label)
			}
		}
		chosen[name] = append(chosen[name], labels...)
	}
	return chosen
}

// documentedLabels returns the labels of each metric in docs/metrics.md.
func documentedLabels(t *testing.T) map[string][]string {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(root, "docs/metrics.md"))
	if err != nil {
		t.Fatal(err)
	}
	labels := map[string][]string{}
	for line := range strings.Lines(string(content)) {
		cells := strings.Split(line, " | ")
		if name, is := strings.CutPrefix(cells[0], "| `guildhall_"); is {
			own := strings.FieldsFunc(cells[2], func(r rune) bool { return strings.ContainsRune("`, -", r) })
			labels["guildhall_"+strings.TrimSuffix(name, "`")] = own
		}
	}
	if len(labels) < 100 {
		t.Fatalf("only %d metrics are found", len(labels))
	}
	return labels
}
