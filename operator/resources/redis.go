package resources

import (
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/util/intstr"
	core "k8s.io/client-go/applyconfigurations/core/v1"
	policy "k8s.io/client-go/applyconfigurations/policy/v1"
	"k8s.io/utils/ptr"
)

// Defaults of spec.redis.
const (
	redisMasters  = 3
	redisReplicas = 1
)

var redisStorage = resource.MustParse("2Gi")

// redisPortName is that of the clients' port.
const redisPortName = "redis"

// RedisMasters is how many masters are wanted.
func (p Platform) RedisMasters() int {
	return int(ptr.Deref(p.Cluster.Spec.Redis.Masters, redisMasters))
}

// RedisReplicas is how many replicas each of them is to have.
func (p Platform) RedisReplicas() int {
	return int(ptr.Deref(p.Cluster.Spec.Redis.ReplicasPerMaster, redisReplicas))
}

// RedisStorage is the size of a node's volume.
func (p Platform) RedisStorage() resource.Quantity {
	if storage := p.Cluster.Spec.Redis.Storage; storage != nil {
		return storage.Size
	}
	return redisStorage
}

func (p Platform) redisImage() string {
	if image := p.Cluster.Spec.Redis.Image; image != "" {
		return image
	}
	return DefaultRedisImage
}

// redisMemory is how many bytes Redis may hold, 0 for as many as there are. The rest of the limit is for the buffers of
// clients and replicas, and for what is written while a replica or the file of commands is made anew.
func (p Platform) redisMemory() int64 {
	limit := p.Cluster.Spec.Redis.Resources.Limits[corev1.ResourceMemory]
	return limit.Value() / 5 * 4
}

// RedisService returns the headless Service that clients begin at; nodes tell them the addresses of the others. A node that
// is not ready can still do that.
func (p Platform) RedisService() *core.ServiceApplyConfiguration {
	return core.Service(p.Name(Redis), p.Cluster.Namespace).
		WithLabels(p.Labels(Redis)).
		WithOwnerReferences(p.owner()).
		WithSpec(core.ServiceSpec().
			WithType(corev1.ServiceTypeClusterIP).
			WithClusterIP(corev1.ClusterIPNone).
			WithPublishNotReadyAddresses(true).
			WithSelector(p.Labels(Redis)).
			WithPorts(core.ServicePort().
				WithName(redisPortName).WithPort(redisPort).WithTargetPort(intstr.FromString(redisPortName)).WithProtocol(corev1.ProtocolTCP)))
}

// RedisServiceAccount returns the nodes' account, which has no rights.
func (p Platform) RedisServiceAccount() *core.ServiceAccountApplyConfiguration {
	return core.ServiceAccount(p.Name(Redis), p.Cluster.Namespace).
		WithLabels(p.Labels(Redis)).
		WithOwnerReferences(p.owner()).
		WithAutomountServiceAccountToken(false)
}

// RedisPodDisruptionBudget has a drained machine take one node at a time. A replica that has not its master's data yet counts
// as taken: it is not ready.
func (p Platform) RedisPodDisruptionBudget() *policy.PodDisruptionBudgetApplyConfiguration {
	return p.podDisruptionBudget(p.Name(Redis), p.Labels(Redis))
}
