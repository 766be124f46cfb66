package postgres

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
)

// ArchiveFailure names the segment of the write-ahead log that the primary could not archive when it last tried; "" if it
// could. It goes on trying, and keeps all segments since on its volume.
// https://www.postgresql.org/docs/current/monitoring-stats.html#MONITORING-PG-STAT-ARCHIVER-VIEW
func ArchiveFailure(ctx context.Context, conn *pgx.Conn) (string, error) {
	var segment string
	err := conn.QueryRow(ctx, `
		select coalesce(last_failed_wal, '') from pg_stat_archiver
		where last_failed_time > coalesce(last_archived_time, '-infinity')
		union all select '' limit 1`).Scan(&segment)
	if err != nil {
		return "", fmt.Errorf("read the archiver's state: %w", err)
	}
	return segment, nil
}
