package store

import (
	"context"
	"fmt"
	"time"

	"guildhall.chat/guildhall/internal/snowflake"
)

// Grant is what an OAuth2 access token stands for.
type Grant struct {
	ID            snowflake.ID // of the token
	Authorization snowflake.ID
	Scopes        []string
	Expires       time.Time
}

// Grant returns whose an OAuth2 access token is and what it allows, with the application that it was given to as the
// identity's. ErrNotFound: there is no such token, or no longer.
func (s *Store) Grant(ctx context.Context, id snowflake.ID) (Identity, Grant, error) {
	i, g := Identity{}, Grant{ID: id}
	err := s.pool.QueryRow(ctx, `
		select u.id, u.auth_epoch, u.verified, o.application_id, o.id, t.scopes, t.expires_at
		from oauth2_tokens t
		join oauth2_authorizations o on o.id = t.authorization_id
		join users u on u.id = o.user_id
		where t.id = $1 and t.expires_at > now() and not u.bot
			and u.suspended_at is null and u.disabled_at is null and u.deleted_at is null`, id).
		Scan(&i.UserID, &i.Epoch, &i.Verified, &i.ApplicationID, &g.Authorization, &g.Scopes, &g.Expires)
	if err != nil {
		return i, g, fmt.Errorf("grant %s: %w", id, notFound(err))
	}
	return i, g, nil
}
