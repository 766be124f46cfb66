package controller

import (
	"context"
	"fmt"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	policyv1 "k8s.io/api/policy/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"guildhall.chat/guildhall/operator/resources"
)

// prune deletes what a finished rollout has left behind: shards above the wanted number, which the shard router knows no
// more of, and the Jobs of former versions.
func (r rollout) prune(ctx context.Context) (progress, error) {
	job, err := r.platform.MigrateJob()
	if err != nil {
		return progress{}, err
	}
	keep := map[string]bool{*job.GetName(): true}
	for shard := range r.platform.Shards() {
		keep[r.platform.ShardName(shard)] = true
	}
	var jobs batchv1.JobList
	var sets appsv1.StatefulSetList
	var budgets policyv1.PodDisruptionBudgetList
	for list, component := range map[client.ObjectList]string{
		&jobs: resources.Migrate, &sets: resources.Gateway, &budgets: resources.Gateway,
	} {
		if err := r.list(ctx, list, component); err != nil {
			return progress{}, err
		}
	}
	for i := range jobs.Items {
		if err := r.delete(ctx, &jobs.Items[i], keep); err != nil {
			return progress{}, err
		}
	}
	for i := range sets.Items {
		if err := r.delete(ctx, &sets.Items[i], keep); err != nil {
			return progress{}, err
		}
	}
	for i := range budgets.Items {
		if err := r.delete(ctx, &budgets.Items[i], keep); err != nil {
			return progress{}, err
		}
	}
	return progress{}, nil
}

// delete deletes the object unless it is to be kept, or isn't the ChatCluster's own.
func (r rollout) delete(ctx context.Context, object client.Object, keep map[string]bool) error {
	if keep[object.GetName()] || !metav1.IsControlledBy(object, r.platform.Cluster) || !object.GetDeletionTimestamp().IsZero() {
		return nil
	}
	err := r.reconciler.Client.Delete(ctx, object, client.PropagationPolicy(metav1.DeletePropagationBackground),
		client.Preconditions{UID: ptr.To(object.GetUID())})
	if client.IgnoreNotFound(err) != nil {
		return fmt.Errorf("delete %T %s: %w", object, object.GetName(), err)
	}
	return nil
}
