package store

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/events"
	"guildhall.chat/guildhall/internal/snowflake"
)

// recentMentions is how old what calls a user may be, to be listed.
const recentMentions = 7 * 24 * time.Hour

// MentionPage asks for messages that call a user.
type MentionPage struct {
	User     snowflake.ID
	Guild    snowflake.ID // 0: all
	Roles    bool         // with those that call one of the user's roles
	Everyone bool         // with those that call everybody
	Before   snowflake.ID // exclusive; 0: none
	Limit    int
}

// recent finds the messages of the last days that call the user $1, as the page says.
const recent = `
	with mine as (
		select guild_id, roles, (floor(extract(epoch from joined_at) * 1000)::bigint - 1420070400000) << 22 as joined
		from members where user_id = $1 and ($2::bigint = 0 or guild_id = $2)),
	targets as (
		select $1::bigint as id
		union all select guild_id from mine where $3
		union all select unnest(roles) from mine where $4)
	select distinct %s
	from targets join message_mentions t on t.target_id = targets.id
		join messages m on m.id = t.message_id and ` + alive + `
		join mine on mine.guild_id = m.guild_id and t.message_id > mine.joined
	where t.message_id > $5 and t.message_id < $6 and m.author_id <> $1 and not ` + hidden + `
		and not exists (select from dismissed_mentions d where d.user_id = $1 and d.message_id = t.message_id)`

func (p *MentionPage) args() []any {
	before := p.Before
	if before == 0 {
		before = snowflake.Max
	}
	return []any{p.User, p.Guild, p.Everyone, p.Roles, snowflake.FromTime(time.Now().Add(-recentMentions)), before}
}

// Place is a channel or thread of a guild.
type Place struct{ Guild, Channel snowflake.ID }

// MentionPlaces returns the channels and threads where there is something on the page or behind it.
func (s *Store) MentionPlaces(ctx context.Context, p MentionPage) ([]Place, error) {
	rows, err := s.pool.Query(ctx, fmt.Sprintf(recent, `m.guild_id, t.channel_id`)+` order by m.guild_id, t.channel_id`, p.args()...)
	if err != nil {
		return nil, fmt.Errorf("mentions of user %s: %w", p.User, err)
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (at Place, err error) { return at, row.Scan(&at.Guild, &at.Channel) })
}

// Mentions returns the page, newest first, of what is in some channels.
func (s *Store) Mentions(ctx context.Context, p MentionPage, channels []snowflake.ID) ([]discord.Message, error) {
	rows, err := s.pool.Query(ctx, fmt.Sprintf(recent, `t.message_id`)+
		` and t.channel_id = any($7) order by t.message_id desc limit $8`, append(p.args(), channels, p.Limit)...)
	if err != nil {
		return nil, fmt.Errorf("mentions of user %s: %w", p.User, err)
	}
	ids, err := pgx.CollectRows(rows, pgx.RowTo[snowflake.ID])
	if err != nil {
		return nil, fmt.Errorf("mentions of user %s: %w", p.User, err)
	}
	messages, err := s.MessagesByID(ctx, ids)
	slices.SortFunc(messages, func(a, b discord.Message) int { return compareID(b.ID, a.ID) })
	return messages, err
}

// DismissMention takes a message out of what is listed for a user, and tells the user's sessions.
func (s *Store) DismissMention(ctx context.Context, user, message snowflake.ID) error {
	return s.Change(ctx, func(tx *Tx) error {
		tag, err := tx.Exec(ctx, `insert into dismissed_mentions (user_id, message_id)
			select $1, $2 where exists (select from message_mentions where message_id = $2) on conflict do nothing`, user, message)
		if err != nil {
			return fmt.Errorf("dismiss mention: %w", err)
		}
		if tag.RowsAffected() == 0 {
			return nil
		}
		return tx.Emit(user, events.Header{Type: discord.EventRecentMentionDelete, User: user}, struct {
			MessageID snowflake.ID `json:"message_id"`
		}{message})
	})
}
