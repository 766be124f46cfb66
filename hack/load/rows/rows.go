// Package rows measures the platform under load, each figure against a peer in the same run: fan-out, latency, memory, many
// sessions, resuming and identifying at once, and the REST calls that are made most; and what all of that costs, for planning. Every delivery is verified; a row whose deliveries are not right is an error,
// not a figure.
package rows

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"guildhall.chat/guildhall/hack/load/rig"
)

// Result is one row.
type Result struct {
	Name    string    `json:"name"`
	What    string    `json:"what"`
	Peer    string    `json:"peer_is"`
	Unit    string    `json:"unit"`
	Ours    float64   `json:"ours_value"` // median over the rounds
	PeerHas float64   `json:"peer_value"`
	Ratio   float64   `json:"ratio"` // median of the rounds' ratios
	Rounds  []float64 `json:"rounds,omitempty"`
	ToReach string    `json:"to_reach"` // "" for what is only reported
	Note    string    `json:"note,omitempty"`
}

// Options are the sizes of a run.
type Options struct {
	// Only selects: a row runs if its name begins with the elements (between slashes) of one of these, or if there are
	// none. What is measured together comes together, so that there may be more rows than are selected.
	Only   []string
	Rounds int // of what is repeated; the median counts
	// Divide divides the numbers of sessions. 0 and 1 leave them as they are.
	Divide int
}

// size returns the number of sessions where n are meant.
func (o Options) size(n int) int { return max(20, n/max(1, o.Divide)) }

// quick says that the run only shows that everything works, not how well.
func (o Options) quick() bool { return o.Divide >= 100 }

// Wants says whether any row with the prefix, or whose prefix this is, is selected.
func (o Options) Wants(prefix string) bool {
	if len(o.Only) == 0 {
		return true
	}
	return slices.ContainsFunc(o.Only, func(only string) bool {
		return strings.HasPrefix(prefix+"/", only+"/") || strings.HasPrefix(only+"/", prefix+"/")
	})
}

// group measures rows that share what they run on.
type group struct {
	prefix  string
	measure func(context.Context, *rig.Rig, Options) ([]Result, error)
}

var groups = []group{
	{"fanout", fanout},
	{"latency", latency},
	{"resume", resume},
	{"storm", storm},
	{"memory", memory},
	{"hold", hold},
	{"rest/read", restRead},
	{"rest/post", restPost},
	{"rest/history", restHistory},
	{"telemetry", telemetry},
	{"cost", costs},
}

// Selects says whether any row of the package is selected.
func (o Options) Selects() bool {
	return slices.ContainsFunc(groups, func(g group) bool { return o.Wants(g.prefix) })
}

// Run measures the selected rows. One that can't be measured does not hide the others; it makes the error.
func Run(ctx context.Context, r *rig.Rig, o Options) (results []Result, failed error) {
	o.Rounds = max(1, o.Rounds)
	for _, g := range groups {
		if !o.Wants(g.prefix) || ctx.Err() != nil {
			continue
		}
		r.Say("%s", g.prefix)
		got, err := g.measure(ctx, r, o)
		if err != nil {
			r.Say("%s FAILED: %v", g.prefix, err)
			failed = errors.Join(failed, fmt.Errorf("%s: %w", g.prefix, err))
		}
		results = append(results, got...)
	}
	return results, errors.Join(failed, ctx.Err())
}

func median(values []float64) float64 {
	if len(values) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(values))
	return sorted[len(sorted)/2]
}

// quantile returns the value below which the part q of the values is.
func quantile(values []float64, q float64) float64 {
	sorted := slices.Sorted(slices.Values(values))
	return sorted[min(len(sorted)-1, int(q*float64(len(sorted))))]
}
