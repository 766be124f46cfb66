package store

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/snowflake"
)

const templateColumns = `t.code, t.name, t.description, t.usage_count, t.creator_id, t.created_at, t.updated_at, t.guild_id,
	t.snapshot::text, ` + userColumns

const templateQuery = `select ` + templateColumns + ` from guild_templates t join users u on u.id = t.creator_id `

func scanTemplate(row pgx.Row) (discord.Template, error) {
	t := discord.Template{Creator: &discord.User{}}
	var created, updated time.Time
	var source string
	err := row.Scan(append([]any{&t.Code, &t.Name, &t.Description, &t.UsageCount, &t.CreatorID, &created, &updated,
		&t.SourceGuildID, &source}, userTargets(t.Creator)...)...)
	t.CreatedAt, t.UpdatedAt, t.Source = discord.At(created), discord.At(updated), json.RawMessage(source)
	return t, err
}

// Template returns a template by its code, ErrNotFound if there is none.
func (s *Store) Template(ctx context.Context, code string) (discord.Template, error) {
	return template(ctx, s.pool, `t.code = $1`, code)
}

// Template is Store.Template within a change.
func (tx *Tx) Template(ctx context.Context, code string) (discord.Template, error) {
	return template(ctx, tx, `t.code = $1`, code)
}

// GuildTemplate returns a guild's template, ErrNotFound if it has none.
func (s *Store) GuildTemplate(ctx context.Context, guild snowflake.ID) (discord.Template, error) {
	return template(ctx, s.pool, `t.guild_id = $1`, guild)
}

func template(ctx context.Context, q querier, condition string, arg any) (discord.Template, error) {
	t, err := scanTemplate(q.QueryRow(ctx, templateQuery+`where `+condition, arg))
	if err != nil {
		return t, fmt.Errorf("guild template: %w", notFound(err))
	}
	return t, nil
}

// CreateTemplate makes a guild's template; ErrTaken if it has one.
func (tx *Tx) CreateTemplate(ctx context.Context, t discord.Template) (discord.Template, error) {
	tag, err := tx.Exec(ctx, `insert into guild_templates (code, guild_id, name, description, creator_id, snapshot)
		values ($1, $2, $3, $4, $5, $6) on conflict (guild_id) do nothing`,
		t.Code, t.SourceGuildID, t.Name, t.Description, t.CreatorID, t.Source)
	if err != nil {
		return t, fmt.Errorf("create guild template: %w", err)
	}
	if tag.RowsAffected() == 0 {
		return t, ErrTaken
	}
	return tx.Template(ctx, t.Code)
}

// UpdateTemplate writes name, description and snapshot.
func (tx *Tx) UpdateTemplate(ctx context.Context, t discord.Template) (discord.Template, error) {
	err := found(tx.Exec(ctx, `update guild_templates set name = $2, description = $3, snapshot = $4, updated_at = now()
		where code = $1`, t.Code, t.Name, t.Description, t.Source))
	if err != nil {
		return t, fmt.Errorf("update guild template: %w", err)
	}
	return tx.Template(ctx, t.Code)
}

// DeleteTemplate removes a template.
func (tx *Tx) DeleteTemplate(ctx context.Context, code string) error {
	if err := found(tx.Exec(ctx, `delete from guild_templates where code = $1`, code)); err != nil {
		return fmt.Errorf("delete guild template: %w", err)
	}
	return nil
}

// UseTemplate counts a guild made of a template.
func (tx *Tx) UseTemplate(ctx context.Context, code string) error {
	_, err := tx.Exec(ctx, `update guild_templates set usage_count = usage_count + 1 where code = $1`, code)
	if err != nil {
		return fmt.Errorf("use guild template: %w", err)
	}
	return nil
}
