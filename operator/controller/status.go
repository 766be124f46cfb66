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
	"sigs.k8s.io/controller-runtime/pkg/client"

	"guildhall.chat/guildhall/api-types/v1alpha1"
	"guildhall.chat/guildhall/operator/resources"
)

// report writes the status if it has changed, with an event for each condition that has. It returns when to look again
// if nothing happens, 0 for never.
func (r *Reconciler) report(ctx context.Context, cluster *v1alpha1.ChatCluster, reached progress) (time.Duration, error) {
	before := cluster.DeepCopy()
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

// count fills the status's numbers from what runs, whatever the rollout came to. It returns the components that can't
// serve.
func (r *Reconciler) count(ctx context.Context, cluster *v1alpha1.ChatCluster) (missing []string, err error) {
	rollout := rollout{reconciler: r, platform: resources.Platform{Cluster: cluster}}
	var sets appsv1.StatefulSetList
	var deployments appsv1.DeploymentList
	if err := rollout.list(ctx, &sets, resources.Gateway); err != nil {
		return nil, err
	}
	if err := rollout.list(ctx, &deployments, ""); err != nil {
		return nil, err
	}

	shards := make(map[string]appsv1.StatefulSetStatus, len(sets.Items))
	for _, set := range sets.Items {
		shards[set.Name] = set.Status
	}
	gateway := v1alpha1.GatewayStatus{}
	var dead []string
	for shard := range rollout.platform.Shards() {
		pods := shards[rollout.platform.ShardName(shard)]
		gateway.ReadyPods += pods.ReadyReplicas
		if pods.ReadyReplicas == 0 {
			dead = append(dead, fmt.Sprint(shard))
			continue
		}
		gateway.ReadyShards++
		if want := cluster.Spec.Gateway.ReplicasPerShard; pods.UpdatedReplicas == want && pods.ReadyReplicas == want {
			gateway.UpdatedShards++
		}
	}
	cluster.Status.Gateway = gateway
	if len(dead) > 0 {
		missing = append(missing, "gateway shard "+strings.Join(firstOf(dead, 8), ", "))
	}

	byName := make(map[string]appsv1.DeploymentStatus, len(deployments.Items))
	for _, deployment := range deployments.Items {
		byName[deployment.Name] = deployment.Status
	}
	for _, c := range []struct {
		component string
		status    *v1alpha1.PodsStatus
	}{
		{resources.API, &cluster.Status.API},
		{resources.Worker, &cluster.Status.Worker},
		{resources.ShardRouter, &cluster.Status.ShardRouter},
	} {
		pods := byName[rollout.platform.Name(c.component)]
		*c.status = v1alpha1.PodsStatus{Ready: pods.AvailableReplicas, Updated: pods.UpdatedReplicas}
		if pods.AvailableReplicas == 0 {
			missing = append(missing, c.component)
		}
	}
	return missing, nil
}

// judgeWait keeps since when the rollout waits for one object, and fails the progress when that is too long. It returns
// when to look again.
func (r *Reconciler) judgeWait(status *v1alpha1.ChatClusterStatus, reached *progress, now time.Time) time.Duration {
	if reached.waiting == "" {
		status.WaitingFor = nil
		if reached.failed != nil && reached.failed.retry {
			return refusedRetry
		}
		return 0
	}
	if status.WaitingFor == nil || status.WaitingFor.Object != reached.waiting {
		status.WaitingFor = &v1alpha1.WaitingFor{Object: reached.waiting, Since: metav1.NewTime(now).Rfc3339Copy()}
	}
	left := r.Deadline - now.Sub(status.WaitingFor.Since.Time)
	if left > 0 {
		return left
	}
	reached.failed = &failure{
		reason:  v1alpha1.ReasonNotReadyInTime,
		message: fmt.Sprintf("%s is not ready after %s: %s", reached.waiting, r.Deadline, reached.advice),
	}
	return 0
}

// firstOf bounds a list that goes into a message.
func firstOf(all []string, n int) []string {
	if len(all) <= n {
		return all
	}
	return append(all[:n:n], fmt.Sprintf("and %d more", len(all)-n))
}
