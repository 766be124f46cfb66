package rows

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"golang.org/x/sync/errgroup"

	"guildhall.chat/guildhall/hack/load/control"
	"guildhall.chat/guildhall/hack/load/payload"
	"guildhall.chat/guildhall/hack/load/rig"
	"guildhall.chat/guildhall/hack/load/world"
)

const (
	latencySessions = 1000
	// latencyMessages are in a round: enough for a p99.
	latencyMessages = 1000
	// probing is how many messages find the saturating rate.
	probing = 600
)

// latency is the time from the answer to a POST until the last of 1,000 sessions has the message, at half the rate that
// saturates the platform, against a publish to a bare Redis with as many subscribers, at the same rate, or at half its own if
// that is less.
func latency(ctx context.Context, r *rig.Rig, o Options) ([]Result, error) {
	p, err := r.Platform(ctx, 1)
	if err != nil {
		return nil, err
	}
	defer p.Stop()
	s := &scene{rig: r, platform: p, sessions: o.size(latencySessions), lanes: map[string]*lane{}, corpus: r.File("corpus-latency")}
	defer s.close()
	if err := s.gateway(ctx); err != nil {
		return nil, err
	}
	ours, err := s.timedPosts(ctx)
	if err != nil {
		return nil, err
	}
	peer, err := s.timedPublishes(ctx)
	if err != nil {
		return nil, err
	}
	var ratios, oursHas, peerHas []float64
	for round := range o.Rounds {
		oursSaturated, err := ours.saturated(ctx, o)
		if err != nil {
			return nil, err
		}
		peerSaturated, err := peer.saturated(ctx, o)
		if err != nil {
			return nil, err
		}
		rate := oursSaturated / 2
		ours99, err := ours.p99(ctx, r, o, rate)
		if err != nil {
			return nil, err
		}
		peerRate := min(rate, peerSaturated/2)
		peer99, err := peer.p99(ctx, r, o, peerRate)
		if err != nil {
			return nil, err
		}
		r.Say("round %d: p99 %.2f ms at %.0f of %.0f messages/s, the peer's %.2f ms at %.0f of %.0f/s",
			round+1, ours99, rate, oursSaturated, peer99, peerRate, peerSaturated)
		ratios, oursHas, peerHas = append(ratios, ours99/peer99), append(oursHas, ours99), append(peerHas, peer99)
	}
	return []Result{{
		Name: "latency/1000", What: "p99 from the answer to POST until the last session has the message, at half the saturating rate",
		Peer: "p99 of a publish to a bare Redis with as many subscribers, at the same rate or half its own", Unit: "ms", ToReach: "<= 2",
		Ours: median(oursHas), PeerHas: median(peerHas), Ratio: median(ratios), Rounds: ratios,
	}}, nil
}

// timed is something whose messages are timed.
type timed struct {
	name  string
	fleet *rig.Fleet
	next  int // message
	// begin sends a message and returns when its time begins, by control.Now.
	begin func(ctx context.Context, n int) (int64, error)
}

// saturated returns how many messages a second it takes when as many as posters are under way all the time.
func (t *timed) saturated(ctx context.Context, o Options) (float64, error) {
	count := o.size(probing)
	numbers := make(chan int, count)
	for range count {
		numbers <- t.next
		t.next++
	}
	l := &lane{name: t.name, fleet: t.fleet, chunk: 1, send: func(ctx context.Context, _ int) error {
		_, err := t.begin(ctx, <-numbers)
		return err
	}}
	c, err := l.saturated(ctx, count, posters)
	return c.rate, err
}

// p99 sends messages at the rate, whether or not those before have arrived, and returns the p99 in milliseconds.
func (t *timed) p99(ctx context.Context, r *rig.Rig, o Options, rate float64) (float64, error) {
	count := o.size(latencyMessages)
	have := t.fleet.Have()
	begun := make([]int64, count)
	first := t.next
	t.next += count
	sending, sendCtx := errgroup.WithContext(ctx)
	tick := time.NewTicker(time.Duration(float64(time.Second) / rate))
	defer tick.Stop()
	for i := range count {
		select {
		case <-tick.C:
		case <-sendCtx.Done():
		}
		sending.Go(func() (err error) {
			begun[i], err = t.begin(sendCtx, first+i)
			return err
		})
	}
	if err := sending.Wait(); err != nil {
		return 0, err
	}
	if err := t.fleet.AwaitHave(ctx, have+count); err != nil {
		return 0, err
	}
	if _, err := t.fleet.Verify(ctx); err != nil {
		return 0, err
	}
	took := make([]float64, count)
	for i, at := range begun {
		arrived, ok := t.fleet.Arrived(first + i)
		if !ok {
			return 0, fmt.Errorf("%s: message %d did not arrive", t.name, first+i)
		}
		took[i] = max(0, time.Duration(arrived-at).Seconds()*1000) // the answer may be later than the message
	}
	r.Say("%s: p50 %.1f, p90 %.1f, p99 %.1f, most %.1f ms at %.0f/s", t.name, quantile(took, 0.5), quantile(took, 0.9), quantile(took, 0.99), quantile(took, 1), rate)
	return quantile(took, 0.99), nil
}

// timedPosts is our side.
func (s *scene) timedPosts(ctx context.Context) (*timed, error) {
	guilds, first, err := s.platform.World.Populate(ctx, 1, s.sessions)
	if err != nil {
		return nil, err
	}
	api, err := s.platform.Child("api")
	if err != nil {
		return nil, err
	}
	gateways, err := s.platform.Gateways()
	if err != nil {
		return nil, err
	}
	l, err := s.lane(ctx, "posts", nil, rig.FleetSpec{
		Protocol: control.Gateway, Targets: []string{gateways[0].Addr}, Parallel: identifying, FirstUser: first, Secrets: s.platform.Secrets(),
	})
	if err != nil {
		return nil, err
	}
	poster := s.platform.World.Poster(api.Addr, 4*posters)
	s.closers = append(s.closers, poster.Close)
	return &timed{name: "posts", fleet: l.fleet, begin: postTo(poster, guilds[0])}, nil
}

func postTo(p *world.Poster, g world.Guild) func(context.Context, int) (int64, error) {
	return func(ctx context.Context, n int) (int64, error) { return p.Post(ctx, g, n) }
}

// timedPublishes is the peer.
func (s *scene) timedPublishes(ctx context.Context) (*timed, error) {
	server, err := s.rig.Redis(ctx)
	if err != nil {
		return nil, err
	}
	s.closers = append(s.closers, server.Stop)
	l, err := s.lane(ctx, "publishes", nil, rig.FleetSpec{
		Protocol: control.Redis, Targets: []string{server.Addr}, Parallel: identifying,
	})
	if err != nil {
		return nil, err
	}
	corpus, err := payload.Read(s.corpus)
	if err != nil {
		return nil, err
	}
	return &timed{name: "publishes", fleet: l.fleet, begin: publishTo(server, corpus[0].Data)}, nil
}

// publishTo publishes what our sessions get of a message, with another text.
func publishTo(server *rig.RedisServer, like json.RawMessage) func(context.Context, int) (int64, error) {
	return func(ctx context.Context, n int) (int64, error) {
		var message map[string]json.RawMessage
		if err := json.Unmarshal(like, &message); err != nil {
			return 0, err
		}
		text, err := json.Marshal(payload.Content(n))
		if err != nil {
			return 0, err
		}
		message["content"] = text
		data, err := json.Marshal(message)
		if err != nil {
			return 0, err
		}
		began := control.Now()
		return began, server.Client.Publish(ctx, rig.Channel, data).Err()
	}
}
