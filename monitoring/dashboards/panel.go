package dashboards

import (
	"strings"

	"github.com/grafana/grafana-foundation-sdk/go/cog"
	"github.com/grafana/grafana-foundation-sdk/go/cog/variants"
	"github.com/grafana/grafana-foundation-sdk/go/common"
	"github.com/grafana/grafana-foundation-sdk/go/dashboard"
	"github.com/grafana/grafana-foundation-sdk/go/prometheus"
	"github.com/grafana/grafana-foundation-sdk/go/stat"
	"github.com/grafana/grafana-foundation-sdk/go/table"
	"github.com/grafana/grafana-foundation-sdk/go/timeseries"
)

// page is a dashboard.
type page struct {
	name  string // of its file, and the last part of its uid
	title string
	about string
	rows  []row
}

// row is what is beside each other, under a title.
type row struct {
	title  string
	panels []panel
}

// kind is how a panel shows its queries.
type kind int

const (
	graph kind = iota // lines over time
	value             // the last value
	light             // the last value as a word in a colour
	list              // a table of the series there are
)

// panel shows queries.
type panel struct {
	kind    kind
	title   string
	about   string // what it shows, and what is not as it should be
	unit    string
	doc     string // below Docs: a runbook, or the page that says more
	queries []query
	words   []word // of a light: what the values mean
	good    *bound // of a value: green within it, red beyond
	stacked bool
}

// query is PromQL, in which {@} stands for the labels that the dashboard's variables choose, and the name of its series.
type query struct {
	expr   string
	legend string
}

// word is what a value means.
type word struct {
	value, text, color string
}

// bound is what a value should be below, or above.
type bound struct {
	at    float64
	above bool
}

func below(at float64) *bound { return &bound{at: at} }
func above(at float64) *bound { return &bound{at: at, above: true} }

// chosen are the labels that the variables choose.
const chosen = `namespace=~"$namespace",chatcluster=~"$chatcluster"`

func (q query) promQL() string { return strings.ReplaceAll(q.expr, "@", chosen) }

// exemplars are asked for where there are any: of latencies.
func (q query) exemplars() bool { return strings.Contains(q.expr, "_seconds_bucket") }

func (p panel) targets() (targets []cog.Builder[variants.Dataquery]) {
	for i, q := range p.queries {
		target := prometheus.NewDataqueryBuilder().
			RefId(string(rune('A' + i))).
			Datasource(source()).
			EditorMode(prometheus.QueryEditorModeCode).
			Expr(q.promQL()).
			LegendFormat(q.legend)
		switch p.kind {
		case graph:
			target.Range().Exemplar(q.exemplars())
		case value, light:
			target.Instant()
		case list:
			target.Instant().Format(prometheus.PromQueryFormatTable)
		}
		targets = append(targets, target)
	}
	return targets
}

func (p panel) links() []cog.Builder[dashboard.DashboardLink] {
	title := "Documentation"
	if strings.HasPrefix(p.doc, "runbooks/") {
		title = "Runbook"
	}
	return []cog.Builder[dashboard.DashboardLink]{
		dashboard.NewDashboardLinkBuilder(title).Type(dashboard.DashboardLinkTypeLink).Url(Docs + "/" + p.doc).TargetBlank(true),
	}
}

// builder makes the panel, at a place.
func (p panel) builder(at dashboard.GridPos) cog.Builder[dashboard.Panel] {
	switch p.kind {
	case value, light:
		return p.stat(at)
	case list:
		return table.NewPanelBuilder().
			Title(p.title).Description(p.about).Unit(p.unit).Links(p.links()).GridPos(at).
			Datasource(source()).Targets(p.targets()).
			NoValue("none").
			WithTransformation(columns).
			DataLinks([]cog.Builder[dashboard.DashboardLink]{
				dashboard.NewDashboardLinkBuilder("Runbook").Type(dashboard.DashboardLinkTypeLink).
					Url(Docs + "/runbooks/${__data.fields.alertname}.md").TargetBlank(true),
			})
	default:
		lines := timeseries.NewPanelBuilder().
			Title(p.title).Description(p.about).Unit(p.unit).Links(p.links()).GridPos(at).
			Datasource(source()).Targets(p.targets()).
			Min(0).LineWidth(1).FillOpacity(10).ShowPoints(common.VisibilityModeNever).
			Legend(common.NewVizLegendOptionsBuilder().DisplayMode(common.LegendDisplayModeTable).Placement(common.LegendPlacementBottom).
				ShowLegend(true).Calcs([]string{"lastNotNull", "max"})).
			Tooltip(common.NewVizTooltipOptionsBuilder().Mode(common.TooltipDisplayModeMulti).Sort(common.SortOrderDescending))
		if p.stacked {
			lines.Stacking(common.NewStackingConfigBuilder().Mode(common.StackingModeNormal)).FillOpacity(40)
		}
		return lines
	}
}

// stat makes a panel of a value or a light.
func (p panel) stat(at dashboard.GridPos) cog.Builder[dashboard.Panel] {
	steps := []dashboard.Threshold{{Color: "text"}}
	if p.good != nil {
		steps = []dashboard.Threshold{{Color: "green"}, {Value: &p.good.at, Color: "red"}}
		if p.good.above {
			steps = []dashboard.Threshold{{Color: "red"}, {Value: &p.good.at, Color: "green"}}
		}
	}
	b := stat.NewPanelBuilder().
		Title(p.title).Description(p.about).Unit(p.unit).Links(p.links()).GridPos(at).
		Datasource(source()).Targets(p.targets()).
		NoValue("no data").
		GraphMode(common.BigValueGraphModeNone).
		ColorMode(common.BigValueColorModeBackground).
		JustifyMode(common.BigValueJustifyModeCenter).
		ReduceOptions(common.NewReduceDataOptionsBuilder().Calcs([]string{"lastNotNull"})).
		Thresholds(dashboard.NewThresholdsConfigBuilder().Mode(dashboard.ThresholdsModeAbsolute).Steps(steps))
	if p.good == nil && p.kind == value {
		b.ColorMode(common.BigValueColorModeNone)
	}
	if len(p.words) > 0 {
		options := map[string]dashboard.ValueMappingResult{}
		for i, w := range p.words {
			options[w.value] = dashboard.ValueMappingResult{Text: &w.text, Color: &w.color, Index: cog.ToPtr(int32(i))}
		}
		b.Mappings([]dashboard.ValueMapping{{ValueMap: &dashboard.ValueMap{Type: dashboard.MappingTypeValueToText, Options: options}}})
	}
	return b
}

// columns hides what says nothing in a list.
var columns = dashboard.DataTransformerConfig{Id: "organize", Options: map[string]any{
	"excludeByName": map[string]bool{"Time": true, "Value": true, "__name__": true, "alertstate": true},
}}
