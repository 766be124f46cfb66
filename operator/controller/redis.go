package controller

import (
	"context"

	"guildhall.chat/guildhall/api-types/v1alpha1"
)

func (r rollout) redis(context.Context) (progress, error) {
	return progress{reason: v1alpha1.ReasonBlocked, failed: &failure{
		reason: v1alpha1.ReasonNotReady, message: "a managed Redis Cluster is not there yet: name one in spec.redis.external",
	}}, nil
}
