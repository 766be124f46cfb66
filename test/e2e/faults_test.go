package e2e_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"

	"guildhall.chat/guildhall/api-types/v1alpha1"
	"guildhall.chat/guildhall/hack/kubernetes/images"
)

// fault is something that is broken or changed while messages flow.
type fault struct {
	name string
	do   func()
	// amid names reasons of Progressing: when the rollout has come there, the operator's pods are deleted. Without any, that is
	// done at once, while the deleted pod goes.
	amid []string
	// polite says that clients are told to reconnect: nobody just loses a connection.
	polite bool
}

// TestFaultsUnderTraffic breaks and changes a platform while messages flow. In the middle of each, the operator's pods are
// deleted too. No message that was answered may be lost, and no bot its session.
func TestFaultsUnderTraffic(t *testing.T) {
	p := newPlatform(t, func(spec *v1alpha1.ChatClusterSpec) {
		spec.Gateway.Shards, spec.Gateway.ReplicasPerShard = 2, 2
	})
	flow := startTraffic(t, p)
	flow.flows(p)
	change := func(change func(*v1alpha1.ChatClusterSpec)) func() { return func() { p.change(change) } }
	flow.survives(p,
		fault{name: "an api pod is deleted", do: func() { p.deletePod(p.pods("api")[0]) }, polite: true},
		fault{name: "a shard router pod is deleted", do: func() { p.deletePod(p.pods("shard-router")[0]) }, polite: true},
		fault{name: "a gateway pod is deleted", do: func() { p.deletePod(p.pods("gateway")[0]) }, polite: true},
		fault{name: "a master of Redis is deleted", do: func() { p.deletePod(p.redisMaster()) }},
		fault{name: "the primary of Postgres is deleted", do: func() { p.deletePod(p.postgresPrimary()) }},
		fault{
			name: "a value is changed",
			do:   change(func(spec *v1alpha1.ChatClusterSpec) { spec.Gateway.MaxConnectionsPerPod = 14000 }),
			amid: []string{v1alpha1.ReasonRollingGateway},
		},
		fault{
			name: "another image is rolled out",
			do:   change(func(spec *v1alpha1.ChatClusterSpec) { spec.Image = images.GuildhallNext }),
			amid: []string{v1alpha1.ReasonRollingGateway, v1alpha1.ReasonRollingAPI, v1alpha1.ReasonRollingShardRouter},
		},
		fault{
			name: "shards are doubled",
			do:   change(func(spec *v1alpha1.ChatClusterSpec) { spec.Gateway.Shards = 4 }),
			amid: []string{v1alpha1.ReasonResharding, v1alpha1.ReasonRollingGateway},
		},
		fault{
			name: "shards are halved",
			do:   change(func(spec *v1alpha1.ChatClusterSpec) { spec.Gateway.Shards = 2 }),
			amid: []string{v1alpha1.ReasonRollingAPI},
		},
		fault{
			name: "secrets are rotated",
			do: change(func(spec *v1alpha1.ChatClusterSpec) {
				spec.Rotation.SigningKeys, spec.Rotation.RedisPassword, spec.Rotation.PostgresPassword = 1, 1, 1
			}),
			amid: []string{v1alpha1.ReasonRollingGateway, v1alpha1.ReasonRollingAPI},
		},
	)
	flow.finish(p)
	cluster, err := p.read(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	asked, reached := cluster.Spec.Rotation, cluster.Status.Rotation
	if reached.RedisPassword.Generation != asked.RedisPassword || reached.PostgresPassword.Generation != asked.PostgresPassword ||
		asked.SigningKeys > 0 && reached.SigningKeys.UsedSince == nil { // the old key is good for a week
		t.Errorf("rotation: %+v, asked for %+v", reached, asked)
	}
}

// survives does each of the faults, and judges what became of the traffic.
func (f *traffic) survives(p *platform, faults ...fault) {
	whole := p.t
	defer func() { p.t, f.t = whole, whole }()
	for _, fault := range faults {
		if !whole.Run(fault.name, func(t *testing.T) {
			p.t, f.t = t, t
			before := f.count()
			fault.do()
			if len(fault.amid) == 0 {
				killOperator(t.Context(), t)
			}
			for _, reason := range fault.amid {
				p.amid(reason)
				killOperator(t.Context(), t)
			}
			p.settled()
			p.whole()
			f.flows(p)
			now := f.count()
			t.Logf("%d messages answered, %d not, %d resumes, %d connections lost without a word", now.answered-before.answered,
				now.unknown-before.unknown, now.resumes-before.resumes, now.abrupt-before.abrupt)
			if fault.polite && now.abrupt > before.abrupt {
				t.Error("clients were not told to reconnect")
			}
		}) {
			return // the next would be judged for this one's damage
		}
	}
}

// amid waits until a rollout of the spec as it is now has come to a stage.
func (p *platform) amid(reason string) {
	p.t.Helper()
	p.eventually("the rollout is at "+reason, func(ctx context.Context) error {
		cluster, err := p.read(ctx)
		if err != nil {
			return err
		}
		now := meta.FindStatusCondition(cluster.Status.Conditions, v1alpha1.ConditionProgressing)
		if now == nil || now.Reason != reason || now.ObservedGeneration != cluster.Generation {
			return fmt.Errorf("%s", shown(cluster.Status.Conditions))
		}
		return nil
	})
}

// redisMaster returns a pod that holds slots.
func (p *platform) redisMaster() corev1.Pod {
	p.t.Helper()
	const ask = `REDISCLI_AUTH=$(cat /secrets/redis-password) redis-cli -h "$POD_IP" role | head -n 1`
	for _, pod := range p.pods("redis") {
		role, err := p.exec(pod.Name, "redis", "sh", "-c", ask)
		if err != nil {
			p.t.Fatalf("ask %s for its role: %v: %s", pod.Name, err, role)
		}
		if strings.HasPrefix(role, "master") {
			return pod
		}
	}
	p.t.Fatal("no master of Redis")
	return corev1.Pod{}
}

func (p *platform) postgresPrimary() corev1.Pod {
	p.t.Helper()
	cluster, err := p.read(p.t.Context())
	if err != nil {
		p.t.Fatal(err)
	}
	var pod corev1.Pod
	if err := p.get(p.t.Context(), cluster.Status.Postgres.Primary, &pod); err != nil {
		p.t.Fatalf("the primary %q: %v", cluster.Status.Postgres.Primary, err)
	}
	return pod
}
