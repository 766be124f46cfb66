package store

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/events"
	"guildhall.chat/guildhall/internal/permissions"
	"guildhall.chat/guildhall/internal/snowflake"
)

// memberColumns are a member with its user; the aliases are m and u.
const memberColumns = `m.nick, m.avatar, m.banner, m.roles, m.joined_at, m.deaf, m.mute, m.flags, m.pending,
	m.timed_out_until, ` + userColumns

const memberFrom = ` from members m join users u on u.id = m.user_id `

func scanMember(row pgx.Row) (discord.Member, error) {
	var m discord.Member
	err := readMember(row, &m, &discord.User{})
	return m, err
}

// readMember scans a member and its user into m and u.
func readMember(row pgx.Row, m *discord.Member, u *discord.User) error {
	var joined time.Time
	var timedOut *time.Time
	targets := append([]any{&m.Nick, &m.Avatar, &m.Banner, &m.Roles, &joined, &m.Deaf, &m.Mute, &m.Flags, &m.Pending,
		&timedOut}, userTargets(u)...)
	err := row.Scan(targets...)
	m.User, m.JoinedAt, m.CommunicationDisabledUntil = u, discord.At(joined), discord.AtOrNil(timedOut)
	if m.Roles == nil {
		m.Roles = []snowflake.ID{}
	}
	return err
}

// eachMember calls do with each row's member, which is the same object each time.
func eachMember(rows pgx.Rows, do func(*discord.Member) error) error {
	var m discord.Member
	var u discord.User
	for rows.Next() {
		m, u = discord.Member{}, discord.User{}
		if err := readMember(rows, &m, &u); err != nil {
			return err
		}
		if err := do(&m); err != nil {
			return err
		}
	}
	return rows.Err()
}

// Member returns a user's membership of a guild.
func (s *Store) Member(ctx context.Context, guild, user snowflake.ID) (discord.Member, error) {
	return member(ctx, s.pool, guild, user)
}

// Member is Store.Member within a change.
func (tx *Tx) Member(ctx context.Context, guild, user snowflake.ID) (discord.Member, error) {
	return member(ctx, tx, guild, user)
}

func member(ctx context.Context, q querier, guild, user snowflake.ID) (discord.Member, error) {
	m, err := scanMember(q.QueryRow(ctx,
		`select `+memberColumns+memberFrom+`where m.guild_id = $1 and m.user_id = $2`, guild, user))
	if err != nil {
		return m, fmt.Errorf("member %s of guild %s: %w", user, guild, notFound(err))
	}
	return m, nil
}

// GuildsOf returns the ids of the guilds that a user is in, ascending.
func (s *Store) GuildsOf(ctx context.Context, user snowflake.ID) ([]snowflake.ID, error) {
	return guildsOf(ctx, s.pool, user)
}

const guildsQuery = `select guild_id from members where user_id = $1 order by guild_id`

func guildsOf(ctx context.Context, q querier, user snowflake.ID) ([]snowflake.ID, error) {
	rows, err := q.Query(ctx, guildsQuery, user)
	if err != nil {
		return nil, fmt.Errorf("guilds of user %s: %w", user, err)
	}
	return pgx.CollectRows(rows, pgx.RowTo[snowflake.ID])
}

// MemberAccess is what permissions need to know of a member of a guild, and the permission version that it is of.
type MemberAccess struct {
	Guild   snowflake.ID
	Member  permissions.Member
	Version events.Version
}

const memberAccess = `select m.guild_id, m.user_id, m.roles, m.timed_out_until, m.pending, m.flags, l.structure, l.members from members m
	join logs l on l.id = m.guild_id `

func scanMemberAccess(row pgx.Row) (m MemberAccess, err error) {
	var timedOut *time.Time
	var flags int
	is := &m.Member
	err = row.Scan(&m.Guild, &is.User, &is.Roles, &timedOut, &is.Pending, &flags, &m.Version.Structure, &m.Version.Members)
	if timedOut != nil {
		is.TimedOutUntil = *timedOut
	}
	is.Quarantined = flags&discord.MemberQuarantinedName != 0
	return m, err
}

// MemberAccess returns that of a user in a guild. It is one statement, which sees one moment, so the version is not newer than
// the roles.
func (s *Store) MemberAccess(ctx context.Context, guild, user snowflake.ID) (MemberAccess, error) {
	m, err := scanMemberAccess(s.pool.QueryRow(ctx, memberAccess+`where m.guild_id = $1 and m.user_id = $2`, guild, user))
	if err != nil {
		return m, fmt.Errorf("member %s of guild %s: %w", user, guild, notFound(err))
	}
	return m, nil
}

// MemberAccessIn returns those of a user in some guilds; none where the user is no member.
func (s *Store) MemberAccessIn(ctx context.Context, user snowflake.ID, guilds []snowflake.ID) ([]MemberAccess, error) {
	list, err := collect(ctx, s.pool, scanMemberAccess, memberAccess+`where m.user_id = $1 and m.guild_id = any($2)`, user, guilds)
	if err != nil {
		return nil, fmt.Errorf("memberships of user %s: %w", user, err)
	}
	return list, nil
}
