package e2e_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/api/resource"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"guildhall.chat/guildhall/api-types/v1alpha1"
)

// TestBadValueTakesNothingDown gives values that no rollout can get past: what runs goes on, one pod at most tries, the
// condition and an event say why and where to look, and the old value is a cure.
func TestBadValueTakesNothingDown(t *testing.T) {
	p := newPlatform(t, func(spec *v1alpha1.ChatClusterSpec) { spec.Gateway.ReplicasPerShard = 2 })
	flow := startTraffic(t, p)
	flow.flows(p)
	for name, bad := range map[string]struct {
		value func(*v1alpha1.ChatClusterSpec)
		pods  int // that the rollout has taken away until it stops
	}{
		"an image that nobody has": {func(spec *v1alpha1.ChatClusterSpec) { spec.Image = "guildhall:nobody-has-this" }, 0}, // the migrations stop it
		"more than any node has": {func(spec *v1alpha1.ChatClusterSpec) {
			spec.Gateway.Resources.Requests = v1alpha1.Quantities{corev1.ResourceCPU: resource.MustParse("1k")}
		}, 1},
	} {
		good, err := p.read(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		ok := t.Run(name, func(t *testing.T) {
			p.t, flow.t = t, t
			p.change(bad.value)
			message := p.degraded(v1alpha1.ReasonNotReadyInTime)
			if !strings.Contains(message, "kubectl describe pods -n "+p.namespace.name) {
				t.Errorf("the condition says not where to look: %s", message)
			}
			p.warned(v1alpha1.ReasonNotReadyInTime)
			flow.flows(p)
			if missing := p.missing(); len(missing) > bad.pods {
				t.Errorf("can't serve: %v", missing)
			}
			p.change(func(spec *v1alpha1.ChatClusterSpec) { *spec = *good.Spec.DeepCopy() })
			p.settled()
			p.whole()
			flow.flows(p)
		})
		p.t, flow.t = t, t
		if !ok {
			break
		}
	}
	flow.finish(p)
}

// degraded waits until the ChatCluster is, for a reason, and returns what it says of it.
func (p *platform) degraded(reason string) (message string) {
	p.t.Helper()
	p.eventually("the ChatCluster is degraded for "+reason, func(ctx context.Context) error {
		cluster, err := p.read(ctx)
		if err != nil {
			return err
		}
		now := meta.FindStatusCondition(cluster.Status.Conditions, v1alpha1.ConditionDegraded)
		if now == nil || now.Reason != reason || now.ObservedGeneration != cluster.Generation {
			return fmt.Errorf("%s", shown(cluster.Status.Conditions))
		}
		message = now.Message
		p.t.Log(message)
		return nil
	})
	return message
}

// warned waits for a warning of the reason.
func (p *platform) warned(reason string) {
	p.t.Helper()
	p.eventually("there is an event of "+reason, func(ctx context.Context) error {
		var events corev1.EventList
		if err := k8s.List(ctx, &events, client.InNamespace(p.namespace.name)); err != nil {
			return err
		}
		for _, event := range events.Items {
			if event.InvolvedObject.Kind == "ChatCluster" && event.Type == corev1.EventTypeWarning && event.Reason == reason {
				return nil
			}
		}
		return fmt.Errorf("not among %d events", len(events.Items))
	})
}

// missing returns which pods of ours there should be and can't serve.
func (p *platform) missing() (names []string) {
	p.t.Helper()
	for component, want := range map[string]int{"gateway": 4, "api": 2, "worker": 2, "shard-router": 2} {
		pods := p.pods(component)
		can := 0
		for _, pod := range pods {
			if ready(pod) && pod.DeletionTimestamp == nil {
				can++
				continue
			}
			p.t.Logf("%s is %s", pod.Name, pod.Status.Phase)
		}
		for range want - can {
			names = append(names, component)
		}
	}
	return names
}
