package rows

import (
	"context"
	"fmt"
	"time"

	"guildhall.chat/guildhall/hack/load/control"
	"guildhall.chat/guildhall/hack/load/procstat"
	"guildhall.chat/guildhall/hack/load/rig"
)

const (
	idleSessions = 50_000
	idleServers  = 4
	// idleFor is longer than the two minutes after which Go's runtime collects garbage whether or not there is need.
	idleFor = 150 * time.Second

	heldSessions = 100_000
	heldServers  = 8
	// leastMemory ends a row before the machine has none.
	leastMemory = 1 << 30
)

// memory compares what an idle session and an idle bare connection take, in the servers and in the kernel.
func memory(ctx context.Context, r *rig.Rig, o Options) ([]Result, error) {
	ours, err := idleOurs(ctx, r, o)
	if err != nil {
		return nil, err
	}
	peer, err := idlePeer(ctx, r, o)
	if err != nil {
		return nil, err
	}
	const kib = 1 << 10
	return []Result{{
		Name: "memory/50000", What: "memory of an idle identified session, user and kernel", Unit: "KiB/session",
		Peer: "a bare gorilla/websocket connection with one reading goroutine and default buffers", ToReach: "<= 0.6",
		Ours: ours / kib, PeerHas: peer / kib, Ratio: ours / peer,
	}}, nil
}

func idleOurs(ctx context.Context, r *rig.Rig, o Options) (float64, error) {
	p, err := r.Platform(ctx, idleServers)
	if err != nil {
		return 0, err
	}
	defer p.Stop()
	gateways, err := p.Gateways()
	if err != nil {
		return 0, err
	}
	var pids []int
	var targets []string
	for _, g := range gateways {
		pids, targets = append(pids, g.PID), append(targets, g.Addr)
	}
	c, err := newCrowd(ctx, r, p, "idle", o.size(idleSessions))
	if err != nil {
		return 0, err
	}
	defer c.stop()
	return idle(ctx, r, o, pids, func() (*rig.Fleet, error) {
		_, err := c.connect(ctx, r, identifying, targets...)
		return c.fleet, err
	})
}

func idlePeer(ctx context.Context, r *rig.Rig, o Options) (float64, error) {
	var pids []int
	var targets []string
	for range idleServers {
		server, err := r.Gorilla(ctx)
		if err != nil {
			return 0, err
		}
		defer server.Stop()
		pids, targets = append(pids, server.PID()), append(targets, server.Addr)
	}
	return idle(ctx, r, o, pids, func() (*rig.Fleet, error) {
		fleet, err := r.Fleet(rig.FleetSpec{
			Name: "idle-peer", Protocol: control.Handshake, Targets: targets, Clients: o.size(idleSessions), Parallel: identifying,
		})
		if err != nil {
			return nil, err
		}
		_, err = fleet.AwaitReady(ctx)
		return fleet, err
	})
}

// idle returns the bytes of one connection of the fleet that connect connects to the servers.
func idle(ctx context.Context, r *rig.Rig, o Options, pids []int, connect func() (*rig.Fleet, error)) (float64, error) {
	before, err := procstat.MemoryOf(pids...)
	if err != nil {
		return 0, err
	}
	fleet, err := connect()
	if fleet != nil {
		defer fleet.Stop()
	}
	if err != nil {
		return 0, err
	}
	wait := idleFor
	if o.quick() {
		wait = time.Second
	}
	r.Say("%s: idle for %v", fleet.Spec.Name, wait)
	if err := sleep(ctx, wait); err != nil {
		return 0, err
	}
	after, err := procstat.MemoryOf(pids...)
	if err != nil {
		return 0, err
	}
	counts, err := fleet.Verify(ctx)
	if err != nil {
		return 0, err
	}
	if counts.Ready != fleet.Spec.Clients || counts.Dropped > 0 {
		return 0, fmt.Errorf("%d of %d are there, %d were dropped: %q", counts.Ready, fleet.Spec.Clients, counts.Dropped, fleet.Faults())
	}
	took := after.Sub(before)
	n := int64(fleet.Spec.Clients)
	r.Say("%s: a connection takes %d bytes of the servers, %d of the kernel's buffers and %d of its objects for both ends",
		fleet.Spec.Name, took.User/n, took.Sockets/n, took.Slab/n)
	return float64(took.Server()) / float64(n), nil
}

func sleep(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
