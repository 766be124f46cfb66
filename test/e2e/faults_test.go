package e2e_test

import (
	"context"
	"fmt"
	"net/http"
	"os/exec"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"guildhall.chat/guildhall/api-types/v1alpha1"
	"guildhall.chat/guildhall/hack/kubernetes/images"
	"guildhall.chat/guildhall/test/clients/rest"
)

// TestFaultsUnderTraffic breaks and changes a platform while messages flow. In the middle of each, the operator's pods are
// deleted too. No message that was answered may be lost, and no bot its session.
func TestFaultsUnderTraffic(t *testing.T) {
	p := newPlatform(t, func(spec *v1alpha1.ChatClusterSpec) {
		spec.Gateway.Shards, spec.Gateway.ReplicasPerShard = 2, 2
	})
	flow := startTraffic(t, p)
	flow.flows(p)
	for _, fault := range []struct {
		name string
		do   func()
	}{
		{"an api pod is deleted", func() { p.deletePod(p.pods("api")[0]) }},
		{"a shard router pod is deleted", func() { p.deletePod(p.pods("shard-router")[0]) }},
		{"a gateway pod is deleted", func() { p.deletePod(p.pods("gateway")[0]) }},
		{"a master of Redis is deleted", func() { p.deletePod(p.redisMaster()) }},
		{"the primary of Postgres is deleted", func() { p.deletePod(p.postgresPrimary()) }},
		{"a value is changed", func() {
			p.change(func(spec *v1alpha1.ChatClusterSpec) { spec.Gateway.MaxConnectionsPerPod = 14000 })
		}},
		{"another image is rolled out", func() {
			p.change(func(spec *v1alpha1.ChatClusterSpec) { spec.Image = images.GuildhallNext })
		}},
		{"shards are doubled", func() {
			p.change(func(spec *v1alpha1.ChatClusterSpec) { spec.Gateway.Shards = 4 })
		}},
	} {
		ok := t.Run(fault.name, func(t *testing.T) {
			p.t, flow.t = t, t
			fault.do()
			killOperator(t.Context(), t)
			p.settled()
			p.whole()
			flow.flows(p)
		})
		p.t, flow.t = t, t
		if !ok {
			break // the next would be judged for this one's damage
		}
	}
	flow.finish(p)
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

// TestBadImageStopsAtTheFirstShard gives an image that nobody has: what runs goes on, and the old image is a cure.
func TestBadImageStopsAtTheFirstShard(t *testing.T) {
	p := newPlatform(t, func(spec *v1alpha1.ChatClusterSpec) { spec.Gateway.Shards = 2 })
	flow := startTraffic(t, p)
	flow.flows(p)
	p.change(func(spec *v1alpha1.ChatClusterSpec) { spec.Image = "guildhall:nobody-has-this" })
	p.eventually("the condition says what the rollout waits for", func(ctx context.Context) error {
		cluster, err := p.read(ctx)
		if err != nil {
			return err
		}
		if cluster.Status.ObservedGeneration != cluster.Generation || cluster.Status.WaitingFor == nil {
			return fmt.Errorf("%s", shown(cluster.Status.Conditions))
		}
		p.t.Log(shown(cluster.Status.Conditions))
		return nil
	})
	flow.flows(p)
	updated := 0
	for _, component := range []string{"gateway", "api", "worker", "shard-router"} {
		for _, pod := range p.pods(component) {
			if pod.Spec.Containers[0].Image != images.Guildhall {
				updated++
			}
		}
	}
	if updated > 1 {
		t.Errorf("%d pods have the bad image", updated)
	}
	p.change(func(spec *v1alpha1.ChatClusterSpec) { spec.Image = images.Guildhall })
	p.settled()
	flow.flows(p)
	flow.finish(p)
}

// TestDeletedPlatformIsFoundAgain deletes a ChatCluster and applies the same manifest again.
func TestDeletedPlatformIsFoundAgain(t *testing.T) {
	p := newPlatform(t, nil)
	flow := startTraffic(t, p)
	flow.flows(p)
	flow.leave()
	cluster, err := p.read(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if output, err := exec.CommandContext(t.Context(), "kubectl", "--namespace", p.namespace.name, "delete", "cc", p.name, "--wait").CombinedOutput(); err != nil {
		t.Fatalf("delete: %v: %s", err, output)
	}
	p.eventually("its pods are gone", func(ctx context.Context) error {
		var pods corev1.PodList
		if err := k8s.List(ctx, &pods, client.InNamespace(p.namespace.name)); err != nil {
			return err
		}
		if len(pods.Items) > 0 {
			return fmt.Errorf("%d are left", len(pods.Items))
		}
		return nil
	})
	again := &v1alpha1.ChatCluster{Spec: cluster.Spec}
	again.Name, again.Namespace = cluster.Name, cluster.Namespace
	p.create(again)
	p.settled()
	for content, id := range flow.posted {
		var message rest.Message
		found := false
		for _, channel := range flow.channels {
			if flow.talkers[0].Do(t.Context(), http.MethodGet, "/channels/"+channel+"/messages/"+id, nil, &message) == nil {
				found = true
				break
			}
		}
		if !found || message.Content != content {
			t.Errorf("message %q is lost", content)
		}
	}
}
