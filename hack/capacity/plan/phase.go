// Package plan says what a platform of a size needs: CPU, pods, memory, bytes, and what is used up first. It is arithmetic on prices
// that the benchmarks measured (Costs) and on how large guilds are (package population).
package plan

import (
	"fmt"

	"guildhall.chat/guildhall/hack/capacity/population"
)

// Assumptions are what is planned with and not measured.
type Assumptions struct {
	// Core is how many bare deliveries a core makes in a second. By definition that is 100,000 for the standard core of docs/capacity.md.
	Core float64
	// Busy is the part of a core that is planned with at the peak; the rest is for what fails, rolls and bursts.
	Busy float64
	// GatewayCores and APICores are what a pod has.
	GatewayCores, APICores float64
	// GatewaySessions and RouterConnections are what a pod takes: four fifths of what the services allow.
	GatewaySessions, RouterConnections float64
	// Reads, Pages and Identifies are what a session does in a second: reads of a channel, pages of its history, new sessions.
	Reads, Pages, Identifies float64
	// Average is what the whole day brings against its peak.
	Average float64
	// Kernel is the memory of an end of a connection in the kernel, in bytes.
	Kernel float64
	// PodBase is the memory of a gateway pod without sessions, its history included, in bytes.
	PodBase float64
}

// Standard are the assumptions of docs/capacity.md.
var Standard = Assumptions{
	Core: 100_000, Busy: 0.6, GatewayCores: 4, APICores: 4, GatewaySessions: 12_000, RouterConnections: 7200,
	Reads: 1.0 / 60, Pages: 1.0 / 60, Identifies: 1.0 / 3600, Average: 0.25, Kernel: 4 << 10, PodBase: 256 << 20,
}

// Phase is how large a platform is.
type Phase struct {
	Name       string
	Sessions   float64
	Messages   float64 // a second
	Guilds     int
	PerSession float64 // guilds that a session is in
}

// Phases are those that the platform was designed for.
var Phases = []Phase{
	{Name: "first", Sessions: 1000, Messages: 100, Guilds: 10, PerSession: 2},
	{Name: "growth", Sessions: 10_000, Messages: 1000, Guilds: 100, PerSession: 2},
	{Name: "scale", Sessions: 100_000, Messages: 10_000, Guilds: 1000, PerSession: 2},
	{Name: "enterprise", Sessions: 1_000_000, Messages: 100_000, Guilds: 10_000, PerSession: 2},
}

// Quieter is the phase with a part of its messages.
func (p Phase) Quieter(part float64) Phase {
	p.Name = fmt.Sprintf("%s, %g of the messages", p.Name, part)
	p.Messages *= part
	return p
}

// Cell is the phase divided into so many platforms, each with its part of the guilds and of the sessions: one of them.
func (p Phase) Cell(of int) Phase {
	n := float64(of)
	return Phase{fmt.Sprintf("one of %d cells, %s", of, p.Name), p.Sessions / n, p.Messages / n, p.Guilds / of, p.PerSession}
}

// Population is the guilds of the phase.
func (p Phase) Population() (population.Population, error) {
	return population.New(p.Guilds, p.Sessions, p.PerSession, population.Sigma, 1)
}
