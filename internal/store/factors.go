package store

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"guildhall.chat/guildhall/internal/snowflake"
)

// Factor is a user's second one.
type Factor struct {
	Sealed []byte // the secret of TOTP
	Backup []BackupCode
}

// BackupCode stands for a code of TOTP, once.
type BackupCode struct {
	Number int
	Sealed []byte
	Used   bool
}

// Factor returns a user's second factor; ErrNotFound: there is none.
func (s *Store) Factor(ctx context.Context, user snowflake.ID) (Factor, error) {
	var f Factor
	err := s.pool.QueryRow(ctx, `select totp_sealed from users where id = $1 and mfa_enabled`, user).Scan(&f.Sealed)
	if err != nil {
		return f, fmt.Errorf("second factor of user %s: %w", user, notFound(err))
	}
	scan := func(row pgx.Row) (b BackupCode, err error) { return b, row.Scan(&b.Number, &b.Sealed, &b.Used) }
	f.Backup, err = collect(ctx, s.pool, scan,
		`select number, sealed, used_at is not null from backup_codes where user_id = $1 order by number`, user)
	if err != nil {
		return f, fmt.Errorf("backup codes of user %s: %w", user, err)
	}
	return f, nil
}

// EnableMFA gives a user a second factor, of which the code of a step has been used. ErrNotFound: the user has one.
func (tx *Tx) EnableMFA(ctx context.Context, user snowflake.ID, sealed []byte, step int64, backup [][]byte) ([]AccountEpoch, error) {
	self, err := tx.LockSelf(ctx, user)
	if err != nil {
		return nil, err
	}
	err = found(tx.Exec(ctx, `update users set mfa_enabled = true, totp_sealed = $2, totp_step = $3
		where id = $1 and not mfa_enabled and not bot`, user, sealed, step))
	if err != nil {
		return nil, fmt.Errorf("enable second factor of user %s: %w", user, err)
	}
	if err := tx.ReplaceBackupCodes(ctx, user, backup); err != nil {
		return nil, err
	}
	self.MFAEnabled = true
	if err := tx.UpdateSelf(ctx, self, false); err != nil {
		return nil, err
	}
	return tx.RaiseEpochs(ctx, user)
}

// DisableMFA takes a user's second factor away. ErrNotFound: the user has none.
func (tx *Tx) DisableMFA(ctx context.Context, user snowflake.ID) ([]AccountEpoch, error) {
	self, err := tx.LockSelf(ctx, user)
	if err != nil {
		return nil, err
	}
	if err := found(tx.Exec(ctx, `update users set mfa_enabled = false, totp_sealed = null where id = $1 and mfa_enabled`, user)); err != nil {
		return nil, fmt.Errorf("disable second factor of user %s: %w", user, err)
	}
	if _, err := tx.Exec(ctx, `delete from backup_codes where user_id = $1`, user); err != nil {
		return nil, fmt.Errorf("delete backup codes of user %s: %w", user, err)
	}
	self.MFAEnabled = false
	if err := tx.UpdateSelf(ctx, self, false); err != nil {
		return nil, err
	}
	return tx.RaiseEpochs(ctx, user)
}

// ReplaceBackupCodes gives a user other backup codes.
func (tx *Tx) ReplaceBackupCodes(ctx context.Context, user snowflake.ID, sealed [][]byte) error {
	if _, err := tx.Exec(ctx, `delete from backup_codes where user_id = $1`, user); err != nil {
		return fmt.Errorf("delete backup codes of user %s: %w", user, err)
	}
	_, err := tx.Exec(ctx, `insert into backup_codes (user_id, number, sealed)
		select $1, n, code from unnest($2::bytea[]) with ordinality as codes (code, n)`, user, sealed)
	if err != nil {
		return fmt.Errorf("create backup codes of user %s: %w", user, err)
	}
	return nil
}

// SpendStep uses up the code of a time step. ErrNotFound: it, or a later one, has been used.
func (tx *Tx) SpendStep(ctx context.Context, user snowflake.ID, step int64) error {
	err := found(tx.Exec(ctx, `update users set totp_step = $2 where id = $1 and totp_step < $2 and mfa_enabled`, user, step))
	if err != nil {
		return fmt.Errorf("spend code of user %s: %w", user, err)
	}
	return nil
}

// SpendBackupCode uses up a backup code. ErrNotFound: it has been used.
func (tx *Tx) SpendBackupCode(ctx context.Context, user snowflake.ID, b BackupCode) error {
	err := found(tx.Exec(ctx, `update backup_codes set used_at = now()
		where user_id = $1 and number = $2 and sealed = $3 and used_at is null`, user, b.Number, b.Sealed))
	if err != nil {
		return fmt.Errorf("spend backup code of user %s: %w", user, err)
	}
	return nil
}

// Ticket stands for a good password until the second factor comes.
type Ticket struct {
	Verified Password
	Undelete bool // the login is to enable an account that its user has disabled
}

// CreateTicket keeps a ticket under the hash of what its user gets.
func (tx *Tx) CreateTicket(ctx context.Context, t Ticket, hash []byte, expires time.Time) error {
	_, err := tx.Exec(ctx, `insert into login_tickets (hash, user_id, password_hash, undelete, expires_at) values ($1, $2, $3, $4, $5)`,
		hash, t.Verified.User, t.Verified.Hash, t.Undelete, expires)
	if err != nil {
		return fmt.Errorf("create ticket: %w", err)
	}
	return nil
}

// Ticket returns a ticket; ErrNotFound: there is none, or it is too old.
func (s *Store) Ticket(ctx context.Context, hash []byte) (Ticket, error) {
	t := Ticket{Verified: Password{MFA: true}}
	err := s.pool.QueryRow(ctx, `select user_id, password_hash, undelete from login_tickets where hash = $1 and expires_at > now()`, hash).
		Scan(&t.Verified.User, &t.Verified.Hash, &t.Undelete)
	if err != nil {
		return t, fmt.Errorf("ticket: %w", notFound(err))
	}
	return t, nil
}

// SpendTicket uses a ticket up. ErrNotFound: it has been used.
func (tx *Tx) SpendTicket(ctx context.Context, hash []byte) error {
	if err := found(tx.Exec(ctx, `delete from login_tickets where hash = $1`, hash)); err != nil {
		return fmt.Errorf("spend ticket: %w", err)
	}
	return nil
}
