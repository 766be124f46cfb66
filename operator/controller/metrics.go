package controller

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"guildhall.chat/guildhall/api-types/v1alpha1"
	"guildhall.chat/guildhall/internal/metrics"
	"guildhall.chat/guildhall/operator/resources"
)

// Of each ChatCluster, which the first two labels name.
var (
	conditions = metrics.NewGauges("guildhall_operator_chatcluster_condition",
		"Whether a condition of a ChatCluster holds: 1, or 0.", "namespace", "chatcluster", "condition")
	conditionSince = metrics.NewGauges("guildhall_operator_chatcluster_condition_since_timestamp_seconds",
		"Since when a condition of a ChatCluster is as it is.", "namespace", "chatcluster", "condition")
	waitingSince = metrics.NewGauges("guildhall_operator_waiting_since_timestamp_seconds",
		"Since when the rollout of a ChatCluster waits for one object, by the reason of Progressing; absent while it waits for none.", "namespace", "chatcluster", "reason")
	shardMapGeneration = metrics.NewGauges("guildhall_operator_shard_map_generation",
		"Generation of the shard map of a ChatCluster.", "namespace", "chatcluster")
	shards = metrics.NewGauges("guildhall_operator_shards",
		"Gateway shards of a ChatCluster, by state: wanted by the spec, mapped, ready (a pod can serve), updated (all pods are as the spec says), moved (its sessions are where the map has them).",
		"namespace", "chatcluster", "state")
	pods = metrics.NewGauges("guildhall_operator_pods",
		"Pods of a ChatCluster, by component and state: wanted, ready.", "namespace", "chatcluster", "component", "state")
	redisSlots = metrics.NewGauges("guildhall_operator_redis_covered_slots",
		"Slots of the managed Redis Cluster, of 16384, that a master serves.", "namespace", "chatcluster")
	lastBackup = metrics.NewGauges("guildhall_operator_last_backup_timestamp_seconds",
		"When the last good full backup of the managed Postgres ended; 0 before the first; absent if none is wanted.", "namespace", "chatcluster")
	backupInterval = metrics.NewGauges("guildhall_operator_backup_interval_seconds",
		"Longest time between two full backups by the schedule; absent if none is wanted.", "namespace", "chatcluster")
	credentialMade = metrics.NewGauges("guildhall_operator_credential_timestamp_seconds",
		"When the credential that is in use was made: signing_keys, postgres_password, redis_password.", "namespace", "chatcluster", "credential")
	certificateExpiry = metrics.NewGauges("guildhall_operator_certificate_expiry_timestamp_seconds",
		"When the certificate expires that the domain is served with, by its Secret.", "namespace", "chatcluster", "secret")
)

var driftCorrected = metrics.NewCounters("guildhall_operator_drift_corrected_total",
	"Objects that somebody else had changed and that were put back, by kind.", "kind")

// States, label values of the gauges.
const (
	stateWanted  = "wanted"
	stateReady   = "ready"
	stateMapped  = "mapped"
	stateUpdated = "updated"
	stateMoved   = "moved"
)

// measure tells of a ChatCluster.
func measure(cluster *v1alpha1.ChatCluster) {
	namespace, name, status := cluster.Namespace, cluster.Name, &cluster.Status
	progressing := ""
	for _, condition := range status.Conditions {
		holds := 0.0
		if condition.Status == metav1.ConditionTrue {
			holds = 1
		}
		conditions.WithLabelValues(namespace, name, condition.Type).Set(holds)
		conditionSince.WithLabelValues(namespace, name, condition.Type).Set(unix(condition.LastTransitionTime.Time))
		if condition.Type == v1alpha1.ConditionProgressing {
			progressing = condition.Reason
		}
	}
	if meta.FindStatusCondition(status.Conditions, v1alpha1.ConditionBackupReady) == nil { // the one that may go
		conditions.DeleteLabelValues(namespace, name, v1alpha1.ConditionBackupReady)
		conditionSince.DeleteLabelValues(namespace, name, v1alpha1.ConditionBackupReady)
	}
	waitingSince.DeletePartialMatch(prometheus.Labels{"namespace": namespace, "chatcluster": name})
	if status.WaitingFor != nil {
		waitingSince.WithLabelValues(namespace, name, progressing).Set(unix(status.WaitingFor.Since.Time))
	}
	shardMapGeneration.WithLabelValues(namespace, name).Set(float64(status.ShardMap.Generation))
	for state, n := range map[string]int32{
		stateWanted: cluster.Spec.Gateway.Shards, stateMapped: status.ShardMap.Shards, stateReady: status.Gateway.ReadyShards,
		stateUpdated: status.Gateway.UpdatedShards, stateMoved: status.ShardMap.MovedShards,
	} {
		shards.WithLabelValues(namespace, name, state).Set(float64(n))
	}
	measurePods(cluster, resources.Gateway, cluster.Spec.Gateway.Shards*cluster.Spec.Gateway.ReplicasPerShard, status.Gateway.ReadyPods)
	measureStores(cluster)
}

// measureStores tells of the stores that the operator keeps.
func measureStores(cluster *v1alpha1.ChatCluster) {
	platform := resources.Platform{Cluster: cluster}
	if redis := cluster.Status.Redis; redis != nil {
		measurePods(cluster, resources.Redis, int32(platform.RedisMasters()*(1+platform.RedisReplicas())), redis.ReadyNodes)
		redisSlots.WithLabelValues(cluster.Namespace, cluster.Name).Set(float64(redis.CoveredSlots))
	}
	postgres := cluster.Status.Postgres
	if postgres != nil {
		measurePods(cluster, resources.Postgres, platform.PostgresInstances(), postgres.ReadyInstances)
	}
	measureSchedule(cluster)
	switch {
	case postgres == nil || platform.PostgresBackupCronJob() == nil:
		lastBackup.DeleteLabelValues(cluster.Namespace, cluster.Name)
	case postgres.LastBackup == nil:
		lastBackup.WithLabelValues(cluster.Namespace, cluster.Name).Set(0)
	default:
		lastBackup.WithLabelValues(cluster.Namespace, cluster.Name).Set(unix(postgres.LastBackup.Time))
	}
}

// measureSchedule tells how long it may be from one backup to the next. A schedule that can't be read makes no backups: the API
// server refuses its CronJob, which a condition tells.
func measureSchedule(cluster *v1alpha1.ChatCluster) {
	backup := cluster.Spec.Postgres.Backup
	if backup != nil && cluster.Status.Postgres != nil {
		if pause, err := longestPause(backup.Schedule); err == nil {
			backupInterval.WithLabelValues(cluster.Namespace, cluster.Name).Set(pause.Seconds())
			return
		}
	}
	backupInterval.DeleteLabelValues(cluster.Namespace, cluster.Name)
}

func measurePods(cluster *v1alpha1.ChatCluster, component string, wanted, ready int32) {
	pods.WithLabelValues(cluster.Namespace, cluster.Name, component, stateWanted).Set(float64(wanted))
	pods.WithLabelValues(cluster.Namespace, cluster.Name, component, stateReady).Set(float64(ready))
}

func measureCredential(cluster *v1alpha1.ChatCluster, component string, made time.Time) {
	credential := map[string]string{
		resources.Keys: "signing_keys", resources.Postgres: "postgres_password", resources.Redis: "redis_password",
	}[component]
	credentialMade.WithLabelValues(cluster.Namespace, cluster.Name, credential).Set(unix(made))
}

func unix(t time.Time) float64 { return float64(t.Unix()) }

// forget ends what measure has begun.
func forget(namespace, name string) {
	labels := prometheus.Labels{"namespace": namespace, "chatcluster": name}
	for _, gauge := range []*prometheus.GaugeVec{
		conditions, conditionSince, waitingSince, shardMapGeneration, shards, pods, redisSlots, lastBackup, backupInterval, credentialMade, certificateExpiry,
	} {
		gauge.DeletePartialMatch(labels)
	}
}

// drift says that an object was put back that the operator had applied just so before. field is the path of one that had changed.
func (r *Reconciler) drift(cluster *v1alpha1.ChatCluster, known map[string]any, wanted *unstructured.Unstructured, field string) {
	before := (&unstructured.Unstructured{Object: known}).GetAnnotations()[annotationApplied]
	if before != wanted.GetAnnotations()[annotationApplied] {
		return // the operator itself wants it otherwise now
	}
	driftCorrected.WithLabelValues(wanted.GetKind()).Inc()
	r.Recorder.Eventf(cluster, corev1.EventTypeNormal, v1alpha1.ReasonDriftCorrected, "%s %s was changed by somebody else in %s and put back", wanted.GetKind(), wanted.GetName(), field)
	r.Log.Info("drift corrected", "namespace", cluster.Namespace, "chatcluster", cluster.Name, "kind", wanted.GetKind(), "name", wanted.GetName(), "field", field)
}
