package store

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/events"
	"guildhall.chat/guildhall/internal/permissions"
	"guildhall.chat/guildhall/internal/snowflake"
)

const banQuery = `select b.reason, ` + userColumns + ` from bans b join users u on u.id = b.user_id `

func scanBan(row pgx.Row) (b discord.Ban, err error) {
	err = row.Scan(append([]any{&b.Reason}, userTargets(&b.User)...)...)
	return b, err
}

// Bans returns a page of a guild's bans by user, ascending: the last before a place or, without Before, the first after one.
func (s *Store) Bans(ctx context.Context, guild snowflake.ID, page Page) ([]discord.Ban, error) {
	direction := `asc`
	if page.Before != 0 {
		direction, page.After = `desc`, 0
	}
	bans, err := list(ctx, s, scanBan, banQuery+`where b.guild_id = $1 and b.user_id > $2
		and ($3::bigint = 0 or b.user_id < $3) order by b.user_id `+direction+` limit $4`,
		guild, page.After, page.Before, page.Limit)
	if err != nil {
		return nil, fmt.Errorf("bans of guild %s: %w", guild, err)
	}
	if page.Before != 0 {
		slices.Reverse(bans)
	}
	return bans, nil
}

// SearchBans returns bans of users whose name or display name starts with the text, whatever the case.
func (s *Store) SearchBans(ctx context.Context, guild snowflake.ID, prefix string, limit int) ([]discord.Ban, error) {
	bans, err := list(ctx, s, scanBan, banQuery+`where b.guild_id = $1
		and exists (select from unnest(array[u.username, u.global_name]) as name
			where starts_with(lower(name collate "und-x-icu"), $2)) order by b.user_id limit $3`,
		guild, strings.ToLower(prefix), limit)
	if err != nil {
		return nil, fmt.Errorf("search bans of guild %s: %w", guild, err)
	}
	return bans, nil
}

// Ban returns a user's ban, ErrNotFound if there is none.
func (s *Store) Ban(ctx context.Context, guild, user snowflake.ID) (discord.Ban, error) {
	b, err := scanBan(s.pool.QueryRow(ctx, banQuery+`where b.guild_id = $1 and b.user_id = $2`, guild, user))
	if err != nil {
		return b, fmt.Errorf("ban of user %s in guild %s: %w", user, guild, notFound(err))
	}
	return b, nil
}

// NewBan says who is to be banned by whom, and from when on what they said goes; zero: it stays.
type NewBan struct {
	Guild, By snowflake.ID
	Users     []snowflake.ID
	Reason    *string
	Since     time.Time
}

// CreateBans bans those of the users who exist and are not banned yet, removes them from the guild, and returns them,
// ascending. Their messages go in the background. The guild must be held.
func (tx *Tx) CreateBans(ctx context.Context, n NewBan) ([]discord.User, error) {
	banned, err := collect(ctx, tx, scanUser, `
		with banned as (insert into bans (guild_id, user_id, reason)
			select $1, id, $3 from users where id = any($2) on conflict do nothing returning user_id)
		select `+userColumns+` from users u where u.id in (select user_id from banned) order by u.id`,
		n.Guild, n.Users, n.Reason)
	if err != nil {
		return nil, fmt.Errorf("ban from guild %s: %w", n.Guild, err)
	}
	if len(banned) == 0 {
		return nil, nil
	}
	ids := make([]snowflake.ID, len(banned))
	for i, u := range banned {
		ids[i] = u.ID
		if err := tx.emitBan(discord.EventGuildBanAdd, n.Guild, u); err != nil {
			return nil, err
		}
	}
	if _, err := tx.RemoveMembers(ctx, n.Guild, ids); err != nil {
		return nil, err
	}
	if n.Since.IsZero() {
		return banned, nil
	}
	return banned, tx.purgeAuthors(ctx, n, ids)
}

// DeleteBan lifts a ban; ErrNotFound if there is none.
func (tx *Tx) DeleteBan(ctx context.Context, guild, user snowflake.ID) error {
	u, err := scanUser(tx.QueryRow(ctx, `
		with gone as (delete from bans where guild_id = $1 and user_id = $2 returning user_id)
		select `+userColumns+` from users u where u.id in (select user_id from gone)`, guild, user))
	if err != nil {
		return fmt.Errorf("lift ban of user %s in guild %s: %w", user, guild, notFound(err))
	}
	return tx.emitBan(discord.EventGuildBanRemove, guild, u)
}

func (tx *Tx) emitBan(event string, guild snowflake.ID, user discord.User) error {
	head := events.Header{
		Type: event, Guild: guild, User: user.ID, Needs: permissions.BanMembers | permissions.ViewAuditLog,
	}
	return tx.Emit(guild, head, discord.BanEvent{GuildID: guild, User: user})
}

// MembersOf returns those of the users who are members of a guild.
func (tx *Tx) MembersOf(ctx context.Context, guild snowflake.ID, users []snowflake.ID) ([]discord.Member, error) {
	return membersAmong(ctx, tx, guild, users)
}

func membersAmong(ctx context.Context, q querier, guild snowflake.ID, users []snowflake.ID) ([]discord.Member, error) {
	members, err := collect(ctx, q, scanMember, `select `+memberColumns+memberFrom+`
		where m.guild_id = $1 and m.user_id = any($2) order by m.user_id`, guild, users)
	if err != nil {
		return nil, fmt.Errorf("members of guild %s: %w", guild, err)
	}
	return members, nil
}

// MembersOf is Tx.MembersOf outside a change.
func (s *Store) MembersOf(ctx context.Context, guild snowflake.ID, users []snowflake.ID) ([]discord.Member, error) {
	return membersAmong(ctx, s.pool, guild, users)
}

// Exists reports whether there is an account of the id.
func (tx *Tx) Exists(ctx context.Context, user snowflake.ID) (exists bool, err error) {
	if err = tx.QueryRow(ctx, `select exists (select from users where id = $1)`, user).Scan(&exists); err != nil {
		return false, fmt.Errorf("user %s: %w", user, err)
	}
	return exists, nil
}
