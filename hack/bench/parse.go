package main

import (
	"bufio"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// processors is the suffix that go test gives a benchmark's name on a machine with several.
var processors = regexp.MustCompile(`-\d+$`)

// parse reads the output of go test -bench.
// https://go.googlesource.com/proposal/+/master/design/14313-benchmark-format.md
func parse(output io.Reader) (measurements, error) {
	all := measurements{}
	lines := bufio.NewScanner(output)
	for lines.Scan() {
		fields := strings.Fields(lines.Text())
		// name, iterations, then pairs of value and unit
		if len(fields) < 4 || len(fields)%2 != 0 || !strings.HasPrefix(fields[0], "Benchmark") {
			continue
		}
		name := processors.ReplaceAllString(strings.TrimPrefix(fields[0], "Benchmark"), "")
		if all[name] == nil {
			all[name] = map[string][]float64{}
		}
		for i := 2; i < len(fields); i += 2 {
			value, err := strconv.ParseFloat(fields[i], 64)
			if err != nil {
				return nil, fmt.Errorf("benchmark output: %q: %w", lines.Text(), err)
			}
			all[name][fields[i+1]] = append(all[name][fields[i+1]], value)
		}
	}
	return all, lines.Err()
}

// measurements are the values of each run by benchmark and unit.
type measurements map[string]map[string][]float64

func (m measurements) median(name, unit string) (float64, error) {
	values := slices.Clone(m[name][unit])
	if len(values) == 0 {
		return 0, fmt.Errorf("%s was not measured in %s", name, unit)
	}
	slices.Sort(values)
	return values[len(values)/2], nil
}
