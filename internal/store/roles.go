package store

import (
	"context"
	"fmt"

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

// RoleMemberCounts returns how many members have each of a guild's roles, but @everyone.
func (s *Store) RoleMemberCounts(ctx context.Context, guild snowflake.ID) (map[snowflake.ID]int, error) {
	rows, err := s.pool.Query(ctx, `
		with held as (select role, count(*) as n from members m cross join unnest(m.roles) as role
			where m.guild_id = $1 group by role)
		select r.id, coalesce(h.n, 0) from roles r left join held h on h.role = r.id where r.guild_id = $1 and r.id <> $1`, guild)
	if err != nil {
		return nil, fmt.Errorf("count the members of roles of guild %s: %w", guild, err)
	}
	counts := map[snowflake.ID]int{}
	var id snowflake.ID
	var n int
	_, err = pgx.ForEachRow(rows, []any{&id, &n}, func() error {
		counts[id] = n
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("count the members of roles of guild %s: %w", guild, err)
	}
	return counts, nil
}
