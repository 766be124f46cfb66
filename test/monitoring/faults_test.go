package monitoring

import (
	"fmt"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/prometheus/common/model"
)

const (
	// firesWithin and clearsWithin bound how long an alert takes at this pace on a busy machine. What an alert keeps ringing for,
	// and the windows that it looks back, are at most 100 s.
	firesWithin  = 3 * time.Minute
	clearsWithin = 5 * time.Minute
)

// fault is something that happens to a platform.
type fault struct {
	what   string
	begin  func(t *testing.T) (end func())
	alerts []expected
}

// expected is an alert that must fire with these labels, among others.
type expected struct {
	name   string
	labels model.LabelSet
}

func (e expected) String() string { return e.name + e.labels.String() }

func (e expected) among(firing map[string][]model.LabelSet) bool {
next:
	for _, labels := range firing[e.name] {
		for name, value := range e.labels {
			if labels[name] != value {
				continue next
			}
		}
		return true
	}
	return false
}

// ours is an alert about the platform, or with more labels.
func ours(name string, more ...string) expected {
	labels := model.LabelSet{"namespace": namespace, "chatcluster": chatcluster}
	for i := 0; i < len(more); i += 2 {
		labels[model.LabelName(more[i])] = model.LabelValue(more[i+1])
	}
	return expected{name, labels}
}

// faults brings faults about, those of a round at the same time: none hides what another is known by.
func (s *scene) faults(t *testing.T) {
	rounds := [][]fault{
		{s.replicaHeldBack(), s.openTransaction(), s.pausedGateway(), s.idleRelay(), s.shardNotReady(), s.expiringCertificate(), s.deadLetters()},
		{s.redisMasterDown()},
		{s.gatewaysDown(), s.pausedWorker()},
		{s.postgresDown()},
	}
	lists := slices.DeleteFunc(allQueries(t), func(q query) bool { return !q.listsAlerts() })
	var all []expected
	for _, round := range rounds {
		var alerts []expected
		for _, f := range round {
			alerts = append(alerts, f.alerts...)
		}
		all = append(all, alerts...)
		s.awaitAlerts(t, alerts, false, clearsWithin)
		var ends []func()
		for _, f := range round {
			t.Logf("%s: %s", clock(), f.what)
			ends = append(ends, f.begin(t))
		}
		s.awaitAlerts(t, alerts, true, firesWithin)
		s.awaitResults(t, lists)
		for _, end := range ends {
			end()
		}
		t.Logf("%s: over", clock())
	}
	s.awaitAlerts(t, all, false, clearsWithin)
}

func clock() string { return time.Now().Format("15:04:05") }

// awaitAlerts waits until each of the alerts has fired, or has not, since it is called.
func (s *scene) awaitAlerts(t *testing.T, alerts []expected, fire bool, within time.Duration) {
	t.Helper()
	left := alerts
	await(t, within, func() string {
		firing, err := s.server.alerts(t.Context())
		if err != nil {
			return err.Error()
		}
		var others []expected
		var names []string
		for _, e := range left {
			if e.among(firing) == fire {
				t.Logf("%s: firing %v: %s", clock(), fire, e)
				continue
			}
			others, names = append(others, e), append(names, e.String())
		}
		left = others
		if len(left) == 0 {
			return ""
		}
		return fmt.Sprintf("firing is not %v: %s\nof all that fires: %v", fire, strings.Join(names, ", "), firing)
	})
}

func (s *scene) replicaHeldBack() fault {
	return fault{"a replica's replay is held back", func(t *testing.T) func() {
		execute(t, s.replica, `select pg_wal_replay_pause()`)
		return func() { execute(t, s.replica, `select pg_wal_replay_resume()`) }
	}, []expected{ours("GuildhallPostgresReplicaLag", "replica", replicaName)}}
}

func (s *scene) openTransaction() fault {
	return fault{"somebody leaves a transaction open", func(t *testing.T) func() {
		conn, err := pgx.Connect(t.Context(), superuserDSN(t, s.platform))
		must(t, err)
		_, err = conn.Exec(t.Context(), `begin; select txid_current()`)
		must(t, err)
		return func() { check(t, conn.Close(t.Context())) }
	}, []expected{ours("GuildhallPostgresLongTransaction")}}
}

// signal sends a signal to a child of the platform.
func (s *scene) signal(t *testing.T, child string, signal syscall.Signal) {
	t.Helper()
	check(t, syscall.Kill(s.platform.Child(t, child).PID, signal))
}

// pause halts a child until the returned function is called.
func (s *scene) pause(t *testing.T, child string) (resume func()) {
	t.Helper()
	s.signal(t, child, syscall.SIGSTOP)
	return func() { s.signal(t, child, syscall.SIGCONT) }
}

func (s *scene) pausedGateway() fault {
	return fault{"a gateway pod hangs", func(t *testing.T) func() { return s.pause(t, "gateway-0-1") },
		[]expected{ours("GuildhallTargetDown", "component", "gateway", "pod", chatcluster+"-gateway-0-1")}}
}

func (s *scene) pausedWorker() fault {
	return fault{"the worker hangs", func(t *testing.T) func() { return s.pause(t, "worker") },
		[]expected{ours("GuildhallComponentDown", "component", "worker")}}
}

// idleRelay has the relay's lease taken by a worker that does nothing.
func (s *scene) idleRelay() fault {
	return fault{"the outbox relay stands still", func(t *testing.T) func() {
		execute(t, superuserDSN(t, s.platform), `update leases set holder = 'elsewhere', until = now() + interval '1 hour' where name = 'relay'`)
		return func() {
			execute(t, superuserDSN(t, s.platform), `delete from leases where name = 'relay' and holder = 'elsewhere'`)
		}
	}, []expected{ours("GuildhallWorkerJobIdle", "task", "relay"), ours("GuildhallOutboxOld")}}
}

func (s *scene) shardNotReady() fault {
	return fault{"no pod of a shard becomes ready", func(*testing.T) func() { return s.cluster.takeDown(chatcluster + "-gateway-1") },
		[]expected{ours("GuildhallShardNotReady"), ours("GuildhallClusterUnavailable")}}
}

func (s *scene) expiringCertificate() fault {
	return fault{"the certificate is good for an hour more", func(t *testing.T) func() {
		s.cluster.replaceCertificate(t, time.Hour)
		return func() { s.cluster.replaceCertificate(t, 90*24*time.Hour) }
	}, []expected{ours("GuildhallCertificateExpiring")}}
}

// deadLetters has an application refuse its events. What takes ten minutes of attempts is hastened once the first has failed.
func (s *scene) deadLetters() fault {
	return fault{"an application takes no events", func(t *testing.T) func() {
		s.world.app.failing.Store(true)
		conn, err := pgx.Connect(t.Context(), superuserDSN(t, s.platform))
		must(t, err)
		await(t, firesWithin, func() string {
			tag, err := conn.Exec(t.Context(), `update deliveries set attempts = 7, due = now() where attempts > 0 and not dead`)
			must(t, err)
			if tag.RowsAffected() == 0 {
				return "no delivery has failed"
			}
			return ""
		})
		must(t, conn.Close(t.Context()))
		return func() { s.world.app.failing.Store(false) }
	}, []expected{ours("GuildhallWebhookDeadLetters")}}
}

// kill ends children, which stay away until the returned function is called.
func (s *scene) kill(t *testing.T, children ...string) (restore func()) {
	t.Helper()
	var release []func()
	for _, child := range children {
		release = append(release, s.platform.Hold(t, child))
		s.platform.Kill(t, child)
	}
	return func() {
		for i, child := range children {
			release[i]()
			s.platform.AwaitReady(t, child)
		}
	}
}

func (s *scene) redisMasterDown() fault {
	return fault{"a Redis master without a replica is gone", func(t *testing.T) func() { return s.kill(t, "redis-1") },
		[]expected{ours("GuildhallRedisSlotsUncovered"), ours("GuildhallRedisErrors", "component", "api"), ours("GuildhallRateLimitsLocal")}}
}

// gatewaysDown leaves clients nowhere to go: as long as one pod runs, of whatever shard, it takes them.
func (s *scene) gatewaysDown() fault {
	return fault{"no gateway pod is left", func(t *testing.T) func() { return s.kill(t, "gateway-0", "gateway-0-1", "gateway-1", "gateway-1-1") },
		[]expected{ours("GuildhallComponentDown", "component", "gateway"), ours("GuildhallRouterCannotPlace")}}
}

func (s *scene) postgresDown() fault {
	return fault{"Postgres is gone", func(t *testing.T) func() { return s.kill(t, "postgres") },
		[]expected{ours("GuildhallPostgresDown"), ours("GuildhallRESTBudgetBurn", "long", "1h")}}
}
