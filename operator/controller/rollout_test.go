package controller

import (
	"context"
	"testing"
	"time"

	"guildhall.chat/guildhall/api-types/v1alpha1"
)

// Whatever a rollout waits for, what goes on inside of Redis and Postgres is looked at.
func TestStoresAreLookedAtWhileTheRolloutWaits(t *testing.T) {
	t.Parallel()
	stage := func(p progress) func(context.Context) (progress, error) {
		return func(context.Context) (progress, error) { return p, nil }
	}
	stores := stage(progress{again: 30 * time.Second})
	for name, c := range map[string]struct {
		behind progress
		again  time.Duration
	}{
		"a watch tells of it": {progress{reason: v1alpha1.ReasonMigrating, waiting: "Job chat-migrate"}, 30 * time.Second},
		"it is looked at too": {progress{reason: v1alpha1.ReasonRollingGateway, waiting: "sessions", again: time.Second}, time.Second},
		"nothing waits":       {progress{}, 30 * time.Second},
	} {
		never := func(context.Context) (progress, error) {
			if c.behind.reason != "" {
				t.Errorf("%s: the rollout went on", name)
			}
			return progress{}, nil
		}
		reached, err := inOrder(t.Context(), stores, stage(c.behind), never)
		if err != nil || reached.again != c.again || reached.reason != c.behind.reason {
			t.Errorf("%s: %+v, %v", name, reached, err)
		}
	}
}
