package main

import (
	"bytes"
	"context"
	_ "embed"
	"errors"
	"fmt"
	"os"

	"guildhall.chat/guildhall/hack/capacity/plan"
	"guildhall.chat/guildhall/hack/capacity/population"
	"guildhall.chat/guildhall/hack/capacity/report"
	"guildhall.chat/guildhall/hack/capacity/simulation"
)

//go:embed costs.json
var costsFile []byte

type docCommand struct {
	File string `help:"The document." type:"path" default:"docs/capacity.md"`
}

// Run makes the document's tables anew.
func (c *docCommand) Run(context.Context) error {
	content, err := os.ReadFile(c.File)
	if err != nil {
		return err
	}
	document := string(content)
	for _, part := range parts() {
		made, err := part.make()
		if err != nil {
			return fmt.Errorf("%s: %w", part.name, err)
		}
		if document, err = report.Splice(document, part.name, made); err != nil {
			return fmt.Errorf("%s: %w", c.File, err)
		}
	}
	return os.WriteFile(c.File, []byte(document), 0o644)
}

// part is a generated part of the document.
type part struct {
	name string
	make func() (string, error)
}

func parts() []part {
	return []part{
		{"costs", func() (string, error) {
			return withCosts(func(c plan.Costs) (string, error) { return report.Costs(c), nil })
		}},
		{"bytes", func() (string, error) {
			return withCosts(func(c plan.Costs) (string, error) { return report.Bytes(c), nil })
		}},
		{"phases", func() (string, error) { return withCosts(phases) }},
		{"cells", func() (string, error) { return withCosts(cells) }},
		{"ten thousand guilds", func() (string, error) { return simulated(tenThousand) }},
		{"ten million guilds", func() (string, error) { return simulated(tenMillion) }},
	}
}

func withCosts(do func(plan.Costs) (string, error)) (string, error) {
	c, err := plan.ReadCosts(bytes.NewReader(costsFile))
	if err != nil {
		return "", err
	}
	return do(c)
}

func phases(c plan.Costs) (string, error) {
	return report.Phases(plan.Phases, c, plan.Standard)
}

// cells is the last phase as it is livable: with fewer messages, and as platforms of their own.
func cells(c plan.Costs) (string, error) {
	last := plan.Phases[len(plan.Phases)-1]
	return report.Phases([]plan.Phase{last.Quieter(0.1), last.Quieter(0.01), last.Cell(10), last.Cell(10).Quieter(0.1)}, c, plan.Standard)
}

// online is the part of a guild's members that is assumed to be connected at the peak.
const online = 0.2

// scenario is a simulation of the document.
type scenario struct {
	guilds                         int
	sessions, perSession, messages float64
	shards, pods                   []int
}

var (
	tenThousand = scenario{10_000, 1_000_000, 2, 100_000, []int{2, 4, 16, 64, 256}, []int{2, 10, 100, 1000}}
	tenMillion  = scenario{10_000_000, 10_000_000, 5, 1_000_000, []int{16, 64, 256, 1024, 4000}, []int{10, 100, 1000}}
)

func (s scenario) input() (simulation.Input, error) {
	p, err := population.New(s.guilds, s.sessions, s.perSession, population.Sigma, 1)
	return simulation.Input{Population: p, Messages: s.messages, Online: online, Shards: s.shards, Pods: s.pods, Seed: 1}, err
}

// simulated runs a scenario; it fails unless that is what arithmetic predicts.
func simulated(s scenario) (string, error) {
	in, err := s.input()
	if err != nil {
		return "", err
	}
	out := simulation.Run(in)
	return report.Simulation(in, out), errors.Join(simulation.Check(in, out))
}
