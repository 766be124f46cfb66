// Package chaos_test breaks a running platform in every way that it claims to survive, while messages flow and access
// changes, and judges what hundreds of gateway sessions were told.
//
// A world is made through REST: guilds, bots with and without shards, people. Voices post in all its channels (traffic), a
// warden gives and takes access and notes when (ledger), a monkey ends processes (faults), and witnesses listen in every
// encoding, compression and kind of session. In the end the judge compares. A message whose POST was answered must reach
// every session that could see it, once, and in an order that all agree on, unless that session was told that it is gone;
// and none that could not. The judge uses nothing of the platform's insides: what is certain follows from when requests
// were asked for and answered, and from what a session's own stream says.
//
// The short form runs with the other suites. The long one has 50 guilds and 500 sessions:
//
//	CHAOS_DURATION=5m go test -v -timeout 30m -run TestChaos ./test/chaos
//
// CHAOS_SEED repeats a run's faults and changes, as far as the clock lets it. With TEST_LOGS the logs of a run
// that failed are kept in that directory.
package chaos_test

import (
	"context"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"guildhall.chat/guildhall/test/platform"
)

const (
	shortDuration = 45 * time.Second
	// accessEvery is the pause between two changes of access, on average.
	accessEvery       = time.Second
	heartbeatInterval = 15 * time.Second
)

// form is the scale and duration of a run, as the environment asks.
func form(t *testing.T) (scale, time.Duration) {
	t.Helper()
	text := os.Getenv("CHAOS_DURATION")
	if text == "" {
		return small, shortDuration
	}
	duration, err := time.ParseDuration(text)
	must(t, "CHAOS_DURATION", err)
	return full, duration
}

func seed(t *testing.T) *rand.Rand {
	t.Helper()
	n := rand.Uint64()
	if text := os.Getenv("CHAOS_SEED"); text != "" {
		var err error
		n, err = strconv.ParseUint(text, 10, 64)
		must(t, "CHAOS_SEED", err)
	}
	t.Logf("CHAOS_SEED=%d", n)
	return rand.New(rand.NewPCG(n, 0))
}

func startPlatform(t *testing.T) *platform.Platform {
	t.Helper()
	return platform.Start(t, platform.Options{
		Shards: 2, GatewayPods: 2, APIs: 2, Routers: 2, RedisReplicas: 1, RateLimitsOff: true,
		HeartbeatInterval: heartbeatInterval,
	})
}

// TestChaos brings random faults over a platform while access changes.
func TestChaos(t *testing.T) {
	s, duration := form(t)
	rng := seed(t)
	p := startPlatform(t)
	r := newRun(t, newWorld(t, p, s), rng)
	keeper := &warden{world: r.world, rng: rand.New(rand.NewPCG(rng.Uint64(), 1)), every: accessEvery}

	faulty, stop := context.WithTimeout(t.Context(), duration)
	defer stop()
	var keeping sync.WaitGroup
	keeping.Go(func() { keeper.run(faulty) })
	r.monkey.run(faulty)
	keeping.Wait()
	reasons, wrong := r.end(t)
	t.Logf("sessions that were told to identify anew, by reason: %v", reasons)
	report(t, wrong, r.monkey)
}

// TestMoves ends one gateway pod after the other, by kill and by drain, and nothing else: every session must go on where
// it was, without being told that it is gone.
func TestMoves(t *testing.T) {
	p := startPlatform(t)
	rng := seed(t)
	r := newRun(t, newWorld(t, p, small), rng)
	for _, hit := range []func(string){
		func(pod string) { r.monkey.kill(fault{pods: true}, pod) },
		func(pod string) { r.monkey.stop(fault{pods: true}, pod) },
	} {
		for _, pod := range pods {
			hit(pod)
			r.traffic.awaitAccepted(t, 2, recovery)
			r.awaitConnected(t)
		}
	}
	lost, wrong := r.end(t)
	if len(lost) > 0 {
		t.Errorf("sessions were told that they are gone: %v", lost)
	}
	report(t, wrong, r.monkey)
}

// run is a world with open sessions and traffic.
type run struct {
	world     *world
	witnesses []*witness
	traffic   *traffic
	monkey    *monkey
	stop      func() // ends the traffic
}

func newRun(t *testing.T, w *world, rng *rand.Rand) *run {
	t.Helper()
	r := &run{world: w, witnesses: w.witnesses(), traffic: newTraffic(w), monkey: newMonkey(t, w.platform, rng)}
	open(t, r.witnesses)
	flowing, stop := context.WithCancel(t.Context())
	var flow sync.WaitGroup
	flow.Go(func() { r.traffic.run(flowing) })
	flow.Go(func() { r.monkey.watch(flowing) })
	r.stop = func() { stop(); flow.Wait() }
	t.Cleanup(r.stop)
	r.traffic.awaitAccepted(t, 2, recovery)
	return r
}

// awaitConnected waits until every session has heard something that was posted from now on, if there is anything that it
// hears.
func (r *run) awaitConnected(t *testing.T) {
	t.Helper()
	since := time.Now()
	for _, x := range r.witnesses {
		if !slices.ContainsFunc(x.logs(), func(log string) bool { return x.hears(log) }) {
			continue
		}
		back := x.await(recovery, func() bool { return len(x.heard) > 0 && x.heard[len(x.heard)-1].at.After(since) })
		if !back {
			t.Errorf("%s has heard nothing within %v: %v", x.name, recovery, x.session.Err())
		}
	}
}

// hears says whether there are messages of a log for the witness.
func (x *witness) hears(log string) bool {
	for _, c := range x.world.channels {
		if c.log() == log && x.covers(c) {
			return true
		}
	}
	return false
}

// end stops the traffic, waits for all sessions to hear its end, closes them and judges.
func (r *run) end(t *testing.T) (reasons map[string]int, wrong []complaint) {
	t.Helper()
	r.stop()
	begun := time.Now()
	r.traffic.fence(t, r.witnesses)
	t.Logf("all sessions have heard the last messages after %v", time.Since(begun).Round(time.Second))
	for _, x := range r.witnesses {
		x.session.Close() // what it has heard is final
	}
	posts := r.traffic.posts
	tally, wrong := judge(posts, r.witnesses)
	reasons, groundless := judgeLosses(r.witnesses, r.monkey)
	deliveries, moves, unanswered := 0, 0, 0
	for _, x := range r.witnesses {
		deliveries += len(x.heard)
		moves += x.moves
	}
	for _, p := range posts {
		if p.id == "" {
			unanswered++
		}
	}
	t.Logf("%d faults, %d messages (%d without an answer that nobody heard), %d deliveries, %d resumes, %d changes of access",
		len(r.monkey.faults), len(posts), unanswered, deliveries, moves, r.changes())
	t.Logf("sessions were to hear a message: %d times, not to hear it: %d, uncertain: %d", tally.entitled, tally.barred, tally.unsure)
	if tally.entitled < 10*tally.unsure || tally.barred == 0 {
		t.Errorf("the judge knows too little: %+v", tally)
	}
	return reasons, append(wrong, groundless...)
}

func (r *run) changes() (n int) {
	for _, g := range r.world.guilds {
		n += len(g.ledger.eras) - 1
	}
	return n
}
