package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"guildhall.chat/guildhall/internal/snowflake"
)

// Report is what a user told the administrators of another, or of a message.
type Report struct {
	ID         snowflake.ID  `json:"id"`
	ReporterID snowflake.ID  `json:"reporter_id"`
	UserID     snowflake.ID  `json:"user_id"` // about whom; of a message its author
	GuildID    *snowflake.ID `json:"guild_id"`
	ChannelID  *snowflake.ID `json:"channel_id"`
	MessageID  *snowflake.ID `json:"message_id"`
	Content    *string       `json:"content"` // of the message when it was reported
	Reason     string        `json:"reason"`
	ClosedAt   *time.Time    `json:"closed_at"`
	ClosedBy   *snowflake.ID `json:"closed_by"` // nil: nobody, or by the command line
	Resolution *string       `json:"resolution"`
}

const reportColumns = `id, reporter_id, user_id, guild_id, channel_id, message_id, content, reason, closed_at, closed_by, resolution`

func scanReport(row pgx.Row) (r Report, err error) {
	return r, row.Scan(&r.ID, &r.ReporterID, &r.UserID, &r.GuildID, &r.ChannelID, &r.MessageID, &r.Content, &r.Reason,
		&r.ClosedAt, &r.ClosedBy, &r.Resolution)
}

// ErrTooManyReports is returned when a user has reported as much as anybody may.
var ErrTooManyReports = errors.New("too many reports")

// CreateReport keeps a report, unless its reporter has most of them open already: ErrTooManyReports.
func (tx *Tx) CreateReport(ctx context.Context, r Report, most int) (snowflake.ID, error) {
	r.ID = tx.NewID()
	if err := found(tx.Exec(ctx, `select from users where id = $1 for no key update`, r.ReporterID)); err != nil {
		return 0, fmt.Errorf("lock user %s: %w", r.ReporterID, err)
	}
	err := found(tx.Exec(ctx, `insert into reports (id, reporter_id, user_id, guild_id, channel_id, message_id, content, reason)
		select $1, $2, $3, $4, $5, $6, $7, $8
		where (select count(*) from reports where reporter_id = $2 and closed_at is null) < $9`,
		r.ID, r.ReporterID, r.UserID, r.GuildID, r.ChannelID, r.MessageID, r.Content, r.Reason, most))
	if errors.Is(err, ErrNotFound) {
		return 0, ErrTooManyReports
	}
	if err != nil {
		return 0, fmt.Errorf("create report: %w", err)
	}
	return r.ID, nil
}

// Reports returns a page of reports by id, the open or all.
func (s *Store) Reports(ctx context.Context, open bool, after snowflake.ID, limit int) ([]Report, error) {
	list, err := collect(ctx, s.pool, scanReport, `select `+reportColumns+` from reports
		where id > $1 and (not $2 or closed_at is null) order by id limit $3`, after, open, limit)
	if err != nil {
		return nil, fmt.Errorf("reports: %w", err)
	}
	return list, nil
}

// CloseReport says what came of a report. by is nil for the command line. ErrNotFound: there is no such report that is open.
func (s *Store) CloseReport(ctx context.Context, id snowflake.ID, by *snowflake.ID, resolution string) error {
	err := found(s.pool.Exec(ctx, `update reports set closed_at = now(), closed_by = $2, resolution = $3
		where id = $1 and closed_at is null`, id, by, resolution))
	if err != nil {
		return fmt.Errorf("close report %s: %w", id, err)
	}
	return nil
}
