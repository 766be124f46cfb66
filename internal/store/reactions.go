package store

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/snowflake"
)

// Emoji is an emoji as reactions have it: a custom one by its id, a Unicode one by its name.
type Emoji struct {
	ID       snowflake.ID // 0: Unicode
	Name     string       // of a custom one the present name; empty if there is no such emoji any more
	Animated bool
}

// key is the name under which reactions are stored. Custom emojis have none, as their names change.
func (e Emoji) key() string {
	if e.ID != 0 {
		return ""
	}
	return e.Name
}

// Partial is the emoji as it goes on the wire.
func (e Emoji) Partial() discord.PartialEmoji {
	partial := discord.PartialEmoji{Animated: e.Animated}
	if e.Name != "" {
		partial.Name = &e.Name
	}
	if e.ID != 0 {
		partial.ID = &e.ID
	}
	return partial
}

// ErrTooManyReactions is returned when a message has as many different reactions as it may have.
var ErrTooManyReactions = errors.New("too many different reactions")

// maxEmojis is how many different reactions a message may have.
const maxEmojis = 20

// HoldReactions locks a message of a channel until the end of the change, so that its reactions are only changed by one
// at a time, and returns the author.
func (tx *Tx) HoldReactions(ctx context.Context, channel, message snowflake.ID) (author snowflake.ID, err error) {
	err = tx.QueryRow(ctx, `select m.author_id from messages m where m.id = $1 and m.channel_id = $2 and `+alive+`
		for no key update`, message, channel).Scan(&author)
	if err != nil {
		return 0, fmt.Errorf("message %s: %w", message, notFound(err))
	}
	return author, nil
}

// HasReaction reports whether anybody has reacted to a message with an emoji.
func (tx *Tx) HasReaction(ctx context.Context, message snowflake.ID, e Emoji) (has bool, err error) {
	err = tx.QueryRow(ctx, `select exists (select from reactions where message_id = $1 and emoji_id = $2 and emoji_name = $3)`,
		message, e.ID, e.key()).Scan(&has)
	if err != nil {
		return false, fmt.Errorf("reactions of message %s: %w", message, err)
	}
	return has, nil
}

// AddReaction reports whether the reaction is new; ErrTooManyReactions when its emoji would be one too many. The message
// must be held.
func (tx *Tx) AddReaction(ctx context.Context, message, user snowflake.ID, e Emoji) (added bool, err error) {
	var others int
	err = tx.QueryRow(ctx, `
		select count(*) from (select distinct emoji_id, emoji_name from reactions
			where message_id = $1 and (emoji_id, emoji_name) <> ($2, $3)) as other`, message, e.ID, e.key()).Scan(&others)
	if err != nil {
		return false, fmt.Errorf("reactions of message %s: %w", message, err)
	}
	if others >= maxEmojis {
		return false, ErrTooManyReactions
	}
	tag, err := tx.Exec(ctx, `insert into reactions (message_id, user_id, emoji_id, emoji_name)
		values ($1, $2, $3, $4) on conflict do nothing`, message, user, e.ID, e.key())
	if err != nil {
		return false, fmt.Errorf("react to message %s: %w", message, err)
	}
	return tag.RowsAffected() > 0, nil
}

// RemoveReaction reports whether there was such a reaction.
func (tx *Tx) RemoveReaction(ctx context.Context, message, user snowflake.ID, e Emoji) (removed bool, err error) {
	return tx.removeReactions(ctx, message, `and user_id = $2 and emoji_id = $3 and emoji_name = $4`, user, e.ID, e.key())
}

// RemoveEmoji removes everybody's reaction with an emoji and reports whether there was any.
func (tx *Tx) RemoveEmoji(ctx context.Context, message snowflake.ID, e Emoji) (removed bool, err error) {
	return tx.removeReactions(ctx, message, `and emoji_id = $2 and emoji_name = $3`, e.ID, e.key())
}

// RemoveReactions removes all reactions of a message and reports whether there was any.
func (tx *Tx) RemoveReactions(ctx context.Context, message snowflake.ID) (removed bool, err error) {
	return tx.removeReactions(ctx, message, ``)
}

func (tx *Tx) removeReactions(ctx context.Context, message snowflake.ID, which string, args ...any) (bool, error) {
	tag, err := tx.Exec(ctx, `delete from reactions where message_id = $1 `+which, append([]any{message}, args...)...)
	if err != nil {
		return false, fmt.Errorf("remove reactions of message %s: %w", message, err)
	}
	return tag.RowsAffected() > 0, nil
}

// Reactors returns users who reacted with an emoji and have an id above after, ascending.
func (s *Store) Reactors(ctx context.Context, message snowflake.ID, e Emoji, after snowflake.ID, limit int) ([]discord.User, error) {
	users, err := list(ctx, s, scanUser, `select `+userColumns+` from reactions r join users u on u.id = r.user_id
		where r.message_id = $1 and r.emoji_id = $2 and r.emoji_name = $3 and r.user_id > $4 order by r.user_id limit $5`,
		message, e.ID, e.key(), after, limit)
	if err != nil {
		return nil, fmt.Errorf("who reacted to message %s: %w", message, err)
	}
	return users, nil
}

// HasMessage reports whether a channel has a message.
func (s *Store) HasMessage(ctx context.Context, channel, id snowflake.ID) (has bool, err error) {
	err = s.pool.QueryRow(ctx, `select exists (select from messages m where m.id = $1 and m.channel_id = $2 and `+alive+`)`,
		id, channel).Scan(&has)
	if err != nil {
		return false, fmt.Errorf("message %s: %w", id, err)
	}
	return has, nil
}

// addReactions fills in the reactions of messages as a viewer sees them, in the order of each emoji's first.
func addReactions(ctx context.Context, q querier, messages []discord.Message, viewer snowflake.ID) error {
	at := make(map[snowflake.ID]*discord.Message, len(messages))
	ids := make([]snowflake.ID, len(messages))
	for i := range messages {
		ids[i] = messages[i].ID
		at[ids[i]] = &messages[i]
	}
	rows, err := q.Query(ctx, `
		with counted as (select message_id, emoji_id, emoji_name, count(*) as n, bool_or(user_id = $2) as me, min(added_at) as since
			from reactions where message_id = any($1) group by message_id, emoji_id, emoji_name)
		select c.message_id, c.emoji_id, coalesce(e.name, c.emoji_name), coalesce(e.animated, false), c.n, c.me
		from counted c left join emojis e on e.id = c.emoji_id order by c.message_id, c.since`, ids, viewer)
	if err != nil {
		return fmt.Errorf("reactions: %w", err)
	}
	var message snowflake.ID
	var e Emoji
	var count int
	var me bool
	_, err = pgx.ForEachRow(rows, []any{&message, &e.ID, &e.Name, &e.Animated, &count, &me}, func() error {
		m, emoji := at[message], e
		m.Reactions = append(m.Reactions, discord.Reaction{
			Emoji: emoji.Partial(), Count: count, CountDetails: discord.ReactionCounts{Normal: count},
			BurstColors: []string{}, Me: me,
		})
		return nil
	})
	if err != nil {
		return fmt.Errorf("reactions: %w", err)
	}
	return nil
}
