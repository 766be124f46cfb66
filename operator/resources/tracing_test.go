package resources

import (
	"slices"
	"testing"

	corev1 "k8s.io/api/core/v1"

	"guildhall.chat/guildhall/api-types/v1alpha1"
)

func TestTracingIsToldToEveryPodThatRuns(t *testing.T) {
	t.Parallel()
	p := edgePlatform()
	args := func() map[string][]string {
		return map[string][]string{
			API:         p.APIDeployment().Spec.Template.Spec.Containers[0].Args,
			Worker:      p.WorkerDeployment().Spec.Template.Spec.Containers[0].Args,
			ShardRouter: p.ShardRouterDeployment().Spec.Template.Spec.Containers[0].Args,
			Gateway:     p.GatewayShard(0).Spec.Template.Spec.Containers[0].Args,
		}
	}
	wanted := []string{"--trace-endpoint=http://collector.tracing:4318", "--trace-sample=0.25"}
	for component, of := range args() {
		if slices.Contains(of, wanted[0]) || slices.Contains(of, wanted[1]) {
			t.Errorf("%s is traced without being asked to: %q", component, of)
		}
	}
	p.Cluster.Spec.Monitoring.Disabled = true // that is about Prometheus
	p.Cluster.Spec.Monitoring.Tracing = &v1alpha1.TracingSpec{Endpoint: "http://collector.tracing:4318", SampleRatio: "0.25"}
	for component, of := range args() {
		if !slices.Contains(of, wanted[0]) || !slices.Contains(of, wanted[1]) {
			t.Errorf("%s is not traced: %q", component, of)
		}
	}
}

func TestNetworkPoliciesLetTracesOut(t *testing.T) {
	t.Parallel()
	p := edgePlatform()
	p.Cluster.Spec.Monitoring.Tracing = &v1alpha1.TracingSpec{Endpoint: "http://collector.tracing:80", SampleRatio: "0.01"}
	n := newNetwork(t, p)
	inside, outside := podIn("tracing", nil), outsideAt("203.0.113.7")
	for _, component := range []string{API, Worker, ShardRouter, Gateway} {
		from := podIn("talk", p.Labels(component))
		if !n.allows(from, inside, corev1.ProtocolTCP, 4318) || !n.allows(from, outside, corev1.ProtocolTCP, 443) {
			t.Errorf("traces of %s don't get out", component)
		}
		if n.allows(from, outsideAt("169.254.169.254"), corev1.ProtocolTCP, 80) {
			t.Errorf("%s reaches the metadata of the machine", component)
		}
	}
	for _, component := range []string{Redis, Postgres, Migrate} {
		if n.allows(podIn("talk", p.Labels(component)), inside, corev1.ProtocolTCP, 4318) {
			t.Errorf("%s, which traces nothing, gets out", component)
		}
	}
}
