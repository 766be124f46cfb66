// Package monitoring holds dashboards and rules against what they are about: a real Prometheus reads every process of a running
// platform under load, with a streaming replica of its Postgres, and the operator on a real kube-apiserver.
//
//	world (load) -> platform, operator -> /metrics -> Prometheus <- queries of dashboards and rules
//	                    ^                                  |
//	                  faults  ------------------->  alerts fire, and clear
//
// Every query must have a result, those that list alerts while some fire. Then faults are brought about, as they happen:
// processes are halted and killed, locks are held, deliveries refused. The alerts that are for them must fire, and clear when
// the fault is over. Rules have minutes to decide; rules.Groups scales all of their times by the same factor here (pace), and
// changes nothing else.
//
// Budget: 8 minutes on 2 busy cores, with kube-apiserver in the cache.
package monitoring

import (
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"guildhall.chat/guildhall/monitoring/rules"
	"guildhall.chat/guildhall/test/platform"
)

// pace makes 15 s of 5 minutes.
const pace rules.Scale = 1.0 / 20

const operatorComponent = "operator"

// scene is what all parts of the test look at.
type scene struct {
	platform *platform.Platform
	world    *world
	cluster  *kubernetes
	replica  string // DSN
	server   *server
}

func TestMonitoring(t *testing.T) {
	s := &scene{platform: platform.Start(t, platform.Options{
		Shards: shards, GatewayPods: 2, APIs: 2, Routers: 2, FetchAllow: "127.0.0.0/8", HeartbeatInterval: 5 * time.Second,
	})}
	s.replica = startReplica(t, s.platform).DSN("postgres", "postgres")
	s.cluster = startKubernetes(t)
	s.world = newWorld(t, s.platform)
	s.server = startPrometheus(t, append(targets(t, s.platform), target{
		addr: s.cluster.operator.Addr, component: operatorComponent, pod: "guildhall-operator-0",
	}), rules.Groups(pace))
	s.world.connect(t)
	s.world.run(t)

	t.Run("every query has a result", s.queries)
	t.Run("alerts fire and clear", s.faults)
}

// targets are the platform's processes by the names that their pods would have.
func targets(t *testing.T, p *platform.Platform) (list []target) {
	t.Helper()
	add := func(component, shard string, names ...string) {
		for i, name := range names {
			pod := fmt.Sprintf("%s-%s-%d", chatcluster, component, i)
			if shard != "" {
				pod = fmt.Sprintf("%s-%s-%s-%d", chatcluster, component, shard, i)
			}
			list = append(list, target{
				addr: p.Addr(t, name, "admin"), chatcluster: chatcluster, component: component, pod: pod, shard: shard,
			})
		}
	}
	add("api", "", "api", "api-1")
	add("worker", "", "worker")
	add("shard-router", "", "shard-router", "shard-router-1")
	for shard := range shards {
		name := fmt.Sprintf("gateway-%d", shard)
		add("gateway", strconv.Itoa(shard), name, name+"-1")
	}
	return list
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// check is must for what is done in the end, after which there is more to do.
func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Error(err)
	}
}

// await polls until problem returns "", and fails the test with what it returned last.
func await(t *testing.T, within time.Duration, problem func() string) {
	t.Helper()
	for deadline := time.Now().Add(within); ; time.Sleep(poll) {
		what := problem()
		if what == "" {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("after %v: %s", within, strings.TrimSpace(what))
		}
	}
}
