package store

import (
	"github.com/jackc/pgx/v5"

	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/snowflake"
)

const roleColumns = `id, name, permissions, position, color, secondary_color, tertiary_color, hoist, managed,
	mentionable, icon, unicode_emoji, flags, bot_id`

func scanRole(row pgx.Row) (discord.Role, error) {
	var r discord.Role
	var bot *snowflake.ID
	err := row.Scan(&r.ID, &r.Name, &r.Permissions, &r.Position, &r.Color, &r.Colors.Secondary, &r.Colors.Tertiary,
		&r.Hoist, &r.Managed, &r.Mentionable, &r.Icon, &r.UnicodeEmoji, &r.Flags, &bot)
	r.Colors.Primary = r.Color
	if bot != nil {
		r.Tags = &discord.RoleTags{BotID: bot}
	}
	return r, err
}
