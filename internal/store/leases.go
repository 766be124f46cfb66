package store

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// Lease takes or renews the named lease for the holder and reports whether it is the holder's until ttl from now. One whose
// time has run out may be taken by anybody. The clock is Postgres's.
func (s *Store) Lease(ctx context.Context, name, holder string, ttl time.Duration) (bool, error) {
	var held string
	err := notFound(s.pool.QueryRow(ctx, `
		insert into leases (name, holder, until) values ($1, $2, now() + $3)
		on conflict (name) do update set holder = $2, until = now() + $3
		where leases.holder = $2 or leases.until < now()
		returning holder`, name, holder, ttl).Scan(&held))
	if errors.Is(err, ErrNotFound) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("lease %s: %w", name, err)
	}
	return true, nil
}

// Release gives a lease back, so that the next holder need not wait for its end.
func (s *Store) Release(ctx context.Context, name, holder string) error {
	if _, err := s.pool.Exec(ctx, `delete from leases where name = $1 and holder = $2`, name, holder); err != nil {
		return fmt.Errorf("release lease %s: %w", name, err)
	}
	return nil
}
