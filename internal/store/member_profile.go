package store

import (
	"context"
	"fmt"

	"guildhall.chat/guildhall/internal/snowflake"
)

// MemberProfile is what somebody says of itself in one guild.
type MemberProfile struct {
	Bio      string
	Pronouns string
}

// MemberProfile returns what a member says of itself; ErrNotFound: no member.
func (s *Store) MemberProfile(ctx context.Context, guild, user snowflake.ID) (p MemberProfile, err error) {
	err = s.pool.QueryRow(ctx, `select bio, pronouns from members where guild_id = $1 and user_id = $2`, guild, user).
		Scan(&p.Bio, &p.Pronouns)
	if err != nil {
		return p, fmt.Errorf("profile of member %s of guild %s: %w", user, guild, notFound(err))
	}
	return p, nil
}

// WriteMemberProfile changes what a member says of itself; nil stays as it is.
func (tx *Tx) WriteMemberProfile(ctx context.Context, guild, user snowflake.ID, bio, pronouns *string) error {
	err := found(tx.Exec(ctx, `update members set bio = coalesce($3, bio), pronouns = coalesce($4, pronouns)
		where guild_id = $1 and user_id = $2`, guild, user, bio, pronouns))
	if err != nil {
		return fmt.Errorf("profile of member %s of guild %s: %w", user, guild, err)
	}
	return nil
}
