package controller

import (
	"context"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	policyv1 "k8s.io/api/policy/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/types"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/builder"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"guildhall.chat/guildhall/api-types/v1alpha1"
	"guildhall.chat/guildhall/operator/resources"
)

// parallel is how many ChatClusters are reconciled at once.
const parallel = 4

// owned are the kinds that a ChatCluster owns.
func owned() []client.Object {
	return []client.Object{
		&corev1.ServiceAccount{}, &corev1.Service{}, &policyv1.PodDisruptionBudget{},
		&batchv1.Job{}, &appsv1.StatefulSet{}, &appsv1.Deployment{},
	}
}

// CacheOptions keep other people's objects out of the operator's memory.
func CacheOptions() cache.Options {
	ours := cache.ByObject{Label: labels.SelectorFromSet(labels.Set{resources.LabelManagedBy: resources.ManagedBy})}
	options := cache.Options{ByObject: map[client.Object]cache.ByObject{}}
	for _, object := range owned() {
		options.ByObject[object] = ours
	}
	return options
}

// SetUp has the manager call r for each ChatCluster that changes, or whose objects or Secret do.
func (r *Reconciler) SetUp(manager ctrl.Manager) error {
	b := ctrl.NewControllerManagedBy(manager).
		Named("chatcluster").
		For(&v1alpha1.ChatCluster{}).
		// Of Secrets only the metadata is watched and kept.
		WatchesMetadata(&corev1.Secret{}, handler.EnqueueRequestsFromMapFunc(r.usersOfSecret), builder.OnlyMetadata).
		WithOptions(controller.Options{MaxConcurrentReconciles: parallel})
	for _, object := range owned() {
		b.Owns(object)
	}
	return b.Complete(r)
}

// usersOfSecret returns the ChatClusters that name the Secret.
func (r *Reconciler) usersOfSecret(ctx context.Context, secret client.Object) []reconcile.Request {
	var clusters v1alpha1.ChatClusterList
	if err := r.Client.List(ctx, &clusters, client.InNamespace(secret.GetNamespace())); err != nil {
		r.Log.Error("cannot list ChatClusters", "error", err)
		return nil
	}
	var requests []reconcile.Request
	for _, cluster := range clusters.Items {
		if cluster.Spec.SecretName == secret.GetName() {
			requests = append(requests, reconcile.Request{NamespacedName: types.NamespacedName{Namespace: cluster.Namespace, Name: cluster.Name}})
		}
	}
	return requests
}
