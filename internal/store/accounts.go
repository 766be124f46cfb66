package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/events"
	"guildhall.chat/guildhall/internal/snowflake"
)

// ErrEmailTaken and ErrUsernameTaken say which value of an account is another's.
var (
	ErrEmailTaken    = fmt.Errorf("mail address: %w", ErrTaken)
	ErrUsernameTaken = fmt.Errorf("username: %w", ErrTaken)
)

// accountTaken turns a violated unique constraint of users into the error that names the value.
func accountTaken(err error) error {
	var pg *pgconn.PgError
	if !errors.As(err, &pg) || pg.Code != uniqueViolation {
		return err
	}
	switch pg.ConstraintName {
	case "users_email":
		return ErrEmailTaken
	case "users_username":
		return ErrUsernameTaken
	}
	return err
}

// uniqueViolation is the SQLSTATE. https://www.postgresql.org/docs/15/errcodes-appendix.html
const uniqueViolation = "23505"

// NewAccount is a person who registers.
type NewAccount struct {
	Username     string
	GlobalName   *string
	Email        string
	PasswordHash string
	DateOfBirth  time.Time
}

// CreateAccount makes a user with a log of its own. ErrEmailTaken, ErrUsernameTaken.
func (tx *Tx) CreateAccount(ctx context.Context, a NewAccount) (snowflake.ID, error) {
	id := tx.NewID()
	_, err := tx.Exec(ctx, `insert into users (id, username, global_name, email, password_hash, date_of_birth)
		values ($1, $2, $3, $4, $5, $6)`, id, a.Username, a.GlobalName, a.Email, a.PasswordHash, a.DateOfBirth)
	if err != nil {
		return 0, fmt.Errorf("create account: %w", accountTaken(err))
	}
	return id, tx.NewLog(ctx, id)
}

// Password is how a user proves who it is.
type Password struct {
	User snowflake.ID
	Hash string
	MFA  bool // a second factor is needed besides
}

// PasswordByEmail returns the password of the user with a mail address.
func (s *Store) PasswordByEmail(ctx context.Context, email string) (Password, error) {
	return s.password(ctx, `lower(email) = lower($1)`, email)
}

// PasswordOf returns the password of a user.
func (s *Store) PasswordOf(ctx context.Context, user snowflake.ID) (Password, error) {
	return s.password(ctx, `id = $1`, user)
}

func (s *Store) password(ctx context.Context, where string, arg any) (Password, error) {
	var p Password
	err := s.pool.QueryRow(ctx, `select id, password_hash, mfa_enabled from users where password_hash is not null and `+where, arg).
		Scan(&p.User, &p.Hash, &p.MFA)
	if err != nil {
		return p, fmt.Errorf("password: %w", notFound(err))
	}
	return p, nil
}

// ReplacePassword stores another hash if the present one is still old; ErrNotFound if it is not.
func (tx *Tx) ReplacePassword(ctx context.Context, old Password, hash string) error {
	err := found(tx.Exec(ctx, `update users set password_hash = $3 where id = $1 and password_hash = $2`,
		old.User, old.Hash, hash))
	if err != nil {
		return fmt.Errorf("replace password of user %s: %w", old.User, err)
	}
	return nil
}

// RaiseEpoch makes all pods ask for an account's identity anew, once they are told the epoch.
func (tx *Tx) RaiseEpoch(ctx context.Context, user snowflake.ID) (epoch int64, err error) {
	err = tx.QueryRow(ctx, `update users set auth_epoch = auth_epoch + 1 where id = $1 returning auth_epoch`, user).
		Scan(&epoch)
	if err != nil {
		return 0, fmt.Errorf("raise epoch of user %s: %w", user, notFound(err))
	}
	return epoch, nil
}

// credentialsChanged raises the epoch and has the gateway check the account's sessions.
func (tx *Tx) credentialsChanged(ctx context.Context, user snowflake.ID) (epoch int64, err error) {
	if epoch, err = tx.RaiseEpoch(ctx, user); err != nil {
		return 0, err
	}
	return epoch, tx.Emit(user, events.Header{Type: events.CredentialsChanged, User: user}, struct{}{})
}

// LockSelf returns what an account may see of itself, and keeps it from changing until the end of the change.
func (tx *Tx) LockSelf(ctx context.Context, user snowflake.ID) (discord.SelfUser, error) {
	if err := found(tx.Exec(ctx, `select from users where id = $1 for no key update`, user)); err != nil {
		return discord.SelfUser{}, fmt.Errorf("lock user %s: %w", user, err)
	}
	return selfUser(ctx, tx, user)
}
