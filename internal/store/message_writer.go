package store

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"guildhall.chat/guildhall/internal/coalesce"
	"guildhall.chat/guildhall/internal/events"
	"guildhall.chat/guildhall/internal/snowflake"
)

// messageWriters commits the messages of a guild that arrive while a commit is under way together in the next: one
// round trip, one lock of the log's counter and one flush to disk for all of them. A lone message waits for nobody.
type messageWriters struct {
	store *Store
	mu    sync.Mutex
	logs  map[snowflake.ID]*messageWriter
}

// messageWriter is the queue of one log. It exists only while it has work.
type messageWriter struct{ waiting []*pendingMessage }

type pendingMessage struct {
	insert messageInsert
	event  events.Event
	done   chan error
}

const (
	// writeBatch bounds how many messages one transaction takes.
	writeBatch = 64
	// writeQueue bounds how many may wait for one log; more are refused as overload.
	writeQueue = 1024
	// writeTimeout bounds a batch. It is not the requests' own: one that goes away must not undo the others.
	writeTimeout = 8 * time.Second
)

// ErrOverloaded is returned when more writes or reads wait than can be served in time.
var ErrOverloaded = coalesce.ErrOverloaded

func (w *messageWriters) init(s *Store) {
	w.store, w.logs = s, map[snowflake.ID]*messageWriter{}
}

// write returns once the message is committed and its event is on the way.
func (w *messageWriters) write(ctx context.Context, m *pendingMessage) error {
	m.done = make(chan error, 1)
	w.mu.Lock()
	q := w.logs[m.event.Log]
	switch {
	case q == nil:
		q = &messageWriter{}
		w.logs[m.event.Log] = q
		go w.run(m.event.Log, q)
	case len(q.waiting) >= writeQueue:
		w.mu.Unlock()
		return ErrOverloaded
	}
	q.waiting = append(q.waiting, m)
	w.mu.Unlock()
	select {
	case err := <-m.done:
		return err
	case <-ctx.Done():
		// It may be committed all the same; the client does not learn the outcome, as with any cut connection.
		return ctx.Err()
	}
}

func (w *messageWriters) run(log snowflake.ID, q *messageWriter) {
	for {
		w.mu.Lock()
		n := min(len(q.waiting), writeBatch)
		if n == 0 {
			delete(w.logs, log)
			w.mu.Unlock()
			return
		}
		batch := q.waiting[:n:n]
		q.waiting = q.waiting[n:]
		w.mu.Unlock()
		w.commit(batch)
	}
}

func (w *messageWriters) commit(batch []*pendingMessage) {
	ctx, cancel := context.WithTimeout(context.Background(), writeTimeout)
	defer cancel()
	evs, err := w.store.insertMessages(ctx, batch)
	if refused(err) && len(batch) > 1 {
		// One of them can't be stored; that must not cost the others.
		for i := range batch {
			w.commit(batch[i : i+1])
		}
		return
	}
	for _, m := range batch {
		m.done <- err
	}
	if err == nil && w.store.publisher != nil {
		w.store.publisher.Publish(ctx, evs)
	}
}

// refused reports whether Postgres did not take the data: a data exception or a violated constraint.
// https://www.postgresql.org/docs/current/errcodes-appendix.html
func refused(err error) bool {
	var pg *pgconn.PgError
	return errors.As(err, &pg) && (strings.HasPrefix(pg.Code, "22") || strings.HasPrefix(pg.Code, "23"))
}

// insertMessages commits messages of one log; it tries again as Change does.
func (s *Store) insertMessages(ctx context.Context, batch []*pendingMessage) ([]events.Event, error) {
	for attempt := 1; ; attempt++ {
		evs, err := s.tryInsertMessages(ctx, batch)
		if err == nil || attempt == changeAttempts || !retryable(err) {
			return evs, err
		}
	}
}

// tryInsertMessages is one transaction in one round trip: pgx sends the batch with a single Sync, which makes it one.
func (s *Store) tryInsertMessages(ctx context.Context, batch []*pendingMessage) ([]events.Event, error) {
	b := &pgx.Batch{}
	evs := make([]events.Event, len(batch))
	newest := map[snowflake.ID]snowflake.ID{}
	threads := map[snowflake.ID]activity{}
	inserts := make([]messageInsert, len(batch))
	for i, m := range batch {
		m.insert.queue(b)
		inserts[i] = m.insert
		if m.event.Head.Thread != nil {
			threads[m.insert.ChannelID] = threads[m.insert.ChannelID].with(m.insert.Message)
		} else {
			newest[m.insert.ChannelID] = max(newest[m.insert.ChannelID], m.insert.ID)
		}
		evs[i] = m.event
	}
	// In the order of ids, as everybody locks channels: two batches of two pods can't wait for each other.
	for _, channel := range slices.Sorted(maps.Keys(newest)) {
		b.Queue(`update channels set last_message_id = greatest(last_message_id, $2) where id = $1`, channel, newest[channel])
	}
	for _, thread := range slices.Sorted(maps.Keys(threads)) {
		threads[thread].queue(b, thread)
	}
	queueUnread(b, inserts)
	if err := queueOutbox(b, evs); err != nil {
		return nil, err
	}
	if err := s.pool.SendBatch(ctx, b).Close(); err != nil {
		return nil, fmt.Errorf("insert %d messages: %w", len(batch), err)
	}
	return evs, nil
}
