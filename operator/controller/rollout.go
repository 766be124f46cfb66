package controller

import (
	"context"
	"fmt"

	appsv1 "k8s.io/api/apps/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/applyconfigurations/apps/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"guildhall.chat/guildhall/api-types/v1alpha1"
	"guildhall.chat/guildhall/operator/resources"
)

// rollout is one pass over a platform whose Secret is there.
type rollout struct {
	reconciler *Reconciler
	platform   resources.Platform
}

// run applies the objects in order: migrations, gateway, api and worker, shard router. It stops before what depends on
// something that is not ready yet; so after a bad change, most of what runs goes on running as it was.
func (r rollout) run(ctx context.Context) (progress, error) {
	for _, stage := range []func(context.Context) (progress, error){
		r.foundations, r.migrate, r.gateway, r.serving, r.shardRouter,
	} {
		reached, err := stage(ctx)
		if apierrors.IsInvalid(err) || apierrors.IsForbidden(err) {
			return progress{reason: v1alpha1.ReasonBlocked, failed: &failure{
				reason:  v1alpha1.ReasonApplyRefused,
				message: "the API server refuses an object: " + err.Error(),
				retry:   true,
			}}, nil
		}
		if err != nil || reached.reason != "" {
			return reached, err
		}
	}
	if err := r.prune(ctx); err != nil {
		return progress{}, err
	}
	return progress{reason: v1alpha1.ReasonUpToDate}, nil
}

// apply makes the fields of the object so, whoever else set them. It fills the object with the API server's answer.
func (r rollout) apply(ctx context.Context, object runtime.ApplyConfiguration) error {
	return r.reconciler.Client.Apply(ctx, object, client.ForceOwnership, fieldOwner)
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
	for _, budget := range r.platform.PodDisruptionBudgets() {
		objects = append(objects, budget)
	}
	for _, object := range objects {
		if err := r.apply(ctx, object); err != nil {
			return progress{}, err
		}
	}
	return progress{}, nil
}

func (r rollout) migrate(ctx context.Context) (progress, error) {
	job, err := r.platform.MigrateJob()
	if err != nil {
		return progress{}, err
	}
	name := *job.GetName()
	if err := r.apply(ctx, job); err != nil {
		return progress{}, err
	}
	complete, why := jobState(job)
	switch {
	case complete:
		return progress{}, nil
	case why != "":
		return progress{reason: v1alpha1.ReasonBlocked, failed: &failure{
			reason: v1alpha1.ReasonMigrationFailed,
			message: fmt.Sprintf("Job %s failed (%s): see kubectl logs -n %s job/%s, then delete the Job to try again",
				name, why, r.platform.Cluster.Namespace, name),
		}}, nil
	}
	return r.waitFor(v1alpha1.ReasonMigrating, "Job", name, "job-name="+name), nil
}

// gateway makes missing shards at once and changes the others one by one.
func (r rollout) gateway(ctx context.Context) (progress, error) {
	var list appsv1.StatefulSetList
	if err := r.list(ctx, &list, resources.Gateway); err != nil {
		return progress{}, err
	}
	exists := make(map[string]bool, len(list.Items))
	for _, item := range list.Items {
		exists[item.Name] = true
	}
	var waiting progress
	for shard := range r.platform.Shards() {
		set := r.platform.GatewayShard(shard)
		name := r.platform.ShardName(shard)
		if waiting.reason != "" && exists[name] {
			continue // its turn comes
		}
		if err := r.apply(ctx, set); err != nil {
			return progress{}, err
		}
		if waiting.reason == "" && !statefulSetReady(set) {
			waiting = r.waitFor(v1alpha1.ReasonRollingGateway, "StatefulSet", name, fmt.Sprintf("%s=%d", resources.LabelShard, shard))
		}
	}
	return waiting, nil
}

// serving rolls the api and the worker, the same program, at once.
func (r rollout) serving(ctx context.Context) (progress, error) {
	return r.deployments(ctx, v1alpha1.ReasonRollingAPI, r.platform.APIDeployment(), r.platform.WorkerDeployment())
}

// shardRouter comes last: it is told which gateway pods there are.
func (r rollout) shardRouter(ctx context.Context) (progress, error) {
	return r.deployments(ctx, v1alpha1.ReasonRollingShardRouter, r.platform.ShardRouterDeployment())
}

func (r rollout) deployments(ctx context.Context, reason string, deployments ...*v1.DeploymentApplyConfiguration) (progress, error) {
	var waiting progress
	for _, deployment := range deployments {
		component := deployment.Labels[resources.LabelComponent]
		if err := r.apply(ctx, deployment); err != nil {
			return progress{}, err
		}
		if waiting.reason == "" && !deploymentReady(deployment) {
			waiting = r.waitFor(reason, "Deployment", r.platform.Name(component), resources.LabelComponent+"="+component)
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
