package store

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"guildhall.chat/guildhall/internal/snowflake"
)

const (
	// maxLogins bounds a user's logins; a new one ends those that were used longest ago.
	maxLogins = 100
	// maxUserAgent bounds what is kept of a client's name, in bytes.
	maxUserAgent = 256
)

// Login is a user's session, from a password to its end. Refresh tokens follow one another within it.
type Login struct {
	User    snowflake.ID
	Session snowflake.ID
	Epoch   int64 // the user's, for the access token
}

// RefreshToken is a new token as it is stored.
type RefreshToken struct {
	Hash    []byte
	Expires time.Time
}

// LogIn is CreateLogin for a user whose password has been verified; ErrNotFound if it has been changed since.
func (tx *Tx) LogIn(ctx context.Context, verified Password, userAgent string, token RefreshToken) (Login, error) {
	err := found(tx.Exec(ctx, `select from users where id = $1 and password_hash = $2 for no key update`, verified.User, verified.Hash))
	if err != nil {
		return Login{}, fmt.Errorf("log in user %s: %w", verified.User, err)
	}
	return tx.CreateLogin(ctx, verified.User, userAgent, token)
}

// CreateLogin makes a login for a user who has proven who it is. A user has a bounded number of them. ErrSuspended,
// ErrDisabled.
func (tx *Tx) CreateLogin(ctx context.Context, user snowflake.ID, userAgent string, token RefreshToken) (Login, error) {
	login := Login{User: user, Session: tx.NewID()}
	epoch, err := tx.mayLogIn(ctx, user)
	if err != nil {
		return login, err
	}
	_, err = tx.Exec(ctx, `insert into auth_sessions (id, user_id, user_agent) values ($1, $2, $3)`,
		login.Session, user, strings.ToValidUTF8(userAgent[:min(len(userAgent), maxUserAgent)], ""))
	if err != nil {
		return login, fmt.Errorf("create login: %w", err)
	}
	if err := tx.seen(ctx, user); err != nil {
		return login, err
	}
	if err := tx.addRefreshToken(ctx, login.Session, token); err != nil {
		return login, err
	}
	ended, err := tx.endLogins(ctx, `id in (select id from auth_sessions where user_id = $1 and revoked_at is null
		order by last_used desc, id desc offset $2)`, user, maxLogins)
	if err != nil {
		return login, err
	}
	if ended > 0 {
		login.Epoch, err = tx.credentialsChanged(ctx, user)
		return login, err
	}
	login.Epoch = epoch
	return login, nil
}

func (tx *Tx) addRefreshToken(ctx context.Context, session snowflake.ID, token RefreshToken) error {
	_, err := tx.Exec(ctx, `insert into refresh_tokens (hash, session_id, expires_at) values ($1, $2, $3)`,
		token.Hash, session, token.Expires)
	if err != nil {
		return fmt.Errorf("add refresh token: %w", err)
	}
	return nil
}

// endLogins revokes logins that are selected by user, $1, and what else where says.
func (tx *Tx) endLogins(ctx context.Context, where string, args ...any) (int64, error) {
	tag, err := tx.Exec(ctx, `update auth_sessions set revoked_at = now()
		where user_id = $1 and revoked_at is null and `+where, args...)
	if err != nil {
		return 0, fmt.Errorf("end logins: %w", err)
	}
	return tag.RowsAffected(), nil
}

// EndLogin ends one login of a user and returns the user's new epoch.
func (s *Store) EndLogin(ctx context.Context, user, session snowflake.ID) (epoch int64, err error) {
	err = s.Change(ctx, func(tx *Tx) error {
		// The user's row first, in the order of those who change an account.
		if epoch, err = tx.credentialsChanged(ctx, user); err != nil {
			return err
		}
		_, err = tx.endLogins(ctx, `id = $2`, user, session)
		return err
	})
	return epoch, err
}

// EndAllLogins ends every login of a user and returns the user's new epoch.
func (tx *Tx) EndAllLogins(ctx context.Context, user snowflake.ID) (epoch int64, err error) {
	if _, err := tx.endLogins(ctx, `true`, user); err != nil {
		return 0, err
	}
	return tx.credentialsChanged(ctx, user)
}

// ErrReused is returned when a refresh token is presented for the second time: one of the two who did is a thief, so the
// login has been ended.
var ErrReused = errors.New("refresh token was used before")

// Refresh spends a refresh token for the next one of its login. ErrNotFound: no such token, or it is too old, or its login
// has ended. ErrReused comes with the login, which has the user's new epoch.
// https://datatracker.ietf.org/doc/html/rfc9700#section-4.14.2
func (s *Store) Refresh(ctx context.Context, hash []byte, next RefreshToken) (login Login, err error) {
	var reused bool
	err = s.Change(ctx, func(tx *Tx) error {
		login, reused = Login{}, false
		var good bool
		err := tx.QueryRow(ctx, `
			select a.user_id, a.id, u.auth_epoch, r.spent_at is not null,
				r.expires_at > now() and a.revoked_at is null
			from refresh_tokens r join auth_sessions a on a.id = r.session_id join users u on u.id = a.user_id
			where r.hash = $1 for update of r, a`, hash).
			Scan(&login.User, &login.Session, &login.Epoch, &reused, &good)
		if err != nil {
			return fmt.Errorf("refresh: %w", notFound(err))
		}
		if !good {
			return fmt.Errorf("refresh: %w", ErrNotFound)
		}
		if reused {
			// The change must commit; the caller is told afterwards.
			if _, err := tx.endLogins(ctx, `id = $2`, login.User, login.Session); err != nil {
				return err
			}
			login.Epoch, err = tx.credentialsChanged(ctx, login.User)
			return err
		}
		if _, err := tx.Exec(ctx, `update refresh_tokens set spent_at = now() where hash = $1`, hash); err != nil {
			return fmt.Errorf("spend refresh token: %w", err)
		}
		if _, err := tx.Exec(ctx, `update auth_sessions set last_used = now() where id = $1`, login.Session); err != nil {
			return fmt.Errorf("use login: %w", err)
		}
		if err := tx.seen(ctx, login.User); err != nil {
			return err
		}
		return tx.addRefreshToken(ctx, login.Session, next)
	})
	if err == nil && reused {
		err = ErrReused
	}
	return login, err
}
