package main

import (
	"context"
	"fmt"

	"guildhall.chat/guildhall/hack/capacity/population"
	"guildhall.chat/guildhall/hack/capacity/report"
	"guildhall.chat/guildhall/hack/capacity/simulation"
	"guildhall.chat/guildhall/internal/config"
)

// maxShards bounds the memory of a simulation: some sums for each shard.
const maxShards = 1 << 20

type simulateCommand struct {
	Guilds     int     `help:"Number of guilds; their memory is not kept." default:"10000"`
	Sessions   float64 `help:"Sessions that are connected." default:"1000000"`
	PerSession float64 `help:"Guilds that a session is in." default:"2"`
	Messages   float64 `help:"Messages a second, of all guilds." default:"100000"`
	Online     float64 `help:"Part of a guild's members that is connected." default:"0.2"`
	Sigma      float64 `help:"Spread of the guilds' sizes: sigma of their logarithm." default:"1.57"`
	Activity   float64 `help:"Exponent by which a guild's messages grow with its sessions." default:"1"`
	Shards     []int   `help:"Numbers of shards." default:"2,4,16,64,256"`
	Pods       []int   `help:"Numbers of gateway pods." default:"2,10,100,1000"`
	Seed       uint64  `help:"Seed of the times at which guilds were made." default:"1"`
}

// Run simulates, prints and checks.
func (c *simulateCommand) Run(context.Context) error {
	for _, n := range append(append([]int{}, c.Shards...), c.Pods...) {
		if n < 1 || n > maxShards {
			return config.Errorf("--shards, --pods: must be from 1 to %d", maxShards)
		}
	}
	if !(c.Online > 0) || c.Online > 1 {
		return config.Errorf("--online: must be above 0 and at most 1")
	}
	if !(c.Messages > 0) {
		return config.Errorf("--messages: must be positive")
	}
	p, err := population.New(c.Guilds, c.Sessions, c.PerSession, c.Sigma, c.Activity)
	if err != nil {
		return config.Errorf("%v", err)
	}
	in := simulation.Input{Population: p, Messages: c.Messages, Online: c.Online, Shards: c.Shards, Pods: c.Pods, Seed: c.Seed}
	out := simulation.Run(in)
	fmt.Print(report.Simulation(in, out))
	return simulation.Check(in, out)
}
