package rows

import (
	"context"
	"errors"
	"fmt"
	"time"

	"guildhall.chat/guildhall/hack/load/procstat"
	"guildhall.chat/guildhall/hack/load/rig"
)

const (
	costGateways = 4
	costGuilds   = restClients // whose messages pods follow, each said by one
	costRequests = 20_000
	costSessions = 5000
	// costAfter is what the worker has to index and relay the last messages.
	costAfter = 3 * time.Second
	// costBaseline is how long the platform is watched without sessions, and costIdle how long with them: the latter longer than the
	// two minutes after which Go's runtime collects garbage whether or not there is need.
	costBaseline = 30 * time.Second
	costIdle     = 150 * time.Second
)

// bill is what a platform's work costs, all of it in the same currency: the CPU of one delivery by a bare loop that writes ready
// frames, one a call, measured in the same run. So the prices mean the same on any machine, as far as its processors,
// memory and system calls are in the usual proportion.
type bill struct {
	rig      *rig.Rig
	options  Options
	platform *rig.Platform
	shares   shares
	callers  *callers

	unit    float64              // nanoseconds
	prices  map[string][]float64 // nanoseconds by name, one a round
	amounts map[string][]float64 // bytes
	order   []string             // of the names
}

// costs measures what capacity is planned by.
func costs(ctx context.Context, r *rig.Rig, o Options) (results []Result, err error) {
	p, err := r.CountingPlatform(ctx, costGateways)
	if err != nil {
		return nil, err
	}
	defer p.Stop()
	b := &bill{rig: r, options: o, platform: p, prices: map[string][]float64{}, amounts: map[string][]float64{}}
	if b.shares, err = sharesOf(p); err != nil {
		return nil, err
	}
	// Idle first: what a busy platform leaves behind would count as the sessions'.
	for _, measure := range []func(context.Context) error{b.sessions, b.deliveries, b.requests, b.follow} {
		if err := measure(ctx); err != nil {
			return nil, err
		}
	}
	return b.results(), nil
}

func (b *bill) price(name string, nanoseconds float64) {
	b.note(b.prices, name, nanoseconds)
}

func (b *bill) amount(name string, bytes float64) {
	b.note(b.amounts, name, bytes)
}

func (b *bill) note(in map[string][]float64, name string, value float64) {
	if len(in[name]) == 0 {
		b.order = append(b.order, name)
	}
	in[name] = append(in[name], max(0, value))
}

// results are prices as ratios to a bare delivery, and amounts of bytes.
func (b *bill) results() (results []Result) {
	for _, name := range b.order {
		row := Result{
			Name: "cost/" + name, What: costOf[name], Peer: "a delivery by a bare loop that writes ready frames, one a call",
			Unit: "ns of CPU", PeerHas: b.unit,
		}
		values, priced := b.prices[name]
		if !priced {
			values, row.Peer, row.Unit, row.PeerHas = b.amounts[name], "a byte", "bytes", 1
		}
		for _, value := range values {
			row.Rounds = append(row.Rounds, value/row.PeerHas)
		}
		row.Ours, row.Ratio = median(values), median(row.Rounds)
		results = append(results, row)
	}
	return results
}

// deliveries prices the unit, the deliveries of gateway and router, and tells their bytes.
func (b *bill) deliveries(ctx context.Context) error {
	s := &scene{
		rig: b.rig, platform: b.platform, sessions: b.options.size(1000), lanes: map[string]*lane{}, corpus: b.rig.File("corpus-cost"),
	}
	defer s.close()
	for _, step := range []func(context.Context) error{s.gateway, s.bare, s.router} {
		if err := step(ctx); err != nil {
			return err
		}
	}
	trials, err := s.rounds(ctx, b.options)
	if err != nil {
		return err
	}
	of := func(lane string) (each []float64) {
		for _, c := range trials[lane] {
			each = append(each, c.perDelivery)
		}
		return each
	}
	b.unit = median(of("paced/" + laneBare))
	for i, name := range []string{"delivery", "batched"} {
		gateway, both := of(loads[i]+"/"+laneGateway), of(loads[i]+"/"+laneRouter)
		for round := range gateway {
			b.price(name+"/gateway", gateway[round])
			b.price(name+"/router", both[round]-gateway[round])
		}
	}
	if err := b.wire(ctx, "json", s.lanes[laneGateway]); err != nil {
		return err
	}
	return b.compressed(ctx)
}

// compressed tells the bytes of a delivery by zlib-stream.
func (b *bill) compressed(ctx context.Context) error {
	const compress = "zlib-stream"
	s := &scene{
		rig: b.rig, platform: b.platform, sessions: b.options.size(100), compress: compress, lanes: map[string]*lane{},
		corpus: b.rig.File("corpus-cost-" + compress),
	}
	defer s.close()
	if err := s.gateway(ctx); err != nil {
		return err
	}
	return b.wire(ctx, compress, s.lanes[laneGateway])
}

// wire tells what the clients of a lane receive for a message.
func (b *bill) wire(ctx context.Context, name string, l *lane) error {
	before, err := l.fleet.Verify(ctx)
	if err != nil {
		return err
	}
	if _, err := l.paced(ctx, 100); err != nil {
		return err
	}
	after := l.fleet.Counts()
	b.amount("bytes/delivery-"+name, float64(after.Bytes-before.Bytes)/float64(after.Delivered-before.Delivered))
	return nil
}

// requests prices the calls of the API that are made most, while nobody is connected to the gateway for their guilds.
func (b *bill) requests(ctx context.Context) error {
	c := &callers{platform: b.platform}
	if err := c.populate(ctx); err != nil {
		return err
	}
	api, err := b.platform.Child("api")
	if err != nil {
		return err
	}
	c.poster = b.platform.World.Poster(api.Addr, restClients)
	defer c.poster.Close()
	b.callers = c
	calls := b.options.size(costRequests)
	for round := range b.options.Rounds {
		if err := b.posts(ctx, round, calls); err != nil {
			return err
		}
		for _, call := range []struct{ name, below string }{{"read", ""}, {"history", "/messages?limit=50"}} {
			spent, err := b.shares.during(func() error {
				return concurrently(ctx, calls, func(ctx context.Context, client, _ int) error {
					_, err := c.poster.Get(ctx, c.members[client], call.below)
					return err
				})
			})
			if err != nil {
				return err
			}
			for _, share := range []string{shareAPI, sharePostgres, shareRedis} {
				b.price(call.name+"/"+share, spent[share]/float64(calls))
			}
		}
	}
	return nil
}

// posts prices a message, and tells what it leaves behind.
func (b *bill) posts(ctx context.Context, round, calls int) error {
	before, err := b.platform.Traffic(ctx)
	if err != nil {
		return err
	}
	spent, err := b.shares.during(func() error {
		err := concurrently(ctx, calls, func(ctx context.Context, client, n int) error {
			_, err := b.callers.poster.Post(ctx, b.callers.members[client], round*calls+n)
			return err
		})
		return errors.Join(err, sleep(ctx, costAfter))
	})
	if err != nil {
		return err
	}
	after, err := b.platform.Traffic(ctx)
	if err != nil {
		return err
	}
	each := func(bytes int64) float64 { return float64(bytes) / float64(calls) }
	for _, share := range []string{shareAPI, sharePostgres, shareRedis, shareWorker} {
		b.price("message/"+share, spent[share]/float64(calls))
	}
	b.amount("bytes/message-wal", each(after.WAL-before.WAL))
	b.amount("bytes/message-stored", each(after.Messages-before.Messages))
	b.amount("bytes/message-outbox", each(after.Outbox-before.Outbox))
	b.amount("bytes/message-redis", each(after.Redis-before.Redis))
	return nil
}

// follow prices what a message costs each pod that has a session in its guild, the first delivery included, and Redis for it.
func (b *bill) follow(ctx context.Context) error {
	guilds, first, err := b.platform.World.Populate(ctx, costGuilds, costGateways)
	if err != nil {
		return err
	}
	gateways, err := b.platform.Gateways()
	if err != nil {
		return err
	}
	var targets []string // one after the other: each guild has a session at each pod
	for _, g := range gateways {
		targets = append(targets, g.Addr)
	}
	fleet, err := b.rig.Fleet(rig.FleetSpec{
		Name: "follow", Protocol: "gateway", Targets: targets, Clients: costGuilds * costGateways, Parallel: identifying,
		FirstUser: first, PerGuild: costGateways, Secrets: b.platform.Secrets(),
	})
	if err != nil {
		return err
	}
	defer fleet.Stop()
	if _, err := fleet.AwaitReady(ctx); err != nil {
		return err
	}
	calls := b.options.size(costRequests)
	for round := range b.options.Rounds {
		before, err := b.platform.Traffic(ctx)
		if err != nil {
			return err
		}
		spent, err := b.shares.during(func() error {
			err := concurrently(ctx, calls, func(ctx context.Context, client, n int) error {
				_, err := b.callers.poster.Post(ctx, guilds[client], round*calls+n)
				return err
			})
			if err != nil {
				return err
			}
			return errors.Join(fleet.AwaitHave(ctx, (round+1)*calls), sleep(ctx, costAfter))
		})
		if err != nil {
			return err
		}
		if _, err := fleet.Verify(ctx); err != nil {
			return err
		}
		after, err := b.platform.Traffic(ctx)
		if err != nil {
			return err
		}
		pods := float64(calls * costGateways)
		b.price("follow/gateway", spent[shareGateway]/pods)
		b.price("follow/redis", (spent[shareRedis]-median(b.prices["message/redis"])*float64(calls))/pods)
		b.amount("bytes/follow-redis", (float64(after.Redis-before.Redis)-median(b.amounts["bytes/message-redis"])*float64(calls))/pods)
	}
	return nil
}

// sessions prices sessions that come and that are there, through a router, and tells the memory that they take.
func (b *bill) sessions(ctx context.Context) error {
	gateways, err := b.platform.Gateways()
	if err != nil {
		return err
	}
	n := b.options.size(costSessions)
	c, err := newCrowd(ctx, b.rig, b.platform, "cost", n)
	if err != nil {
		return err
	}
	defer c.stop()
	routers, err := b.platform.Routers(ctx, n, gateways[0])
	if err != nil {
		return err
	}
	defer b.platform.StopRouters()
	all := b.shares.with(shareRouter, routers[0].PID)
	baseline, err := b.idle(ctx, all, costBaseline)
	if err != nil {
		return err
	}
	holders := map[string]int{shareGateway: gateways[0].PID, shareRouter: routers[0].PID}
	before := map[string]procstat.Memory{}
	for share, pid := range holders {
		if before[share], err = procstat.MemoryOf(pid); err != nil {
			return err
		}
	}
	identified, err := all.during(func() error {
		_, err := c.connect(ctx, b.rig, identifying, routers[0].Addr)
		return errors.Join(err, sleep(ctx, settle))
	})
	if err != nil {
		return err
	}
	present, err := b.idle(ctx, all, costIdle)
	if err != nil {
		return err
	}
	if counts, err := c.fleet.Verify(ctx); err != nil || counts.Ready != c.spec.Clients || counts.Dropped > 0 {
		return fmt.Errorf("%d of %d sessions are there, %d were dropped: %w", counts.Ready, c.spec.Clients, counts.Dropped, err)
	}
	for share, pid := range holders {
		after, err := procstat.MemoryOf(pid)
		if err != nil {
			return err
		}
		b.amount("memory/"+share, float64(after.User-before[share].User)/float64(c.spec.Clients))
	}
	for _, share := range []string{shareGateway, shareRouter, sharePostgres, shareRedis} {
		b.price("identify/"+share, identified[share]/float64(c.spec.Clients))
		b.price("minute/"+share, (present[share]-baseline[share])/float64(c.spec.Clients))
	}
	return nil
}

// idle returns what a minute without requests takes, in nanoseconds.
func (b *bill) idle(ctx context.Context, s shares, wait time.Duration) (map[string]float64, error) {
	if b.options.quick() {
		wait = time.Second
	}
	spent, err := s.during(func() error { return sleep(ctx, wait) })
	for share := range spent {
		spent[share] *= float64(time.Minute) / float64(wait)
	}
	return spent, err
}
