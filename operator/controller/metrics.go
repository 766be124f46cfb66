package controller

import (
	"github.com/prometheus/client_golang/prometheus"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/metrics"

	"guildhall.chat/guildhall/api-types/v1alpha1"
)

var (
	conditions = prometheus.NewGaugeVec(prometheus.GaugeOpts{
		Name: "guildhall_operator_chatcluster_condition",
		Help: "Whether a condition of a ChatCluster holds: 1, or 0.",
	}, []string{"namespace", "chatcluster", "condition"})
	shardMapGeneration = prometheus.NewGaugeVec(prometheus.GaugeOpts{
		Name: "guildhall_operator_shard_map_generation",
		Help: "Generation of the shard map of a ChatCluster.",
	}, []string{"namespace", "chatcluster"})
	driftCorrected = prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "guildhall_operator_drift_corrected_total",
		Help: "Objects that somebody else had changed and that were put back, by kind.",
	}, []string{"kind"})
)

func init() { metrics.Registry.MustRegister(conditions, shardMapGeneration, driftCorrected) }

// measure tells of a ChatCluster.
func measure(cluster *v1alpha1.ChatCluster) {
	for _, condition := range cluster.Status.Conditions {
		holds := 0.0
		if condition.Status == metav1.ConditionTrue {
			holds = 1
		}
		conditions.WithLabelValues(cluster.Namespace, cluster.Name, condition.Type).Set(holds)
	}
	shardMapGeneration.WithLabelValues(cluster.Namespace, cluster.Name).Set(float64(cluster.Status.ShardMap.Generation))
}

// forget ends what measure has begun.
func forget(namespace, name string) {
	labels := prometheus.Labels{"namespace": namespace, "chatcluster": name}
	conditions.DeletePartialMatch(labels)
	shardMapGeneration.DeletePartialMatch(labels)
}

// drift says that an object was put back that the operator had applied just so before.
func (r *Reconciler) drift(cluster *v1alpha1.ChatCluster, known map[string]any, wanted *unstructured.Unstructured) {
	before := (&unstructured.Unstructured{Object: known}).GetAnnotations()[annotationApplied]
	if before != wanted.GetAnnotations()[annotationApplied] {
		return // the operator itself wants it otherwise now
	}
	driftCorrected.WithLabelValues(wanted.GetKind()).Inc()
	r.Recorder.Eventf(cluster, corev1.EventTypeNormal, v1alpha1.ReasonDriftCorrected, "%s %s was changed by somebody else and put back", wanted.GetKind(), wanted.GetName())
	r.Log.Info("drift corrected", "namespace", cluster.Namespace, "chatcluster", cluster.Name, "kind", wanted.GetKind(), "name", wanted.GetName())
}
