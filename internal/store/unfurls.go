package store

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"guildhall.chat/guildhall/internal/snowflake"
)

// Unfurl is a message whose links are to be looked up.
type Unfurl struct {
	Message, Channel snowflake.ID
	queued           time.Time
}

// unfurlInsert queues a message; one whose content has changed anew.
const unfurlInsert = `insert into unfurls (message_id, channel_id) values ($1, $2) on conflict (message_id) do update
	set queued_at = clock_timestamp(), taken_until = '-infinity', attempts = 0`

// unfurlAttempts is how often a message is taken from the queue that nobody brings to an end.
const unfurlAttempts = 3

// TakeUnfurls takes messages from the queue, the oldest first. Who doesn't call UnfurlDone in time may find them taken again.
func (s *Store) TakeUnfurls(ctx context.Context, limit int, within time.Duration) ([]Unfurl, error) {
	list, err := collect(ctx, s.pool, scanUnfurl, `
		with given_up as (
			delete from unfurls where attempts >= $3 and taken_until < now()
		), next as (
			select message_id from unfurls where attempts < $3 and taken_until < now()
			order by taken_until, queued_at limit $1 for update skip locked)
		update unfurls u set taken_until = now() + $2, attempts = attempts + 1 from next
		where u.message_id = next.message_id returning u.message_id, u.channel_id, u.queued_at`, limit, within, unfurlAttempts)
	if err != nil {
		return nil, fmt.Errorf("take links to look up: %w", err)
	}
	return list, nil
}

func scanUnfurl(row pgx.Row) (u Unfurl, err error) {
	err = row.Scan(&u.Message, &u.Channel, &u.queued)
	return u, err
}

// UnfurlDone takes a message out of the queue, unless it has been queued again since.
func (tx *Tx) UnfurlDone(ctx context.Context, u Unfurl) error {
	if _, err := tx.Exec(ctx, `delete from unfurls where message_id = $1 and queued_at = $2`, u.Message, u.queued); err != nil {
		return fmt.Errorf("links of message %s are looked up: %w", u.Message, err)
	}
	return nil
}
