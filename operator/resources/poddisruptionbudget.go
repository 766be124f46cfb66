package resources

import (
	"k8s.io/apimachinery/pkg/util/intstr"
	metav1 "k8s.io/client-go/applyconfigurations/meta/v1"
	apply "k8s.io/client-go/applyconfigurations/policy/v1"
)

// PodDisruptionBudgets returns one for each gateway shard and each other component that runs: a drained node takes one
// pod of each at a time. A component of a single pod does not block a drain.
func (p Platform) PodDisruptionBudgets() []*apply.PodDisruptionBudgetApplyConfiguration {
	var budgets []*apply.PodDisruptionBudgetApplyConfiguration
	for _, component := range []string{API, Worker, ShardRouter} {
		budgets = append(budgets, p.podDisruptionBudget(p.Name(component), p.Labels(component)))
	}
	for shard := range p.Shards() {
		budgets = append(budgets, p.podDisruptionBudget(p.ShardName(shard), p.shardLabels(shard)))
	}
	return budgets
}

func (p Platform) podDisruptionBudget(name string, labels map[string]string) *apply.PodDisruptionBudgetApplyConfiguration {
	return apply.PodDisruptionBudget(name, p.Cluster.Namespace).
		WithLabels(labels).
		WithOwnerReferences(p.owner()).
		WithSpec(apply.PodDisruptionBudgetSpec().
			WithMaxUnavailable(intstr.FromInt32(1)).
			WithSelector(metav1.LabelSelector().WithMatchLabels(labels)))
}
