package controller

import (
	"context"
	"fmt"
	"strings"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	"k8s.io/apimachinery/pkg/api/equality"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"guildhall.chat/guildhall/api-types/v1alpha1"
	"guildhall.chat/guildhall/operator/resources"
)

// report writes the status if it has changed from what it was before the pass, with an event for each condition that has. It returns when to look again
// if nothing happens, 0 for never.
func (r *Reconciler) report(ctx context.Context, before, cluster *v1alpha1.ChatCluster, reached progress) (time.Duration, error) {
	status := &cluster.Status
	if status.ObservedGeneration != cluster.Generation {
		status.ObservedGeneration = cluster.Generation
		status.WaitingFor = nil // another spec has its own time
	}
	missing, err := r.count(ctx, cluster)
	if err != nil {
		return 0, err
	}
	wait := r.judgeWait(status, &reached, time.Now())
	setConditions(cluster, reached, missing)
	if reached.reason == v1alpha1.ReasonUpToDate {
		status.Version = cluster.Spec.Image
	}
	measure(cluster)

	if equality.Semantic.DeepEqual(before.Status, *status) {
		return wait, nil
	}
	// Only over the status that this one was made from, lest a cache that lags announce a change twice.
	patch := client.MergeFromWithOptions(before, client.MergeFromWithOptimisticLock{})
	if err := r.Client.Status().Patch(ctx, cluster, patch, fieldOwner); err != nil {
		switch {
		case apierrors.IsNotFound(err):
			return 0, nil // deleted meanwhile
		case apierrors.IsConflict(err):
			return staleRetry, nil
		}
		return 0, fmt.Errorf("write status: %w", err)
	}
	r.announce(cluster, before.Status.Conditions)
	return wait, nil
}

// count fills the status's numbers and the components' conditions from what runs, whatever the rollout came to. It returns
// the components that can't serve.
func (r *Reconciler) count(ctx context.Context, cluster *v1alpha1.ChatCluster) (missing []string, err error) {
	platform := resources.Platform{Cluster: cluster}
	if platform.ShardMap, err = r.readShardMap(ctx, platform); err != nil {
		return nil, err
	}
	rollout := rollout{reconciler: r, platform: platform}
	dead, err := rollout.countGateway(ctx)
	if err != nil {
		return nil, err
	}
	if len(dead) > 0 {
		missing = append(missing, "gateway shard "+strings.Join(firstOf(dead, 8), ", "))
	}
	var deployments appsv1.DeploymentList
	if err := rollout.list(ctx, &deployments, ""); err != nil {
		return nil, err
	}
	byName := make(map[string]appsv1.Deployment, len(deployments.Items))
	for _, deployment := range deployments.Items {
		byName[deployment.Name] = deployment
	}
	for _, c := range []struct {
		component, condition string
		status               *v1alpha1.PodsStatus
	}{
		{resources.API, v1alpha1.ConditionAPIReady, &cluster.Status.API},
		{resources.Worker, v1alpha1.ConditionWorkerReady, &cluster.Status.Worker},
		{resources.ShardRouter, v1alpha1.ConditionShardRouterReady, &cluster.Status.ShardRouter},
	} {
		deployment := byName[rollout.platform.Name(c.component)]
		want := ptr.Deref(deployment.Spec.Replicas, 0)
		pods := deployment.Status
		*c.status = v1alpha1.PodsStatus{
			Summary:  fmt.Sprintf("%d/%d", pods.AvailableReplicas, want),
			Replicas: pods.Replicas, Ready: pods.AvailableReplicas, Updated: pods.UpdatedReplicas,
			Selector: labels.SelectorFromSet(rollout.platform.Labels(c.component)).String(),
		}
		measurePods(cluster, c.component, want, pods.AvailableReplicas)
		if pods.AvailableReplicas == 0 {
			missing = append(missing, c.component)
		}
		lacks := ""
		if deployment.Name == "" || !deploymentReady(&deployment) {
			lacks = fmt.Sprintf("of %d pods %d can serve, %d are as the spec says", want, pods.AvailableReplicas, pods.UpdatedReplicas)
		}
		component(cluster, c.condition, lacks)
	}
	if store := cluster.Status.Redis; store != nil && store.CoveredSlots < allSlots {
		missing = append(missing, "redis")
	}
	if store := cluster.Status.Postgres; store != nil && store.Primary == "" {
		missing = append(missing, "postgres")
	}
	return missing, nil
}

// allSlots is the number of slots of a Redis Cluster.
// https://redis.io/docs/latest/operate/oss_and_stack/reference/cluster-spec/#key-distribution-model
const allSlots = 16384

// countGateway counts the gateway, and returns the shards that no pod can serve.
func (r rollout) countGateway(ctx context.Context) (dead []string, err error) {
	cluster := r.platform.Cluster
	var sets appsv1.StatefulSetList
	if err := r.list(ctx, &sets, resources.Gateway); err != nil {
		return nil, err
	}
	shards := make(map[string]appsv1.StatefulSet, len(sets.Items))
	for _, set := range sets.Items {
		shards[set.Name] = set
	}
	gateway := v1alpha1.GatewayStatus{Moving: cluster.Status.Gateway.Moving}
	moved := int32(0)
	for shard := range r.platform.Shards() {
		set := shards[r.platform.ShardName(shard)]
		pods := set.Status
		gateway.ReadyPods += pods.ReadyReplicas
		if pods.ReadyReplicas == 0 {
			if mapped := r.platform.ShardMap.Shards; shard < mapped || mapped == 0 { // the others have nobody's sessions yet
				dead = append(dead, fmt.Sprint(shard))
			}
			continue
		}
		gateway.ReadyShards++
		if want := cluster.Spec.Gateway.ReplicasPerShard; pods.UpdatedReplicas == want && pods.ReadyReplicas == want {
			gateway.UpdatedShards++
			if r.platform.Moved(shard, set.Spec.Template.Annotations) {
				moved++
			}
		}
	}
	gateway.Summary = fmt.Sprintf("%d/%d", gateway.ReadyShards, r.platform.Shards())
	cluster.Status.Gateway = gateway
	cluster.Status.ShardMap = v1alpha1.ShardMapStatus{
		Generation: r.platform.ShardMap.Generation, Shards: int32(r.platform.ShardMap.Shards),
		Grown: r.platform.ShardMap.Grown, MovedShards: moved,
	}
	lacks := ""
	if int(gateway.UpdatedShards) < r.platform.Shards() {
		lacks = fmt.Sprintf("of %d shards %d can serve, %d are as the spec says", r.platform.Shards(), gateway.ReadyShards, gateway.UpdatedShards)
	}
	component(cluster, v1alpha1.ConditionGatewayReady, lacks)
	return dead, nil
}

// judgeWait keeps since when the rollout waits for one object, and fails the progress when that is too long. It returns
// when to look again.
func (r *Reconciler) judgeWait(status *v1alpha1.ChatClusterStatus, reached *progress, now time.Time) time.Duration {
	if reached.waiting == "" {
		status.WaitingFor = nil
		if reached.failed != nil && reached.failed.retry {
			return sooner(reached.again, refusedRetry)
		}
		return reached.again
	}
	if status.WaitingFor == nil || status.WaitingFor.Object != reached.waiting {
		status.WaitingFor = &v1alpha1.WaitingFor{Object: reached.waiting, Since: metav1.NewTime(now).Rfc3339Copy()}
	}
	left := r.Deadline - now.Sub(status.WaitingFor.Since.Time)
	if left > 0 {
		return sooner(reached.again, left)
	}
	reached.failed = &failure{
		reason:  v1alpha1.ReasonNotReadyInTime,
		message: fmt.Sprintf("%s is not ready after %s: %s", reached.waiting, r.Deadline, reached.advice),
	}
	return reached.again
}

// firstOf bounds a list that goes into a message.
func firstOf(all []string, n int) []string {
	if len(all) <= n {
		return all
	}
	return append(all[:n:n], fmt.Sprintf("and %d more", len(all)-n))
}
