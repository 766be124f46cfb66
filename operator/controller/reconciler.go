// Package controller makes what a ChatCluster says, and keeps it so.
//
// A pass of [Reconciler.Reconcile] reads the Secrets and makes those that are generated (secrets.go), applies the objects that
// package resources builds in the order of a rollout up to the first that is not ready (rollout.go), deletes what is no longer
// wanted (prune.go), takes the next step of a rotation (rotation.go), and reports (status.go, conditions.go). Every change of
// an object that it has made, of a Secret or of the ChatCluster starts another pass, so nothing here waits. What is as it
// should be is not applied again (apply.go).
package controller

import (
	"cmp"
	"context"
	"log/slog"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/client-go/tools/record"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"guildhall.chat/guildhall/api-types/v1alpha1"
	"guildhall.chat/guildhall/operator/resources"
)

// fieldOwner is who owns the fields that the operator sets.
const fieldOwner = client.FieldOwner(resources.ManagedBy)

// refusedRetry is when a pass that the API server refused is tried again: an admission policy or a quota may have changed.
const refusedRetry = time.Minute

// staleRetry is when a pass on a ChatCluster that has changed meanwhile is done again.
const staleRetry = 50 * time.Millisecond

// Reconciler reconciles ChatClusters.
type Reconciler struct {
	Client   client.Client
	Secrets  client.Reader // not cached: the operator keeps no Secret in memory
	Recorder record.EventRecorder
	Log      *slog.Logger
	// Namespace is the operator's own, "" if that is not known.
	Namespace string
	// Deadline is how long a rollout may wait for one object before the ChatCluster counts as degraded.
	Deadline time.Duration

	foreign *foreign // kinds that the cluster may not have; SetUp makes it
}

// Reconcile does one pass over a ChatCluster.
func (r *Reconciler) Reconcile(ctx context.Context, request ctrl.Request) (ctrl.Result, error) {
	var cluster v1alpha1.ChatCluster
	if err := r.Client.Get(ctx, request.NamespacedName, &cluster); err != nil {
		if apierrors.IsNotFound(err) {
			forget(request.Namespace, request.Name)
		}
		return ctrl.Result{}, client.IgnoreNotFound(err)
	}
	if !cluster.DeletionTimestamp.IsZero() {
		return ctrl.Result{}, nil // the garbage collector deletes what it owns
	}

	before := cluster.DeepCopy() // stages report in the status
	progress, err := r.pass(ctx, &cluster)
	if err != nil {
		return ctrl.Result{}, err
	}
	wait, err := r.report(ctx, before, &cluster, progress)
	if err != nil {
		return ctrl.Result{}, err
	}
	return ctrl.Result{RequeueAfter: wait}, r.measureCertificate(ctx, &cluster)
}

// pass applies as much as may be applied now.
func (r *Reconciler) pass(ctx context.Context, cluster *v1alpha1.ChatCluster) (progress, error) {
	platform := resources.Platform{Cluster: cluster, OperatorNamespace: r.Namespace}
	failed, err := r.readSecrets(ctx, &platform)
	if refused := refusal(err); refused != nil {
		return *refused, nil
	}
	if err != nil {
		return progress{}, err
	}
	if failed != nil {
		return progress{reason: v1alpha1.ReasonBlocked, failed: failed}, nil
	}
	if platform.ShardMap, err = r.readShardMap(ctx, platform); err != nil {
		return progress{}, err
	}
	skipped := skippedVersion(cluster)
	if skipped == nil {
		cluster.Status.RolledOut = cluster.Spec.Image
	} else {
		platform.Held = cmp.Or(cluster.Status.RolledOut, cluster.Status.Version)
	}
	reached, err := rollout{reconciler: r, platform: platform}.run(ctx)
	return reached.held(skipped), err
}
