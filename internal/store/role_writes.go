package store

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/events"
	"guildhall.chat/guildhall/internal/snowflake"
)

const roleInsert = `insert into roles (guild_id, id, name, permissions, position, color, secondary_color, tertiary_color,
	hoist, managed, mentionable, icon, unicode_emoji, flags, bot_id)
	values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)`

func roleValues(guild snowflake.ID, r discord.Role) []any {
	var bot *snowflake.ID
	if r.Tags != nil {
		bot = r.Tags.BotID
	}
	return []any{guild, r.ID, r.Name, r.Permissions, r.Position, r.Color, r.Colors.Secondary, r.Colors.Tertiary,
		r.Hoist, r.Managed, r.Mentionable, r.Icon, r.UnicodeEmoji, r.Flags, bot}
}

// CreateRole adds a role to a guild. One with Tags.BotID is that bot's own and goes when the bot goes.
func (tx *Tx) CreateRole(ctx context.Context, guild snowflake.ID, r discord.Role) error {
	if _, err := tx.Exec(ctx, roleInsert, roleValues(guild, r)...); err != nil {
		return fmt.Errorf("create role: %w", err)
	}
	return tx.emitRole(discord.EventGuildRoleCreate, guild, r, false) // nobody has it yet
}

// UpdateRoles writes roles of a guild and sends each to the members.
func (tx *Tx) UpdateRoles(ctx context.Context, guild snowflake.ID, roles ...discord.Role) error {
	access := make([]bool, len(roles)) // whose permissions change
	b := &pgx.Batch{}
	for i, r := range roles {
		b.Queue(`
			with was as (select permissions as before from roles where guild_id = $1 and id = $2 for update)
			update roles set name = $3, permissions = $4, position = $5, color = $6, secondary_color = $7,
			tertiary_color = $8, hoist = $9, mentionable = $10, icon = $11, unicode_emoji = $12
			from was where guild_id = $1 and id = $2 returning permissions <> before`,
			guild, r.ID, r.Name, r.Permissions, r.Position, r.Color, r.Colors.Secondary, r.Colors.Tertiary,
			r.Hoist, r.Mentionable, r.Icon, r.UnicodeEmoji).
			QueryRow(func(row pgx.Row) error { return row.Scan(&access[i]) })
	}
	if b.Len() == 0 {
		return nil
	}
	if err := tx.SendBatch(ctx, b).Close(); err != nil {
		return fmt.Errorf("update roles of guild %s: %w", guild, notFound(err))
	}
	for i, r := range roles {
		if err := tx.emitRole(discord.EventGuildRoleUpdate, guild, r, access[i]); err != nil {
			return err
		}
	}
	return nil
}

func (tx *Tx) emitRole(event string, guild snowflake.ID, r discord.Role, access bool) error {
	head := events.Header{Type: event, Guild: guild, Structure: true, Access: access}
	return tx.Emit(guild, head, discord.RoleEvent{GuildID: guild, Role: r})
}

// withoutRole takes a role out of the overwrites of the channels that name it. Rows are locked in the order of their
// ids, as everywhere.
const withoutRole = `
with named as (
    select id as named_id from channels where guild_id = $1
        and overwrites @> jsonb_build_array(jsonb_build_object('id', $2::bigint::text)) order by id for update
)
update channels set overwrites = coalesce(
    (select jsonb_agg(o order by n) from jsonb_array_elements(overwrites) with ordinality as e (o, n)
        where o->>'id' <> $2::bigint::text), '[]')
from named where id = named_id returning ` + channelColumns

// DeleteRole removes a role, from its members and from the channels' overwrites too.
func (tx *Tx) DeleteRole(ctx context.Context, guild, role snowflake.ID) error {
	if err := found(tx.Exec(ctx, `delete from roles where guild_id = $1 and id = $2`, guild, role)); err != nil {
		return fmt.Errorf("delete role %s: %w", role, err)
	}
	_, err := tx.Exec(ctx, `update members set roles = array_remove(roles, $2)
		where guild_id = $1 and roles @> array[$2::bigint]`, guild, role)
	if err != nil {
		return fmt.Errorf("take role %s from its members: %w", role, err)
	}
	channels, err := collect(ctx, tx, scanChannel, withoutRole, guild, role)
	if err != nil {
		return fmt.Errorf("take role %s out of overwrites: %w", role, err)
	}
	for _, c := range channels {
		if err := tx.emitChannel(discord.EventChannelUpdate, c, true); err != nil {
			return err
		}
	}
	head := events.Header{
		Type: discord.EventGuildRoleDelete, Guild: guild, Structure: true, Membership: true, Access: true,
	}
	return tx.Emit(guild, head, discord.RoleDeleteEvent{GuildID: guild, RoleID: role})
}
