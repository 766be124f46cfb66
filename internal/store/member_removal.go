package store

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/events"
	"guildhall.chat/guildhall/internal/snowflake"
)

// RemoveMember ends a membership and tells the guild. ErrNotFound: no member. See RemoveMembers.
func (tx *Tx) RemoveMember(ctx context.Context, guild, user snowflake.ID) (discord.User, error) {
	gone, err := tx.RemoveMembers(ctx, guild, []snowflake.ID{user})
	if err != nil {
		return discord.User{}, err
	}
	if len(gone) == 0 {
		return discord.User{}, fmt.Errorf("remove member %s of guild %s: %w", user, guild, ErrNotFound)
	}
	return gone[0], nil
}

// RemoveMembers ends the memberships of those of the users who are members, tells the guild, and returns them, ascending. A
// bot's own role and its integration go with it. That the owner stays is for the caller to check, under HoldGuild.
func (tx *Tx) RemoveMembers(ctx context.Context, guild snowflake.ID, users []snowflake.ID) ([]discord.User, error) {
	if err := tx.LockGuild(ctx, guild); err != nil {
		return nil, err
	}
	gone, err := collect(ctx, tx, scanUser, `
		with gone as (delete from members where guild_id = $1 and user_id = any($2) returning user_id),
			counted as (update guilds set member_count = member_count - (select count(*) from gone) where id = $1)
		select `+userColumns+` from users u where u.id in (select user_id from gone) order by u.id`, guild, users)
	if err != nil {
		return nil, fmt.Errorf("remove members of guild %s: %w", guild, err)
	}
	var bots []snowflake.ID
	for _, u := range gone {
		head := events.Header{Type: discord.EventGuildMemberRemove, Guild: guild, User: u.ID, Membership: true}
		if err := tx.Emit(guild, head, discord.MemberRemoveEvent{GuildID: guild, User: u}); err != nil {
			return nil, err
		}
		if u.Bot {
			bots = append(bots, u.ID)
		}
	}
	if len(bots) == 0 {
		return gone, nil
	}
	rows, err := tx.Query(ctx, `select id from roles where guild_id = $1 and bot_id = any($2) order by id`, guild, bots)
	if err != nil {
		return nil, fmt.Errorf("roles of bots in guild %s: %w", guild, err)
	}
	own, err := pgx.CollectRows(rows, pgx.RowTo[snowflake.ID])
	if err != nil {
		return nil, fmt.Errorf("roles of bots in guild %s: %w", guild, err)
	}
	for _, role := range own {
		if err := tx.DeleteRole(ctx, guild, role); err != nil {
			return nil, err
		}
	}
	return gone, tx.removeIntegrations(ctx, guild, bots)
}
