package worker

import (
	"context"

	"guildhall.chat/guildhall/internal/ratelimit"
	"guildhall.chat/guildhall/internal/store"
)

// epochsAtOnce bounds how many epochs a step tells.
const epochsAtOnce = 500

// TellEpochs makes the job that tells Redis of accounts whose credentials were changed by a process that reaches Postgres alone.
func TellEpochs(s *store.Store, limiter *ratelimit.Limiter) func(ctx context.Context) error {
	return func(ctx context.Context) error {
		untold, err := s.UntoldEpochs(ctx, epochsAtOnce)
		if err != nil || len(untold) == 0 {
			return err
		}
		for _, account := range untold {
			if err := limiter.RememberEpoch(ctx, account.User, account.Epoch); err != nil {
				return err
			}
		}
		return s.EpochsTold(ctx, untold)
	}
}

// TakeLeave makes the job that takes deleted accounts out of guilds and lists of friends.
func TakeLeave(s *store.Store) func(ctx context.Context) error {
	return func(ctx context.Context) error {
		leaving, err := s.Leaving(ctx, leavingAtOnce)
		if err != nil {
			return err
		}
		for _, user := range leaving {
			if err := s.LeaveAll(ctx, user); err != nil {
				return err
			}
		}
		return nil
	}
}

const leavingAtOnce = 20
