package main

import (
	"bytes"
	"context"
	"fmt"
	"os"

	"guildhall.chat/guildhall/hack/capacity/plan"
	"guildhall.chat/guildhall/hack/capacity/report"
	"guildhall.chat/guildhall/internal/config"
)

type sizeCommand struct {
	Bench      string  `help:"JSON lines of the benchmarks, with the rows cost/...; without it the costs of docs/capacity.md and its standard core." type:"path" placeholder:"FILE"`
	Sessions   float64 `help:"Sessions at the peak; without it the four phases of docs/capacity.md."`
	Messages   float64 `help:"Messages a second at the peak." default:"100"`
	Guilds     int     `help:"Guilds in which somebody is connected." default:"100"`
	PerSession float64 `help:"Guilds that a session is in." default:"2"`
}

// Run prints what is needed.
func (c *sizeCommand) Run(context.Context) error {
	costs, err := plan.ReadCosts(bytes.NewReader(costsFile))
	if err != nil {
		return err
	}
	a := plan.Standard
	if c.Bench != "" {
		var delivery float64
		if costs, delivery, err = measured(c.Bench); err != nil {
			return err
		}
		const second = 1e9
		a.Core = second / delivery
		fmt.Printf("A core of the machine that was measured makes %.0f bare deliveries a second: %.2f standard cores.\nIn microseconds of its CPU:\n\n",
			a.Core, a.Core/plan.Standard.Core)
		fmt.Println(report.Costs(costs.Times(delivery / 1000)))
	}
	phases := plan.Phases
	if c.Sessions > 0 {
		phases = []plan.Phase{{Name: "yours", Sessions: c.Sessions, Messages: c.Messages, Guilds: c.Guilds, PerSession: c.PerSession}}
	}
	table, err := report.Phases(phases, costs, a)
	if err != nil {
		return config.Errorf("%v", err)
	}
	fmt.Print(table)
	return nil
}

// measured reads the costs and the nanoseconds of a bare delivery.
func measured(path string) (plan.Costs, float64, error) {
	content, err := os.ReadFile(path)
	if err != nil {
		return nil, 0, err
	}
	return plan.Measured(bytes.NewReader(content))
}

type costsCommand struct {
	Bench string `help:"JSON lines of the benchmarks, with the rows cost/..." type:"path" required:""`
	File  string `help:"Where the costs are kept." type:"path" default:"hack/capacity/costs.json"`
}

// Run takes the costs over.
func (c *costsCommand) Run(context.Context) error {
	costs, _, err := measured(c.Bench)
	if err != nil {
		return err
	}
	var content bytes.Buffer
	if err := costs.Write(&content); err != nil {
		return err
	}
	return os.WriteFile(c.File, content.Bytes(), 0o644)
}
