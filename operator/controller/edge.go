package controller

import (
	"context"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"guildhall.chat/guildhall/api-types/v1alpha1"
	"guildhall.chat/guildhall/operator/resources"
)

// lookForKinds is how often it is looked whether the cluster has got a kind that it did not have.
const lookForKinds = 10 * time.Minute

// edge applies what leads clients and Prometheus to the platform, and takes away what does no more. Nothing has to get ready
// here: what is made of an Ingress or a route is the business of who serves it.
func (r rollout) edge(ctx context.Context) (progress, error) {
	if ingress := r.platform.Ingress(); ingress != nil {
		if err := r.apply(ctx, ingress, nil); err != nil {
			return progress{}, err
		}
	} else if err := r.drop(ctx, &networkingv1.Ingress{}, r.platform.Cluster.Name); err != nil {
		return progress{}, err
	}
	reached, err := r.httpRoute(ctx)
	if err != nil || reached.reason != "" {
		return reached, err
	}
	return r.monitoring(ctx)
}

// httpRoute fails where the cluster does not have what the spec asks for.
func (r rollout) httpRoute(ctx context.Context) (progress, error) {
	served, err := r.applyForeign(ctx, resources.HTTPRouteKind, r.platform.Cluster.Name, r.platform.HTTPRoute())
	if err != nil || served || r.platform.Cluster.Spec.HTTPRoute == nil {
		return progress{}, err
	}
	return progress{reason: v1alpha1.ReasonBlocked, failed: &failure{
		reason: v1alpha1.ReasonKindMissing,
		message: fmt.Sprintf("spec.httpRoute needs %s of %s, which this cluster does not have: install the Gateway API, or use spec.ingress",
			resources.HTTPRouteKind.Kind, resources.HTTPRouteKind.GroupVersion()),
		retry: true,
	}}, nil
}

// monitoring does without the kinds that the cluster does not have.
func (r rollout) monitoring(ctx context.Context) (progress, error) {
	if service := r.platform.MetricsService(); service != nil {
		if err := r.apply(ctx, service, nil); err != nil {
			return progress{}, err
		}
	} else if err := r.drop(ctx, &corev1.Service{}, r.platform.Name(resources.Metrics)); err != nil {
		return progress{}, err
	}
	monitor := r.platform.ServiceMonitor()
	served, err := r.applyForeign(ctx, resources.ServiceMonitorKind, r.platform.Cluster.Name, monitor)
	if err != nil || served || monitor == nil {
		return progress{}, err
	}
	return progress{again: lookForKinds}, nil
}

// applyForeign applies an object of a kind that the cluster may not have, or deletes the one of that name if wanted is nil.
// It reports whether the cluster has the kind.
func (r rollout) applyForeign(ctx context.Context, kind schema.GroupVersionKind, name string, wanted *unstructured.Unstructured) (served bool, err error) {
	if served, err = r.reconciler.foreign.serves(kind); err != nil || !served {
		return served, err
	}
	if wanted != nil {
		return true, r.apply(ctx, client.ApplyConfigurationFromUnstructured(wanted), nil)
	}
	unwanted := &metav1.PartialObjectMetadata{} // as it is watched
	unwanted.SetGroupVersionKind(kind)
	return true, r.drop(ctx, unwanted, name)
}

// drop deletes the object of that name if there is one that the ChatCluster owns.
func (r rollout) drop(ctx context.Context, object client.Object, name string) error {
	key := client.ObjectKey{Namespace: r.platform.Cluster.Namespace, Name: name}
	if err := r.reconciler.Client.Get(ctx, key, object); err != nil {
		if apierrors.IsNotFound(err) {
			return nil
		}
		return fmt.Errorf("read %T %s: %w", object, name, err)
	}
	return r.delete(ctx, object, nil)
}

// dropPolicies deletes network policies that are wanted no more.
func (r rollout) dropPolicies(ctx context.Context) error {
	keep := map[string]bool{}
	for _, policy := range r.platform.NetworkPolicies() {
		keep[*policy.GetName()] = true
	}
	var policies networkingv1.NetworkPolicyList
	if err := r.list(ctx, &policies, ""); err != nil {
		return err
	}
	for i := range policies.Items {
		if err := r.delete(ctx, &policies.Items[i], keep); err != nil {
			return err
		}
	}
	return nil
}
