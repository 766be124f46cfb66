package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
)

// IDTokenKey is an RSA key that signs ID tokens.
type IDTokenKey struct {
	ID      string
	Public  []byte // PKCS #1
	Sealed  []byte // the private key, PKCS #8, see auth.Keys.Seal
	Created time.Time
}

// IDTokenKeys returns those made after a time, the newest first.
func (s *Store) IDTokenKeys(ctx context.Context, after time.Time) ([]IDTokenKey, error) {
	return idTokenKeys(ctx, s.pool, after)
}

func idTokenKeys(ctx context.Context, q querier, after time.Time) ([]IDTokenKey, error) {
	keys, err := collect(ctx, q, func(row pgx.Row) (k IDTokenKey, err error) {
		return k, row.Scan(&k.ID, &k.Public, &k.Sealed, &k.Created)
	}, `select id, public, sealed, created_at from oidc_keys where created_at > $1 order by created_at desc, id`, after)
	if err != nil {
		return nil, fmt.Errorf("keys of ID tokens: %w", err)
	}
	return keys, nil
}

// errNewer ends a change because another process has made a key.
var errNewer = errors.New("there is a newer key")

// AddIDTokenKey keeps a key unless there is one made after a time already, and deletes those made before another. One
// process does so at a time.
func (s *Store) AddIDTokenKey(ctx context.Context, key IDTokenKey, unless, forget time.Time) error {
	err := s.Change(ctx, func(tx *Tx) error {
		if _, err := tx.Exec(ctx, `lock table oidc_keys in exclusive mode`); err != nil {
			return fmt.Errorf("lock keys: %w", err)
		}
		newer, err := idTokenKeys(ctx, tx, unless)
		if err != nil {
			return err
		}
		if len(newer) > 0 {
			return errNewer
		}
		b := &pgx.Batch{}
		b.Queue(`insert into oidc_keys (id, public, sealed) values ($1, $2, $3)`, key.ID, key.Public, key.Sealed)
		b.Queue(`delete from oidc_keys where created_at < $1`, forget)
		return tx.SendBatch(ctx, b).Close()
	})
	if errors.Is(err, errNewer) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("add key of ID tokens: %w", err)
	}
	return nil
}
