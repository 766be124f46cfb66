package store

import (
	"context"
	"fmt"
	"time"

	"guildhall.chat/guildhall/internal/snowflake"
)

// CreateVerification keeps the hash of a token that has been mailed to an address of the user. It replaces earlier ones.
func (tx *Tx) CreateVerification(ctx context.Context, user snowflake.ID, email string, hash []byte, expires time.Time) error {
	if _, err := tx.Exec(ctx, `delete from email_verifications where user_id = $1`, user); err != nil {
		return fmt.Errorf("forget earlier verifications: %w", err)
	}
	_, err := tx.Exec(ctx, `insert into email_verifications (hash, user_id, email, expires_at) values ($1, $2, $3, $4)`,
		hash, user, email, expires)
	if err != nil {
		return fmt.Errorf("create verification: %w", err)
	}
	return nil
}

// VerifyEmail uses up a mailed token and returns the user whose address it proves. ErrNotFound: no such token, or it is too
// old, or the user has another address by now.
func (tx *Tx) VerifyEmail(ctx context.Context, hash []byte) (snowflake.ID, error) {
	var user snowflake.ID
	var email string
	err := tx.QueryRow(ctx, `delete from email_verifications where hash = $1 and expires_at > now() returning user_id, email`,
		hash).Scan(&user, &email)
	if err != nil {
		return 0, fmt.Errorf("verify mail address: %w", notFound(err))
	}
	self, err := tx.LockSelf(ctx, user)
	if err != nil {
		return 0, err
	}
	if self.Email == nil || *self.Email != email {
		return 0, fmt.Errorf("verify mail address: %w", ErrNotFound)
	}
	self.Verified = true
	return user, tx.UpdateSelf(ctx, self, false)
}
