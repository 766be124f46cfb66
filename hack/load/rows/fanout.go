package rows

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"guildhall.chat/guildhall/hack/load/control"
	"guildhall.chat/guildhall/hack/load/rig"
)

const (
	// corpusSize is how many messages are captured for the peers.
	corpusSize = 64
	// posters is how many requests may be at the API at once.
	posters = 64
	// identifying is how many sessions begin at once, where that is not what is measured.
	identifying = 256

	// Deliveries of a trial: a second of CPU or so.
	pacedDeliveries     = 200_000
	saturatedDeliveries = 400_000
)

// window is how many messages may be on their way at saturation: at 10,000 sessions, what the sockets hold of more would
// not fit into the memory that the kernel has for them.
func window(sessions int) int {
	if sessions >= 5000 {
		return 64
	}
	return 256
}

// compressions are the transports, by the name that the rows have.
var compressions = []struct{ name, compress string }{
	{"json", ""}, {"zlib-stream", "zlib-stream"}, {"zstd-stream", "zstd-stream"},
}

// fanout is the rows of one channel's messages to all sessions of a pod: at the gateway's own port and through routers,
// against a bare loop over as many sockets, behind a bare proxy for the second, and against the centrifuge library.
func fanout(ctx context.Context, r *rig.Rig, o Options) (results []Result, failed error) {
	// A pod for the clients of the routers: both crowds together are more than one may hold.
	p, err := r.Platform(ctx, 2)
	if err != nil {
		return nil, err
	}
	defer p.Stop()
	for _, sessions := range []int{1000, 10_000} {
		for _, c := range compressions {
			prefix := fmt.Sprintf("fanout/%s/%d", c.name, sessions)
			if !o.Wants(prefix) || ctx.Err() != nil {
				continue
			}
			r.Say("%s", prefix)
			got, err := fanoutOf(ctx, r, p, o, prefix, c.compress, o.size(sessions))
			if err != nil {
				failed = errors.Join(failed, fmt.Errorf("%s: %w", prefix, err))
			}
			results = append(results, got...)
		}
	}
	return results, failed
}

// scene is everything that one set of fan-out rows needs.
type scene struct {
	rig      *rig.Rig
	platform *rig.Platform
	api      string // where messages are posted, if not at the platform's own
	sessions int
	compress string
	corpus   string
	lanes    map[string]*lane
	closers  []func()
}

func (s *scene) close() {
	for i := len(s.closers) - 1; i >= 0; i-- {
		s.closers[i]()
	}
}

// Names of lanes.
const (
	laneGateway    = "gateway"
	laneRouter     = "router"
	laneBare       = "bare"
	laneProxied    = "proxied"
	laneCentrifuge = "centrifuge"
)

func fanoutOf(ctx context.Context, r *rig.Rig, p *rig.Platform, o Options, prefix, compress string, sessions int) ([]Result, error) {
	s := &scene{rig: r, platform: p, sessions: sessions, compress: compress, lanes: map[string]*lane{}}
	defer s.close()
	s.corpus = r.File(fmt.Sprintf("corpus-%s-%d", compress, sessions))
	steps := []func(context.Context) error{s.gateway, s.bare}
	if slices.ContainsFunc(loads, func(load string) bool { return o.Wants(prefix + "/" + load + "/" + laneRouter) }) {
		steps = append(steps, s.router, s.proxied)
	}
	if compress == "" {
		steps = append(steps, s.centrifuge)
	}
	for _, step := range steps {
		if err := step(ctx); err != nil {
			return nil, err
		}
	}
	costs, err := s.rounds(ctx, o)
	if err != nil {
		return nil, err
	}
	return s.results(prefix, costs), nil
}

// clients makes gateway clients in a guild of their own at the targets, and a lane that posts into it.
func (s *scene) clients(ctx context.Context, name string, pids []int, targets ...string) (*lane, error) {
	guilds, first, err := s.platform.World.Populate(ctx, 1, s.sessions)
	if err != nil {
		return nil, err
	}
	api := s.api
	if api == "" {
		own, err := s.platform.Child("api")
		if err != nil {
			return nil, err
		}
		api = own.Addr
	}
	l, err := s.lane(ctx, name, pids, rig.FleetSpec{
		Protocol: control.Gateway, Targets: targets, Compress: s.compress, Parallel: identifying,
		FirstUser: first, Secrets: s.platform.Secrets(),
	})
	if err != nil {
		return nil, err
	}
	poster := s.platform.World.Poster(api, posters)
	s.closers = append(s.closers, poster.Close)
	l.send, l.chunk = posted(poster, guilds[0]), 1
	return l, nil
}

// lane connects a fleet.
func (s *scene) lane(ctx context.Context, name string, pids []int, spec rig.FleetSpec) (*lane, error) {
	spec.Name, spec.Clients = name, s.sessions
	fleet, err := s.rig.Fleet(spec)
	if err != nil {
		return nil, err
	}
	s.closers = append(s.closers, fleet.Stop)
	if _, err := fleet.AwaitReady(ctx); err != nil {
		return nil, err
	}
	l := &lane{name: name, fleet: fleet, pids: pids}
	s.lanes[name] = l
	return l, nil
}

// gateway connects to the gateway's own port, and captures what it sends for the peers.
func (s *scene) gateway(ctx context.Context) error {
	gateways, err := s.platform.Gateways()
	if err != nil {
		return err
	}
	l, err := s.clients(ctx, laneGateway, []int{gateways[0].PID}, gateways[0].Addr)
	if err != nil {
		return err
	}
	if err := l.fleet.Capture(s.corpus, corpusSize); err != nil {
		return err
	}
	for !l.fleet.Captured() { // one at a time: frames as paced clients get them
		have := l.fleet.Have()
		if err := l.send(ctx, 1); err != nil {
			return err
		}
		if err := l.fleet.AwaitHave(ctx, have+1); err != nil {
			return err
		}
	}
	return nil
}

// router connects through routers; their time counts with the gateway's.
func (s *scene) router(ctx context.Context) error {
	gateways, err := s.platform.Gateways()
	if err != nil {
		return err
	}
	routers, err := s.platform.Routers(ctx, s.sessions, gateways[1])
	if err != nil {
		return err
	}
	pids := []int{gateways[1].PID}
	var targets []string
	for _, router := range routers {
		pids, targets = append(pids, router.PID), append(targets, router.Addr)
	}
	s.closers = append(s.closers, s.platform.StopRouters)
	_, err = s.clients(ctx, laneRouter, pids, targets...)
	return err
}

// bareChunk is how many messages a peer is ordered to send at once at saturation: the order's own cost is spread thin.
const bareChunk = 16

func (s *scene) peer(ctx context.Context, name string, server *rig.Server, pids []int, protocol string, targets ...string) error {
	l, err := s.lane(ctx, name, pids, rig.FleetSpec{Protocol: protocol, Targets: targets, Corpus: s.corpus, Parallel: identifying})
	if err != nil {
		return err
	}
	l.send, l.chunk = sentBy(server), bareChunk
	return nil
}

func (s *scene) bare(ctx context.Context) error {
	server, err := s.rig.Bare(ctx, s.corpus)
	if err != nil {
		return err
	}
	s.closers = append(s.closers, server.Stop)
	return s.peer(ctx, laneBare, server, []int{server.PID()}, control.Frames, server.Addr)
}

func (s *scene) proxied(ctx context.Context) error {
	server, err := s.rig.Bare(ctx, s.corpus)
	if err != nil {
		return err
	}
	s.closers = append(s.closers, server.Stop)
	proxies, err := s.rig.Proxies(ctx, server.Addr, s.sessions)
	pids := []int{server.PID()}
	var targets []string
	for _, p := range proxies {
		s.closers = append(s.closers, p.Stop)
		pids, targets = append(pids, p.PID()), append(targets, p.Addr)
	}
	if err != nil {
		return err
	}
	return s.peer(ctx, laneProxied, server, pids, control.Frames, targets...)
}

func (s *scene) centrifuge(ctx context.Context) error {
	server, err := s.rig.Centrifuge(ctx, s.corpus)
	if err != nil {
		return err
	}
	s.closers = append(s.closers, server.Stop)
	return s.peer(ctx, laneCentrifuge, server, []int{server.PID()}, control.Centrifuge, server.Addr)
}

// loads are the ways to send.
var loads = []string{"paced", "saturated"}

// rounds measures all lanes one after the other, again and again: what disturbs the machine for a while disturbs all.
func (s *scene) rounds(ctx context.Context, o Options) (costs map[string][]cost, err error) {
	costs = map[string][]cost{}
	paced, saturated := max(10, pacedDeliveries/s.sessions), max(2*window(s.sessions), saturatedDeliveries/s.sessions)
	if o.quick() {
		paced, saturated = 10, 100
	}
	for round := range o.Rounds {
		for _, load := range loads {
			for _, name := range []string{laneGateway, laneBare, laneRouter, laneProxied, laneCentrifuge} {
				l := s.lanes[name]
				if l == nil {
					continue
				}
				var c cost
				if load == "paced" {
					c, err = l.paced(ctx, paced)
				} else {
					c, err = l.saturated(ctx, saturated, window(s.sessions))
				}
				if err != nil {
					return nil, fmt.Errorf("%s, %s: %w", name, load, err)
				}
				s.rig.Say("round %d, %s, %s: %.0f ns of CPU a delivery (the clients %.0f), %.0f messages/s",
					round+1, load, name, c.perDelivery, c.clients, c.rate)
				key := load + "/" + name
				costs[key] = append(costs[key], c)
			}
		}
	}
	return costs, nil
}

// results makes rows of costs by load and lane.
func (s *scene) results(prefix string, costs map[string][]cost) (results []Result) {
	reach := map[string]string{"paced": ">= 0.8", "saturated": ">= 1.5"}
	if s.compress != "" {
		reach = map[string]string{"paced": ">= 0.7", "saturated": ">= 1.3"}
	}
	for _, load := range loads {
		for _, pair := range []struct{ ours, peer, peerIs, reach string }{
			{laneGateway, laneBare, "a bare loop that writes the same frames, one a call", reach[load]},
			{laneRouter, laneProxied, "the bare loop behind a bare TCP proxy", reach[load]},
			{laneGateway, laneCentrifuge, "a server on the centrifuge library", map[string]string{"paced": ">= 1.0", "saturated": ">= 1.5"}[load]},
		} {
			ours, peer := costs[load+"/"+pair.ours], costs[load+"/"+pair.peer]
			if len(peer) == 0 || len(ours) == 0 {
				continue
			}
			name := fmt.Sprintf("%s/%s/%s", prefix, load, pair.ours)
			if pair.peer == laneCentrifuge {
				name = fmt.Sprintf("%s/%s/centrifuge", prefix, load)
			}
			results = append(results, deliveriesRow(name, pair.peerIs, pair.reach, ours, peer))
		}
	}
	return results
}

// deliveriesRow compares deliveries per CPU-second.
func deliveriesRow(name, peerIs, reach string, ours, peer []cost) Result {
	var rounds, oursHas, peerHas []float64
	for i := range ours {
		rounds = append(rounds, peer[i].perDelivery/ours[i].perDelivery)
		oursHas = append(oursHas, 1e9/ours[i].perDelivery)
		peerHas = append(peerHas, 1e9/peer[i].perDelivery)
	}
	return Result{
		Name: name, What: "fan-out of one channel's messages", Peer: peerIs, Unit: "deliveries/CPU-s", ToReach: reach,
		Ours: median(oursHas), PeerHas: median(peerHas), Ratio: median(rounds), Rounds: rounds,
	}
}
