package resources

import (
	"strconv"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	apply "k8s.io/client-go/applyconfigurations/apps/v1"
	metav1 "k8s.io/client-go/applyconfigurations/meta/v1"

	"guildhall.chat/guildhall/internal/config"
)

// APIDeployment returns the Deployment of the REST service.
func (p Platform) APIDeployment() *apply.DeploymentApplyConfiguration {
	spec := p.Cluster.Spec
	args := []string{
		"--public-url=" + spec.PublicURL,
		"--gateway-url=" + p.gatewayURL(),
		"--shards=" + strconv.Itoa(p.Shards()),
		"--redis-addrs=" + strings.Join(spec.Redis.Addrs, ","),
		"--smtp-addr=" + spec.Mail.SMTPAddr,
		"--mail-from=" + spec.Mail.From,
	}
	return p.deployment(spec.API.Replicas, pod{
		component:  API,
		program:    []string{"/api", "serve"},
		args:       append(args, p.trustedProxies()...),
		resources:  spec.API.Resources,
		grace:      requestsGrace,
		serves:     true,
		unrouted:   true,
		secretHash: p.Secret.All,
	})
}

// WorkerDeployment returns the Deployment of the worker.
func (p Platform) WorkerDeployment() *apply.DeploymentApplyConfiguration {
	return p.deployment(p.Cluster.Spec.Worker.Replicas, pod{
		component:  Worker,
		program:    []string{"/api", "worker"},
		args:       []string{"--redis-addrs=" + strings.Join(p.Cluster.Spec.Redis.Addrs, ",")},
		grace:      requestsGrace,
		secretHash: p.Secret.All,
	})
}

// ShardRouterDeployment returns the Deployment of the shard router. Of the Secret it gets the signing keys alone.
func (p Platform) ShardRouterDeployment() *apply.DeploymentApplyConfiguration {
	spec := p.Cluster.Spec
	args := []string{
		"--shards=" + strconv.Itoa(p.Shards()),
		"--pods=" + p.gatewayPods(),
		"--drain-period=" + drainPeriod.String(),
	}
	return p.deployment(spec.ShardRouter.Replicas, pod{
		component:  ShardRouter,
		program:    []string{"/shard-router"},
		args:       append(args, p.trustedProxies()...),
		resources:  spec.ShardRouter.Resources,
		grace:      drainGrace,
		serves:     true,
		secretKeys: []string{config.SigningKeysFile},
		secretHash: p.Secret.SigningKeys,
	})
}

// deployment returns one that rolls without ever having fewer pods than are wanted.
func (p Platform) deployment(replicas int32, c pod) *apply.DeploymentApplyConfiguration {
	c.labels = p.Labels(c.component)
	return apply.Deployment(p.Name(c.component), p.Cluster.Namespace).
		WithLabels(c.labels).
		WithOwnerReferences(p.owner()).
		WithSpec(apply.DeploymentSpec().
			WithReplicas(replicas).
			WithStrategy(apply.DeploymentStrategy().
				WithType(appsv1.RollingUpdateDeploymentStrategyType).
				WithRollingUpdate(apply.RollingUpdateDeployment().
					WithMaxUnavailable(intstr.FromInt32(0)).
					WithMaxSurge(intstr.FromString("25%")))).
			WithSelector(metav1.LabelSelector().WithMatchLabels(c.labels)).
			WithTemplate(p.template(c)))
}

func (p Platform) trustedProxies() []string {
	if len(p.Cluster.Spec.TrustedProxies) == 0 {
		return nil
	}
	return []string{"--trusted-proxies=" + strings.Join(p.Cluster.Spec.TrustedProxies, ",")}
}
