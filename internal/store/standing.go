package store

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"guildhall.chat/guildhall/internal/snowflake"
)

// Accounts that nobody can log in to.
var (
	ErrSuspended = errors.New("account is suspended")
	ErrDisabled  = errors.New("account has been disabled by its user")
)

// mayLogIn returns the epoch of an account that may have logins; ErrSuspended, ErrDisabled, or ErrNotFound for a deleted one.
func (tx *Tx) mayLogIn(ctx context.Context, user snowflake.ID) (epoch int64, err error) {
	var suspended, disabled bool
	err = tx.QueryRow(ctx, `select auth_epoch, suspended_at is not null, disabled_at is not null from users
		where id = $1 and deleted_at is null`, user).Scan(&epoch, &suspended, &disabled)
	switch {
	case err != nil:
		return 0, fmt.Errorf("epoch of user %s: %w", user, notFound(err))
	case suspended:
		return 0, fmt.Errorf("log in user %s: %w", user, ErrSuspended)
	case disabled:
		return 0, fmt.Errorf("log in user %s: %w", user, ErrDisabled)
	}
	return epoch, nil
}

// AccountEpoch is an account and the epoch that it has got.
type AccountEpoch struct {
	User  snowflake.ID
	Epoch int64
}

// EndAccess ends every login of a user, has all pods and gateways look anew at the user and at the bots that the user owns, and
// returns their epochs. They are told even if the caller can't: see UntoldEpochs.
func (tx *Tx) EndAccess(ctx context.Context, user snowflake.ID) ([]AccountEpoch, error) {
	if _, err := tx.endLogins(ctx, `true`, user); err != nil {
		return nil, err
	}
	return tx.RaiseEpochs(ctx, user)
}

// RaiseEpochs is EndAccess for a change that ends no login.
func (tx *Tx) RaiseEpochs(ctx context.Context, user snowflake.ID) ([]AccountEpoch, error) {
	ids, err := collect(ctx, tx, scanID, `select $1::bigint union all
		(select bot_id from applications where owner_id = $1 and bot_id is not null order by bot_id)`, user)
	if err != nil {
		return nil, fmt.Errorf("bots of user %s: %w", user, err)
	}
	raised := make([]AccountEpoch, 0, len(ids))
	for _, id := range ids {
		epoch, err := tx.credentialsChanged(ctx, id)
		if err != nil {
			return nil, err
		}
		raised = append(raised, AccountEpoch{id, epoch})
	}
	_, err = tx.Exec(ctx, `insert into untold_epochs (user_id) select unnest($1::bigint[]) on conflict do nothing`, ids)
	if err != nil {
		return nil, fmt.Errorf("keep epochs to be told: %w", err)
	}
	return raised, nil
}

func scanID(row pgx.Row) (id snowflake.ID, err error) { return id, row.Scan(&id) }

// UntoldEpochs returns accounts whose epoch Redis may not know: the change was made by a process that reaches Postgres alone,
// or ended before it could tell.
func (s *Store) UntoldEpochs(ctx context.Context, limit int) ([]AccountEpoch, error) {
	rows, err := s.pool.Query(ctx, `select u.id, u.auth_epoch from untold_epochs e join users u on u.id = e.user_id limit $1`, limit)
	if err != nil {
		return nil, fmt.Errorf("untold epochs: %w", err)
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[AccountEpoch])
}

// EpochsTold forgets what UntoldEpochs returned, but for accounts whose epoch has risen since.
func (s *Store) EpochsTold(ctx context.Context, told []AccountEpoch) error {
	ids, epochs := make([]snowflake.ID, len(told)), make([]int64, len(told))
	for i, t := range told {
		ids[i], epochs[i] = t.User, t.Epoch
	}
	// For share: a change that is just raising an epoch is waited for, and seen; else its news would be taken for told.
	_, err := s.pool.Exec(ctx, `with told as (
			select u.id from users u join unnest($1::bigint[], $2::bigint[]) t (id, epoch) on u.id = t.id
			where u.auth_epoch = t.epoch order by u.id for share of u)
		delete from untold_epochs using told where user_id = told.id`, ids, epochs)
	if err != nil {
		return fmt.Errorf("forget told epochs: %w", err)
	}
	return nil
}
