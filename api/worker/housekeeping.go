package worker

import (
	"context"
	"errors"
	"time"

	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/events"
	"guildhall.chat/guildhall/internal/presence"
	"guildhall.chat/guildhall/internal/snowflake"
)

// outboxMargin is kept beyond the resume window: a session's window begins when its connection ends, which may be after
// the event.
const outboxMargin = 10 * time.Minute

// partitions makes what will be needed and drops what no session can ask for any more.
func (w *Worker) partitions(ctx context.Context) error {
	now := time.Now()
	if err := w.store.MakePartitions(ctx, now); err != nil {
		return err
	}
	dropped, err := w.store.DropOutbox(ctx, now.Add(-w.window-outboxMargin))
	if dropped > 0 {
		w.log.Info("outbox slices dropped", "slices", dropped)
	}
	return err
}

// housekeep removes what is past use.
func (w *Worker) housekeep(ctx context.Context) error {
	logins, err := w.store.ExpireLogins(ctx)
	if err != nil {
		return err
	}
	grants, err := w.store.ExpireGrants(ctx)
	if err != nil {
		return err
	}
	interactions, err := w.store.ExpireInteractions(ctx)
	if err != nil {
		return err
	}
	records, err := w.store.ExpireRecords(ctx)
	if removed := logins + grants + interactions + records; removed > 0 {
		w.log.Info("what is past use is gone", "rows", removed)
	}
	return err
}

// tellSessions tells the sessions that a user has left of each other.
func (w *Worker) tellSessions(ctx context.Context, user snowflake.ID) error {
	sessions, err := w.presences.Sessions(ctx, user)
	if err != nil {
		return err
	}
	data, err := presence.List(sessions)
	if err != nil {
		return err
	}
	return w.publisher.Ephemeral(ctx, events.Event{
		Log: user, Head: events.Header{Type: discord.EventSessionsReplace, User: user}, Data: data,
	})
}

// tellFriends tells a user's friends of a presence.
func (w *Worker) tellFriends(ctx context.Context, change presence.Change) error {
	friends, err := w.store.FriendsOf(ctx, change.User)
	if err != nil {
		return err
	}
	data, err := change.Presence.Event(change.User, 0)
	if err != nil {
		return err
	}
	var failures []error
	for _, friend := range friends {
		failures = append(failures, w.publisher.Ephemeral(ctx, events.Event{
			Log: friend, Head: events.Header{Type: discord.EventPresenceUpdate, User: change.User}, Data: data,
		}))
	}
	return errors.Join(failures...)
}

// expirePresence tells the guilds and friends of users whose gateway pod has died.
func (w *Worker) expirePresence(ctx context.Context) error {
	return w.presences.Expire(ctx, w.store.GuildsOf, func(ctx context.Context, change presence.Change) {
		for _, guild := range change.Guilds {
			data, err := change.Presence.Event(change.User, guild)
			if err != nil {
				w.log.Error("presence can't be told", "user", change.User, "error", err)
				return
			}
			e := events.Event{
				Log:  guild,
				Head: events.Header{Type: discord.EventPresenceUpdate, Guild: guild, User: change.User},
				Data: data,
			}
			if err := w.publisher.Ephemeral(ctx, e); err != nil {
				w.log.Warn("presence not told", "guild", guild, "error", err)
			}
		}
		if err := w.tellFriends(ctx, change); err != nil {
			w.log.Warn("presence not told to friends", "user", change.User, "error", err)
		}
		if err := w.tellSessions(ctx, change.User); err != nil {
			w.log.Warn("sessions not told of each other", "user", change.User, "error", err)
		}
	})
}
