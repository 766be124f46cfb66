// Package admin is how an instance is run: users and guilds are looked for, suspended, verified and deleted, passwords reset,
// people invited to register, reports closed.
//
//	api admin ...                    -> Service -> store
//	/api/guildhall/v1/admin/... -> Handlers -> Service
//
// Service is all of it. Who may is decided before: on the command line whoever has the secrets, over REST an account that
// `api admin grant` has made an administrator. The command line may reach Postgres alone, so what a change means for tokens is
// kept there until api worker has told everybody (store.UntoldEpochs); over REST it is told before the answer besides.
package admin

import (
	"context"
	"crypto/rand"
	"strings"
	"time"

	"guildhall.chat/guildhall/api/files"
	"guildhall.chat/guildhall/internal/auth"
	"guildhall.chat/guildhall/internal/snowflake"
	"guildhall.chat/guildhall/internal/store"
)

// Service does what administrators ask for.
type Service struct {
	*store.Store
	tell  func(ctx context.Context, user snowflake.ID, epoch int64)
	links *files.Links
}

// NewService returns a service. tell is called for each account whose credentials a change is about, before the change returns;
// nil leaves it to the worker.
func NewService(s *store.Store, tell func(ctx context.Context, user snowflake.ID, epoch int64)) *Service {
	return &Service{Store: s, tell: tell}
}

func (s *Service) change(ctx context.Context, fn func(tx *store.Tx) ([]store.AccountEpoch, error)) error {
	var raised []store.AccountEpoch
	err := s.Change(ctx, func(tx *store.Tx) (err error) {
		raised, err = fn(tx)
		return err
	})
	if err != nil || s.tell == nil {
		return err
	}
	for _, r := range raised {
		s.tell(ctx, r.User, r.Epoch)
	}
	return nil
}

// Suspend shuts a user out: logins end, tokens are refused, gateway sessions close, of the user and the user's bots.
func (s *Service) Suspend(ctx context.Context, user snowflake.ID, reason string) error {
	return s.change(ctx, func(tx *store.Tx) ([]store.AccountEpoch, error) { return tx.Suspend(ctx, user, reason) })
}

// Unsuspend lets a user in again.
func (s *Service) Unsuspend(ctx context.Context, user snowflake.ID) error {
	return s.change(ctx, func(tx *store.Tx) ([]store.AccountEpoch, error) { return tx.Unsuspend(ctx, user) })
}

// Verify takes a user's mail address for proven.
func (s *Service) Verify(ctx context.Context, user snowflake.ID) error {
	return s.change(ctx, func(tx *store.Tx) ([]store.AccountEpoch, error) { return tx.MarkVerified(ctx, user) })
}

// DeleteUser deletes an account for good; store.ErrOwnsGuilds while it owns guilds.
func (s *Service) DeleteUser(ctx context.Context, user snowflake.ID) error {
	return s.change(ctx, func(tx *store.Tx) ([]store.AccountEpoch, error) { return tx.DeleteAccount(ctx, user) })
}

// SetAdmin makes a user an administrator, or ends that.
func (s *Service) SetAdmin(ctx context.Context, user snowflake.ID, admin bool) error {
	return s.change(ctx, func(tx *store.Tx) ([]store.AccountEpoch, error) { return tx.SetAdmin(ctx, user, admin) })
}

// resetLifetime is how long a user has to choose another password.
const resetLifetime = 24 * time.Hour

// ResetPassword makes a user's password no good, ends all logins, and returns the token with which the user chooses another.
func (s *Service) ResetPassword(ctx context.Context, user snowflake.ID) (token string, err error) {
	token, hash := auth.NewOpaque()
	err = s.change(ctx, func(tx *store.Tx) ([]store.AccountEpoch, error) {
		if err := tx.CreatePasswordReset(ctx, user, hash, time.Now().Add(resetLifetime)); err != nil {
			return nil, err
		}
		return tx.VoidPassword(ctx, user)
	})
	return token, err
}

// ResetPath is where a browser goes with the token of ResetPassword, below the platform's URL.
func ResetPath(token string) string { return "/api/v10/auth/reset?token=" + token }

// DropMFA takes the second factor away from a user who has lost it.
func (s *Service) DropMFA(ctx context.Context, user snowflake.ID) error {
	return s.change(ctx, func(tx *store.Tx) ([]store.AccountEpoch, error) { return tx.DisableMFA(ctx, user) })
}

// Invite makes an invitation to register. by is nil for the command line.
func (s *Service) Invite(ctx context.Context, by *snowflake.ID, note string, uses int, lifetime time.Duration) (store.Invitation, error) {
	return s.CreateInvitation(ctx, store.Invitation{
		Code: strings.ToLower(rand.Text()), Note: note, CreatorID: by, MaxUses: uses, ExpiresAt: time.Now().Add(lifetime),
	})
}
