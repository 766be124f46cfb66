package presence

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"guildhall.chat/guildhall/internal/snowflake"
)

// Change is a presence that others have to be told of.
type Change struct {
	User     snowflake.ID
	Guilds   []snowflake.ID
	Presence Presence
}

// Expire clears the sessions that pods whose lease has ended have left behind. guildsOf tells a user's guilds; publish gets
// each presence that changed by it. A user that fails doesn't stop the others, and is tried again the next time. Two at once
// do no harm: only one of them sees a change.
func (p *Presences) Expire(
	ctx context.Context,
	guildsOf func(context.Context, snowflake.ID) ([]snowflake.ID, error),
	publish func(context.Context, Change),
) error {
	leases, err := endedScript.Run(ctx, p.rdb, []string{leasesKey}).StringSlice()
	if err != nil {
		return fmt.Errorf("presence: find ended leases: %w", err)
	}
	var failures []error
	for _, lease := range leases {
		if err := p.expire(ctx, lease, guildsOf, publish); err != nil {
			failures = append(failures, err)
		}
	}
	return errors.Join(failures...)
}

// expire clears what is left of one lease, and when that is all done, the lease.
func (p *Presences) expire(
	ctx context.Context, lease string,
	guildsOf func(context.Context, snowflake.ID) ([]snowflake.ID, error),
	publish func(context.Context, Change),
) error {
	var failures []error
	for cursor := uint64(0); ; {
		left, next, err := p.rdb.SScan(ctx, leftKey(lease), cursor, "", scanCount).Result()
		if err != nil {
			return fmt.Errorf("presence: read what %s left: %w", lease, err)
		}
		for _, one := range left {
			if err := p.expireSession(ctx, lease, one, guildsOf, publish); err != nil {
				failures = append(failures, err)
			}
		}
		if cursor = next; cursor == 0 {
			break
		}
	}
	if len(failures) > 0 {
		return errors.Join(failures...)
	}
	if err := p.rdb.ZRem(ctx, leasesKey, lease).Err(); err != nil {
		return fmt.Errorf("presence: remove the lease of %s: %w", lease, err)
	}
	return nil
}

func (p *Presences) expireSession(
	ctx context.Context, lease, left string,
	guildsOf func(context.Context, snowflake.ID) ([]snowflake.ID, error),
	publish func(context.Context, Change),
) error {
	text, session, _ := strings.Cut(left, "/")
	user, err := snowflake.Parse(text)
	if err != nil {
		return fmt.Errorf("presence: what %s left: %w", lease, err)
	}
	// First, because what fails after the session is gone can't be told to its guilds.
	guilds, err := guildsOf(ctx, user)
	if err != nil {
		return fmt.Errorf("presence: guilds of %s: %w", user, err)
	}
	presence, changed, err := p.change(ctx, lease, user, Session{ID: session}, guilds)
	if changed {
		publish(ctx, Change{User: user, Guilds: guilds, Presence: presence})
	}
	return err
}
