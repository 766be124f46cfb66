package resources

import (
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/util/intstr"
	apply "k8s.io/client-go/applyconfigurations/core/v1"

	"guildhall.chat/guildhall/api-types/v1alpha1"
)

const (
	// uid is the user of the image. The Secret's files belong to its group.
	uid = 65532

	clientPort = 8080
	// AdminPort is where a pod of ours tells of itself: /healthz, /readyz, /metrics.
	AdminPort    = 9090
	redisPort    = 6379
	postgresPort = 5432

	// PostgresRole is the role that owns the database of the same name.
	PostgresRole = "guildhall"

	clientPortName = "clients"
	adminPortName  = "admin"

	secretsDir    = "/secrets"
	secretsVolume = "secrets"

	annotationSecret = "guildhall.chat/secret-hash"
)

// drainPeriod is over which the gateway and the shard router part with their clients.
const drainPeriod = 20 * time.Second

// Grace periods, each longer than the process takes by itself to stop.
const (
	drainGrace    = drainPeriod + 25*time.Second
	requestsGrace = unrouted + 25*time.Second
)

// unrouted is how long an api pod goes on serving after it was told to stop: until then, some proxy may not have heard of
// that and still send it requests.
const unrouted = 5 * time.Second

// temporaryVolume is the only place where a pod can write files.
const temporaryVolume = "temporary"

// pod is what differs between the pods of a platform.
type pod struct {
	component string
	labels    map[string]string
	program   []string
	args      []string
	env       []*apply.EnvVarApplyConfiguration
	resources v1alpha1.Resources
	grace     time.Duration
	serves    bool   // has the clients' port
	unrouted  bool   // waits until nothing is sent to it, before it is told to stop
	once      bool   // ends by itself: has no admin port
	temporary bool   // writes temporary files: what people upload, and archives of their data
	moved     string // generation of the shard map since which it is where its sessions belong; "": it has none
	token     bool   // may speak to the API server
	overrides v1alpha1.PodOverrides
}

// template returns the pod template. It meets the restricted Pod Security Standard.
// https://kubernetes.io/docs/concepts/security/pod-security-standards/#restricted
func (p Platform) template(c pod) *apply.PodTemplateSpecApplyConfiguration {
	restart := corev1.RestartPolicyAlways
	if c.once {
		restart = corev1.RestartPolicyNever
	}
	spec := apply.PodSpec().
		WithServiceAccountName(p.Name(c.component)).
		WithAutomountServiceAccountToken(c.token).
		WithEnableServiceLinks(false).
		WithRestartPolicy(restart).
		WithTerminationGracePeriodSeconds(int64(c.grace / time.Second)).
		WithSecurityContext(apply.PodSecurityContext().
			WithRunAsNonRoot(true).WithRunAsUser(uid).WithRunAsGroup(uid).WithFSGroup(uid).
			WithSeccompProfile(apply.SeccompProfile().WithType(corev1.SeccompProfileTypeRuntimeDefault))).
		WithVolumes(p.secretVolume(c.component)).
		WithContainers(p.container(c))
	if c.temporary {
		spec.WithVolumes(apply.Volume().WithName(temporaryVolume).WithEmptyDir(apply.EmptyDirVolumeSource()))
	}
	for _, name := range p.Cluster.Spec.ImagePullSecrets {
		spec.WithImagePullSecrets(apply.LocalObjectReference().WithName(name))
	}
	annotations := map[string]string{
		annotationSecret: p.Secrets.of(c.component),
		"kubectl.kubernetes.io/default-container": c.component,
	}
	if c.moved != "" {
		annotations[annotationMoved] = c.moved
	}
	template := apply.PodTemplateSpec().
		WithLabels(c.labels).
		WithAnnotations(annotations).
		WithSpec(spec)
	if c.once {
		c.overrides.SpreadOver = []string{} // a single pod
	}
	override(template, c.overrides, c.labels)
	return template
}

func (p Platform) container(c pod) *apply.ContainerApplyConfiguration {
	container := apply.Container().
		WithName(c.component).
		WithImage(p.image()).
		WithCommand(c.program...).
		WithArgs("--secrets=" + secretsDir).
		WithArgs(c.args...).
		WithEnv(c.env...).
		WithVolumeMounts(apply.VolumeMount().WithName(secretsVolume).WithMountPath(secretsDir).WithReadOnly(true)).
		WithSecurityContext(apply.SecurityContext().
			WithAllowPrivilegeEscalation(false).
			WithReadOnlyRootFilesystem(true).
			WithCapabilities(apply.Capabilities().WithDrop("ALL")))
	if c.temporary {
		container.WithVolumeMounts(apply.VolumeMount().WithName(temporaryVolume).WithMountPath("/tmp"))
	}
	if policy := p.Cluster.Spec.ImagePullPolicy; policy != "" {
		container.WithImagePullPolicy(corev1.PullPolicy(policy))
	}
	if resources := resourceRequirements(c.resources); resources != nil {
		container.WithResources(resources)
	}
	if c.serves {
		container.WithArgs("--listen=:8080").
			WithPorts(apply.ContainerPort().WithName(clientPortName).WithContainerPort(clientPort).WithProtocol(corev1.ProtocolTCP))
	}
	if c.unrouted {
		container.WithLifecycle(apply.Lifecycle().WithPreStop(apply.LifecycleHandler().
			WithSleep(apply.SleepAction().WithSeconds(int64(unrouted / time.Second)))))
	}
	if c.once {
		return container
	}
	return container.WithArgs("--admin-addr=:9090").
		WithArgs(p.tracingArgs()...).
		WithPorts(apply.ContainerPort().WithName(adminPortName).WithContainerPort(AdminPort).WithProtocol(corev1.ProtocolTCP)).
		WithStartupProbe(probe("/healthz", 2, 60)). // a start waits for Postgres and Redis
		WithLivenessProbe(probe("/healthz", 10, 3)).
		WithReadinessProbe(probe("/readyz", 5, 2))
}

// tracingArgs say which requests are traced, if any are.
func (p Platform) tracingArgs() []string {
	tracing := p.Cluster.Spec.Monitoring.Tracing
	if tracing == nil {
		return nil
	}
	return []string{"--trace-endpoint=" + tracing.Endpoint, "--trace-sample=" + tracing.SampleRatio}
}

func probe(path string, periodSeconds, failures int32) *apply.ProbeApplyConfiguration {
	return apply.Probe().
		WithHTTPGet(apply.HTTPGetAction().WithPath(path).WithPort(intstr.FromString(adminPortName))).
		WithPeriodSeconds(periodSeconds).
		WithTimeoutSeconds(2).
		WithFailureThreshold(failures)
}

func resourceRequirements(r v1alpha1.Resources) *apply.ResourceRequirementsApplyConfiguration {
	if len(r.Requests) == 0 && len(r.Limits) == 0 {
		return nil
	}
	requirements := apply.ResourceRequirements()
	if len(r.Requests) > 0 {
		requirements.WithRequests(map[corev1.ResourceName]resource.Quantity(r.Requests))
	}
	if len(r.Limits) > 0 {
		requirements.WithLimits(map[corev1.ResourceName]resource.Quantity(r.Limits))
	}
	return requirements
}
