package resources

import (
	"strconv"

	appsv1 "k8s.io/api/apps/v1"
	apply "k8s.io/client-go/applyconfigurations/apps/v1"
	core "k8s.io/client-go/applyconfigurations/core/v1"
	metav1 "k8s.io/client-go/applyconfigurations/meta/v1"
)

// GatewayShard returns the StatefulSet of a gateway shard.
func (p Platform) GatewayShard(shard int) *apply.StatefulSetApplyConfiguration {
	spec := p.Cluster.Spec
	labels := p.shardLabels(shard)
	return apply.StatefulSet(p.ShardName(shard), p.Cluster.Namespace).
		WithLabels(labels).
		WithOwnerReferences(p.owner()).
		WithSpec(apply.StatefulSetSpec().
			WithServiceName(p.Name(Gateway)).
			WithReplicas(spec.Gateway.ReplicasPerShard).
			// Pods need nothing of each other, and in order a pod that never gets ready would block its own repair.
			WithPodManagementPolicy(appsv1.ParallelPodManagement).
			WithUpdateStrategy(apply.StatefulSetUpdateStrategy().WithType(appsv1.RollingUpdateStatefulSetStrategyType)).
			WithSelector(metav1.LabelSelector().WithMatchLabels(labels)).
			WithTemplate(p.template(pod{
				component: Gateway,
				labels:    labels,
				program:   []string{"/gateway"},
				args: []string{
					"--shard=" + strconv.Itoa(shard),
					"--pod=$(POD_NAME)",
					"--gateway-url=" + p.gatewayURL(),
					"--redis-addrs=" + p.redisAddrs(),
					"--max-connections=" + strconv.Itoa(int(spec.Gateway.MaxConnectionsPerPod)),
					"--max-concurrency=" + strconv.Itoa(int(spec.Gateway.MaxConcurrency)),
					"--drain-period=" + drainPeriod.String(),
				},
				env: []*core.EnvVarApplyConfiguration{core.EnvVar().WithName("POD_NAME").WithValueFrom(
					core.EnvVarSource().WithFieldRef(core.ObjectFieldSelector().WithAPIVersion("v1").WithFieldPath("metadata.name")))},
				resources: spec.Gateway.Resources,
				grace:     drainGrace,
				serves:    true,
				moved:     p.moved(shard),
				overrides: spec.Gateway.Pods,
			})))
}
