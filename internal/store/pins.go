package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/snowflake"
)

// ErrTooManyPins is returned when a channel has as many pins as it may have.
var ErrTooManyPins = errors.New("too many pins")

// maxPins is how many messages of a channel can be pinned.
const maxPins = 250

// PinMessage pins a held message and returns when that was; changed is false if it was pinned already.
func (tx *Tx) PinMessage(ctx context.Context, channel, message snowflake.ID) (at time.Time, changed bool, err error) {
	// One pin at a time in a channel: they are counted.
	if _, err := tx.Exec(ctx, `select pg_advisory_xact_lock(hashtextextended($1, 0))`, "pins "+channel.String()); err != nil {
		return at, false, fmt.Errorf("hold pins of %s: %w", channel, err)
	}
	var count int
	if err := tx.QueryRow(ctx, `select count(*) from pins where channel_id = $1`, channel).Scan(&count); err != nil {
		return at, false, fmt.Errorf("count pins of %s: %w", channel, err)
	}
	err = tx.QueryRow(ctx, `insert into pins (message_id, channel_id) values ($1, $2) on conflict do nothing returning pinned_at`,
		message, channel).Scan(&at)
	if errors.Is(err, pgx.ErrNoRows) {
		return at, false, nil
	}
	if err != nil {
		return at, false, fmt.Errorf("pin message %s: %w", message, err)
	}
	if count >= maxPins {
		return at, false, ErrTooManyPins
	}
	return at, true, tx.markPinned(ctx, channel, message, true, &at)
}

// UnpinMessage takes back the pin of a held message and returns when the newest that is left was pinned, nil if there is
// none; changed is false if it was not pinned.
func (tx *Tx) UnpinMessage(ctx context.Context, channel, message snowflake.ID) (last *time.Time, changed bool, err error) {
	tag, err := tx.Exec(ctx, `delete from pins where message_id = $1`, message)
	if err != nil {
		return nil, false, fmt.Errorf("unpin message %s: %w", message, err)
	}
	if tag.RowsAffected() == 0 {
		return nil, false, nil
	}
	if err := tx.QueryRow(ctx, `select max(pinned_at) from pins where channel_id = $1`, channel).Scan(&last); err != nil {
		return nil, false, fmt.Errorf("pins of %s: %w", channel, err)
	}
	return last, true, tx.markPinned(ctx, channel, message, false, last)
}

func (tx *Tx) markPinned(ctx context.Context, channel, message snowflake.ID, pinned bool, last *time.Time) error {
	b := &pgx.Batch{}
	b.Queue(`update messages set pinned = $2 where id = $1`, message, pinned)
	// It is one of the two.
	b.Queue(`update channels set last_pin_at = $2 where id = $1`, channel, last)
	b.Queue(`update threads set last_pin_at = $2 where id = $1`, channel, last)
	if err := tx.SendBatch(ctx, b).Close(); err != nil {
		return fmt.Errorf("mark pin of %s: %w", message, err)
	}
	return nil
}

// Pins returns the messages that were pinned in a channel before a moment, the newest pins first.
func (s *Store) Pins(ctx context.Context, channel, viewer snowflake.ID, before time.Time, limit int) ([]discord.Pin, error) {
	var times []time.Time
	messages, err := collect(ctx, s.pool, func(row pgx.Row) (discord.Message, error) {
		var at time.Time
		m, err := scanMessage(withLast{row, &at})
		times = append(times, at)
		return m, err
	}, `select `+messageColumns+`, p.pinned_at from pins p join messages m on m.id = p.message_id
		left join users u on u.id = m.author_id
		where p.channel_id = $1 and p.pinned_at < $2 and `+alive+` order by p.pinned_at desc limit $3`, channel, before, limit)
	if err != nil {
		return nil, fmt.Errorf("pins of %s: %w", channel, err)
	}
	if err := s.complete(ctx, s.pool, messages, viewer); err != nil {
		return nil, err
	}
	pins := make([]discord.Pin, len(messages))
	for i := range messages {
		pins[i] = discord.Pin{PinnedAt: discord.At(times[i]), Message: messages[i]}
	}
	return pins, nil
}
