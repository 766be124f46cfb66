package dashboards

import (
	"strings"
	"testing"
)

// Every panel says what it shows, in which unit, and where one reads on.
func TestPanelsExplainThemselves(t *testing.T) {
	t.Parallel()
	titles := map[string]bool{}
	for _, page := range pages() {
		for _, row := range page.rows {
			if row.title == "" || len(row.panels) == 0 {
				t.Errorf("%s has a row without a title or panels", page.name)
			}
			for _, p := range row.panels {
				if p.title == "" || p.about == "" || p.unit == "" || p.doc == "" || len(p.queries) == 0 {
					t.Errorf("%s: panel %q lacks a title, description, unit, link or query", page.name, p.title)
				}
				if !strings.HasSuffix(p.about, ".") {
					t.Errorf("%s: the description of %q is no sentence", page.name, p.title)
				}
				key := page.name + "/" + row.title + "/" + p.title
				if titles[key] {
					t.Errorf("%s is there twice", key)
				}
				titles[key] = true
			}
		}
	}
}

// Every query looks at what the variables choose, unless it is about the operator, which has no ChatCluster of its own.
func TestQueriesFollowTheVariables(t *testing.T) {
	t.Parallel()
	for _, q := range Queries() {
		operators := strings.Contains(q.Expr, "controller_runtime_") || strings.Contains(q.Expr, "workqueue_") ||
			strings.Contains(q.Expr, "guildhall_operator_drift_corrected_total") || strings.Contains(q.Expr, `component="operator"`)
		if !operators && !strings.Contains(q.Expr, chosen) {
			t.Errorf("%s, %s does not look at $namespace and $chatcluster:\n%s", q.Dashboard, q.Panel, q.Expr)
		}
	}
}

// Grafana's JSON has what was said, whichever way panels are made.
func TestDashboardsAreWhole(t *testing.T) {
	t.Parallel()
	all, err := All()
	if err != nil {
		t.Fatal(err)
	}
	for i, page := range pages() {
		panels := 0
		for _, row := range page.rows {
			panels += 1 + len(row.panels)
		}
		json := string(all[i].JSON)
		if got := strings.Count(json, `"gridPos"`); got != panels {
			t.Errorf("%s has %d panels, want %d", page.name, got, panels)
		}
		if strings.Contains(json, "{@") || strings.Contains(json, "@,") {
			t.Errorf("%s has a query that was not made", page.name)
		}
	}
}
