package store

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/snowflake"
)

const (
	ruleColumns = `id, guild_id, creator_id, name, event_type, trigger_type, trigger_metadata, actions, enabled,
	exempt_roles, exempt_channels`
	rulesQuery = `select ` + ruleColumns + ` from automod_rules where guild_id = $1 order by id`
)

func scanRule(row pgx.Row) (r discord.AutoModRule, err error) {
	err = row.Scan(&r.ID, &r.GuildID, &r.CreatorID, &r.Name, &r.EventType, &r.TriggerType, &r.Metadata, &r.Actions,
		&r.Enabled, &r.ExemptRoles, &r.ExemptChannels)
	return r, err
}

// InsertRule adds a rule of auto-moderation. The guild must be held.
func (tx *Tx) InsertRule(ctx context.Context, r discord.AutoModRule) error {
	_, err := tx.Exec(ctx, `insert into automod_rules (`+ruleColumns+`) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`,
		r.ID, r.GuildID, r.CreatorID, r.Name, r.EventType, r.TriggerType, r.Metadata, r.Actions, r.Enabled, r.ExemptRoles,
		r.ExemptChannels)
	if err != nil {
		return fmt.Errorf("insert rule: %w", err)
	}
	return nil
}

// UpdateRule writes what can be changed of a rule.
func (tx *Tx) UpdateRule(ctx context.Context, r discord.AutoModRule) error {
	err := found(tx.Exec(ctx, `update automod_rules set name = $2, event_type = $3, trigger_metadata = $4, actions = $5,
		enabled = $6, exempt_roles = $7, exempt_channels = $8 where id = $1`,
		r.ID, r.Name, r.EventType, r.Metadata, r.Actions, r.Enabled, r.ExemptRoles, r.ExemptChannels))
	if err != nil {
		return fmt.Errorf("update rule %s: %w", r.ID, err)
	}
	return nil
}

// DeleteRule removes a rule.
func (tx *Tx) DeleteRule(ctx context.Context, id snowflake.ID) error {
	if err := found(tx.Exec(ctx, `delete from automod_rules where id = $1`, id)); err != nil {
		return fmt.Errorf("delete rule %s: %w", id, err)
	}
	return nil
}

// ChannelType returns the type of a channel that is still there.
func (tx *Tx) ChannelType(ctx context.Context, id snowflake.ID) (t discord.ChannelType, err error) {
	if err := tx.QueryRow(ctx, `select type from channels where id = $1`, id).Scan(&t); err != nil {
		return 0, fmt.Errorf("channel %s: %w", id, notFound(err))
	}
	return t, nil
}
