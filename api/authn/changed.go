package authn

import (
	"context"
	"time"

	"guildhall.chat/guildhall/internal/snowflake"
	"guildhall.chat/guildhall/internal/store"
)

const (
	// rememberTimeout bounds what a request waits to spare others the question.
	rememberTimeout = 250 * time.Millisecond
	// changedTimeout bounds what a change waits for Redis.
	changedTimeout = 750 * time.Millisecond
	// insistFor is how long a change that Redis did not take is told again. By then Redis has forgotten the old epoch.
	insistFor     = 90 * time.Second
	insistDefault = time.Second
	// insisting bounds how many changes are told again at a time.
	insisting = 1024
)

func (a *Authenticator) remember(ctx context.Context, id store.Identity) {
	ctx, cancel := context.WithTimeout(ctx, rememberTimeout)
	defer cancel()
	// A failure costs the next request the same question.
	_ = a.epochs.RememberEpoch(ctx, id.UserID, id.Epoch)
}

// Changed tells all pods that an account's epoch has risen. It is called after the commit and before the answer. While Redis
// does not answer, pods ask the primary; in case it comes back with the old epoch, it is told again in the background.
func (a *Authenticator) Changed(ctx context.Context, user snowflake.ID, epoch int64) {
	// The change is made; a client that goes away must not keep it from the other pods.
	ctx = context.WithoutCancel(ctx)
	if err := a.tell(ctx, user, epoch); err != nil {
		a.log.WarnContext(ctx, "changed credentials are not yet known to all pods", "user", user, "error", err)
		select {
		case a.insisting <- struct{}{}:
			go a.insist(ctx, user, epoch)
		default:
		}
	}
}

func (a *Authenticator) tell(ctx context.Context, user snowflake.ID, epoch int64) error {
	ctx, cancel := context.WithTimeout(ctx, changedTimeout)
	defer cancel()
	return a.epochs.RememberEpoch(ctx, user, epoch)
}

func (a *Authenticator) insist(ctx context.Context, user snowflake.ID, epoch int64) {
	defer func() { <-a.insisting }()
	ctx, cancel := context.WithTimeout(ctx, insistFor)
	defer cancel()
	every := time.NewTicker(a.insistEvery)
	defer every.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-every.C:
		}
		if a.tell(ctx, user, epoch) == nil {
			return
		}
	}
}
