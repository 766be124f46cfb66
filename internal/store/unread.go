package store

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/snowflake"
)

const (
	// mentionsKept is how long it is known whom a message has called.
	mentionsKept = 30 * 24 * time.Hour
	// maxUnread bounds what is counted of a DM.
	maxUnread = 999
)

// hidden is the condition of a message whose author the user $1 has blocked or ignores.
const hidden = `exists (select from relationships r where r.user_id = $1 and r.other_id = m.author_id
	and (r.type = 2 or r.ignored))`

// places are all that has messages in guilds and DMs.
const places = `(select id, guild_id, last_pin_at from channels union all select id, guild_id, last_pin_at from threads)`

// unreadMentions counts by channel what calls the user $1 in the channels $2, null for all: what is later than the user has
// read and joined, except for what the user does not want to be called by. Whether a mention reaches who has muted a channel
// is for clients to decide; it counts.
const unreadMentions = `
	with mine as (
		select m.guild_id, m.roles, (floor(extract(epoch from m.joined_at) * 1000)::bigint - 1420070400000) << 22 as joined,
			coalesce((s.settings->>'suppress_everyone')::boolean, false) as no_everyone,
			coalesce((s.settings->>'suppress_roles')::boolean, false) as no_roles
		from members m left join user_guild_settings s on s.user_id = m.user_id and s.guild_id = m.guild_id
		where m.user_id = $1),
	targets as (
		select $1::bigint as id
		union all select guild_id from mine where not no_everyone
		union all select unnest(roles) from mine where not no_roles)
	select t.channel_id, count(distinct t.message_id)
	from targets join message_mentions t on t.target_id = targets.id
		join messages m on m.id = t.message_id and ` + alive + `
		join mine on mine.guild_id = m.guild_id and t.message_id > mine.joined
		left join read_states r on r.user_id = $1 and r.type = 0 and r.entity_id = t.channel_id
	where t.message_id > coalesce(r.acked_id, 0) and m.author_id <> $1 and not ` + hidden + `
		and ($2::bigint[] is null or t.channel_id = any($2))
	group by t.channel_id`

// unreadDirect counts by channel what others have written to the user $1 in the DMs $2, null for all, unless they are muted.
const unreadDirect = `
	select c.id, n.count
	from channel_recipients cr join channels c on c.id = cr.channel_id
		left join read_states r on r.user_id = $1 and r.type = 0 and r.entity_id = c.id
		cross join lateral (select count(*) from (select from messages m where m.channel_id = c.id
			and m.id > coalesce(r.acked_id, 0) and m.author_id <> $1 and ` + alive + ` and not ` + hidden + ` limit $3) m) n
	where cr.user_id = $1 and c.last_message_id > coalesce(r.acked_id, 0) and ($2::bigint[] is null or c.id = any($2))
		and not exists (
			select from user_guild_settings s, jsonb_array_elements(s.settings->'channel_overrides') o
			where s.user_id = $1 and s.guild_id = 0 and o->>'channel_id' = c.id::text and (o->>'muted')::boolean
				and coalesce((o->'mute_config'->>'end_time')::timestamptz > now(), true))`

// readStates lists how far the user $1 has read, of what there still is.
const readStates = `select type, entity_id, acked_id, pins_at, flags, last_viewed from read_states s
	where user_id = $1 and (type <> 0 or exists (select from ` + places + ` c where c.id = s.entity_id and (
		exists (select from members m where m.guild_id = c.guild_id and m.user_id = s.user_id) or
		exists (select from channel_recipients r where r.channel_id = c.id and r.user_id = s.user_id))))
	order by type, entity_id`

func scanReadState(row pgx.Row) (r discord.ReadState, err error) {
	var pins *time.Time
	err = row.Scan(&r.Type, &r.ID, &r.Acked, &pins, &r.Flags, &r.LastViewed)
	r.PinsSeen = discord.AtOrNil(pins)
	return r, err
}

// unread counts by channel what a user has not read.
type unread map[snowflake.ID]int

// queue asks for the counts of some channels, nil for all. They are there when the batch has been read.
func (u unread) queue(b *pgx.Batch, user snowflake.ID, channels []snowflake.ID) {
	read := func(rows pgx.Rows) error {
		var channel snowflake.ID
		var n int
		_, err := pgx.ForEachRow(rows, []any{&channel, &n}, func() error {
			u[channel] = n
			return nil
		})
		return err
	}
	b.Queue(unreadMentions, user, channels).Query(read)
	b.Queue(unreadDirect, user, channels, maxUnread).Query(read)
}

// withUnread adds the counts to the read states; a channel of which nothing was read yet may have some.
func withUnread(states []discord.ReadState, counts unread) []discord.ReadState {
	for i := range states {
		if s := &states[i]; s.Type == discord.ReadChannel {
			s.Mentions = counts[s.ID]
			delete(counts, s.ID)
		}
	}
	for channel, n := range counts {
		if n > 0 {
			states = append(states, discord.ReadState{ID: channel, Mentions: n})
		}
	}
	return states
}

// ReadStates returns how far a user has read.
func (s *Store) ReadStates(ctx context.Context, user snowflake.ID) ([]discord.ReadState, error) {
	var states []discord.ReadState
	counts := unread{}
	err := s.snapshot(ctx, func(b *pgx.Batch) {
		b.Queue(readStates, user).Query(collectInto(&states, scanReadState))
		counts.queue(b, user, nil)
	})
	if err != nil {
		return nil, fmt.Errorf("read states of user %s: %w", user, err)
	}
	return withUnread(states, counts), nil
}
