package store

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/snowflake"
)

// Authorization is what a user has agreed to that an application may do.
type Authorization struct {
	ID          snowflake.ID
	Application discord.Application
	Scopes      []string
	UserInstall bool // the application's commands go everywhere with the user
}

// Authorize adds scopes to what a user has agreed to with an application; none for tokens of the application's own. The
// authorization is locked until the end of the change. ErrNotFound: no such user or application.
func (tx *Tx) Authorize(ctx context.Context, user, app snowflake.ID, scopes []string, userInstall bool) (id snowflake.ID, err error) {
	if scopes == nil {
		scopes = []string{}
	}
	err = tx.QueryRow(ctx, `
		insert into oauth2_authorizations as o (id, application_id, user_id, scopes, user_install) values ($1, $2, $3, $4, $5)
		on conflict (application_id, user_id) do update set
			scopes = array(select distinct unnest(o.scopes || excluded.scopes) order by 1),
			user_install = o.user_install or excluded.user_install
		returning id`, tx.NewID(), app, user, scopes, userInstall).Scan(&id)
	var pg *pgconn.PgError
	if errors.As(err, &pg) && pg.Code == foreignKeyViolation {
		err = ErrNotFound // deleted this very moment
	}
	if err != nil {
		return 0, fmt.Errorf("authorize application %s for user %s: %w", app, user, err)
	}
	return id, nil
}

// foreignKeyViolation is the SQLSTATE. https://www.postgresql.org/docs/15/errcodes-appendix.html
const foreignKeyViolation = "23503"

// lockAuthorization keeps an authorization, its codes and its tokens as they are until the end of the change.
func (tx *Tx) lockAuthorization(ctx context.Context, id snowflake.ID) error {
	if err := found(tx.Exec(ctx, `select from oauth2_authorizations where id = $1 for update`, id)); err != nil {
		return fmt.Errorf("lock authorization %s: %w", id, err)
	}
	return nil
}

// AuthorizedScopes returns what a user has agreed to with an application so far.
func (s *Store) AuthorizedScopes(ctx context.Context, user, app snowflake.ID) ([]string, error) {
	list, err := collect(ctx, s.pool, func(row pgx.Row) (scopes []string, err error) { return scopes, row.Scan(&scopes) },
		`select scopes from oauth2_authorizations where user_id = $1 and application_id = $2`, user, app)
	if err != nil || len(list) == 0 {
		return nil, err
	}
	return list[0], nil
}

// AuthorizationsOf returns what a user has agreed to, oldest first.
func (s *Store) AuthorizationsOf(ctx context.Context, user snowflake.ID) ([]Authorization, error) {
	list, err := collect(ctx, s.pool, func(row pgx.Row) (a Authorization, err error) {
		return a, row.Scan(&a.ID, &a.Application.ID, &a.Scopes, &a.UserInstall)
	}, `select id, application_id, scopes, user_install from oauth2_authorizations
		where user_id = $1 and (scopes <> '{}' or user_install) order by id`, user)
	if err != nil {
		return nil, fmt.Errorf("authorizations of user %s: %w", user, err)
	}
	ids := make([]snowflake.ID, len(list))
	for i, a := range list {
		ids[i] = a.Application.ID
	}
	apps, err := s.Applications(ctx, ids)
	if err != nil {
		return nil, err
	}
	known := list[:0]
	for _, a := range list {
		for _, app := range apps {
			if app.ID == a.Application.ID {
				a.Application = app
				known = append(known, a)
			}
		}
	}
	return known, nil
}

// Revoked is an authorization that has ended, with all that was issued for it.
type Revoked struct {
	Application snowflake.ID
	User        snowflake.ID
	Scopes      []string
}

// Revoke ends an authorization and every code and token of it.
func (tx *Tx) Revoke(ctx context.Context, id snowflake.ID) (Revoked, error) {
	var r Revoked
	err := tx.QueryRow(ctx, `delete from oauth2_authorizations where id = $1 returning application_id, user_id, scopes`, id).
		Scan(&r.Application, &r.User, &r.Scopes)
	if err != nil {
		return r, fmt.Errorf("revoke authorization %s: %w", id, notFound(err))
	}
	// What the application said of the user is not the application's to say any more.
	_, err = tx.Exec(ctx, `delete from role_connections where application_id = $1 and user_id = $2`, r.Application, r.User)
	if err != nil {
		return r, fmt.Errorf("forget connection of user %s: %w", r.User, err)
	}
	return r, tx.tellDeauthorized(ctx, r)
}

// tellDeauthorized queues APPLICATION_DEAUTHORIZED for the application.
// https://discord.com/developers/docs/events/webhook-events#application-deauthorized
func (tx *Tx) tellDeauthorized(ctx context.Context, r Revoked) error {
	user, err := scanUser(tx.QueryRow(ctx, `select `+userColumns+` from users u where u.id = $1`, r.User))
	if err != nil {
		return fmt.Errorf("user %s: %w", r.User, notFound(err))
	}
	return tx.QueueEvent(ctx, r.Application, discord.WebhookApplicationDeauthorized, discord.ApplicationDeauthorizedData{User: user})
}

// RevokeOwn is Revoke for a user; ErrNotFound if the authorization is not the user's.
func (tx *Tx) RevokeOwn(ctx context.Context, user, id snowflake.ID) (Revoked, error) {
	err := found(tx.Exec(ctx, `select from oauth2_authorizations where id = $1 and user_id = $2 for update`, id, user))
	if err != nil {
		return Revoked{}, fmt.Errorf("authorization %s: %w", id, err)
	}
	return tx.Revoke(ctx, id)
}
