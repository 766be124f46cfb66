package rows

import (
	"context"
	"errors"
	"fmt"
	"time"

	"guildhall.chat/guildhall/hack/load/procstat"
	"guildhall.chat/guildhall/hack/load/rig"
)

// hold keeps as many sessions as the platform is to hold on one machine, for more than two heartbeats of each, and then
// posts to every guild.
func hold(ctx context.Context, r *rig.Rig, o Options) ([]Result, error) {
	p, err := r.Platform(ctx, heldServers)
	if err != nil {
		return nil, err
	}
	defer p.Stop()
	gateways, err := p.Gateways()
	if err != nil {
		return nil, err
	}
	var targets []string
	for _, g := range gateways {
		targets = append(targets, g.Addr)
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	go watchMemory(ctx, cancel)
	c, err := newCrowd(ctx, r, p, "held", o.size(heldSessions))
	if err != nil {
		return nil, err
	}
	defer c.stop()
	if _, err := c.connect(ctx, r, identifying, targets...); err != nil {
		return nil, errors.Join(err, context.Cause(ctx))
	}
	before, err := c.fleet.Verify(ctx)
	if err != nil {
		return nil, err
	}
	if err := c.hold(ctx, r, o); err != nil {
		return nil, errors.Join(err, context.Cause(ctx))
	}
	for range c.guilds {
		if err := c.post(ctx); err != nil {
			return nil, err
		}
	}
	counts, err := c.check(ctx)
	if err != nil {
		return nil, err
	}
	if counts.Dropped+counts.Unanswered > 0 || counts.Invalid > before.Invalid || counts.Ready != c.fleet.Spec.Clients {
		return nil, fmt.Errorf("of %d sessions %d are there; %d dropped, %d told Invalid Session, %d heartbeats unanswered: %q",
			c.fleet.Spec.Clients, counts.Ready, counts.Dropped, counts.Invalid-before.Invalid, counts.Unanswered, c.fleet.Faults())
	}
	target := float64(c.spec.Clients) // heldSessions, unless they are divided
	return []Result{{
		Name: "hold/100000", What: "sessions held at once, heartbeats answered, none dropped, a message to each at the end",
		Peer: "the number to hold", Unit: "sessions", ToReach: ">= 1", Ours: float64(counts.Ready), PeerHas: target,
		Ratio: float64(counts.Ready) / target,
		Note:  fmt.Sprintf("%d heartbeats answered, %d messages delivered and verified, %d attempts to connect repeated", counts.Heartbeats, counts.Delivered, counts.Failed),
	}}, nil
}

// hold waits for more than two intervals of heartbeats.
func (c *crowd) hold(ctx context.Context, r *rig.Rig, o Options) error {
	left := rig.Heartbeat*2 + rig.Heartbeat/4
	if o.quick() {
		left = 2 * time.Second
	}
	const every = 5 * time.Second
	for ; left > 0; left -= every {
		if err := sleep(ctx, min(every, left)); err != nil {
			return err
		}
		counts := c.fleet.Counts()
		available, err := procstat.Available()
		if err != nil {
			return err
		}
		r.Say("held: %d ready, %d dropped, %d heartbeats, %d unanswered, %d MiB of memory left",
			counts.Ready, counts.Dropped, counts.Heartbeats, counts.Unanswered, available>>20)
	}
	return nil
}

// watchMemory ends the row when the machine has hardly any memory left.
func watchMemory(ctx context.Context, cancel context.CancelCauseFunc) {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			if available, err := procstat.Available(); err == nil && available < leastMemory {
				cancel(fmt.Errorf("only %d MiB of memory are left", available>>20))
			}
		case <-ctx.Done():
			return
		}
	}
}
