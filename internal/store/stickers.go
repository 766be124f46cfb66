package store

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/jackc/pgx/v5"

	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/events"
	"guildhall.chat/guildhall/internal/snowflake"
)

const (
	stickerColumns = `s.id, s.guild_id, s.name, nullif(s.description, ''), s.tags, s.format`
	stickersQuery  = `select ` + stickerColumns + ` from stickers s where s.guild_id = $1 order by s.id`
	// stickerMakerColumns are those of a maker who may be gone.
	stickerMakerColumns = `s.user_id, coalesce(u.username, ''), u.global_name, u.avatar, u.banner, u.accent_color,
		coalesce(u.bot, false), coalesce(u.flags, 0)`
	stickersFullQuery = `select ` + stickerColumns + `, ` + stickerMakerColumns + `
		from stickers s left join users u on u.id = s.user_id where s.guild_id = $1 `
)

func stickerTargets(s *discord.Sticker) []any {
	s.Type, s.Available = discord.StickerGuild, true
	return []any{&s.ID, &s.GuildID, &s.Name, &s.Description, &s.Tags, &s.FormatType}
}

func scanSticker(row pgx.Row) (s discord.Sticker, err error) {
	err = row.Scan(stickerTargets(&s)...)
	return s, err
}

// scanStickerFull reads a sticker with who made it.
func scanStickerFull(row pgx.Row) (s discord.Sticker, err error) {
	var maker discord.User
	var id *snowflake.ID
	targets := userTargets(&maker)
	targets[0] = &id
	err = row.Scan(append(stickerTargets(&s), targets...)...)
	if id != nil {
		maker.ID, s.User = *id, &maker
	}
	return s, err
}

// queueStickers queues the query for the stickers of the guild object, which must have been read.
func (snap *GuildSnapshot) queueStickers(b *pgx.Batch, id snowflake.ID) {
	b.Queue(stickersQuery, id).Query(func(rows pgx.Rows) error {
		var list []discord.Sticker
		if err := collectInto(&list, scanSticker)(rows); err != nil || len(list) == 0 {
			return err
		}
		encoded, err := json.Marshal(list)
		snap.Guild.Stickers = encoded
		return err
	})
}

// Stickers returns the stickers of a guild with who made them, the oldest first.
func (s *Store) Stickers(ctx context.Context, guild snowflake.ID) ([]discord.Sticker, error) {
	return stickersOf(ctx, s.pool, guild)
}

// Stickers is Store.Stickers within the change.
func (tx *Tx) Stickers(ctx context.Context, guild snowflake.ID) ([]discord.Sticker, error) {
	return stickersOf(ctx, tx, guild)
}

func stickersOf(ctx context.Context, q querier, guild snowflake.ID) ([]discord.Sticker, error) {
	list, err := collect(ctx, q, scanStickerFull, stickersFullQuery+`order by s.id`, guild)
	if err != nil {
		return nil, fmt.Errorf("stickers of guild %s: %w", guild, err)
	}
	return list, nil
}

// Sticker returns a sticker, of whichever guild.
func (s *Store) Sticker(ctx context.Context, id snowflake.ID) (discord.Sticker, error) {
	sticker, err := scanSticker(s.pool.QueryRow(ctx, `select `+stickerColumns+` from stickers s where s.id = $1`, id))
	if err != nil {
		return sticker, fmt.Errorf("sticker %s: %w", id, notFound(err))
	}
	return sticker, nil
}

// StickerFile returns the form of a sticker and the hash of its file.
func (s *Store) StickerFile(ctx context.Context, id snowflake.ID) (format discord.StickerFormat, hash string, err error) {
	err = s.pool.QueryRow(ctx, `select format, image from stickers where id = $1`, id).Scan(&format, &hash)
	if err != nil {
		return 0, "", fmt.Errorf("file of sticker %s: %w", id, notFound(err))
	}
	return format, hash, nil
}

// UsableStickers returns those of the stickers that a user can send: of the guilds that the user is a member of, and of
// here.
func (s *Store) UsableStickers(ctx context.Context, ids []snowflake.ID, user, here snowflake.ID) ([]discord.Sticker, error) {
	list, err := collect(ctx, s.pool, scanSticker, `select `+stickerColumns+` from stickers s where s.id = any($1)
		and (s.guild_id = $3 or exists (select from members m where m.guild_id = s.guild_id and m.user_id = $2))`, ids, user, here)
	if err != nil {
		return nil, fmt.Errorf("usable stickers: %w", err)
	}
	return list, nil
}

// CreateSticker adds a sticker, made by its User and with the image of a hash, and sends the guild's members the list.
func (tx *Tx) CreateSticker(ctx context.Context, s discord.Sticker, hash string) error {
	_, err := tx.Exec(ctx, `insert into stickers (id, guild_id, name, description, tags, format, user_id, image)
		values ($1, $2, $3, coalesce($4, ''), $5, $6, $7, $8)`,
		s.ID, s.GuildID, s.Name, s.Description, s.Tags, s.FormatType, s.User.ID, hash)
	if err != nil {
		return fmt.Errorf("create sticker: %w", err)
	}
	return tx.emitStickers(ctx, s.GuildID)
}

// UpdateSticker writes what can be changed of a sticker and sends the guild's members the list.
func (tx *Tx) UpdateSticker(ctx context.Context, s discord.Sticker) error {
	err := found(tx.Exec(ctx, `update stickers set name = $2, description = coalesce($3, ''), tags = $4 where id = $1`,
		s.ID, s.Name, s.Description, s.Tags))
	if err != nil {
		return fmt.Errorf("update sticker %s: %w", s.ID, err)
	}
	return tx.emitStickers(ctx, s.GuildID)
}

// DeleteSticker removes a sticker of a guild and sends its members the list.
func (tx *Tx) DeleteSticker(ctx context.Context, guild, id snowflake.ID) error {
	if err := found(tx.Exec(ctx, `delete from stickers where guild_id = $1 and id = $2`, guild, id)); err != nil {
		return fmt.Errorf("delete sticker %s: %w", id, err)
	}
	return tx.emitStickers(ctx, guild)
}

func (tx *Tx) emitStickers(ctx context.Context, guild snowflake.ID) error {
	list, err := collect(ctx, tx, scanSticker, stickersQuery, guild)
	if err != nil {
		return fmt.Errorf("stickers of guild %s: %w", guild, err)
	}
	if list == nil {
		list = []discord.Sticker{}
	}
	head := events.Header{Type: discord.EventGuildStickersUpdate, Guild: guild, Structure: true}
	return tx.Emit(guild, head, discord.StickersEvent{GuildID: guild, Stickers: list})
}
