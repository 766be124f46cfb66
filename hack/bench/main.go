// Command bench runs the benchmarks that have a peer or a limit, each together with it, and prints the ratios: numbers
// that mean the same on any machine. The table is for people; the JSON lines are for comparing one run with another.
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"

	"guildhall.chat/guildhall/internal/config"
)

type cli struct {
	JSON  string `name:"json" help:"File for the JSON lines." type:"path" placeholder:"FILE"`
	Count int    `help:"Runs of each benchmark; the median counts." default:"3"`
	Time  string `help:"Duration of a run, as go test -benchtime." default:"1s"`
}

func main() {
	config.Run("bench", "Benchmarks as ratios to a peer or limit measured in the same run.", &cli{})
}

// Run runs every comparison. One that can't be made does not hide the others; it fails the run at the end.
func (c *cli) Run(ctx context.Context) error {
	var results []result
	var failures []error
	for _, pkg := range packages() {
		fmt.Fprintf(os.Stderr, "running %s\n", pkg)
		measured, err := c.measure(ctx, pkg)
		if err != nil {
			failures = append(failures, err)
			continue
		}
		for _, comparison := range comparisons {
			if comparison.Package != pkg {
				continue
			}
			result, err := comparison.judge(measured)
			if err != nil {
				failures = append(failures, err)
				continue
			}
			results = append(results, result)
		}
	}
	failures = append(failures, printTable(os.Stdout, results))
	if c.JSON != "" {
		failures = append(failures, writeLines(c.JSON, results))
	}
	return errors.Join(failures...)
}

// packages lists the packages of the comparisons, each once, in their order.
func packages() (names []string) {
	for _, comparison := range comparisons {
		if !slices.Contains(names, comparison.Package) {
			names = append(names, comparison.Package)
		}
	}
	return names
}

// measure runs the benchmarks of a package that comparisons name.
func (c *cli) measure(ctx context.Context, pkg string) (measurements, error) {
	var tops []string
	for _, comparison := range comparisons {
		if comparison.Package == pkg {
			for _, name := range []string{comparison.Ours, comparison.Peer} {
				top, _, _ := strings.Cut(name, "/")
				tops = append(tops, top)
			}
		}
	}
	slices.Sort(tops)
	pattern := "^Benchmark(" + strings.Join(slices.Compact(tops), "|") + ")$"
	cmd := exec.CommandContext(ctx, "go", "test", "-run", "^$", "-bench", pattern, "-benchmem",
		"-count", strconv.Itoa(c.Count), "-benchtime", c.Time, "-timeout", "10m", "./"+pkg)
	var output bytes.Buffer
	cmd.Stdout, cmd.Stderr = io.MultiWriter(&output, os.Stderr), os.Stderr
	if err := cmd.Run(); err != nil {
		return nil, fmt.Errorf("%s: %w", pkg, err)
	}
	return parse(&output)
}

func printTable(w io.Writer, results []result) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(table, "WHAT\tOURS\tPEER\tUNIT\tRATIO\tPEER IS")
	for _, r := range results {
		_, _ = fmt.Fprintf(table, "%s\t%.4g\t%.4g\t%s\t%.3f\t%s\n", r.What, r.OursValue, r.PeerValue, r.Unit, r.Ratio, r.PeerIs)
	}
	return table.Flush()
}

func writeLines(path string, results []result) error {
	var lines bytes.Buffer
	encoder := json.NewEncoder(&lines)
	for _, r := range results {
		if err := encoder.Encode(r); err != nil {
			return err
		}
	}
	return os.WriteFile(path, lines.Bytes(), 0o600)
}
