// Package resources builds the Kubernetes objects of a ChatCluster. All of it is pure: a [Platform] goes in, apply
// configurations come out, which hold only the fields that the operator decides. One kind of object a file; what pods have
// in common is in pod.go.
//
// The controller applies them with server-side apply, in the order that a rollout needs.
package resources

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"

	metav1 "k8s.io/client-go/applyconfigurations/meta/v1"

	"guildhall.chat/guildhall/api-types/v1alpha1"
)

// Labels that the objects have.
const (
	LabelManagedBy = "app.kubernetes.io/managed-by"
	LabelName      = "app.kubernetes.io/name"
	LabelInstance  = "app.kubernetes.io/instance" // the ChatCluster's name
	LabelComponent = "app.kubernetes.io/component"
	LabelShard     = "guildhall.chat/shard"

	// ManagedBy is the value of LabelManagedBy.
	ManagedBy = "guildhall-operator"
)

// Components of a platform, the values of LabelComponent.
const (
	Migrate     = "migrate"
	Gateway     = "gateway"
	API         = "api"
	Worker      = "worker"
	ShardRouter = "shard-router"
	Redis       = "redis"
	Postgres    = "postgres"
	Keys        = "keys" // no pods: the Secret of the signing keys
)

// Platform is what the objects are built from.
type Platform struct {
	Cluster *v1alpha1.ChatCluster
	Secrets SecretVersions
	// Held is the image that stays in place of the spec's, "" if that may be rolled out.
	Held string
	// ShardMap is the one that the shard routers follow.
	ShardMap ShardMap
	// OperatorNamespace is where the operator runs, "" if that is not known.
	OperatorNamespace string
}

// image is Guildhall's for all pods.
func (p Platform) image() string { return cmp.Or(p.Held, p.Cluster.Spec.Image) }

// Shards is the number of gateway shards.
func (p Platform) Shards() int { return int(p.Cluster.Spec.Gateway.Shards) }

// Name is that of a component's objects.
func (p Platform) Name(component string) string { return p.Cluster.Name + "-" + component }

// ShardName is that of a gateway shard's objects.
func (p Platform) ShardName(shard int) string { return fmt.Sprintf("%s-%d", p.Name(Gateway), shard) }

// Labels select the objects of a component, or of all components if it is "".
func (p Platform) Labels(component string) map[string]string {
	labels := map[string]string{LabelManagedBy: ManagedBy, LabelName: "guildhall", LabelInstance: p.Cluster.Name}
	if component != "" {
		labels[LabelComponent] = component
	}
	return labels
}

func (p Platform) shardLabels(shard int) map[string]string {
	labels := p.Labels(Gateway)
	labels[LabelShard] = strconv.Itoa(shard)
	return labels
}

// owner makes the garbage collector delete an object with the ChatCluster.
func (p Platform) owner() *metav1.OwnerReferenceApplyConfiguration {
	return metav1.OwnerReference().
		WithAPIVersion(v1alpha1.GroupVersion.String()).WithKind("ChatCluster").
		WithName(p.Cluster.Name).WithUID(p.Cluster.UID).
		WithController(true).WithBlockOwnerDeletion(true)
}

// publicURL is where clients reach REST.
func (p Platform) publicURL() string { return p.url("http") }

// gatewayURL is where clients reach the gateway.
func (p Platform) gatewayURL() string { return p.url("ws") }

func (p Platform) url(scheme string) string {
	if !p.Cluster.Spec.TLS.Disabled {
		scheme += "s"
	}
	return scheme + "://" + p.Cluster.Spec.Domain
}

// redisAddrs are seed addresses of the Redis Cluster.
func (p Platform) redisAddrs() string {
	if external := p.Cluster.Spec.Redis.External; external != nil {
		return strings.Join(external.Addrs, ",")
	}
	return fmt.Sprintf("%s.%s.svc:%d", p.Name(Redis), p.Cluster.Namespace, redisPort)
}

// keep is the owner of objects that hold data: nobody, unless data is deleted with the ChatCluster.
func (p Platform) keep() []*metav1.OwnerReferenceApplyConfiguration {
	if p.Cluster.Spec.DeletionPolicy == v1alpha1.DeletionDelete {
		return []*metav1.OwnerReferenceApplyConfiguration{p.owner()}
	}
	return nil
}
