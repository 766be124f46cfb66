package store

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/events"
	"guildhall.chat/guildhall/internal/snowflake"
)

// Pair is what two users are to each other, held until the change ends. One who is nothing to the other has the type
// discord.RelationshipNone.
type Pair struct {
	Mine   discord.Relationship // what the other is to the user
	Theirs discord.Relationship // what the user is to the other
}

// HoldPair locks what a user and another are to each other; ErrNotFound: there is no such user.
func (tx *Tx) HoldPair(ctx context.Context, user, other snowflake.ID) (p Pair, err error) {
	users, err := collect(ctx, tx, scanUser, `select `+userColumns+` from users u where u.id = any($1)
		order by u.id for no key update`, []snowflake.ID{user, other})
	if err != nil {
		return p, fmt.Errorf("hold users %s and %s: %w", user, other, err)
	}
	if len(users) != 2 {
		return p, fmt.Errorf("user %s: %w", other, ErrNotFound)
	}
	for _, u := range users {
		if u.ID == user {
			p.Theirs.ID, p.Theirs.User = u.ID, u
		} else {
			p.Mine.ID, p.Mine.User = u.ID, u
		}
	}
	for of, r := range map[snowflake.ID]*discord.Relationship{user: &p.Mine, other: &p.Theirs} {
		found, err := scanRelationship(tx.QueryRow(ctx, `select `+relationshipColumns+
			` from relationships r join users u on u.id = r.other_id where r.user_id = $1 and r.other_id = $2`, of, r.ID))
		switch {
		case errors.Is(err, pgx.ErrNoRows):
		case err != nil:
			return p, fmt.Errorf("relationship of %s to %s: %w", of, r.ID, err)
		default:
			*r = found
		}
	}
	return p, nil
}

// CountRelationships returns how many of a type a user has.
func (tx *Tx) CountRelationships(ctx context.Context, user snowflake.ID, kind discord.RelationshipType) (n int, err error) {
	err = tx.QueryRow(ctx, `select count(*) from relationships where user_id = $1 and type = $2`, user, kind).Scan(&n)
	if err != nil {
		return 0, fmt.Errorf("count relationships of user %s: %w", user, err)
	}
	return n, nil
}

// Relate makes the other of r what r says to a user, from now on, and tells the user.
func (tx *Tx) Relate(ctx context.Context, user snowflake.ID, r discord.Relationship, notify bool) error {
	r.Since = discord.At(tx.NewID().Time())
	_, err := tx.Exec(ctx, `insert into relationships (user_id, other_id, type, nickname, ignored, since)
		values ($1, $2, $3, $4, $5, $6)
		on conflict (user_id, other_id) do update set type = excluded.type, nickname = excluded.nickname,
			ignored = excluded.ignored, since = excluded.since`,
		user, r.ID, r.Type, r.Nickname, r.UserIgnored, r.Since.Time)
	if err != nil {
		return fmt.Errorf("relate user %s to %s: %w", user, r.ID, err)
	}
	return tx.Emit(user, events.Header{Type: discord.EventRelationshipAdd, User: r.ID},
		discord.RelationshipAddEvent{Relationship: r, ShouldNotify: notify})
}

// AdjustRelationship writes nickname and whether the other is ignored, and tells the user.
func (tx *Tx) AdjustRelationship(ctx context.Context, user snowflake.ID, r discord.Relationship) error {
	err := found(tx.Exec(ctx, `update relationships set nickname = $3, ignored = $4 where user_id = $1 and other_id = $2`,
		user, r.ID, r.Nickname, r.UserIgnored))
	if err != nil {
		return fmt.Errorf("adjust relationship of %s to %s: %w", user, r.ID, err)
	}
	return tx.emitRelationship(user, discord.EventRelationshipUpdate, r)
}

// Unrelate ends what r says that the other is to a user, and tells the user.
func (tx *Tx) Unrelate(ctx context.Context, user snowflake.ID, r discord.Relationship) error {
	if _, err := tx.Exec(ctx, `delete from relationships where user_id = $1 and other_id = $2`, user, r.ID); err != nil {
		return fmt.Errorf("end relationship of %s to %s: %w", user, r.ID, err)
	}
	return tx.emitRelationship(user, discord.EventRelationshipRemove, r)
}

func (tx *Tx) emitRelationship(user snowflake.ID, event string, r discord.Relationship) error {
	return tx.Emit(user, events.Header{Type: event, User: r.ID},
		discord.RelationshipEvent{ID: r.ID, Type: r.Type, Nickname: r.Nickname, UserIgnored: r.UserIgnored})
}

// UserNamed returns the person of a username; ErrNotFound. Bots' names are not unique.
func (s *Store) UserNamed(ctx context.Context, username string) (discord.User, error) {
	u, err := scanUser(s.pool.QueryRow(ctx,
		`select `+userColumns+` from users u where lower(u.username) = lower($1) and not u.bot`, username))
	if err != nil {
		return u, fmt.Errorf("user by name: %w", notFound(err))
	}
	return u, nil
}

// Requests returns who asks for a user's friendship, the oldest first, up to a number.
func (s *Store) Requests(ctx context.Context, user snowflake.ID, most int) ([]snowflake.ID, error) {
	rows, err := s.pool.Query(ctx, `select other_id from relationships where user_id = $1 and type = $2
		order by since, other_id limit $3`, user, discord.RelationshipIncoming, most)
	if err != nil {
		return nil, fmt.Errorf("friend requests to user %s: %w", user, err)
	}
	return pgx.CollectRows(rows, pgx.RowTo[snowflake.ID])
}
