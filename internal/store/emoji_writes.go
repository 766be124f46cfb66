package store

import (
	"context"
	"fmt"

	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/events"
	"guildhall.chat/guildhall/internal/snowflake"
)

// EmojiCounts returns how many emojis an owner has. Exact while the owner is held.
func (tx *Tx) EmojiCounts(ctx context.Context, owner EmojiOwner) (still, animated int, err error) {
	condition, id := owner.where()
	err = tx.QueryRow(ctx, `select count(*) filter (where not animated), count(*) filter (where animated) from emojis e `+condition, id).
		Scan(&still, &animated)
	if err != nil {
		return 0, 0, fmt.Errorf("count emojis of %s: %w", id, err)
	}
	return still, animated, nil
}

// CreateEmoji gives an owner an emoji with its picture. ErrTaken: the application has one of that name.
func (tx *Tx) CreateEmoji(ctx context.Context, owner EmojiOwner, e discord.Emoji, picture Image) error {
	if err := tx.SaveImage(ctx, picture); err != nil {
		return err
	}
	_, err := tx.Exec(ctx, `insert into emojis (id, guild_id, application_id, name, roles, user_id, animated, image)
		values ($1, nullif($2::bigint, 0), nullif($3::bigint, 0), $4, $5, $6, $7, $8)`,
		e.ID, owner.Guild, owner.Application, e.Name, e.Roles, e.User.ID, e.Animated, picture.Hash)
	return tx.emojiChanged(ctx, owner, e.ID, err)
}

// UpdateEmoji writes an emoji's name and roles. ErrTaken: the application has another of that name.
func (tx *Tx) UpdateEmoji(ctx context.Context, owner EmojiOwner, e discord.Emoji) error {
	condition, id := owner.where()
	err := found(tx.Exec(ctx, `update emojis e set name = $3, roles = $4 `+condition+`and e.id = $2`, id, e.ID, e.Name, e.Roles))
	return tx.emojiChanged(ctx, owner, e.ID, err)
}

// DeleteEmoji removes an emoji; reactions with it stay.
func (tx *Tx) DeleteEmoji(ctx context.Context, owner EmojiOwner, emoji snowflake.ID) error {
	condition, id := owner.where()
	err := found(tx.Exec(ctx, `delete from emojis e `+condition+`and e.id = $2`, id, emoji))
	return tx.emojiChanged(ctx, owner, emoji, err)
}

// emojiChanged takes the outcome of a write of an emoji, and sends the guild's whole list to the members if it succeeded.
func (tx *Tx) emojiChanged(ctx context.Context, owner EmojiOwner, emoji snowflake.ID, err error) error {
	if err != nil {
		if taken(err) {
			err = ErrTaken
		}
		return fmt.Errorf("write emoji %s: %w", emoji, err)
	}
	if owner.Guild == 0 {
		return nil
	}
	list, err := collect(ctx, tx, scanEmoji, guildEmojis, owner.Guild)
	if err != nil {
		return fmt.Errorf("emojis of guild %s: %w", owner.Guild, err)
	}
	head := events.Header{Type: discord.EventGuildEmojisUpdate, Guild: owner.Guild, Structure: true}
	return tx.Emit(owner.Guild, head, discord.EmojisEvent{GuildID: owner.Guild, Emojis: list})
}
