// Command bench runs the benchmarks, each together with its peer or limit, and prints the ratios: numbers that mean the
// same on any machine. Those of single packages are Go benchmarks (comparison.go); those of the whole platform under load
// are in hack/load/rows. The table is for people; the JSON lines are for comparing one run with another.
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"text/tabwriter"
	"time"

	"guildhall.chat/guildhall/hack/load/rig"
	"guildhall.chat/guildhall/hack/load/rows"
	"guildhall.chat/guildhall/internal/config"
)

type cli struct {
	JSON     string        `name:"json" help:"File for the JSON lines." type:"path" placeholder:"FILE"`
	Only     []string      `help:"Rows to measure, by the beginnings of their names, comma-separated; all without." placeholder:"NAMES"`
	Rounds   int           `help:"Rounds of each measurement; the median counts." default:"3"`
	Time     string        `help:"Duration of a round of a Go benchmark, as go test -benchtime." default:"1s"`
	Budget   time.Duration `help:"What all may take." default:"90m"`
	Divide   int           `help:"Divide the numbers of sessions: 100 shows in a minute that everything works, not how well." default:"1"`
	Services string        `help:"Directory of other service binaries to put under load, instead of this tree's." type:"path" placeholder:"DIR"`
}

func main() {
	config.Run("bench", "Benchmarks as ratios to a peer or limit measured in the same run.", &cli{})
}

// Run measures every row that is selected. One that can't be measured does not hide the others; it fails the run at the end.
func (c *cli) Run(ctx context.Context) error {
	ctx, cancel := context.WithTimeoutCause(ctx, c.Budget, fmt.Errorf("the budget of %v is used up", c.Budget))
	defer cancel()
	o := rows.Options{Only: c.Only, Rounds: c.Rounds, Divide: c.Divide}
	results, failed := c.compare(ctx, o)
	if o.Selects() {
		loaded, err := c.load(ctx, o)
		results, failed = append(results, loaded...), errors.Join(failed, err)
	}
	failed = errors.Join(failed, printTable(os.Stdout, results))
	if c.JSON != "" {
		failed = errors.Join(failed, writeLines(c.JSON, results))
	}
	if len(results) == 0 && failed == nil {
		return config.Errorf("--only: no row begins with %q", c.Only)
	}
	return failed
}

// load measures the platform under load.
func (c *cli) load(ctx context.Context, o rows.Options) (results []rows.Result, err error) {
	r, err := rig.New(ctx, ".", c.Services, os.Stderr)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	return rows.Run(ctx, r, o)
}

func printTable(w io.Writer, results []rows.Result) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(table, "NAME\tRATIO\tTO REACH\tOURS\tPEER\tUNIT\tPEER IS")
	for _, r := range results {
		_, _ = fmt.Fprintf(table, "%s\t%.3f\t%s\t%.4g\t%.4g\t%s\t%s\n", r.Name, r.Ratio, r.ToReach, r.Ours, r.PeerHas, r.Unit, r.Peer)
		if r.Note != "" {
			_, _ = fmt.Fprintf(table, "  %s\n", r.Note)
		}
	}
	return table.Flush()
}

func writeLines(path string, results []rows.Result) error {
	var lines bytes.Buffer
	encoder := json.NewEncoder(&lines)
	for _, r := range results {
		if err := encoder.Encode(r); err != nil {
			return err
		}
	}
	return os.WriteFile(path, lines.Bytes(), 0o600)
}
