package store

import (
	"context"
	"fmt"
	"time"

	"guildhall.chat/guildhall/internal/snowflake"
)

// PersonByEmail returns the person with a mail address, and the address as that person spelled it; ErrNotFound.
func (s *Store) PersonByEmail(ctx context.Context, email string) (user snowflake.ID, address string, err error) {
	err = s.pool.QueryRow(ctx, `select id, email from users where lower(email) = lower($1) and not bot and deleted_at is null`, email).
		Scan(&user, &address)
	if err != nil {
		return 0, "", fmt.Errorf("person by mail address: %w", notFound(err))
	}
	return user, address, nil
}

// CreatePasswordReset keeps the hash of a token with which a person may choose another password. It replaces earlier ones.
func (tx *Tx) CreatePasswordReset(ctx context.Context, user snowflake.ID, hash []byte, expires time.Time) error {
	if _, err := tx.Exec(ctx, `delete from password_resets where user_id = $1`, user); err != nil {
		return fmt.Errorf("forget earlier password resets: %w", err)
	}
	err := found(tx.Exec(ctx, `insert into password_resets (hash, user_id, expires_at)
		select $1, id, $3 from users where id = $2 and not bot and deleted_at is null`, hash, user, expires))
	if err != nil {
		return fmt.Errorf("create password reset: %w", err)
	}
	return nil
}

// PasswordResetGood returns ErrNotFound unless ResetPassword would take the token: passwords are costly to hash.
func (s *Store) PasswordResetGood(ctx context.Context, hash []byte) error {
	err := found(s.pool.Exec(ctx, `select from password_resets where hash = $1 and expires_at > now()`, hash))
	if err != nil {
		return fmt.Errorf("password reset: %w", err)
	}
	return nil
}

// ResetPassword uses a token up, gives its user another password and ends all logins. ErrNotFound: no such token, or too old.
func (tx *Tx) ResetPassword(ctx context.Context, hash []byte, password string) (user snowflake.ID, epoch int64, err error) {
	err = tx.QueryRow(ctx, `delete from password_resets where hash = $1 and expires_at > now() returning user_id`, hash).Scan(&user)
	if err != nil {
		return 0, 0, fmt.Errorf("reset password: %w", notFound(err))
	}
	if _, err := tx.Exec(ctx, `update users set password_hash = $2 where id = $1`, user, password); err != nil {
		return 0, 0, fmt.Errorf("reset password of user %s: %w", user, err)
	}
	epoch, err = tx.EndAllLogins(ctx, user)
	return user, epoch, err
}

// VoidPassword makes a person's password no good and ends all logins, until it is reset.
func (tx *Tx) VoidPassword(ctx context.Context, user snowflake.ID) ([]AccountEpoch, error) {
	if _, err := tx.Exec(ctx, `update users set password_hash = null where id = $1`, user); err != nil {
		return nil, fmt.Errorf("void password of user %s: %w", user, err)
	}
	return tx.EndAccess(ctx, user)
}
