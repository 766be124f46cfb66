package resources

import (
	"fmt"
	"maps"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	policy "k8s.io/client-go/applyconfigurations/policy/v1"
	"k8s.io/utils/ptr"

	"guildhall.chat/guildhall/operator/postgres"
)

// PostgresBackup is the component of the Jobs that make backups.
const PostgresBackup = "postgres-backup"

// Labels that Patroni has to do with.
const (
	// labelPatroni tells Patroni which pods and endpoints are of its group, whose name is the label's value.
	labelPatroni = "guildhall.chat/patroni"
	// LabelPostgresRole is set by Patroni: replica on standbys; on the primary what its version calls it.
	LabelPostgresRole = "guildhall.chat/postgres-role"

	postgresReplica = "replica"
)

// postgresUID is the user of the Postgres image.
const postgresUID = 70

const postgresPortName = "postgresql" // as Patroni names it in the endpoints that it writes

// Places in the Postgres image's file system.
const (
	postgresVolume    = "/var/lib/postgresql/data"
	postgresDirectory = postgresVolume + "/pgdata" // a volume may come with a lost+found of its own
	postgresRun       = "/run/postgresql"          // in memory: the socket, and what holds passwords
	patroniFiles      = "/etc/patroni"
)

// Defaults of spec.postgres.
const postgresInstances = 2

var postgresStorage = resource.MustParse("10Gi")

// PostgresInstances is how many instances are wanted.
func (p Platform) PostgresInstances() int32 {
	return ptr.Deref(p.Cluster.Spec.Postgres.Instances, postgresInstances)
}

// PostgresStorage is the size of an instance's volume.
func (p Platform) PostgresStorage() resource.Quantity {
	if storage := p.Cluster.Spec.Postgres.Storage; storage != nil {
		return storage.Size
	}
	return postgresStorage
}

// PostgresPod is the name of an instance.
func (p Platform) PostgresPod(ordinal int) string {
	return fmt.Sprintf("%s-%d", p.Name(Postgres), ordinal)
}

// PostgresSettings are what PostgreSQL is told.
func (p Platform) PostgresSettings() postgres.Settings {
	spec := p.Cluster.Spec.Postgres
	storage := p.PostgresStorage()
	settings := postgres.Settings{
		Asynchronous:   spec.Asynchronous,
		MaxConnections: postgres.MaxConnections(p.processes()),
		Storage:        storage.Value(),
		Parameters:     maps.Clone(spec.Parameters),
	}
	if memory, limited := spec.Resources.Limits[corev1.ResourceMemory]; limited {
		settings.Memory = memory.Value()
	}
	if spec.Backup != nil {
		settings.Archive = p.pgBackRest(backupFile) + " archive-push %p"
	}
	return settings
}

// processes is how many processes of the platform connect to Postgres at most.
func (p Platform) processes() int {
	spec := p.Cluster.Spec
	api := ptr.Deref(spec.API.Replicas, 2)
	if spec.API.Autoscaling != nil {
		api = spec.API.Autoscaling.MaxReplicas
	}
	return int(api + spec.Worker.Replicas + spec.Gateway.Shards*spec.Gateway.ReplicasPerShard)
}

// patroniLabels are those of the pods and of what Patroni writes.
func (p Platform) patroniLabels() map[string]string {
	labels := p.Labels(Postgres)
	labels[labelPatroni] = p.Name(Postgres)
	return labels
}

// postgresImage is that of all pods of Postgres.
func (p Platform) postgresImage() string {
	if image := p.Cluster.Spec.Postgres.Image; image != "" {
		return image
	}
	return DefaultPostgresImage
}

// PostgresPodDisruptionBudget has a drained node take one instance at a time.
func (p Platform) PostgresPodDisruptionBudget() *policy.PodDisruptionBudgetApplyConfiguration {
	return p.podDisruptionBudget(p.Name(Postgres), p.Labels(Postgres))
}
