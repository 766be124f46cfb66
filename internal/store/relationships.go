package store

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/snowflake"
)

const (
	relationshipColumns = `r.type, r.nickname, r.ignored, r.since, ` + userColumns
	// relationshipsQuery lists what others are to a user.
	relationshipsQuery = `select ` + relationshipColumns + ` from relationships r join users u on u.id = r.other_id
		where r.user_id = $1 order by u.id`
)

func scanRelationship(row pgx.Row) (discord.Relationship, error) {
	var r discord.Relationship
	var since time.Time
	err := row.Scan(append([]any{&r.Type, &r.Nickname, &r.UserIgnored, &since}, userTargets(&r.User)...)...)
	r.ID, r.Since = r.User.ID, discord.At(since)
	return r, err
}

// Relationships returns what others are to a user, by id.
func (s *Store) Relationships(ctx context.Context, user snowflake.ID) ([]discord.Relationship, error) {
	all, err := collect(ctx, s.pool, scanRelationship, relationshipsQuery, user)
	if err != nil {
		return nil, fmt.Errorf("relationships of user %s: %w", user, err)
	}
	return all, nil
}

// FriendsOf returns the ids of a user's friends, ascending.
func (s *Store) FriendsOf(ctx context.Context, user snowflake.ID) ([]snowflake.ID, error) {
	rows, err := s.pool.Query(ctx, `select other_id from relationships where user_id = $1 and type = $2 order by other_id`,
		user, discord.RelationshipFriend)
	if err != nil {
		return nil, fmt.Errorf("friends of user %s: %w", user, err)
	}
	return pgx.CollectRows(rows, pgx.RowTo[snowflake.ID])
}

// MutualFriends returns who is a friend of both users, by id.
func (s *Store) MutualFriends(ctx context.Context, a, b snowflake.ID) ([]discord.User, error) {
	users, err := collect(ctx, s.pool, scanUser, `select `+userColumns+` from relationships x
		join relationships y on y.user_id = $2 and y.other_id = x.other_id and y.type = $3
		join users u on u.id = x.other_id where x.user_id = $1 and x.type = $3 order by u.id`,
		a, b, discord.RelationshipFriend)
	if err != nil {
		return nil, fmt.Errorf("common friends of %s and %s: %w", a, b, err)
	}
	return users, nil
}

// AreFriends reports whether all of the others are friends of the user.
func (s *Store) AreFriends(ctx context.Context, user snowflake.ID, others []snowflake.ID) (all bool, err error) {
	err = s.pool.QueryRow(ctx, `select not exists (select from unnest($2::bigint[]) other where not exists (
		select from relationships r where r.user_id = $1 and r.other_id = other and r.type = $3))`,
		user, others, discord.RelationshipFriend).Scan(&all)
	if err != nil {
		return false, fmt.Errorf("friends of user %s: %w", user, err)
	}
	return all, nil
}

// Acquaintance is what decides whether one user may write to, or ask for the friendship of, another.
type Acquaintance struct {
	Blocked      bool // by either of them
	Friends      bool
	CommonGuild  bool // they are in the same guild
	OpenGuild    bool // where members may write to each other now, and whose members the other takes messages from
	CommonFriend bool
	Sources      *FriendSources // who may ask the other; nil: anybody
}

// FriendSources says who may ask for friendship; it is a part of the settings.
type FriendSources struct {
	All     bool `json:"all"`
	Friends bool `json:"mutual_friends"`
	Guilds  bool `json:"mutual_guilds"`
}

// Acquaintance returns how a user stands to another, in one query.
func (s *Store) Acquaintance(ctx context.Context, user, other snowflake.ID) (Acquaintance, error) {
	return acquaintance(ctx, s.pool, user, other)
}

// Acquaintance is Store.Acquaintance within a change.
func (tx *Tx) Acquaintance(ctx context.Context, user, other snowflake.ID) (Acquaintance, error) {
	return acquaintance(ctx, tx, user, other)
}

func acquaintance(ctx context.Context, q querier, user, other snowflake.ID) (a Acquaintance, err error) {
	err = q.QueryRow(ctx, `
		with common as (select x.guild_id, coalesce(g.dms_disabled_until > now(), false) as stopped
				from members x join members y on y.guild_id = x.guild_id join guilds g on g.id = x.guild_id
				where x.user_id = $1 and y.user_id = $2),
			settings as (select settings from user_settings where user_id = $2)
		select
			exists (select from relationships where type = $3
				and (user_id, other_id) in (($1, $2), ($2, $1))),
			exists (select from relationships where user_id = $1 and other_id = $2 and type = $4),
			exists (select from common),
			exists (select from common where not stopped and not coalesce(
				(select settings->'restricted_guilds' from settings) ? guild_id::text, false)),
			exists (select from relationships x join relationships y on y.user_id = $2 and y.other_id = x.other_id
				where x.user_id = $1 and x.type = $4 and y.type = $4),
			(select settings->'friend_source_flags' from settings)`,
		user, other, discord.RelationshipBlocked, discord.RelationshipFriend).
		Scan(&a.Blocked, &a.Friends, &a.CommonGuild, &a.OpenGuild, &a.CommonFriend, &a.Sources)
	if err != nil {
		return a, fmt.Errorf("acquaintance of %s and %s: %w", user, other, err)
	}
	return a, nil
}
