// Package dashboards defines Grafana's dashboards: a page is rows of panels, each with what it shows, its unit and where one
// reads on. A file a page; panel.go turns panels into Grafana's with its own builders. [All] gives the JSON that is checked in,
// [Queries] what they ask of Prometheus, for tests.
//
// The overview answers in a minute whether users are served and which component is at fault; each other page is a component's, with
// what saturates first at the top.
package dashboards

import (
	"encoding/json"
	"fmt"

	"github.com/grafana/grafana-foundation-sdk/go/cog"
	"github.com/grafana/grafana-foundation-sdk/go/common"
	"github.com/grafana/grafana-foundation-sdk/go/dashboard"
)

// Docs is where the documentation is, unless somebody keeps it elsewhere.
const Docs = "https://guildhall.chat/docs"

// tag is what all pages have, and only they.
const tag = "guildhall"

// Dashboard is a page as Grafana reads it.
type Dashboard struct {
	Name string // of its file, without .json
	JSON []byte
}

// Query is what a panel asks.
type Query struct {
	Dashboard, Panel string
	Expr             string // PromQL, with Grafana's variables $namespace, $chatcluster and $__rate_interval
}

func pages() []page {
	return []page{overview(), gateway(), api(), shardRouter(), eventLog(), postgres(), redis(), operator(), capacity()}
}

// All returns the dashboards.
func All() (all []Dashboard, err error) {
	for _, p := range pages() {
		built, err := p.build()
		if err != nil {
			return nil, fmt.Errorf("dashboard %s: %w", p.name, err)
		}
		content, err := json.MarshalIndent(built, "", " ")
		if err != nil {
			return nil, fmt.Errorf("dashboard %s: %w", p.name, err)
		}
		all = append(all, Dashboard{p.name, append(content, '\n')})
	}
	return all, nil
}

// Queries returns what all panels ask.
func Queries() (all []Query) {
	for _, page := range pages() {
		for _, row := range page.rows {
			for _, panel := range row.panels {
				for _, q := range panel.queries {
					all = append(all, Query{page.name, panel.title, q.promQL()})
				}
			}
		}
	}
	return all
}

// Link is where a panel leads to.
type Link struct {
	Dashboard, Panel string
	Doc              string // below Docs
}

// Links returns where all panels lead to.
func Links() (all []Link) {
	for _, page := range pages() {
		for _, row := range page.rows {
			for _, panel := range row.panels {
				all = append(all, Link{page.name, panel.title, panel.doc})
			}
		}
	}
	return all
}

// width of Grafana's grid, and heights of what is on it.
const (
	width       = 24
	graphHeight = 8
	valueHeight = 4
)

func (p page) build() (dashboard.Dashboard, error) {
	b := dashboard.NewDashboardBuilder("Guildhall / "+p.title).
		Uid("guildhall-"+p.name).
		Description(p.about).
		Tags([]string{tag}).
		Refresh("30s").
		Time("now-1h", "now").
		Timezone("browser").
		Tooltip(dashboard.DashboardCursorSyncCrosshair).
		Variables(variables()).
		Link(dashboard.NewDashboardLinkBuilder("Guildhall").Type(dashboard.DashboardLinkTypeDashboards).Tags([]string{tag}).AsDropdown(true).KeepTime(true).IncludeVars(true))
	y, id := uint32(0), uint32(1)
	for _, row := range p.rows {
		b.WithRow(dashboard.NewRowBuilder(row.title).Id(id).GridPos(dashboard.GridPos{X: 0, Y: y, W: width, H: 1}))
		y, id = y+1, id+1
		wide := uint32(width / len(row.panels))
		tall := uint32(valueHeight)
		for _, panel := range row.panels {
			if panel.kind == graph || panel.kind == list {
				tall = graphHeight
			}
		}
		for i, panel := range row.panels {
			b.WithPanel(numbered{panel.builder(dashboard.GridPos{X: uint32(i) * wide, Y: y, W: wide, H: tall}), id})
			id++
		}
		y += tall
	}
	return b.Build()
}

// numbered gives a panel its id: the same each time that it is made.
type numbered struct {
	panel cog.Builder[dashboard.Panel]
	id    uint32
}

// Build implements cog.Builder.
func (n numbered) Build() (dashboard.Panel, error) {
	built, err := n.panel.Build()
	built.Id = &n.id
	return built, err
}

// source is the data source that the variable chooses.
func source() common.DataSourceRef {
	return common.DataSourceRef{Type: cog.ToPtr("prometheus"), Uid: cog.ToPtr("${datasource}")}
}

// variables choose what is looked at: where Prometheus is, and which ChatCluster.
func variables() []cog.Builder[dashboard.VariableModel] {
	all := dashboard.VariableOption{
		Text:  dashboard.StringOrArrayOfString{String: cog.ToPtr("All")},
		Value: dashboard.StringOrArrayOfString{String: cog.ToPtr("$__all")},
	}
	labels := func(name, title, query string) cog.Builder[dashboard.VariableModel] {
		return dashboard.NewQueryVariableBuilder(name).Label(title).Datasource(source()).
			Query(dashboard.StringOrMap{String: &query}).Definition(query).
			Refresh(dashboard.VariableRefreshOnTimeRangeChanged).Sort(dashboard.VariableSortAlphabeticalAsc).
			IncludeAll(true).AllValue(".*").Current(all)
	}
	return []cog.Builder[dashboard.VariableModel]{
		dashboard.NewDatasourceVariableBuilder("datasource").Label("Data source").Type("prometheus"),
		labels("namespace", "Namespace", `label_values(guildhall_build_info, namespace)`),
		labels("chatcluster", "ChatCluster", `label_values(guildhall_build_info{namespace=~"$namespace"}, chatcluster)`),
	}
}
