// Package page keeps docs/metrics.md true: each program's test gives it what the program's registry has, and it writes the
// program's part of the page, or fails when that is not as it should be.
//
//	go generate ./internal/metrics/...   writes the page
package page

import (
	"cmp"
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	dto "github.com/prometheus/client_model/go"

	"github.com/prometheus/client_golang/prometheus/testutil/promlint"

	"guildhall.chat/guildhall/internal/metrics"
)

//go:generate go test guildhall.chat/guildhall/api guildhall.chat/guildhall/gateway guildhall.chat/guildhall/shard-router guildhall.chat/guildhall/operator -p 1 -count=1 -run ^TestMetricsPage$ -write-metrics

var write = flag.Bool("write-metrics", false, "write docs/metrics.md in place of comparing it")

// Path is where the page is, from the folder of a program.
const Path = "../docs/metrics.md"

// Check fails unless what a process has declared keeps the conventions and is on the page as it is.
func Check(t *testing.T, process string, defined []metrics.Definition) {
	t.Helper()
	lint(t, defined)
	content, err := os.ReadFile(Path)
	if err != nil && !*write {
		t.Fatal(err)
	}
	rows := parse(string(content))
	for name, r := range rows {
		if r.processes = slices.DeleteFunc(r.processes, func(p string) bool { return p == process }); len(r.processes) == 0 {
			delete(rows, name)
		} else {
			rows[name] = r
		}
	}
	for _, d := range defined {
		r := rows[d.Name]
		r.kind, r.labels, r.help = string(d.Kind), d.Labels, d.Help
		r.processes = append(r.processes, process)
		slices.Sort(r.processes)
		rows[d.Name] = r
	}
	wanted := render(rows)
	if *write {
		if err := os.WriteFile(Path, []byte(wanted), 0o644); err != nil { //nolint:gosec // a page of the documentation is for all
			t.Fatal(err)
		}
		return
	}
	if wanted != string(content) {
		t.Errorf("docs/metrics.md is not what the %s declares: go generate ./internal/metrics/... writes it", process)
	}
}

// lint checks the conventions.
// https://prometheus.io/docs/practices/naming/
func lint(t *testing.T, defined []metrics.Definition) {
	t.Helper()
	families := make([]*dto.MetricFamily, len(defined))
	for i, d := range defined {
		families[i] = family(d)
		if !strings.HasPrefix(d.Name, "guildhall_") {
			t.Errorf("%s: does not begin with guildhall_", d.Name)
		}
		if !strings.HasSuffix(d.Help, ".") {
			t.Errorf("%s: the help is no sentence: %q", d.Name, d.Help)
		}
		for _, label := range d.Labels {
			if slices.Contains([]string{"guild", "user", "guild_id", "user_id", "channel_id", "le", "quantile", "job_name"}, label) {
				t.Errorf("%s: label %s has no bound, or belongs to Prometheus", d.Name, label)
			}
		}
	}
	problems, err := promlint.NewWithMetricFamilies(families).Lint()
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range problems {
		t.Errorf("%s: %s", p.Metric, p.Text)
	}
}

// family is a definition as it is when it has a value.
func family(d metrics.Definition) *dto.MetricFamily {
	metric := &dto.Metric{}
	for _, label := range d.Labels {
		value := "value"
		metric.Label = append(metric.Label, &dto.LabelPair{Name: &label, Value: &value})
	}
	kind := dto.MetricType_GAUGE
	switch d.Kind {
	case metrics.Counter:
		kind, metric.Counter = dto.MetricType_COUNTER, &dto.Counter{}
	case metrics.Histogram:
		kind, metric.Histogram = dto.MetricType_HISTOGRAM, &dto.Histogram{}
	case metrics.Gauge:
		metric.Gauge = &dto.Gauge{}
	}
	return &dto.MetricFamily{Name: &d.Name, Help: &d.Help, Type: &kind, Metric: []*dto.Metric{metric}}
}

// row is a metric on the page.
type row struct {
	kind      string
	labels    []string
	processes []string
	help      string
}

const rowPrefix = "| `guildhall_"

// parse reads the rows of a page.
func parse(content string) map[string]row {
	rows := map[string]row{}
	for line := range strings.Lines(content) {
		cells := strings.Split(strings.TrimSuffix(line, " |\n"), " | ")
		if !strings.HasPrefix(line, rowPrefix) || len(cells) < 5 {
			continue
		}
		name := strings.Trim(strings.TrimPrefix(cells[0], "| "), "`")
		rows[name] = row{
			kind: cells[1], labels: split(strings.ReplaceAll(cells[2], "`", "")), processes: split(cells[3]),
			help: strings.Join(cells[4:], " | "),
		}
	}
	return rows
}

func split(list string) []string {
	if list == "" || list == "-" {
		return nil
	}
	return strings.Split(list, ", ")
}

const head = `# Metrics

Each process tells its metrics on its admin port, ` + "`--admin-addr`, at `/metrics`" + `. This page is made from what the programs declare
(` + "`go generate ./internal/metrics/...`" + `), and a test keeps it so. Names and units are by the
[conventions of Prometheus](https://prometheus.io/docs/practices/naming/). No label ever holds the id of a guild or a user.

A histogram ` + "`x_seconds`" + ` is there as ` + "`x_seconds_bucket`, `x_seconds_sum` and `x_seconds_count`" + `. Process ` + "`worker`" + ` is ` + "`api worker`" + `. What the
worker asks of Postgres and Redis for all (see "Postgres", "Redis", "Outbox", "Webhook") is told by the one that holds the lease
` + "`measuring`" + `, and by no other.

Metrics of libraries are documented by these: every process has ` + "`go_*`, `process_*` and `promhttp_*`" + `; the operator also
` + "`controller_runtime_*`, `workqueue_*`, `rest_client_*`, `leader_election_*` and `certwatcher_*`" + `. Prometheus itself adds ` + "`up` and `scrape_*`" + ` for
each that it asks.
`

// areas are the headings, by the word after guildhall_. What has none is listed as "Process".
var areas = []struct{ word, title string }{
	{"http", "REST"}, {"permission", "Permissions"}, {"ratelimit", "Rate limits"}, {"cache", "Caches"}, {"mails", "Mail"},
	{"gateway", "Gateway"}, {"router", "Shard router"}, {"events", "Event log"}, {"outbox", "Outbox"}, {"worker", "Worker"},
	{"webhook", "Webhook"}, {"postgres", "Postgres"}, {"redis", "Redis"}, {"operator", "Operator"},
}

const process = "Process"

func areaOf(name string) string {
	word, _, _ := strings.Cut(strings.TrimPrefix(name, "guildhall_"), "_")
	for _, a := range areas {
		if a.word == word {
			return a.title
		}
	}
	return process
}

// render writes the page.
func render(rows map[string]row) string {
	byArea := map[string][]string{}
	for name := range rows {
		byArea[areaOf(name)] = append(byArea[areaOf(name)], name)
	}
	var b strings.Builder
	b.WriteString(head)
	titles := []string{process}
	for _, a := range areas {
		titles = append(titles, a.title)
	}
	for _, title := range titles {
		names := byArea[title]
		if len(names) == 0 {
			continue
		}
		slices.Sort(names)
		fmt.Fprintf(&b, "\n## %s\n\n| name | type | labels | process | what |\n|---|---|---|---|---|\n", title)
		for _, name := range names {
			r := rows[name]
			labels := make([]string, len(r.labels))
			for i, label := range r.labels {
				labels[i] = "`" + label + "`"
			}
			fmt.Fprintf(&b, "| `%s` | %s | %s | %s | %s |\n", name, r.kind, cmp.Or(strings.Join(labels, ", "), "-"), strings.Join(r.processes, ", "), r.help)
		}
	}
	return b.String()
}
