package monitoring

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"guildhall.chat/guildhall/monitoring/dashboards"
	"guildhall.chat/guildhall/monitoring/rules"
)

// resultTimeout bounds how long the platform may take until all that is shown has happened once.
const resultTimeout = 2 * time.Minute

// query is one of a dashboard or a rule.
type query struct{ where, expr string }

// listsAlerts tells queries that list what fires: they have no result where nothing does.
func (q query) listsAlerts() bool { return strings.HasPrefix(q.expr, "ALERTS{") }

// queries runs every query until each has had a result, but for those that list alerts: faults runs them.
func (s *scene) queries(t *testing.T) {
	s.awaitResults(t, slices.DeleteFunc(allQueries(t), query.listsAlerts))
}

// awaitResults runs queries until each has had a result.
func (s *scene) awaitResults(t *testing.T, left []query) {
	t.Helper()
	t.Logf("%d queries", len(left))
	await(t, resultTimeout, func() string {
		var problems []string
		var failed []query
		for _, q := range left {
			n, err := s.server.query(t.Context(), q.expr)
			switch {
			case err != nil:
				problems = append(problems, fmt.Sprintf("%s: %v\n\t%s", q.where, err, q.expr))
			case n == 0:
				problems = append(problems, fmt.Sprintf("%s: no result\n\t%s", q.where, q.expr))
			default:
				continue
			}
			failed = append(failed, q)
		}
		left = failed
		return strings.Join(problems, "\n")
	})
}

// chosen is what Grafana puts in place of its variables when somebody opens a dashboard and chooses nothing.
// https://grafana.com/docs/grafana/latest/datasources/prometheus/template-variables/
var chosen = strings.NewReplacer("$__rate_interval", "1m", "$namespace", ".*", "$chatcluster", ".*")

// allQueries lists what is computed and shown where the platform runs: no times are scaled.
func allQueries(t *testing.T) (all []query) {
	t.Helper()
	for _, group := range rules.Groups(rules.Production) {
		for _, recording := range group.Recordings {
			all = append(all, query{recording.Name, recording.Value})
		}
		for _, alert := range group.Alerts {
			for _, condition := range alert.Conditions {
				all = append(all, query{alert.Name, condition.Value})
			}
		}
	}
	for _, q := range dashboards.Queries() {
		expr := chosen.Replace(q.Expr)
		if strings.Contains(expr, "$") {
			t.Errorf("dashboard %s, %s: a variable that nobody chooses:\n\t%s", q.Dashboard, q.Panel, expr)
		}
		all = append(all, query{"dashboard " + q.Dashboard + ", " + q.Panel, expr})
	}
	return all
}
