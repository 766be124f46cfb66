package resources

import (
	"strconv"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
	apply "k8s.io/client-go/applyconfigurations/apps/v1"
	metav1 "k8s.io/client-go/applyconfigurations/meta/v1"
	"k8s.io/utils/ptr"
)

// defaultAPIReplicas is the number of api pods where the spec says neither a number nor autoscaling.
const defaultAPIReplicas = 2

// APIReplicas is the number of api pods, nil where an autoscaler decides.
func (p Platform) APIReplicas() *int32 {
	if p.Cluster.Spec.API.Autoscaling != nil {
		return nil
	}
	return ptr.To(ptr.Deref(p.Cluster.Spec.API.Replicas, defaultAPIReplicas))
}

// APIDeployment returns the Deployment of the REST service.
func (p Platform) APIDeployment() *apply.DeploymentApplyConfiguration {
	spec := p.Cluster.Spec
	args := append([]string{
		"--public-url=" + p.publicURL(),
		"--gateway-url=" + p.gatewayURL(),
		"--shards=" + strconv.Itoa(p.Shards()),
		"--max-concurrency=" + strconv.Itoa(int(spec.Gateway.MaxConcurrency)),
		"--redis-addrs=" + p.redisAddrs(),
		"--registration=" + strings.ToLower(string(spec.Registration)),
		"--smtp-addr=" + spec.SMTP.Addr,
		"--mail-from=" + spec.SMTP.From,
	}, p.fileArgs()...)
	if spec.RequireVerifiedEmail {
		args = append(args, "--require-verified-email")
	}
	return p.deployment(p.APIReplicas(), pod{
		component: API,
		program:   []string{"/api", "serve"},
		args:      append(args, p.trustedProxies()...),
		resources: spec.API.Resources,
		grace:     requestsGrace,
		serves:    true,
		unrouted:  true,
		overrides: spec.API.Pods,
		temporary: true,
	})
}

// WorkerDeployment returns the Deployment of the worker.
func (p Platform) WorkerDeployment() *apply.DeploymentApplyConfiguration {
	return p.deployment(&p.Cluster.Spec.Worker.Replicas, pod{
		component: Worker,
		program:   []string{"/api", "worker"},
		args:      append([]string{"--redis-addrs=" + p.redisAddrs()}, p.fileArgs()...),
		resources: p.Cluster.Spec.Worker.Resources,
		grace:     requestsGrace,
		overrides: p.Cluster.Spec.Worker.Pods,
		temporary: true,
	})
}

// ShardRouterDeployment returns the Deployment of the shard router. Of all secrets it gets the signing keys alone.
func (p Platform) ShardRouterDeployment() *apply.DeploymentApplyConfiguration {
	spec := p.Cluster.Spec
	args := []string{
		"--gateway-service=" + p.Cluster.Namespace + "/" + p.Name(Gateway),
		"--shard-map=" + p.Cluster.Namespace + "/" + p.Name(shardMapName),
		"--drain-period=" + drainPeriod.String(),
	}
	return p.deployment(&spec.ShardRouter.Replicas, pod{
		component: ShardRouter,
		program:   []string{"/shard-router"},
		args:      append(args, p.trustedProxies()...),
		resources: spec.ShardRouter.Resources,
		grace:     drainGrace,
		serves:    true,
		token:     true, // it watches the gateway's pods
		overrides: spec.ShardRouter.Pods,
	})
}

// deployment returns one that rolls without ever having fewer pods than are wanted. Without replicas, their number is
// somebody else's to set.
func (p Platform) deployment(replicas *int32, c pod) *apply.DeploymentApplyConfiguration {
	c.labels = p.Labels(c.component)
	spec := apply.DeploymentSpec().
		WithStrategy(apply.DeploymentStrategy().
			WithType(appsv1.RollingUpdateDeploymentStrategyType).
			WithRollingUpdate(apply.RollingUpdateDeployment().
				WithMaxUnavailable(intstr.FromInt32(0)).
				WithMaxSurge(intstr.FromString("25%")))).
		WithSelector(metav1.LabelSelector().WithMatchLabels(c.labels)).
		WithTemplate(p.template(c))
	spec.Replicas = replicas
	return apply.Deployment(p.Name(c.component), p.Cluster.Namespace).
		WithLabels(c.labels).
		WithOwnerReferences(p.owner()).
		WithSpec(spec)
}

// fileArgs say where uploaded files are kept.
func (p Platform) fileArgs() []string {
	storage := p.Cluster.Spec.ObjectStorage
	if storage == nil {
		return nil
	}
	args := []string{
		"--s3-endpoint=" + storage.Endpoint,
		"--s3-bucket=" + storage.Bucket,
		"--s3-region=" + storage.Region,
	}
	if storage.Prefix != "" {
		args = append(args, "--s3-prefix="+storage.Prefix)
	}
	if storage.VirtualHostStyle {
		args = append(args, "--no-s3-path-style")
	}
	return args
}

func (p Platform) trustedProxies() []string {
	if len(p.Cluster.Spec.TrustedProxies) == 0 {
		return nil
	}
	return []string{"--trusted-proxies=" + strings.Join(p.Cluster.Spec.TrustedProxies, ",")}
}
