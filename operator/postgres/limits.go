package postgres

import (
	"context"
	"fmt"
	"strconv"

	"github.com/jackc/pgx/v5"
)

// limits are the parameters of which a standby must not have less than the primary.
// https://www.postgresql.org/docs/current/hot-standby.html#HOT-STANDBY-ADMIN
var limits = []string{"max_connections", "max_prepared_transactions", "max_locks_per_transaction", "max_wal_senders", "max_worker_processes"}

// LowersLimit reports whether the shared configuration has less of one of the limits than the primary now has.
func LowersLimit(ctx context.Context, conn *pgx.Conn, config map[string]any) (bool, error) {
	parameters := dig(config, "postgresql", "parameters")
	rows, err := conn.Query(ctx, `select name, setting from pg_settings where name = any ($1)`, limits)
	if err != nil {
		return false, fmt.Errorf("read limits: %w", err)
	}
	var name, setting string
	lowers := false
	_, err = pgx.ForEachRow(rows, []any{&name, &setting}, func() error {
		now, err := strconv.ParseInt(setting, 10, 64)
		if err != nil {
			return fmt.Errorf("%s is %q: %w", name, setting, err)
		}
		if wanted, err := strconv.ParseInt(fmt.Sprint(parameters[name]), 10, 64); err == nil && wanted < now {
			lowers = true
		}
		return nil
	})
	if err != nil {
		return false, fmt.Errorf("read limits: %w", err)
	}
	return lowers, nil
}
