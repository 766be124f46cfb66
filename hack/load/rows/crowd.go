package rows

import (
	"context"
	"fmt"
	"sync"
	"time"

	"guildhall.chat/guildhall/hack/load/control"
	"guildhall.chat/guildhall/hack/load/rig"
	"guildhall.chat/guildhall/hack/load/world"
)

// guildSize is how many sessions share a guild where there are many guilds.
const guildSize = 100

// crowd is sessions in many guilds.
type crowd struct {
	guilds []world.Guild
	poster *world.Poster
	posted int
	fleet  *rig.Fleet // when it has connected
	spec   rig.FleetSpec
}

// newCrowd makes the accounts and guilds of a crowd.
func newCrowd(ctx context.Context, r *rig.Rig, p *rig.Platform, name string, sessions int) (*crowd, error) {
	perGuild := min(guildSize, sessions)
	r.Say("%d accounts in guilds of %d", sessions, perGuild)
	guilds, first, err := p.World.Populate(ctx, sessions/perGuild, perGuild)
	if err != nil {
		return nil, err
	}
	api, err := p.Child("api")
	if err != nil {
		return nil, err
	}
	return &crowd{guilds: guilds, poster: p.World.Poster(api.Addr, posters), spec: rig.FleetSpec{
		Name: name, Protocol: control.Gateway, Clients: sessions / perGuild * perGuild,
		FirstUser: first, PerGuild: perGuild, Secrets: p.Secrets(),
	}}, nil
}

// connect has everybody connect to the targets, so many at once (0: all), and waits until the last is ready.
func (c *crowd) connect(ctx context.Context, r *rig.Rig, parallel int, targets ...string) (took time.Duration, err error) {
	c.spec.Parallel, c.spec.Targets = parallel, targets
	began := control.Now()
	if c.fleet, err = r.Fleet(c.spec); err != nil {
		return 0, err
	}
	at, err := c.fleet.AwaitReady(ctx)
	return time.Duration(at - began), err
}

func (c *crowd) stop() {
	c.poster.Close()
	if c.fleet != nil {
		c.fleet.Stop()
	}
}

// post posts the next message, to the next guild.
func (c *crowd) post(ctx context.Context) error {
	n := c.posted
	if _, err := c.poster.Post(ctx, c.guilds[n%len(c.guilds)], n); err != nil {
		return err
	}
	c.posted++
	return nil
}

// talk posts steadily until the returned function is called, which then tells how that went.
func (c *crowd) talk(ctx context.Context, every time.Duration) (stop func() error) {
	ctx, cancel := context.WithCancel(ctx)
	var talking sync.WaitGroup
	var failed error
	talking.Go(func() {
		tick := time.NewTicker(every)
		defer tick.Stop()
		for {
			select {
			case <-tick.C:
				// Not with ctx: a message that is given up half-way may have been sent.
				if err := c.post(context.WithoutCancel(ctx)); err != nil {
					failed = err
					return
				}
			case <-ctx.Done():
				return
			}
		}
	})
	return func() error {
		cancel()
		talking.Wait()
		return failed
	}
}

// check waits until everybody has what was posted and fails unless all of it was right.
func (c *crowd) check(ctx context.Context) (control.Counts, error) {
	if err := c.fleet.AwaitHave(ctx, c.posted); err != nil {
		return control.Counts{}, err
	}
	return c.fleet.Verify(ctx)
}

// handshakes returns how long so many bare WebSocket handshakes take, all at once.
func handshakes(ctx context.Context, r *rig.Rig, n int) (time.Duration, error) {
	server, err := r.Gorilla(ctx)
	if err != nil {
		return 0, err
	}
	defer server.Stop()
	began := control.Now()
	fleet, err := r.Fleet(rig.FleetSpec{Name: "handshakes", Protocol: control.Handshake, Targets: []string{server.Addr}, Clients: n})
	if err != nil {
		return 0, err
	}
	defer fleet.Stop()
	at, err := fleet.AwaitReady(ctx)
	if err != nil {
		return 0, err
	}
	if c := fleet.Counts(); c.Failed > 0 {
		return 0, fmt.Errorf("%d bare handshakes failed: %q", c.Failed, fleet.Faults())
	}
	return time.Duration(at - began), nil
}

// timesRow compares times, less is better.
func timesRow(name, what, peer string, ours, peers []time.Duration) Result {
	var rounds, oursHas, peerHas []float64
	for i := range ours {
		rounds = append(rounds, float64(ours[i])/float64(peers[i]))
		oursHas, peerHas = append(oursHas, ours[i].Seconds()), append(peerHas, peers[i].Seconds())
	}
	return Result{
		Name: name, What: what, Peer: peer, Unit: "s", Ours: median(oursHas), PeerHas: median(peerHas),
		Ratio: median(rounds), Rounds: rounds,
	}
}
