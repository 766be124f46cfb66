package controller

import (
	"context"
	"slices"

	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	rbacv1 "k8s.io/api/rbac/v1"
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
		&corev1.ServiceAccount{}, &corev1.Service{}, &corev1.ConfigMap{}, &corev1.Pod{}, &corev1.PersistentVolumeClaim{},
		&rbacv1.Role{}, &rbacv1.RoleBinding{}, &policyv1.PodDisruptionBudget{},
		&batchv1.Job{}, &batchv1.CronJob{}, &appsv1.StatefulSet{}, &appsv1.Deployment{},
		&networkingv1.NetworkPolicy{}, &autoscalingv2.HorizontalPodAutoscaler{}, &networkingv1.Ingress{},
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

// SetUp has the manager call r for each ChatCluster that changes, or whose objects or Secrets do.
func (r *Reconciler) SetUp(manager ctrl.Manager) error {
	b := ctrl.NewControllerManagedBy(manager).
		Named("chatcluster").
		For(&v1alpha1.ChatCluster{}).
		// Of Secrets only the metadata is watched and kept.
		WatchesMetadata(&corev1.Secret{}, handler.EnqueueRequestsFromMapFunc(r.usersOfSecret), builder.OnlyMetadata).
		WithOptions(controller.Options{MaxConcurrentReconciles: parallel})
	for _, object := range owned() {
		// By label, not by owner: what holds data may have none.
		b.Watches(object, handler.EnqueueRequestsFromMapFunc(instance))
	}
	made, err := b.Build(r)
	if err != nil {
		return err
	}
	r.foreign = newForeign(manager, made)
	return nil
}

// instance returns the ChatCluster that the object was made for.
func instance(_ context.Context, object client.Object) []reconcile.Request {
	if object.GetLabels()[resources.LabelManagedBy] != resources.ManagedBy {
		return nil
	}
	name := object.GetLabels()[resources.LabelInstance]
	return []reconcile.Request{{NamespacedName: types.NamespacedName{Namespace: object.GetNamespace(), Name: name}}}
}

// usersOfSecret returns the ChatClusters that the Secret was generated for or that name it.
func (r *Reconciler) usersOfSecret(ctx context.Context, secret client.Object) []reconcile.Request {
	if requests := instance(ctx, secret); requests != nil {
		return requests
	}
	var clusters v1alpha1.ChatClusterList
	if err := r.Client.List(ctx, &clusters, client.InNamespace(secret.GetNamespace())); err != nil {
		r.Log.Error("cannot list ChatClusters", "error", err)
		return nil
	}
	var requests []reconcile.Request
	for i := range clusters.Items {
		platform := resources.Platform{Cluster: &clusters.Items[i]}
		if clusters.Items[i].Spec.TLS.SecretName == secret.GetName() || slices.ContainsFunc(platform.SecretFiles(), func(file resources.SecretFile) bool { return file.Secret == secret.GetName() }) {
			requests = append(requests, reconcile.Request{NamespacedName: client.ObjectKeyFromObject(&clusters.Items[i])})
		}
	}
	return requests
}

// ClientOptions have Secrets read from the API server: none is kept in memory.
func ClientOptions() client.Options {
	return client.Options{Cache: &client.CacheOptions{DisableFor: []client.Object{&corev1.Secret{}}}}
}
