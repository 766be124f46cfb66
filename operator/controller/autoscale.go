package controller

import (
	"context"
	"encoding/json"
	"fmt"

	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	apply "k8s.io/client-go/applyconfigurations/apps/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"guildhall.chat/guildhall/operator/resources"
)

// replicasOwner owns the number of api pods between the operator and the autoscaler.
const replicasOwner = client.FieldOwner("guildhall-operator-handover")

// autoscale applies the api's autoscaler and sees to it that the Deployment's replicas are the autoscaler's; or deletes it,
// before the operator sets them again. Applying a Deployment without the replicas that one has set would make them 1, the
// default; so another owner takes them over first.
// https://kubernetes.io/docs/reference/using-api/server-side-apply/#transferring-ownership
func (r rollout) autoscale(ctx context.Context, wanted *apply.DeploymentApplyConfiguration) error {
	name := r.platform.Name(resources.API)
	scaler := r.platform.APIAutoscaler()
	if scaler == nil {
		return r.drop(ctx, &autoscalingv2.HorizontalPodAutoscaler{}, name)
	}
	if err := r.apply(ctx, scaler, nil); err != nil {
		return err
	}
	var have appsv1.Deployment
	err := r.reconciler.Client.Get(ctx, client.ObjectKey{Namespace: r.platform.Cluster.Namespace, Name: name}, &have)
	if apierrors.IsNotFound(err) {
		wanted.Spec.WithReplicas(*scaler.Spec.MinReplicas) // to begin with
		return nil
	}
	if err != nil {
		return fmt.Errorf("read Deployment %s: %w", name, err)
	}
	if !setsReplicas(have.ManagedFields, string(fieldOwner)) || have.Spec.Replicas == nil {
		return nil
	}
	handover := apply.Deployment(name, have.Namespace).WithSpec(apply.DeploymentSpec().WithReplicas(*have.Spec.Replicas))
	if err := r.reconciler.Client.Apply(ctx, handover, replicasOwner, client.ForceOwnership); err != nil {
		return fmt.Errorf("hand over replicas of %s: %w", name, err)
	}
	return nil
}

// setsReplicas reports whether the owner has applied spec.replicas.
func setsReplicas(fields []metav1.ManagedFieldsEntry, owner string) bool {
	for _, entry := range fields {
		if entry.Manager != owner || entry.Operation != metav1.ManagedFieldsOperationApply || entry.FieldsV1 == nil {
			continue
		}
		var set struct {
			Spec map[string]any `json:"f:spec"`
		}
		if err := json.Unmarshal(entry.FieldsV1.Raw, &set); err != nil {
			continue // not a set that this server has made
		}
		if _, there := set.Spec["f:replicas"]; there {
			return true
		}
	}
	return false
}
