package world

import (
	"context"
	"fmt"
	"time"

	"guildhall.chat/guildhall/internal/snowflake"
)

const (
	// historyAge is how far the history of a world goes back.
	historyAge = 30 * 24 * time.Hour
	// historyChunk is how many messages one statement makes.
	historyChunk = 500_000
)

// Grow adds old messages until the table has so many of them, of at most so many that it will ever be grown to. Every tenth is in
// the guild's channel, by its owner, the others are in channels that nobody asks for. Those of the channel lie among the others, as
// time would have it. It waits until the worker has indexed what was there before, so that the history is not searchable: its
// indexing would be measured with what follows.
func (w *World) Grow(ctx context.Context, g Guild, have, want, most int) error {
	for below := int64(1); below != 0; {
		err := w.conn.QueryRow(ctx, `select coalesce((select below from search_state), 1)`).Scan(&below)
		if err != nil {
			return fmt.Errorf("world: search: %w", err)
		}
		select {
		case <-time.After(50 * time.Millisecond):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	now := time.Now()
	first, step := snowflake.FromTime(now.Add(-historyAge)), (snowflake.FromTime(now)-snowflake.FromTime(now.Add(-historyAge)))/2
	step /= snowflake.ID(most)
	for have < want {
		n := min(want-have, historyChunk)
		_, err := w.conn.Exec(ctx, `insert into messages (id, channel_id, guild_id, author_id, type, content)
			select $1::bigint + i * $2::bigint, case when i % 10 = 0 then $3::bigint else i % 1000 + 1 end, $4, $5, 0,
				'message ' || i || ' of a long history, with about as many words as people write when they chat in a channel'
			from generate_series($6::bigint, $7::bigint) i`, first, step, g.Channel, g.ID, g.Owner, have, have+n-1)
		if err != nil {
			return fmt.Errorf("world: history: %w", err)
		}
		have += n
	}
	// As autovacuum would, later.
	if _, err := w.conn.Exec(ctx, `vacuum (analyze) messages`); err != nil {
		return fmt.Errorf("world: history: %w", err)
	}
	return nil
}
