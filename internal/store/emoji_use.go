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

// EmojiUse returns a custom emoji as a user may use it.
func (tx *Tx) EmojiUse(ctx context.Context, emoji, user snowflake.ID) (EmojiUse, error) {
	use := EmojiUse{Emoji: Emoji{ID: emoji}}
	err := tx.QueryRow(ctx, `
		select e.name, e.animated, coalesce(e.guild_id, 0), coalesce(e.application_id, 0),
			m.user_id is not null and (e.roles = '{}' or e.guild_id = any(e.roles) or e.roles && m.roles)
		from emojis e left join members m on m.guild_id = e.guild_id and m.user_id = $2 where e.id = $1`, emoji, user).
		Scan(&use.Name, &use.Animated, &use.Owner.Guild, &use.Owner.Application, &use.Member)
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
