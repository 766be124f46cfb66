package resources

import (
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/util/intstr"
	apply "k8s.io/client-go/applyconfigurations/apps/v1"
	core "k8s.io/client-go/applyconfigurations/core/v1"
	metav1 "k8s.io/client-go/applyconfigurations/meta/v1"

	"guildhall.chat/guildhall/api-types/v1alpha1"
	"guildhall.chat/guildhall/operator/postgres"
)

const (
	patroniPortName = "patroni"

	// postgresGrace is more than the last checkpoint takes, in seconds. After a kill, a start would have to recover.
	postgresGrace = 120
)

// PostgresStatefulSet returns the instances. size is what the claims of new volumes ask for: it can't be changed in a
// StatefulSet, so the first one stays, and claims are raised afterwards.
func (p Platform) PostgresStatefulSet(instances int32, size resource.Quantity) (*apply.StatefulSetApplyConfiguration, error) {
	template, err := p.postgresTemplate()
	if err != nil {
		return nil, err
	}
	claim := core.PersistentVolumeClaim(dataVolume, "").
		WithLabels(p.Labels(Postgres)).
		WithSpec(core.PersistentVolumeClaimSpec().
			WithAccessModes(corev1.ReadWriteOnce).
			WithResources(core.VolumeResourceRequirements().
				WithRequests(corev1.ResourceList{corev1.ResourceStorage: size})))
	claim.Namespace, claim.Kind, claim.APIVersion = nil, nil, nil // a template has none
	claim.Spec.StorageClassName = storageClass(p.Cluster.Spec.Postgres.Storage)
	whenDeleted := appsv1.RetainPersistentVolumeClaimRetentionPolicyType
	if p.Cluster.Spec.DeletionPolicy == v1alpha1.DeletionDelete {
		whenDeleted = appsv1.DeletePersistentVolumeClaimRetentionPolicyType
	}
	return apply.StatefulSet(p.Name(Postgres), p.Cluster.Namespace).
		WithLabels(p.patroniLabels()).
		WithOwnerReferences(p.owner()).
		WithSpec(apply.StatefulSetSpec().
			WithServiceName(p.Name(Postgres) + "-pods").
			WithReplicas(instances).
			WithPodManagementPolicy(appsv1.ParallelPodManagement). // Patroni sees to the order
			WithUpdateStrategy(apply.StatefulSetUpdateStrategy().WithType(appsv1.OnDeleteStatefulSetStrategyType)).
			WithPersistentVolumeClaimRetentionPolicy(apply.StatefulSetPersistentVolumeClaimRetentionPolicy().
				WithWhenDeleted(whenDeleted).
				// The operator deletes the volume of an instance that it has taken away; nobody else's scaling does.
				WithWhenScaled(appsv1.RetainPersistentVolumeClaimRetentionPolicyType)).
			WithSelector(metav1.LabelSelector().WithMatchLabels(p.Labels(Postgres))).
			WithTemplate(template).
			WithVolumeClaimTemplates(claim)), nil
}

func (p Platform) postgresTemplate() (*core.PodTemplateSpecApplyConfiguration, error) {
	files, err := p.postgresFilesHash()
	if err != nil {
		return nil, err
	}
	secrets := core.ProjectedVolumeSource().WithDefaultMode(0o440).
		WithSources(core.VolumeProjection().WithSecret(core.SecretProjection().WithName(p.Name(Postgres)).WithItems(
			item(PatroniKey), item(PostgresSuperuserKey), item(PostgresReplicationKey))))
	container := p.postgresContainer().
		WithCommand("/bin/sh", "-eu", patroniFiles+"/"+startKey).
		WithEnv(
			fieldEnv("POD_NAME", "metadata.name"),
			fieldEnv("POD_IP", "status.podIP"),
			core.EnvVar().WithName("HOME").WithValue("/tmp"),
			core.EnvVar().WithName("PGHOST").WithValue(postgresRun), // of kubectl exec ... psql: distributions differ
		).
		WithPorts(
			core.ContainerPort().WithName(postgresPortName).WithContainerPort(postgres.Port).WithProtocol(corev1.ProtocolTCP),
			core.ContainerPort().WithName(patroniPortName).WithContainerPort(postgres.PatroniPort).WithProtocol(corev1.ProtocolTCP),
		).
		WithLivenessProbe(patroniProbe("/liveness", 10).WithInitialDelaySeconds(10)).
		WithReadinessProbe(patroniProbe("/readiness", 2)).
		WithVolumeMounts(
			core.VolumeMount().WithName(dataVolume).WithMountPath(postgresVolume),
			core.VolumeMount().WithName("files").WithMountPath(patroniFiles).WithReadOnly(true),
			core.VolumeMount().WithName(secretsVolume).WithMountPath(secretsDir).WithReadOnly(true),
			core.VolumeMount().WithName("run").WithMountPath(postgresRun),
			core.VolumeMount().WithName("tmp").WithMountPath("/tmp"),
			core.VolumeMount().WithName("shm").WithMountPath("/dev/shm"), // engines give 64 MiB, parallel queries want more
		)
	if resources := resourceRequirements(p.Cluster.Spec.Postgres.Resources); resources != nil {
		container.WithResources(resources)
	}
	spec := p.postgresPodSpec(Postgres).
		WithAutomountServiceAccountToken(true). // Patroni
		WithTerminationGracePeriodSeconds(postgresGrace).
		WithContainers(container).
		WithVolumes(
			core.Volume().WithName("files").WithConfigMap(core.ConfigMapVolumeSource().WithName(p.PostgresConfigMapName())),
			core.Volume().WithName("run").WithEmptyDir(core.EmptyDirVolumeSource().WithMedium(corev1.StorageMediumMemory)),
			core.Volume().WithName("tmp").WithEmptyDir(core.EmptyDirVolumeSource()),
			core.Volume().WithName("shm").WithEmptyDir(core.EmptyDirVolumeSource().WithMedium(corev1.StorageMediumMemory)),
		)
	if backup := p.Cluster.Spec.Postgres.Backup; backup != nil {
		p.mountRepository(spec, secrets, backup.BackupRepository, "backup", backupVolume)
	}
	if restore := p.Cluster.Spec.Postgres.Restore; restore != nil {
		p.mountRepository(spec, secrets, restore.BackupRepository, "restore", restoreVolume)
	}
	spec.WithVolumes(core.Volume().WithName(secretsVolume).WithProjected(secrets))
	template := core.PodTemplateSpec().
		WithLabels(p.patroniLabels()).
		WithAnnotations(map[string]string{
			annotationFiles: files,
			"kubectl.kubernetes.io/default-container": Postgres,
		}).
		WithSpec(spec)
	override(template, p.Cluster.Spec.Postgres.Pods, p.Labels(Postgres))
	return template, nil
}

// mountRepository gives the pod a repository of backups.
func (p Platform) mountRepository(
	spec *core.PodSpecApplyConfiguration, secrets *core.ProjectedVolumeSourceApplyConfiguration,
	repository v1alpha1.BackupRepository, name, path string,
) {
	volume, mount, keys := p.repository(repository, name, path)
	if volume != nil {
		spec.WithVolumes(volume)
		spec.Containers[0].WithVolumeMounts(mount)
	}
	if keys != nil {
		secrets.WithSources(keys)
	}
}

// postgresPodSpec is what all pods of the Postgres image have in common.
func (p Platform) postgresPodSpec(component string) *core.PodSpecApplyConfiguration {
	spec := core.PodSpec().
		WithServiceAccountName(p.Name(component)).
		WithEnableServiceLinks(false).
		WithSecurityContext(core.PodSecurityContext().
			WithRunAsNonRoot(true).WithRunAsUser(postgresUID).WithRunAsGroup(postgresUID).WithFSGroup(postgresUID).
			WithFSGroupChangePolicy(corev1.FSGroupChangeOnRootMismatch). // a large volume is not walked at every start
			WithSeccompProfile(core.SeccompProfile().WithType(corev1.SeccompProfileTypeRuntimeDefault)))
	for _, name := range p.Cluster.Spec.ImagePullSecrets {
		spec.WithImagePullSecrets(core.LocalObjectReference().WithName(name))
	}
	return spec
}

func (p Platform) postgresContainer() *core.ContainerApplyConfiguration {
	container := core.Container().
		WithName(Postgres).
		WithImage(p.postgresImage()).
		WithSecurityContext(core.SecurityContext().
			WithAllowPrivilegeEscalation(false).
			WithReadOnlyRootFilesystem(true).
			WithCapabilities(core.Capabilities().WithDrop("ALL")))
	if policy := p.Cluster.Spec.ImagePullPolicy; policy != "" {
		container.WithImagePullPolicy(corev1.PullPolicy(policy))
	}
	return container
}

func patroniProbe(path string, periodSeconds int32) *core.ProbeApplyConfiguration {
	return core.Probe().
		WithHTTPGet(core.HTTPGetAction().WithPath(path).WithPort(intstr.FromString(patroniPortName))).
		WithPeriodSeconds(periodSeconds).
		WithTimeoutSeconds(3).
		WithFailureThreshold(3)
}
