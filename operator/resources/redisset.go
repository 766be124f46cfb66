package resources

import (
	"strconv"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	apply "k8s.io/client-go/applyconfigurations/apps/v1"
	core "k8s.io/client-go/applyconfigurations/core/v1"
	metav1 "k8s.io/client-go/applyconfigurations/meta/v1"

	"guildhall.chat/guildhall/api-types/v1alpha1"
	"guildhall.chat/guildhall/internal/config"
)

const (
	// redisUID is the user of Redis' own image; others do with any.
	redisUID = 999

	// redisGrace is more than a hand-over and the last words to replicas take, in seconds.
	redisGrace = 60

	redisScripts = "/etc/redis"
)

// RedisStatefulSet returns the nodes. size is what the claims of new volumes ask for: it can't be changed in a StatefulSet,
// so the first one stays, and claims are raised afterwards.
func (p Platform) RedisStatefulSet(nodes int, size resource.Quantity) *apply.StatefulSetApplyConfiguration {
	claim := core.PersistentVolumeClaim(dataVolume, "").
		WithLabels(p.Labels(Redis)).
		WithSpec(core.PersistentVolumeClaimSpec().
			WithAccessModes(corev1.ReadWriteOnce).
			WithResources(core.VolumeResourceRequirements().
				WithRequests(corev1.ResourceList{corev1.ResourceStorage: size})))
	claim.Namespace, claim.Kind, claim.APIVersion = nil, nil, nil // a template has none
	claim.Spec.StorageClassName = storageClass(p.Cluster.Spec.Redis.Storage)
	whenDeleted := appsv1.RetainPersistentVolumeClaimRetentionPolicyType
	if p.Cluster.Spec.DeletionPolicy == v1alpha1.DeletionDelete {
		whenDeleted = appsv1.DeletePersistentVolumeClaimRetentionPolicyType
	}
	return apply.StatefulSet(p.Name(Redis), p.Cluster.Namespace).
		WithLabels(p.Labels(Redis)).
		WithOwnerReferences(p.owner()).
		WithSpec(apply.StatefulSetSpec().
			WithServiceName(p.Name(Redis)).
			WithReplicas(int32(nodes)).
			// A cluster whose nodes all have gone needs most of them at once to be one again.
			WithPodManagementPolicy(appsv1.ParallelPodManagement).
			// The operator deletes a pod when its master has handed over.
			WithUpdateStrategy(apply.StatefulSetUpdateStrategy().WithType(appsv1.OnDeleteStatefulSetStrategyType)).
			WithPersistentVolumeClaimRetentionPolicy(apply.StatefulSetPersistentVolumeClaimRetentionPolicy().
				WithWhenDeleted(whenDeleted).
				// The operator deletes the volume of a node that it has emptied; nobody else's scaling does.
				WithWhenScaled(appsv1.RetainPersistentVolumeClaimRetentionPolicyType)).
			WithSelector(metav1.LabelSelector().WithMatchLabels(p.Labels(Redis))).
			WithTemplate(p.redisTemplate()).
			WithVolumeClaimTemplates(claim))
}

func (p Platform) redisTemplate() *core.PodTemplateSpecApplyConfiguration {
	spec := core.PodSpec().
		WithServiceAccountName(p.Name(Redis)).
		WithAutomountServiceAccountToken(false).
		WithEnableServiceLinks(false).
		WithTerminationGracePeriodSeconds(redisGrace).
		WithSecurityContext(core.PodSecurityContext().
			WithRunAsNonRoot(true).WithRunAsUser(redisUID).WithRunAsGroup(redisUID).WithFSGroup(redisUID).
			WithFSGroupChangePolicy(corev1.FSGroupChangeOnRootMismatch).
			WithSeccompProfile(core.SeccompProfile().WithType(corev1.SeccompProfileTypeRuntimeDefault))).
		WithContainers(p.redisContainer()).
		WithVolumes(
			core.Volume().WithName("files").WithConfigMap(core.ConfigMapVolumeSource().WithName(p.Name(Redis)).WithDefaultMode(0o555)),
			core.Volume().WithName(secretsVolume).WithProjected(core.ProjectedVolumeSource().WithDefaultMode(0o440).
				WithSources(core.VolumeProjection().WithSecret(core.SecretProjection().WithName(p.Name(Redis)).
					WithItems(item(config.RedisPasswordFile), item(RedisACLKey))))),
			// redis.conf as it is started with, which has the password: in memory.
			core.Volume().WithName("run").WithEmptyDir(core.EmptyDirVolumeSource().
				WithMedium(corev1.StorageMediumMemory).WithSizeLimit(resource.MustParse("1Mi"))),
		)
	for _, name := range p.Cluster.Spec.ImagePullSecrets {
		spec.WithImagePullSecrets(core.LocalObjectReference().WithName(name))
	}
	template := core.PodTemplateSpec().
		WithLabels(p.Labels(Redis)).
		WithAnnotations(map[string]string{
			annotationFiles: redisFilesHash(),
			"kubectl.kubernetes.io/default-container": Redis,
		}).
		WithSpec(spec)
	override(template, p.Cluster.Spec.Redis.Pods, p.Labels(Redis))
	return template
}

func (p Platform) redisContainer() *core.ContainerApplyConfiguration {
	container := core.Container().
		WithName(Redis).
		WithImage(p.redisImage()).
		WithCommand(redisScripts+"/start.sh").
		WithEnv(
			fieldEnv("POD_IP", "status.podIP"),
			core.EnvVar().WithName("MAXMEMORY").WithValue(strconv.FormatInt(p.redisMemory(), 10)),
		).
		WithPorts(
			core.ContainerPort().WithName(redisPortName).WithContainerPort(redisPort).WithProtocol(corev1.ProtocolTCP),
			core.ContainerPort().WithName("bus").WithContainerPort(redisPort+10000).WithProtocol(corev1.ProtocolTCP),
		).
		// Any answer will do, even that the password is missing: it is not for being slow to load that a node is killed.
		WithLivenessProbe(redisProbe("/bin/sh", "-c", `"$(command -v redis-cli || command -v valkey-cli)" -h "$POD_IP" ping`).
			WithPeriodSeconds(10).WithFailureThreshold(6)).
		WithReadinessProbe(redisProbe(redisScripts+"/ready.sh").
			WithPeriodSeconds(3).WithFailureThreshold(2)).
		WithLifecycle(core.Lifecycle().WithPreStop(core.LifecycleHandler().
			WithExec(core.ExecAction().WithCommand(redisScripts+"/handover.sh")))).
		WithVolumeMounts(
			core.VolumeMount().WithName(dataVolume).WithMountPath("/data"),
			core.VolumeMount().WithName("files").WithMountPath(redisScripts).WithReadOnly(true),
			core.VolumeMount().WithName(secretsVolume).WithMountPath(secretsDir).WithReadOnly(true),
			core.VolumeMount().WithName("run").WithMountPath("/run/redis"),
		).
		WithSecurityContext(core.SecurityContext().
			WithAllowPrivilegeEscalation(false).
			WithReadOnlyRootFilesystem(true).
			WithCapabilities(core.Capabilities().WithDrop("ALL")))
	if policy := p.Cluster.Spec.ImagePullPolicy; policy != "" {
		container.WithImagePullPolicy(corev1.PullPolicy(policy))
	}
	if resources := resourceRequirements(p.Cluster.Spec.Redis.Resources); resources != nil {
		container.WithResources(resources)
	}
	return container
}

func redisProbe(command ...string) *core.ProbeApplyConfiguration {
	return core.Probe().WithExec(core.ExecAction().WithCommand(command...)).WithTimeoutSeconds(5)
}
