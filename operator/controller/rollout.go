package controller

import (
	"context"
	"fmt"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime"
	apply "k8s.io/client-go/applyconfigurations/apps/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"guildhall.chat/guildhall/api-types/v1alpha1"
	"guildhall.chat/guildhall/operator/resources"
)

// rollout is one pass over a platform whose Secrets are there.
type rollout struct {
	reconciler *Reconciler
	platform   resources.Platform
}

// run applies the objects in order: stores, migrations, gateway, api and worker, shard router. It stops before what depends on
// something that is not ready yet; so after a bad change, most of what runs goes on running as it was.
func (r rollout) run(ctx context.Context) (progress, error) {
	reached, err := inOrder(ctx, r.foundations, r.stores, r.migrate, r.gateway, r.serving, r.shardRouter, r.prune, r.rotate, r.edge)
	if err != nil || reached.reason != "" {
		return reached, err
	}
	return progress{reason: v1alpha1.ReasonUpToDate, again: reached.again, failed: r.backupFailure()}, nil
}

// inOrder runs the stages up to the first that waits or fails. Stages before that one want to be looked at again all the same:
// what goes on inside of stores, no watch tells.
func inOrder(ctx context.Context, stages ...func(context.Context) (progress, error)) (progress, error) {
	var reached progress
	for _, stage := range stages {
		again := reached.again
		var err error
		reached, err = stage(ctx)
		if refused := refusal(err); refused != nil {
			refused.again = again
			return *refused, nil
		}
		reached.again = sooner(again, reached.again)
		if err != nil || reached.reason != "" {
			return reached, err
		}
	}
	return reached, nil
}

// refusal returns what to say of an error by which the API server refuses an object, nil for any other.
func refusal(err error) *progress {
	if !apierrors.IsInvalid(err) && !apierrors.IsForbidden(err) && !apierrors.IsInternalError(err) {
		return nil
	}
	return &progress{reason: v1alpha1.ReasonBlocked, failed: &failure{
		reason:  v1alpha1.ReasonApplyRefused,
		message: "the API server refuses an object: " + err.Error(),
		retry:   true,
	}}
}

// sooner returns the shorter of two times, of which 0 is never.
func sooner(a, b time.Duration) time.Duration {
	if a == 0 || b != 0 && b < a {
		return b
	}
	return a
}

// foundations applies what pods rely on.
func (r rollout) foundations(ctx context.Context) (progress, error) {
	var objects []runtime.ApplyConfiguration
	for _, account := range r.platform.ServiceAccounts() {
		objects = append(objects, account)
	}
	for _, service := range r.platform.Services() {
		objects = append(objects, service)
	}
	for _, role := range r.platform.Roles() {
		objects = append(objects, role)
	}
	for _, binding := range r.platform.RoleBindings() {
		objects = append(objects, binding)
	}
	for _, budget := range r.platform.PodDisruptionBudgets() {
		objects = append(objects, budget)
	}
	for _, policy := range r.platform.NetworkPolicies() {
		objects = append(objects, policy)
	}
	for _, object := range objects {
		if err := r.apply(ctx, object, nil); err != nil {
			return progress{}, err
		}
	}
	return progress{}, r.dropPolicies(ctx)
}

func (r rollout) migrate(ctx context.Context) (progress, error) {
	wanted, err := r.platform.MigrateJob()
	if err != nil {
		return progress{}, err
	}
	var job batchv1.Job
	if err := r.apply(ctx, wanted, &job); err != nil {
		return progress{}, err
	}
	name := job.Name
	complete, why := jobState(&job)
	switch {
	case complete:
		component(r.platform.Cluster, v1alpha1.ConditionMigrated, "")
		return progress{}, nil
	case why != "":
		component(r.platform.Cluster, v1alpha1.ConditionMigrated, "Job "+name+" failed")
		return progress{reason: v1alpha1.ReasonBlocked, failed: &failure{
			reason: v1alpha1.ReasonMigrationFailed,
			message: fmt.Sprintf("Job %s failed (%s): see kubectl logs -n %s job/%s, then delete the Job to try again",
				name, why, r.platform.Cluster.Namespace, name),
		}}, nil
	}
	component(r.platform.Cluster, v1alpha1.ConditionMigrated, "Job "+name+" has not ended")
	return r.waitFor(v1alpha1.ReasonMigrating, "Job", name, "job-name="+name), nil
}

// serving rolls the api and the worker, the same program, at once.
func (r rollout) serving(ctx context.Context) (progress, error) {
	api := r.platform.APIDeployment()
	if err := r.autoscale(ctx, api); err != nil {
		return progress{}, err
	}
	return r.deployments(ctx, v1alpha1.ReasonRollingAPI, api, r.platform.WorkerDeployment())
}

// shardRouter comes last of what serves: it leads clients to all else.
func (r rollout) shardRouter(ctx context.Context) (progress, error) {
	return r.deployments(ctx, v1alpha1.ReasonRollingShardRouter, r.platform.ShardRouterDeployment())
}

func (r rollout) deployments(ctx context.Context, reason string, wanted ...*apply.DeploymentApplyConfiguration) (progress, error) {
	var waiting progress
	for _, wanted := range wanted {
		var deployment appsv1.Deployment
		if err := r.apply(ctx, wanted, &deployment); err != nil {
			return progress{}, err
		}
		if waiting.reason == "" && !deploymentReady(&deployment) {
			waiting = r.waitFor(reason, "Deployment", deployment.Name, resources.LabelComponent+"="+deployment.Labels[resources.LabelComponent])
		}
	}
	return waiting, nil
}

func (r rollout) waitFor(reason, kind, name, selector string) progress {
	return progress{
		reason:  reason,
		waiting: kind + " " + name,
		advice: fmt.Sprintf("see kubectl describe pods -n %s -l %s=%s,%s",
			r.platform.Cluster.Namespace, resources.LabelInstance, r.platform.Cluster.Name, selector),
	}
}

// list fills the list with the platform's objects of a component.
func (r rollout) list(ctx context.Context, list client.ObjectList, component string) error {
	return r.reconciler.Client.List(ctx, list,
		client.InNamespace(r.platform.Cluster.Namespace), client.MatchingLabels(r.platform.Labels(component)))
}
