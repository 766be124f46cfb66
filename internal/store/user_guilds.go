package store

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/permissions"
	"guildhall.chat/guildhall/internal/snowflake"
)

// Page is a part of a list that is ordered by id.
type Page struct {
	After  snowflake.ID // exclusive
	Before snowflake.ID // exclusive; 0: none
	Limit  int
}

// PartialGuilds returns a page of the guilds that a user is in, ascending: the first after a place or, when only Before is
// given, the last before it. Permissions are those that roles give the user in all of the guild.
func (s *Store) PartialGuilds(ctx context.Context, user snowflake.ID, page Page, counts bool) ([]discord.PartialGuild, error) {
	direction := `asc`
	if page.Before != 0 && page.After == 0 {
		direction = `desc`
	}
	// The roles are the member's own and @everyone, which has the guild's id.
	rows, err := s.pool.Query(ctx, `
		select g.id, g.name, g.icon, g.banner, g.features, g.owner_id, g.member_count, m.roles, r.ids, r.sets
		from (select guild_id, roles from members
			where user_id = $1 and guild_id > $2 and ($3::bigint = 0 or guild_id < $3)
			order by guild_id `+direction+` limit $4) m
		join guilds g on g.id = m.guild_id
		cross join lateral (select array_agg(id order by id) as ids, array_agg(permissions order by id) as sets
			from roles where guild_id = g.id and (id = any(m.roles) or id = g.id)) r
		order by g.id`, user, page.After, page.Before, page.Limit)
	if err != nil {
		return nil, fmt.Errorf("guilds of user %s: %w", user, err)
	}
	guilds, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (discord.PartialGuild, error) {
		return scanPartialGuild(row, user, counts)
	})
	if err != nil {
		return nil, fmt.Errorf("guilds of user %s: %w", user, err)
	}
	return guilds, nil
}

func scanPartialGuild(row pgx.Row, user snowflake.ID, counts bool) (discord.PartialGuild, error) {
	var g discord.PartialGuild
	var owner snowflake.ID
	var members int
	var has, ids []snowflake.ID
	var sets []permissions.Set
	err := row.Scan(&g.ID, &g.Name, &g.Icon, &g.Banner, &g.Features, &owner, &members, &has, &ids, &sets)
	if err != nil {
		return g, err
	}
	rules := permissions.Guild{ID: g.ID, Owner: owner, Roles: make(map[snowflake.ID]permissions.Role, len(ids))}
	for i, id := range ids {
		rules.Roles[id] = permissions.Role{ID: id, Permissions: sets[i]}
	}
	g.Owner = owner == user
	g.Permissions = rules.Base(permissions.Member{User: user, Roles: has}, time.Now())
	if g.Features == nil {
		g.Features = []string{}
	}
	if counts {
		g.ApproximateMemberCount = &members
	}
	return g, nil
}

// MutualGuild is a guild that two users are both in.
type MutualGuild struct {
	ID   snowflake.ID `json:"id"`
	Nick *string      `json:"nick"` // of the one who is looked at
}

// MutualGuilds returns the guilds that viewer and user are both in, ascending.
func (s *Store) MutualGuilds(ctx context.Context, viewer, user snowflake.ID) ([]MutualGuild, error) {
	rows, err := s.pool.Query(ctx, `select t.guild_id, t.nick from members t join members v on v.guild_id = t.guild_id
		where t.user_id = $2 and v.user_id = $1 order by t.guild_id`, viewer, user)
	if err != nil {
		return nil, fmt.Errorf("common guilds of %s and %s: %w", viewer, user, err)
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[MutualGuild])
}
