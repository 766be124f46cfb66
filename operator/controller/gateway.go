package controller

import (
	"context"
	"fmt"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"guildhall.chat/guildhall/api-types/v1alpha1"
	"guildhall.chat/guildhall/operator/resources"
)

// The number of shards changes in this order, whichever way:
//
//  1. shards that are missing are made, and get ready;
//  2. the next shard map is published: shard routers place by it at once;
//  3. where there are more shards than before, the old ones restart one by one: their sessions are told to reconnect, and
//     resume on the shards that they now belong to;
//  4. where there are fewer, those that nobody is sent to any more are deleted (prune.go): their sessions resume elsewhere.

// gateway makes missing shards at once, changes the others one by one, and publishes the shard map when all are ready.
func (r rollout) gateway(ctx context.Context) (progress, error) {
	var list appsv1.StatefulSetList
	if err := r.list(ctx, &list, resources.Gateway); err != nil {
		return progress{}, err
	}
	exists := make(map[string]bool, len(list.Items))
	for _, item := range list.Items {
		exists[item.Name] = true
	}
	reason := v1alpha1.ReasonRollingGateway
	if published := r.platform.ShardMap.Shards; published != 0 && published != r.platform.Shards() {
		reason = v1alpha1.ReasonResharding
	}
	var waiting progress
	for shard := range r.platform.Shards() {
		name := r.platform.ShardName(shard)
		if waiting.reason != "" && exists[name] {
			continue // its turn comes
		}
		wanted := r.platform.GatewayShard(shard)
		if exists[name] {
			if changes, err := r.changes(ctx, wanted); err != nil {
				return progress{}, err
			} else if changes {
				if err := r.leave(ctx, name); err != nil {
					return progress{}, err
				}
			}
		}
		var set appsv1.StatefulSet
		if err := r.apply(ctx, wanted, &set); err != nil {
			return progress{}, err
		}
		if waiting.reason != "" {
			continue
		}
		if !statefulSetReady(&set) {
			waiting = r.waitFor(reason, "StatefulSet", name, fmt.Sprintf("%s=%d", resources.LabelShard, shard))
			continue
		}
		resumed, err := r.resumed(ctx, &set)
		if err != nil {
			return progress{}, err
		}
		if resumed.reason != "" {
			waiting = resumed
		}
	}
	if waiting.reason != "" {
		return waiting, nil
	}
	return r.publishShardMap(ctx)
}

// publishShardMap publishes the map of the wanted shards, unless it is published.
func (r rollout) publishShardMap(ctx context.Context) (progress, error) {
	published := r.platform.ShardMap
	if published.Shards == r.platform.Shards() {
		return progress{}, r.apply(ctx, r.platform.ShardMapConfigMap(published), nil)
	}
	next := published.Next(r.platform.Shards())
	if err := r.apply(ctx, r.platform.ShardMapConfigMap(next), nil); err != nil {
		return progress{}, err
	}
	r.reconciler.Recorder.Eventf(r.platform.Cluster, corev1.EventTypeNormal, v1alpha1.ReasonResharding,
		"shard map %d: sessions are placed by %d shards from now on, before by %d", next.Generation, next.Shards, published.Shards)
	if published.Shards == 0 {
		return progress{}, nil // the first: nobody has to move
	}
	// The ConfigMap's change brings the next pass, which moves what has to move.
	return progress{reason: v1alpha1.ReasonResharding, waiting: "ConfigMap " + *r.platform.ShardMapConfigMap(next).GetName()}, nil
}

// readShardMap returns the map that is published. A lost one is published again as the status has it.
func (r *Reconciler) readShardMap(ctx context.Context, platform resources.Platform) (resources.ShardMap, error) {
	var config corev1.ConfigMap
	name := *platform.ShardMapConfigMap(resources.ShardMap{}).GetName()
	err := r.Client.Get(ctx, client.ObjectKey{Namespace: platform.Cluster.Namespace, Name: name}, &config)
	if err != nil && !apierrors.IsNotFound(err) {
		return resources.ShardMap{}, fmt.Errorf("read ConfigMap %s: %w", name, err)
	}
	last := platform.Cluster.Status.ShardMap
	published, parseErr := resources.ParseShardMap(config.Data)
	if err == nil && parseErr == nil && published.Generation >= last.Generation {
		return published, nil
	}
	if last.Generation == 0 {
		return resources.ShardMap{}, nil
	}
	return resources.ShardMap{Generation: last.Generation, Shards: int(last.Shards), Grown: last.Grown}, nil
}
