package store

import (
	"context"
	"fmt"
	"strings"

	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/snowflake"
)

// Members returns a page of a guild's members: those with a user id above after, ascending.
func (s *Store) Members(ctx context.Context, guild, after snowflake.ID, limit int) ([]discord.Member, error) {
	members, err := list(ctx, s, scanMember, `select `+memberColumns+memberFrom+`
		where m.guild_id = $1 and m.user_id > $2 order by m.user_id limit $3`, guild, after, limit)
	if err != nil {
		return nil, fmt.Errorf("members of guild %s: %w", guild, err)
	}
	return members, nil
}

// RoleMembers returns the ids of members of a guild that have a role, those who have been there longest first.
func (s *Store) RoleMembers(ctx context.Context, guild, role snowflake.ID, limit int) ([]snowflake.ID, error) {
	ids, err := list(ctx, s, scanID, `select user_id from members where guild_id = $1 and $2 = any(roles)
		order by joined_at, user_id limit $3`, guild, role, limit)
	if err != nil {
		return nil, fmt.Errorf("members of role %s: %w", role, err)
	}
	if ids == nil {
		ids = []snowflake.ID{}
	}
	return ids, nil
}

// SearchMembers returns members whose username, display name or nickname starts with the text, whatever the case. The
// database's own locale may know no letters beyond ASCII, so ICU's is named.
func (s *Store) SearchMembers(ctx context.Context, guild snowflake.ID, prefix string, limit int) ([]discord.Member, error) {
	members, err := list(ctx, s, scanMember, `select `+memberColumns+memberFrom+`
		where m.guild_id = $1 and exists (select from unnest(array[u.username, u.global_name, m.nick]) as name
			where starts_with(lower(name collate "und-x-icu"), $2)) order by m.user_id limit $3`,
		guild, strings.ToLower(prefix), limit)
	if err != nil {
		return nil, fmt.Errorf("search members of guild %s: %w", guild, err)
	}
	return members, nil
}

// MembersAmong returns which of the users are members of a guild.
func (tx *Tx) MembersAmong(ctx context.Context, guild snowflake.ID, users []snowflake.ID) (map[snowflake.ID]bool, error) {
	among := make(map[snowflake.ID]bool, len(users))
	if len(users) == 0 {
		return among, nil
	}
	rows, err := tx.Query(ctx, `select user_id from members where guild_id = $1 and user_id = any($2)`, guild, users)
	if err != nil {
		return nil, fmt.Errorf("members of guild %s: %w", guild, err)
	}
	defer rows.Close()
	for rows.Next() {
		var id snowflake.ID
		if err := rows.Scan(&id); err != nil {
			return nil, fmt.Errorf("members of guild %s: %w", guild, err)
		}
		among[id] = true
	}
	return among, rows.Err()
}

// Banned reports whether a user is banned from a guild.
func (tx *Tx) Banned(ctx context.Context, guild, user snowflake.ID) (banned bool, err error) {
	err = tx.QueryRow(ctx, `select exists (select from bans where guild_id = $1 and user_id = $2)`, guild, user).Scan(&banned)
	if err != nil {
		return false, fmt.Errorf("ban of user %s in guild %s: %w", user, guild, err)
	}
	return banned, nil
}
