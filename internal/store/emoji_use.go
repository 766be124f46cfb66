package store

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"guildhall.chat/guildhall/internal/snowflake"
)

// EmojiUse is a custom emoji and what it takes for a user to use it.
type EmojiUse struct {
	Emoji
	Owner EmojiOwner
	// Member tells whether the user is in the emoji's guild and has one of its roles, if there are any.
	Member bool
}

// emojiUse are emojis as the user $2 may use them.
const emojiUse = `
	select e.id, e.name, e.animated, coalesce(e.guild_id, 0), coalesce(e.application_id, 0),
		m.user_id is not null and (e.roles = '{}' or e.guild_id = any(e.roles) or e.roles && m.roles)
	from emojis e left join members m on m.guild_id = e.guild_id and m.user_id = $2 `

func scanEmojiUse(row pgx.Row) (use EmojiUse, err error) {
	err = row.Scan(&use.ID, &use.Name, &use.Animated, &use.Owner.Guild, &use.Owner.Application, &use.Member)
	return use, err
}

// HasEmojis reports whether a guild has all of these emojis.
func (tx *Tx) HasEmojis(ctx context.Context, guild snowflake.ID, ids []snowflake.ID) (all bool, err error) {
	err = tx.QueryRow(ctx, `select not exists (select from unnest($2::bigint[]) wanted (id)
		where not exists (select from emojis e where e.id = wanted.id and e.guild_id = $1))`, guild, ids).Scan(&all)
	if err != nil {
		return false, fmt.Errorf("emojis of guild %s: %w", guild, err)
	}
	return all, nil
}

// EmojiUses returns those of the custom emojis that there are, as a user may use them.
func (s *Store) EmojiUses(ctx context.Context, ids []snowflake.ID, user snowflake.ID) ([]EmojiUse, error) {
	list, err := collect(ctx, s.pool, scanEmojiUse, emojiUse+`where e.id = any($1)`, ids, user)
	if err != nil {
		return nil, fmt.Errorf("emojis: %w", err)
	}
	return list, nil
}

// EmojiUse returns a custom emoji as a user may use it.
func (tx *Tx) EmojiUse(ctx context.Context, emoji, user snowflake.ID) (EmojiUse, error) {
	use, err := scanEmojiUse(tx.QueryRow(ctx, emojiUse+`where e.id = $1`, emoji, user))
	if err != nil {
		return use, fmt.Errorf("emoji %s: %w", emoji, notFound(err))
	}
	return use, nil
}

// NameEmoji fills in what a custom emoji is called now; one that there is no more stays without a name.
func (s *Store) NameEmoji(ctx context.Context, e *Emoji) error {
	if e.ID == 0 {
		return nil
	}
	err := s.pool.QueryRow(ctx, `select name, animated from emojis where id = $1`, e.ID).Scan(&e.Name, &e.Animated)
	if err != nil && !errors.Is(err, pgx.ErrNoRows) {
		return fmt.Errorf("emoji %s: %w", e.ID, err)
	}
	return nil
}
