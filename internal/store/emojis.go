package store

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/jackc/pgx/v5"

	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/snowflake"
)

const (
	emojiColumns = `e.id, e.name, e.roles, e.animated`
	// emojisWithUser has the uploader of each: accounts are never removed.
	emojisWithUser = `select ` + emojiColumns + `, ` + userColumns + ` from emojis e join users u on u.id = e.user_id `
)

// emojiTargets are the places of emojiColumns. A custom emoji is always written between colons, and none is lost here by
// what nobody pays any more.
func emojiTargets(e *discord.Emoji) []any {
	e.RequireColons, e.Available = true, true
	return []any{&e.ID, &e.Name, &e.Roles, &e.Animated}
}

func scanEmoji(row pgx.Row) (discord.Emoji, error) {
	var e discord.Emoji
	err := row.Scan(emojiTargets(&e)...)
	return e, err
}

func scanEmojiWithUser(row pgx.Row) (discord.Emoji, error) {
	e := discord.Emoji{User: &discord.User{}}
	err := row.Scan(append(emojiTargets(&e), userTargets(e.User)...)...)
	return e, err
}

// EmojiOwner is what has emojis: a guild or an application. The other one is 0.
type EmojiOwner struct{ Guild, Application snowflake.ID }

// where is the condition that selects the owner's emojis, with the owner as the first argument.
func (o EmojiOwner) where() (condition string, id snowflake.ID) {
	if o.Guild != 0 {
		return `where e.guild_id = $1 `, o.Guild
	}
	return `where e.application_id = $1 `, o.Application
}

// Emojis returns an owner's emojis with their uploaders, from the oldest on.
func (s *Store) Emojis(ctx context.Context, owner EmojiOwner) ([]discord.Emoji, error) {
	condition, id := owner.where()
	list, err := collect(ctx, s.pool, scanEmojiWithUser, emojisWithUser+condition+`order by e.id`, id)
	if err != nil {
		return nil, fmt.Errorf("emojis of %s: %w", id, err)
	}
	return list, nil
}

// Emoji returns an emoji of an owner with its uploader.
func (s *Store) Emoji(ctx context.Context, owner EmojiOwner, id snowflake.ID) (discord.Emoji, error) {
	return emoji(ctx, s.pool, owner, id)
}

// Emoji is Store.Emoji within a change.
func (tx *Tx) Emoji(ctx context.Context, owner EmojiOwner, id snowflake.ID) (discord.Emoji, error) {
	return emoji(ctx, tx, owner, id)
}

func emoji(ctx context.Context, q querier, owner EmojiOwner, id snowflake.ID) (discord.Emoji, error) {
	condition, of := owner.where()
	e, err := scanEmojiWithUser(q.QueryRow(ctx, emojisWithUser+condition+`and e.id = $2`, of, id))
	if err != nil {
		return e, fmt.Errorf("emoji %s of %s: %w", id, of, notFound(err))
	}
	return e, nil
}

// EmojiImage returns the hash of an emoji's picture.
func (s *Store) EmojiImage(ctx context.Context, id snowflake.ID) (hash string, err error) {
	if err := s.pool.QueryRow(ctx, `select image from emojis where id = $1`, id).Scan(&hash); err != nil {
		return "", fmt.Errorf("picture of emoji %s: %w", id, notFound(err))
	}
	return hash, nil
}

// guildEmojis are a guild's emojis as its members get them with the guild: without uploaders.
const guildEmojis = `select ` + emojiColumns + ` from emojis e where e.guild_id = $1 order by e.id`

// encodeInto is collectInto for a list that is passed on as JSON.
func encodeInto[T any](to *json.RawMessage, scan func(pgx.Row) (T, error)) func(pgx.Rows) error {
	return func(rows pgx.Rows) error {
		var list []T
		if err := collectInto(&list, scan)(rows); err != nil {
			return err
		}
		encoded, err := json.Marshal(list)
		*to = encoded
		return err
	}
}
