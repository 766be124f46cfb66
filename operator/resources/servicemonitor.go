package resources

import (
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/intstr"
	apply "k8s.io/client-go/applyconfigurations/core/v1"
)

// ServiceMonitorKind is that of the Prometheus operator, which a cluster may have or not.
// https://prometheus-operator.dev/docs/api-reference/api/#monitoring.coreos.com/v1.ServiceMonitor
var ServiceMonitorKind = schema.GroupVersionKind{Group: "monitoring.coreos.com", Version: "v1", Kind: "ServiceMonitor"}

// Metrics is the component of the Service by which Prometheus finds the pods. It has no pods of its own.
const Metrics = "metrics"

// MetricsService returns the headless Service that names the metrics' ports of all pods that have one; nil if none is
// wanted. Of stores' pods, which it selects too, none has a port of that name.
func (p Platform) MetricsService() *apply.ServiceApplyConfiguration {
	if p.Cluster.Spec.Monitoring.Disabled {
		return nil
	}
	return apply.Service(p.Name(Metrics), p.Cluster.Namespace).
		WithLabels(p.Labels(Metrics)).
		WithOwnerReferences(p.owner()).
		WithSpec(apply.ServiceSpec().
			WithType(corev1.ServiceTypeClusterIP).
			WithClusterIP(corev1.ClusterIPNone).
			WithPublishNotReadyAddresses(true). // what is not ready is what one wants to know of
			WithSelector(p.Labels("")).
			WithPorts(apply.ServicePort().
				WithName(adminPortName).WithPort(AdminPort).WithTargetPort(intstr.FromString(adminPortName)).WithProtocol(corev1.ProtocolTCP)))
}

// ServiceMonitor returns what has Prometheus read the metrics of all pods, nil if that is not wanted.
func (p Platform) ServiceMonitor() *unstructured.Unstructured {
	wanted := p.Cluster.Spec.Monitoring
	if wanted.Disabled {
		return nil
	}
	selected := map[string]any{}
	for key, value := range p.Labels(Metrics) {
		selected[key] = value
	}
	return p.foreign(ServiceMonitorKind, p.Cluster.Name, under(wanted.Labels, p.Labels(Metrics)), map[string]any{
		"selector": map[string]any{"matchLabels": selected},
		"endpoints": []any{map[string]any{"port": adminPortName, "path": "/metrics", "relabelings": []any{
			podLabel(LabelInstance, "chatcluster"), podLabel(LabelComponent, "component"), podLabel(LabelShard, "shard"),
		}}},
	})
}

// podLabel gives the series of a pod one of its labels, under the name that alerts and dashboards know.
func podLabel(label, name string) map[string]any {
	return map[string]any{"sourceLabels": []any{"__meta_kubernetes_pod_label_" + notInLabelNames.Replace(label)}, "targetLabel": name}
}

// notInLabelNames makes a name of Kubernetes one of Prometheus.
var notInLabelNames = strings.NewReplacer(".", "_", "/", "_", "-", "_")
