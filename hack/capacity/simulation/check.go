package simulation

import (
	"errors"
	"fmt"
	"math"
)

// tolerance is how far the sums over guilds may be from the integrals, as a part: those take the guilds as a smooth crowd.
const tolerance = 0.02

// Check fails where the simulation is not what arithmetic predicts: the sum of the guilds' sessions, the fan-out of a message, and for
// each number of shards that they differ by as much as chance has them differ, none is fuller than it allows, nor all emptier than
// the largest guild.
func Check(in Input, out Output) error {
	wrong := []error{
		near("sessions in all guilds", out.Sessions, in.Sessions*in.PerSession),
		near("deliveries of a message", out.FanOut, in.FanOut()),
	}
	for _, b := range out.Balance {
		for name, s := range map[string]Spread{"guilds": b.Guilds, "sessions": b.Sessions, "deliveries": b.Deliveries} {
			if s.Max > s.Bound || s.Max < s.Largest*(1-1e-9) {
				wrong = append(wrong, fmt.Errorf("%d shards: the one with most %s has %.4g, not from %.4g to %.4g",
					b.Shards, name, s.Max, s.Largest, s.Bound))
			}
			wrong = append(wrong, s.deviates(b.Shards, name))
		}
	}
	for _, f := range out.Follows {
		if f.Message < 1 || f.Message > min(float64(f.Pods), out.FanOut)*(1+1e-9) {
			wrong = append(wrong, fmt.Errorf("%d pods: a message goes to %.4g of them", f.Pods, f.Message))
		}
	}
	return errors.Join(wrong...)
}

func near(what string, got, want float64) error {
	if math.Abs(got-want) <= tolerance*want {
		return nil
	}
	return fmt.Errorf("%s: %.6g by simulation, %.6g by arithmetic", what, got, want)
}

// deviates fails if the shards differ by more or less than chance has them. The variance that is seen has itself a standard deviation, as
// a part of what is expected: no more than the square root of 2/n, over 1-1/n. Six of those are allowed.
func (s Spread) deviates(shards int, name string) error {
	n := float64(shards)
	if shards == 1 {
		return nil
	}
	seen := s.Deviation * s.Deviation / (s.Predicted * s.Predicted)
	if math.Abs(seen-1) <= 6*math.Sqrt(2/n)/(1-1/n) {
		return nil
	}
	return fmt.Errorf("%d shards: %s deviate by %.4g, not %.4g", shards, name, s.Deviation, s.Predicted)
}
