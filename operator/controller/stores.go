package controller

import (
	"context"

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
