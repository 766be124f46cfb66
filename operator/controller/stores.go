package controller

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"guildhall.chat/guildhall/api-types/v1alpha1"
)

// stores makes what is not external of Redis and Postgres, both at once: neither waits for the other.
func (r rollout) stores(ctx context.Context) (progress, error) {
	var stages []func(context.Context) (progress, error)
	if r.platform.Cluster.Spec.Redis.External == nil {
		stages = append(stages, r.redis)
	} else {
		r.external(v1alpha1.ConditionRedisReady)
	}
	if r.platform.Cluster.Spec.Postgres.External == nil {
		stages = append(stages, r.postgres)
	} else {
		r.external(v1alpha1.ConditionPostgresReady)
	}
	var all progress
	for _, stage := range stages {
		reached, err := stage(ctx)
		if err != nil {
			return progress{}, err
		}
		all = all.with(reached)
	}
	return all, nil
}

// external says that a store is not the operator's to judge.
func (r rollout) external(kind string) {
	setCondition(r.platform.Cluster, kind, true, v1alpha1.ReasonExternal, "not managed by the operator")
}

// storeVolumes raises the claims of a store to the size that the spec says, and deletes those of pods that were taken away:
// what is in them is old, and others have it. Whether a volume can grow is for its storage class to say.
func (r rollout) storeVolumes(ctx context.Context, set *appsv1.StatefulSet, component string, size resource.Quantity) error {
	var claims corev1.PersistentVolumeClaimList
	if err := r.list(ctx, &claims, component); err != nil {
		return err
	}
	for i := range claims.Items {
		claim := &claims.Items[i]
		_, owner, _ := strings.Cut(claim.Name, "-") // data-<set>-<ordinal>
		ordinal, err := strconv.Atoi(strings.TrimPrefix(owner, set.Name+"-"))
		if err != nil || !claim.DeletionTimestamp.IsZero() {
			continue
		}
		if ordinal >= int(max(ptr.Deref(set.Spec.Replicas, 1), set.Status.Replicas)) {
			err := r.reconciler.Client.Delete(ctx, claim, client.Preconditions{UID: ptr.To(claim.UID)})
			if client.IgnoreNotFound(err) != nil {
				return fmt.Errorf("delete PersistentVolumeClaim %s: %w", claim.Name, err)
			}
			continue
		}
		if asked := claim.Spec.Resources.Requests[corev1.ResourceStorage]; asked.Cmp(size) < 0 {
			before := claim.DeepCopy()
			claim.Spec.Resources.Requests[corev1.ResourceStorage] = size
			if err := r.reconciler.Client.Patch(ctx, claim, client.MergeFrom(before), fieldOwner); err != nil {
				return fmt.Errorf("enlarge PersistentVolumeClaim %s: %w", claim.Name, err)
			}
		}
	}
	return nil
}

func podReady(pod *corev1.Pod) bool {
	for _, condition := range pod.Status.Conditions {
		if condition.Type == corev1.PodReady {
			return condition.Status == corev1.ConditionTrue
		}
	}
	return false
}

// deletePod deletes the pod that is there now, not one that has come since under the same name.
func (r rollout) deletePod(ctx context.Context, name string) error {
	var pod corev1.Pod
	key := client.ObjectKey{Namespace: r.platform.Cluster.Namespace, Name: name}
	if err := r.reconciler.Client.Get(ctx, key, &pod); err != nil {
		return client.IgnoreNotFound(err)
	}
	err := r.reconciler.Client.Delete(ctx, &pod, client.Preconditions{UID: ptr.To(pod.UID)})
	if client.IgnoreNotFound(err) != nil {
		return fmt.Errorf("delete Pod %s: %w", name, err)
	}
	return nil
}
