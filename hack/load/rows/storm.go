package rows

import (
	"context"
	"fmt"
	"time"

	"guildhall.chat/guildhall/hack/load/rig"
)

// storm has everybody connect and identify at once, at a gateway that holds nothing yet.
func storm(ctx context.Context, r *rig.Rig, o Options) ([]Result, error) {
	var ours, peer []time.Duration
	for round := range o.Rounds {
		took, err := stormOnce(ctx, r, o)
		if err != nil {
			return nil, fmt.Errorf("round %d: %w", round+1, err)
		}
		bare, err := handshakes(ctx, r, o.size(crowdSize))
		if err != nil {
			return nil, err
		}
		r.Say("round %d: all identified after %v; as many bare handshakes took %v", round+1, took.Round(time.Millisecond), bare.Round(time.Millisecond))
		ours, peer = append(ours, took), append(peer, bare)
	}
	return []Result{timesRow("storm/10000/time", "all clients connect and identify at once, none fails",
		"as many bare WebSocket handshakes", ours, peer)}, nil
}

func stormOnce(ctx context.Context, r *rig.Rig, o Options) (time.Duration, error) {
	p, err := r.Platform(ctx, 1)
	if err != nil {
		return 0, err
	}
	defer p.Stop()
	gateways, err := p.Gateways()
	if err != nil {
		return 0, err
	}
	c, err := newCrowd(ctx, r, p, "storm", o.size(crowdSize))
	if err != nil {
		return 0, err
	}
	defer c.stop()
	took, err := c.connect(ctx, r, 0, gateways[0].Addr)
	if err != nil {
		return 0, err
	}
	for range c.guilds {
		if err := c.post(ctx); err != nil {
			return 0, err
		}
	}
	counts, err := c.check(ctx)
	if err != nil {
		return 0, err
	}
	if counts.Failed+counts.Dropped+counts.Invalid > 0 {
		return 0, fmt.Errorf("%d attempts failed, %d connections were ended, %d clients told Invalid Session: %q",
			counts.Failed, counts.Dropped, counts.Invalid, c.fleet.Faults())
	}
	return took, nil
}
