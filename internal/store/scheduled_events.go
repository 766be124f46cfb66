package store

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/snowflake"
)

// eventColumns are a scheduled event with its exceptions, how many are interested, and its creator.
const eventColumns = `e.id, e.guild_id, e.channel_id, e.creator_id, e.name, e.description, e.image, e.starts_at, e.ends_at,
	e.status, e.entity_type, e.location, e.recurrence,
	(select json_agg(json_build_object('id', x.id, 'start', x.starts_at, 'end', x.ends_at, 'canceled', x.canceled) order by x.id)
		from scheduled_event_exceptions x where x.event_id = e.id),
	(select count(*) from scheduled_event_users r where r.event_id = e.id and r.exception_id = 0 and r.response = 1), ` + userColumns

const eventQuery = `select ` + eventColumns + ` from scheduled_events e join users u on u.id = e.creator_id `

// exceptionRow is an exception as the query above aggregates it.
type exceptionRow struct {
	ID         int64
	Start, End *time.Time
	Canceled   bool
}

func (x exceptionRow) of(event snowflake.ID) discord.EventException {
	return discord.EventException{EventID: event, ID: snowflake.ID(x.ID), Start: discord.AtOrNil(x.Start),
		End: discord.AtOrNil(x.End), Canceled: x.Canceled}
}

func scanEvent(row pgx.Row) (discord.ScheduledEvent, error) {
	e := discord.ScheduledEvent{Creator: &discord.User{}, PrivacyLevel: 2, Exceptions: []discord.EventException{}, UserCount: new(int)}
	var start time.Time
	var end *time.Time
	var location *string
	var exceptions []exceptionRow
	err := row.Scan(append([]any{&e.ID, &e.GuildID, &e.ChannelID, &e.CreatorID, &e.Name, &e.Description, &e.Image, &start,
		&end, &e.Status, &e.EntityType, &location, &e.Recurrence, &exceptions, e.UserCount}, userTargets(e.Creator)...)...)
	if err != nil {
		return e, err
	}
	e.Start, e.End = discord.At(start), discord.AtOrNil(end)
	if location != nil {
		e.EntityMetadata = &discord.EntityMetadata{Location: *location}
	}
	for _, x := range exceptions {
		e.Exceptions = append(e.Exceptions, x.of(e.ID))
	}
	return e, nil
}

// ScheduledEvents returns a guild's events that are yet to end, by their start.
func (s *Store) ScheduledEvents(ctx context.Context, guild snowflake.ID) ([]discord.ScheduledEvent, error) {
	list, err := collect(ctx, s.pool, scanEvent, openEvents, guild)
	if err != nil {
		return nil, fmt.Errorf("scheduled events of guild %s: %w", guild, err)
	}
	return list, nil
}

const openEvents = eventQuery + `where e.guild_id = $1 and e.status <= 2 order by e.starts_at, e.id`

// ScheduledEvent returns one of a guild's events; ErrNotFound if it has none of the id.
func (s *Store) ScheduledEvent(ctx context.Context, guild, id snowflake.ID) (discord.ScheduledEvent, error) {
	return scheduledEvent(ctx, s.pool, guild, id)
}

// ScheduledEvent is Store.ScheduledEvent within a change.
func (tx *Tx) ScheduledEvent(ctx context.Context, guild, id snowflake.ID) (discord.ScheduledEvent, error) {
	return scheduledEvent(ctx, tx, guild, id)
}

func scheduledEvent(ctx context.Context, q querier, guild, id snowflake.ID) (discord.ScheduledEvent, error) {
	e, err := scanEvent(q.QueryRow(ctx, eventQuery+`where e.guild_id = $1 and e.id = $2`, guild, id))
	if err != nil {
		return e, fmt.Errorf("scheduled event %s: %w", id, notFound(err))
	}
	return e, nil
}

// OpenEventCount returns how many events of a guild are yet to end. Exact under HoldGuild.
func (tx *Tx) OpenEventCount(ctx context.Context, guild snowflake.ID) (n int, err error) {
	err = tx.QueryRow(ctx, `select count(*) from scheduled_events where guild_id = $1 and status <= 2`, guild).Scan(&n)
	if err != nil {
		return 0, fmt.Errorf("count scheduled events of guild %s: %w", guild, err)
	}
	return n, nil
}

// EventUsers returns a page of those who are interested in an event, or who answered to one occurrence of it, by id: the
// last before a place or, without Before, the first after one.
func (s *Store) EventUsers(ctx context.Context, e discord.ScheduledEvent, exception snowflake.ID, page Page, members bool) ([]discord.EventUser, error) {
	direction := `asc`
	if page.Before != 0 {
		direction = `desc`
	}
	users, err := collect(ctx, s.pool, func(row pgx.Row) (discord.EventUser, error) {
		return scanEventUser(row, e.ID, exception)
	}, `select r.response, `+userColumns+` from scheduled_event_users r join users u on u.id = r.user_id
		where r.event_id = $1 and r.exception_id = $2 and (r.exception_id <> 0 or r.response = 1)
		and r.user_id > $3 and ($4::bigint = 0 or r.user_id < $4)
		order by r.user_id `+direction+` limit $5`, e.ID, exception, page.After, page.Before, page.Limit)
	if err != nil {
		return nil, fmt.Errorf("users of scheduled event %s: %w", e.ID, err)
	}
	if page.Before != 0 {
		slices.Reverse(users)
	}
	if !members {
		return users, nil
	}
	return users, s.addMembers(ctx, e.GuildID, users)
}

func scanEventUser(row pgx.Row, event, exception snowflake.ID) (discord.EventUser, error) {
	r := discord.EventUser{EventID: event, User: &discord.User{}}
	if exception != 0 {
		r.ExceptionID = &exception
	}
	err := row.Scan(append([]any{&r.Response}, userTargets(r.User)...)...)
	r.UserID = r.User.ID
	return r, err
}

func (s *Store) addMembers(ctx context.Context, guild snowflake.ID, users []discord.EventUser) error {
	ids := make([]snowflake.ID, len(users))
	for i, r := range users {
		ids[i] = r.UserID
	}
	members, err := s.MembersOf(ctx, guild, ids)
	if err != nil {
		return err
	}
	for i := range users {
		if at := slices.IndexFunc(members, func(m discord.Member) bool { return m.User.ID == users[i].UserID }); at >= 0 {
			users[i].Member = &members[at]
		}
	}
	return nil
}

// EventUserCounts counts who is interested in each of some occurrences of an event.
func (s *Store) EventUserCounts(ctx context.Context, event snowflake.ID, exceptions []snowflake.ID) (map[snowflake.ID]int, error) {
	counts := make(map[snowflake.ID]int, len(exceptions))
	for _, id := range exceptions {
		counts[id] = 0
	}
	rows, err := s.pool.Query(ctx, `select exception_id, count(*) from scheduled_event_users
		where event_id = $1 and exception_id = any($2) and response = 1 group by exception_id`, event, exceptions)
	if err != nil {
		return nil, fmt.Errorf("count users of scheduled event %s: %w", event, err)
	}
	var id snowflake.ID
	var n int
	_, err = pgx.ForEachRow(rows, []any{&id, &n}, func() error {
		counts[id] = n
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("count users of scheduled event %s: %w", event, err)
	}
	return counts, nil
}
