package monitoring

import (
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/VictoriaMetrics/metricsql"

	"guildhall.chat/guildhall/monitoring/dashboards"
	"guildhall.chat/guildhall/monitoring/promtool"
	"guildhall.chat/guildhall/monitoring/rules"
)

// query is PromQL and where it is from.
type query struct{ from, expr string }

// substituted is a query as Grafana sends it.
var substituted = strings.NewReplacer("$__rate_interval", "5m", "$namespace", ".*", "$chatcluster", ".*")

func queries(t *testing.T) (all []query) {
	t.Helper()
	for _, q := range dashboards.Queries() {
		all = append(all, query{"dashboard " + q.Dashboard + ", " + q.Panel, substituted.Replace(q.Expr)})
	}
	for _, group := range rules.Groups(rules.Production) {
		for _, r := range group.Recordings {
			all = append(all, query{r.Name, r.Value})
		}
		for _, a := range group.Alerts {
			all = append(all, query{a.Name, a.Expr()})
		}
	}
	for path, text := range runbooks(t) {
		for _, block := range fenced(text, "promql") {
			for line := range strings.Lines(block) {
				all = append(all, query{path, strings.TrimSpace(line)})
			}
		}
	}
	return all
}

// Every query is about metrics that docs/metrics.md has, or that rules record.
func TestQueriesNameMetricsThatExist(t *testing.T) {
	t.Parallel()
	known, beginnings := documented(t)
	for _, group := range rules.Groups(rules.Production) {
		for _, r := range group.Recordings {
			known[r.Name] = true
		}
	}
	known["ALERTS"] = true // Prometheus' own
	for _, q := range queries(t) {
		for name := range metricsOf(t, q) {
			if !known[name] && !slices.ContainsFunc(beginnings, func(b string) bool { return strings.HasPrefix(name, b) }) {
				t.Errorf("%s asks for %s, which is not in docs/metrics.md:\n%s", q.from, name, q.expr)
			}
		}
	}
}

// metricsOf names what a query asks for.
func metricsOf(t *testing.T, q query) map[string]bool {
	t.Helper()
	names := map[string]bool{}
	parsed, err := metricsql.Parse(q.expr)
	if err != nil {
		t.Errorf("%s: %v\n%s", q.from, err, q.expr)
		return nil
	}
	metricsql.VisitAll(parsed, func(e metricsql.Expr) {
		metric, ok := e.(*metricsql.MetricExpr)
		if !ok {
			return
		}
		for _, filters := range metric.LabelFilterss {
			for _, f := range filters {
				if f.Label == "__name__" {
					names[f.Value] = true
				}
			}
		}
	})
	return names
}

// metricName is a name in docs/metrics.md, or the beginning of names, as go_*.
var metricName = regexp.MustCompile("`([a-zA-Z_:][a-zA-Z0-9_:]*)([*]?)`")

// documented returns the metrics of docs/metrics.md, with what histograms have, and the beginnings of those of libraries.
func documented(t *testing.T) (names map[string]bool, beginnings []string) {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(root, "docs/metrics.md"))
	if err != nil {
		t.Fatal(err)
	}
	names = map[string]bool{}
	for _, match := range metricName.FindAllStringSubmatch(string(content), -1) {
		if match[2] == "*" {
			beginnings = append(beginnings, match[1])
			continue
		}
		names[match[1]] = true
	}
	for name := range maps.Clone(names) {
		for _, suffix := range []string{"_bucket", "_count", "_sum"} {
			names[name+suffix] = true
		}
	}
	return names, beginnings
}

// Every query is PromQL as Prometheus itself reads it, which is less than the parser of the test above takes.
func TestQueriesParse(t *testing.T) {
	t.Parallel()
	group := rules.Group{Subsystem: "queries"}
	for _, q := range queries(t) {
		group.Recordings = append(group.Recordings, rules.Recording{Name: "test:query", Value: q.expr})
	}
	content, err := rules.File([]rules.Group{group})
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "queries.yaml")
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	if output, err := promtool.Run(t, "check", "rules", "--lint=none", path); err != nil {
		t.Errorf("%v\n%s", err, output)
	}
}
