package store

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/events"
	"guildhall.chat/guildhall/internal/snowflake"
)

func eventValues(e discord.ScheduledEvent) []any {
	var location *string
	if e.EntityMetadata != nil {
		location = &e.EntityMetadata.Location
	}
	return []any{e.ID, e.GuildID, e.ChannelID, e.CreatorID, e.Name, e.Description, e.Image, e.Start.Time, timeOrNil(e.End),
		e.Status, e.EntityType, location, e.Recurrence}
}

// CreateScheduledEvent adds an event to a guild, tells who can see it, and returns it whole.
func (tx *Tx) CreateScheduledEvent(ctx context.Context, e discord.ScheduledEvent) (discord.ScheduledEvent, error) {
	_, err := tx.Exec(ctx, `insert into scheduled_events (id, guild_id, channel_id, creator_id, name, description, image,
		starts_at, ends_at, status, entity_type, location, recurrence)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)`, eventValues(e)...)
	if err != nil {
		return e, fmt.Errorf("create scheduled event: %w", err)
	}
	made, err := tx.ScheduledEvent(ctx, e.GuildID, e.ID)
	if err != nil {
		return made, err
	}
	return made, tx.emitScheduled(discord.EventScheduledEventCreate, made)
}

// UpdateScheduledEvent writes an event, tells who can see it, and returns it whole.
func (tx *Tx) UpdateScheduledEvent(ctx context.Context, e discord.ScheduledEvent) (discord.ScheduledEvent, error) {
	tag, err := tx.Exec(ctx, `update scheduled_events set channel_id = $3, creator_id = $4, name = $5, description = $6,
		image = $7, starts_at = $8, ends_at = $9, status = $10, entity_type = $11, location = $12, recurrence = $13
		where id = $1 and guild_id = $2`, eventValues(e)...)
	if err := found(tag, err); err != nil {
		return e, fmt.Errorf("update scheduled event %s: %w", e.ID, err)
	}
	return tx.tellScheduled(ctx, e.GuildID, e.ID)
}

// tellScheduled sends an event as it is now.
func (tx *Tx) tellScheduled(ctx context.Context, guild, id snowflake.ID) (discord.ScheduledEvent, error) {
	now, err := tx.ScheduledEvent(ctx, guild, id)
	if err != nil {
		return now, err
	}
	return now, tx.emitScheduled(discord.EventScheduledEventUpdate, now)
}

// DeleteScheduledEvent removes an event with who was interested.
func (tx *Tx) DeleteScheduledEvent(ctx context.Context, e discord.ScheduledEvent) error {
	if err := found(tx.Exec(ctx, `delete from scheduled_events where id = $1 and guild_id = $2`, e.ID, e.GuildID)); err != nil {
		return fmt.Errorf("delete scheduled event %s: %w", e.ID, err)
	}
	return tx.emitScheduled(discord.EventScheduledEventDelete, e)
}

// scheduledHead is the header of what happens to an event: who can't see its channel doesn't hear of it.
func scheduledHead(kind string, e discord.ScheduledEvent) events.Header {
	head := events.Header{Type: kind, Guild: e.GuildID}
	if e.ChannelID != nil {
		head.Channel = *e.ChannelID
	}
	return head
}

func (tx *Tx) emitScheduled(kind string, e discord.ScheduledEvent) error {
	e.UserCount = nil // it is told where it is asked for
	return tx.Emit(e.GuildID, scheduledHead(kind, e), e)
}

// PutEventException writes an exception of a recurring event and tells the event as it is now.
func (tx *Tx) PutEventException(ctx context.Context, e discord.ScheduledEvent, x discord.EventException) error {
	_, err := tx.Exec(ctx, `insert into scheduled_event_exceptions (event_id, id, starts_at, ends_at, canceled)
		values ($1, $2, $3, $4, $5)
		on conflict (event_id, id) do update set starts_at = $3, ends_at = $4, canceled = $5`,
		e.ID, x.ID, timeOrNil(x.Start), timeOrNil(x.End), x.Canceled)
	if err != nil {
		return fmt.Errorf("write exception of scheduled event %s: %w", e.ID, err)
	}
	_, err = tx.tellScheduled(ctx, e.GuildID, e.ID)
	return err
}

// DeleteEventException makes an occurrence what the rule says again; ErrNotFound if it is that.
func (tx *Tx) DeleteEventException(ctx context.Context, e discord.ScheduledEvent, id snowflake.ID) error {
	if err := found(tx.Exec(ctx, `delete from scheduled_event_exceptions where event_id = $1 and id = $2`, e.ID, id)); err != nil {
		return fmt.Errorf("delete exception of scheduled event %s: %w", e.ID, err)
	}
	if _, err := tx.Exec(ctx, `delete from scheduled_event_users where event_id = $1 and exception_id = $2`, e.ID, id); err != nil {
		return fmt.Errorf("delete exception of scheduled event %s: %w", e.ID, err)
	}
	_, err := tx.tellScheduled(ctx, e.GuildID, e.ID)
	return err
}

// RespondToEvent notes a user's answer to an event or, with an exception, to one occurrence.
func (tx *Tx) RespondToEvent(ctx context.Context, e discord.ScheduledEvent, exception, user snowflake.ID, response int) error {
	tag, err := tx.Exec(ctx, `insert into scheduled_event_users (event_id, exception_id, user_id, response) values ($1, $2, $3, $4)
		on conflict (event_id, exception_id, user_id) do update set response = $4
		where scheduled_event_users.response <> $4`, e.ID, exception, user, response)
	if err != nil {
		return fmt.Errorf("respond to scheduled event %s: %w", e.ID, err)
	}
	if tag.RowsAffected() == 0 {
		return nil
	}
	kind := discord.EventScheduledEventUserAdd
	if response == 0 {
		kind = discord.EventScheduledEventUserRemove
	}
	return tx.emitEventUser(kind, e, exception, user)
}

// WithdrawFromEvent forgets a user's answer; ErrNotFound if there is none.
func (tx *Tx) WithdrawFromEvent(ctx context.Context, e discord.ScheduledEvent, exception, user snowflake.ID) error {
	err := found(tx.Exec(ctx, `delete from scheduled_event_users where event_id = $1 and exception_id = $2 and user_id = $3`,
		e.ID, exception, user))
	if err != nil {
		return fmt.Errorf("withdraw from scheduled event %s: %w", e.ID, err)
	}
	return tx.emitEventUser(discord.EventScheduledEventUserRemove, e, exception, user)
}

func (tx *Tx) emitEventUser(kind string, e discord.ScheduledEvent, exception, user snowflake.ID) error {
	head := scheduledHead(kind, e)
	head.User = user
	data := discord.EventUserEvent{EventID: e.ID, UserID: user, GuildID: e.GuildID}
	if exception != 0 {
		data.ExceptionID = &exception
	}
	return tx.Emit(e.GuildID, head, data)
}

// deleteEventsIn removes the events that were to be in a channel.
func (tx *Tx) deleteEventsIn(ctx context.Context, channel snowflake.ID) error {
	list, err := collect(ctx, tx, scanEvent, eventQuery+`where e.channel_id = $1 and e.status <= 2 order by e.id`, channel)
	if err != nil {
		return fmt.Errorf("scheduled events in channel %s: %w", channel, err)
	}
	for _, e := range list {
		if err := tx.DeleteScheduledEvent(ctx, e); err != nil {
			return err
		}
	}
	return nil
}

// DueEvent is an event whose time has come.
type DueEvent struct{ Guild, ID snowflake.ID }

// DueEvents returns events that begin or end by themselves about now: external ones that were to begin, all that were to
// end, those in a channel that nobody has begun for so long after their time, and those whose occurrence is canceled. Times are
// those of the occurrence's exception, if it has one.
func (s *Store) DueEvents(ctx context.Context, now time.Time, patience time.Duration, limit int) ([]DueEvent, error) {
	rows, err := s.pool.Query(ctx, `select e.guild_id, e.id from scheduled_events e
		left join scheduled_event_exceptions x on x.event_id = e.id
			and x.id = (floor(extract(epoch from e.starts_at) * 1000)::bigint - 1420070400000) << 22
		where e.status <= 2 and case
			when e.status = 2 then coalesce(x.ends_at, x.starts_at + (e.ends_at - e.starts_at), e.ends_at) <= $1
			when x.canceled then e.starts_at <= $1
			when e.entity_type = 3 then coalesce(x.starts_at, e.starts_at) <= $1
			else coalesce(x.starts_at, e.starts_at) <= $2 end
		order by e.starts_at limit $3`, now, now.Add(-patience), limit)
	if err != nil {
		return nil, fmt.Errorf("scheduled events that are due: %w", err)
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[DueEvent])
}

// HoldScheduledEvent locks an event's guild and returns the event; ErrNotFound if either is gone.
func (tx *Tx) HoldScheduledEvent(ctx context.Context, due DueEvent) (discord.ScheduledEvent, error) {
	if err := tx.LockGuild(ctx, due.Guild); err != nil {
		return discord.ScheduledEvent{}, err
	}
	return tx.ScheduledEvent(ctx, due.Guild, due.ID)
}
