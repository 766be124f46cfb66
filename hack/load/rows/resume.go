package rows

import (
	"context"
	"fmt"
	"syscall"
	"time"

	"guildhall.chat/guildhall/hack/load/control"
	"guildhall.chat/guildhall/hack/load/rig"
)

const (
	crowdSize = 10_000
	// talkEvery is the pace of messages while sessions move.
	talkEvery = 20 * time.Millisecond
	// talkBefore and talkAfter surround the kill.
	talkBefore, talkAfter = 2 * time.Second, 2 * time.Second
)

// resume kills the pod that holds all sessions; they resume at the other. The next round kills that.
func resume(ctx context.Context, r *rig.Rig, o Options) ([]Result, error) {
	p, err := r.Platform(ctx, 2)
	if err != nil {
		return nil, err
	}
	defer p.Stop()
	gateways, err := p.Gateways()
	if err != nil {
		return nil, err
	}
	c, err := newCrowd(ctx, r, p, "resuming", o.size(crowdSize))
	if err != nil {
		return nil, err
	}
	defer c.stop()
	if _, err := c.connect(ctx, r, identifying, gateways[0].Addr); err != nil {
		return nil, err
	}
	var ours, peer []time.Duration
	for round := range o.Rounds {
		took, err := c.killed(ctx, p, round)
		if err != nil {
			return nil, fmt.Errorf("round %d: %w", round+1, err)
		}
		bare, err := handshakes(ctx, r, c.fleet.Spec.Clients)
		if err != nil {
			return nil, err
		}
		r.Say("round %d: all resumed after %v; as many bare handshakes took %v", round+1, took.Round(time.Millisecond), bare.Round(time.Millisecond))
		ours, peer = append(ours, took), append(peer, bare)
	}
	return []Result{timesRow("resume/10000/time", "all sessions resume after their pod is killed, none lost, no message lost or twice",
		"as many bare WebSocket handshakes", ours, peer)}, nil
}

// killed kills the pod with the sessions and returns how long it takes until the last has resumed.
func (c *crowd) killed(ctx context.Context, p *rig.Platform, round int) (time.Duration, error) {
	before, err := c.fleet.Verify(ctx)
	if err != nil {
		return 0, err
	}
	gateways, err := p.AwaitGateways(ctx)
	if err != nil {
		return 0, err
	}
	victim, heir := gateways[round%2], gateways[(round+1)%2]
	if err := c.fleet.ReturnTo(heir.Addr); err != nil {
		return 0, err
	}
	quiet := c.talk(ctx, talkEvery)
	time.Sleep(talkBefore)
	began := control.Now()
	if err := syscall.Kill(victim.PID, syscall.SIGKILL); err != nil {
		return 0, fmt.Errorf("kill %s: %w", victim.Name, err)
	}
	at, err := c.fleet.AwaitReady(ctx)
	time.Sleep(talkAfter)
	if talked := quiet(); err == nil {
		err = talked
	}
	if err != nil {
		return 0, err
	}
	after := c.fleet.Counts()
	if invalid := after.Invalid - before.Invalid; invalid > 0 {
		return 0, fmt.Errorf("%d sessions were told Invalid Session: %q", invalid, c.fleet.Faults())
	}
	if after, err = c.check(ctx); err != nil {
		return 0, err
	}
	if resumed := after.Resumed - before.Resumed; resumed != c.fleet.Spec.Clients {
		return 0, fmt.Errorf("%d of %d sessions resumed: %q", resumed, c.fleet.Spec.Clients, c.fleet.Faults())
	}
	return time.Duration(at - began), nil
}
