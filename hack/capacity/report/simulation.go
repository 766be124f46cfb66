package report

import (
	"fmt"

	"guildhall.chat/guildhall/hack/capacity/simulation"
)

// Simulation is what came out of a simulation, beside what arithmetic predicts.
func Simulation(in simulation.Input, out simulation.Output) string {
	sums := newTable("", "simulated", "predicted")
	sums.row("sessions, counted in each of their guilds", number(out.Sessions), number(in.Sessions*in.PerSession))
	sums.row("sessions that a message goes to", number(out.FanOut), number(in.FanOut()))
	sums.row("deliveries a second", number(out.Deliveries), number(in.Messages*in.FanOut()))
	sums.row("sessions of the largest guild", number(out.Largest), "")
	sums.row("its part of all deliveries", percent(out.LargestShare), "")
	balance := newTable("shards", "guilds", "most", "deviation", "members", "sessions", "most", "deviation", "deliveries a second", "most", "deviation",
		"the largest guild alone")
	for _, b := range out.Balance {
		cells := []string{grouped(int64(b.Shards))}
		for i, s := range []simulation.Spread{b.Guilds, b.Sessions, b.Deliveries} {
			if i == 1 {
				cells = append(cells, number(in.Members(b)))
			}
			cells = append(cells, number(s.Mean), ratio(s.Imbalance()), ratio(s.Deviation/s.Mean)+" ("+ratio(s.Predicted/s.Mean)+")")
		}
		balance.row(append(cells, ratio(b.Deliveries.Largest/b.Deliveries.Mean))...)
	}
	follows := newTable("gateway pods, sessions on them by chance", "pods that a message goes to")
	for _, f := range out.Follows {
		follows.row(grouped(int64(f.Pods)), number(f.Message))
	}
	return sums.String() + "\n" + balance.String() + "\n" + follows.String()
}

func ratio(x float64) string { return fmt.Sprintf("%.2f", x) }
