package chaos_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"guildhall.chat/guildhall/test/platform"
)

// recovery bounds how long after a fault the platform may refuse requests.
const recovery = time.Minute

// fault is something that is done to a platform.
type fault struct {
	what         string
	pods         bool // it ends gateway pods
	stores       bool // it concerns Redis or Postgres
	stall        bool // nobody's doing: the machine had no time for us
	begun, ended time.Time
}

// monkey brings one fault after another upon a platform, and remembers them.
type monkey struct {
	t        *testing.T
	platform *platform.Platform
	rng      *rand.Rand

	mu     sync.Mutex
	faults []*fault
}

func newMonkey(t *testing.T, p *platform.Platform, rng *rand.Rand) *monkey {
	return &monkey{t: t, platform: p, rng: rng}
}

// do brings a fault about; the function returns when what it has hit is back.
func (m *monkey) do(f fault, hit func()) {
	f.begun = time.Now()
	m.mu.Lock()
	m.faults = append(m.faults, &f)
	m.mu.Unlock()
	m.t.Logf("%s %s", clock(f.begun), f.what)
	hit()
	m.mu.Lock()
	defer m.mu.Unlock()
	f.ended = time.Now()
}

// stallFrom is how late a tick is that tells of a stall.
const stallFrom = time.Second

// watch notes when the machine is so busy with others, or halted, that nothing here runs: the platform then is not to
// blame for what is late.
func (m *monkey) watch(ctx context.Context) {
	const beat = 100 * time.Millisecond
	ticker := time.NewTicker(beat)
	defer ticker.Stop()
	for last := time.Now(); ; {
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return
		}
		now := time.Now()
		if late := now.Sub(last); late > stallFrom {
			m.mu.Lock()
			m.faults = append(m.faults, &fault{what: fmt.Sprintf("the machine stalled for %v", late), stall: true, begun: last, ended: now})
			m.mu.Unlock()
			m.t.Logf("the machine stalled for %v", late)
		}
		last = now
	}
}

// run brings random faults until ctx ends, the gateway's most often. Between two it leaves the sessions some time to
// settle, sometimes none.
func (m *monkey) run(ctx context.Context) {
	turns := []func(){
		m.killPod, m.killPod, m.killPod, m.drainPod, m.drainPod, m.killTwoPods, m.killMovedPod,
		m.failOver, m.killMaster, m.restartRedis, m.restartPostgres, m.killPostgres,
		m.endRouter, m.endAPI, m.killWorker,
	}
	for first := true; ctx.Err() == nil; first = false {
		if first || m.rng.IntN(5) > 0 {
			select {
			case <-time.After(time.Second + time.Duration(m.rng.Int64N(int64(5*time.Second)))):
			case <-ctx.Done():
				return
			}
		}
		turns[m.rng.IntN(len(turns))]()
	}
}

// pods are the names of the gateway pods' children.
var pods = []string{"gateway-0", "gateway-0-1", "gateway-1", "gateway-1-1"}

func (m *monkey) pick(names ...string) string { return names[m.rng.IntN(len(names))] }

func (m *monkey) kill(f fault, names ...string) {
	f.what = "kill -9 " + strings.Join(names, " and ")
	m.do(f, func() {
		for _, name := range names {
			m.platform.Kill(m.t, name)
		}
		m.await(names...)
	})
}

func (m *monkey) stop(f fault, name string) {
	f.what = "stop " + name
	m.do(f, func() {
		m.platform.Stop(m.t, name)
		m.await(name)
	})
}

func (m *monkey) await(names ...string) {
	for _, name := range names {
		m.platform.AwaitReady(m.t, name)
	}
}

func (m *monkey) killPod()  { m.kill(fault{pods: true}, m.pick(pods...)) }
func (m *monkey) drainPod() { m.stop(fault{pods: true}, m.pick(pods...)) }

// killTwoPods leaves a shard without any, or takes one of each.
func (m *monkey) killTwoPods() {
	first := m.rng.IntN(len(pods))
	m.kill(fault{pods: true}, pods[first], pods[(first+1+m.rng.IntN(len(pods)-1))%len(pods)])
}

// killMovedPod kills a pod, and a moment later another, to which sessions are just moving.
func (m *monkey) killMovedPod() {
	shard := m.rng.IntN(2) * 2
	m.do(fault{what: fmt.Sprintf("kill -9 %s, then %s", pods[shard], pods[shard+1]), pods: true}, func() {
		m.platform.Kill(m.t, pods[shard])
		time.Sleep(time.Duration(m.rng.Int64N(int64(time.Second))))
		m.platform.Kill(m.t, pods[shard+1])
		m.await(pods[shard], pods[shard+1])
	})
}

func (m *monkey) pair() (platform.RedisPair, bool) {
	pairs := m.platform.RedisPairs(m.t)
	if len(pairs) == 0 {
		return platform.RedisPair{}, false
	}
	return pairs[m.rng.IntN(len(pairs))], true
}

func (m *monkey) failOver() {
	pair, ok := m.pair()
	if !ok {
		return
	}
	m.do(fault{what: fmt.Sprintf("failover of Redis master %s to %s", pair.Master, pair.Replica), stores: true}, func() {
		m.platform.Failover(m.t, pair)
	})
}

// killMaster kills a master for so long that its replica takes over.
func (m *monkey) killMaster() {
	pair, ok := m.pair()
	if !ok {
		return
	}
	m.do(fault{what: fmt.Sprintf("kill -9 of Redis master %s until %s takes over", pair.Master, pair.Replica), stores: true}, func() {
		release := m.platform.Hold(m.t, pair.Master)
		m.platform.Kill(m.t, pair.Master)
		m.platform.AwaitMaster(m.t, pair.Replica)
		release()
		m.await(pair.Master)
	})
}

// restartRedis kills a master that is back before anybody has voted.
func (m *monkey) restartRedis() {
	if pair, ok := m.pair(); ok {
		m.kill(fault{stores: true}, pair.Master)
	}
}

func (m *monkey) restartPostgres() { m.stop(fault{stores: true}, "postgres") }
func (m *monkey) killPostgres()    { m.kill(fault{stores: true}, "postgres") }
func (m *monkey) killWorker()      { m.kill(fault{}, "worker") }

func (m *monkey) endAPI()    { m.end("api", "api-1") }
func (m *monkey) endRouter() { m.end("shard-router", "shard-router-1") }

// end kills or stops one of some children.
func (m *monkey) end(names ...string) {
	if m.rng.IntN(2) == 0 {
		m.kill(fault{}, m.pick(names...))
		return
	}
	m.stop(fault{}, m.pick(names...))
}

// during lists the faults that were under way in a span of time.
func (m *monkey) during(from, to time.Time) (list []*fault) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, f := range m.faults {
		if !f.begun.After(to) && (f.ended.IsZero() || !f.ended.Before(from)) {
			list = append(list, f)
		}
	}
	return list
}
