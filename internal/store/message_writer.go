package store

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"go.opentelemetry.io/otel/trace"

	"guildhall.chat/guildhall/internal/coalesce"
	"guildhall.chat/guildhall/internal/events"
	"guildhall.chat/guildhall/internal/snowflake"
	"guildhall.chat/guildhall/internal/tracing"
)

// messageWriters commits the messages that arrive while a commit is under way together in the next, whatever guilds they are
// of: one round trip, one flush to disk, one lock of each log's counter for all of them. A lone message waits for nobody.
type messageWriters struct {
	store *Store

	mu      sync.Mutex
	waiting []*pendingMessage
	queued  map[snowflake.ID]int      // how many of waiting are of a log
	busy    map[snowflake.ID]struct{} // logs that a run is writing: no other does, so their order is kept
	runs    int
	running sync.WaitGroup // the runs
	pressed bool           // a timer will begin a run beside the others
}

type pendingMessage struct {
	insert messageInsert
	event  events.Event
	done   chan error
	span   trace.Span // of the wait
}

const (
	// writeBatch bounds how many messages one transaction takes.
	writeBatch = 128
	// writeQueue bounds how many may wait for one log; more are refused as overload.
	writeQueue = 1024
	// writeTimeout bounds a batch. It is not the requests' own: one that goes away must not undo the others.
	writeTimeout = 8 * time.Second
	// writePatience is how long messages leave it to a run before them. Past it another one begins beside it, so that a guild
	// whose rows are locked, or whose part of Redis does not answer, holds up nobody else for longer.
	writePatience = 20 * time.Millisecond
	// lockPatience is how long a transaction of several logs waits for a lock. Past it each log is written by itself, and those whose
	// rows are still locked are left to runs of their own.
	lockPatience = 50 * time.Millisecond
	// writeRuns bounds how many transactions are under way at once.
	writeRuns = 8
)

// ErrOverloaded is returned when more writes or reads wait than can be served in time.
var ErrOverloaded = coalesce.ErrOverloaded

func (w *messageWriters) init(s *Store) {
	w.store, w.queued, w.busy = s, map[snowflake.ID]int{}, map[snowflake.ID]struct{}{}
}

// write returns once the message is committed and its event is on the way.
func (w *messageWriters) write(ctx context.Context, m *pendingMessage) error {
	ctx, m.span = tracing.Begin(ctx, "write message")
	defer m.span.End()
	m.event.Head.Trace = tracing.Carry(ctx)
	m.done = make(chan error, 1)
	w.mu.Lock()
	if w.queued[m.event.Log] >= writeQueue {
		w.mu.Unlock()
		return ErrOverloaded
	}
	w.waiting = append(w.waiting, m)
	w.queued[m.event.Log]++
	switch {
	case w.runs == 0:
		w.begin(w.run)
	case !w.pressed && w.runs < writeRuns:
		w.pressed = true
		time.AfterFunc(writePatience, w.press)
	}
	w.mu.Unlock()
	select {
	case err := <-m.done:
		return err
	case <-ctx.Done():
		// It may be committed all the same; the client does not learn the outcome, as with any cut connection.
		return ctx.Err()
	}
}

// press begins a run for those who have waited for others too long.
func (w *messageWriters) press() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.pressed = false
	if len(w.waiting) > 0 && w.runs < writeRuns {
		w.begin(w.run)
	}
}

// begin starts a run, which ends in run. The caller holds mu.
func (w *messageWriters) begin(run func()) {
	w.runs++
	w.running.Go(run)
}

// finish waits for the runs: their senders have their answers before the events are published. Nothing may be written by then.
func (w *messageWriters) finish() { w.running.Wait() }

// run commits batches until there is nothing that it may write. What waits for a log that is busy is for the run that made it so.
func (w *messageWriters) run() {
	for {
		w.mu.Lock()
		batch := w.take()
		if len(batch) == 0 {
			w.runs--
			w.mu.Unlock()
			return
		}
		w.mu.Unlock()
		w.commit(batch)
	}
}

// release makes the logs of a batch free for other runs.
func (w *messageWriters) release(batch []*pendingMessage) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, m := range batch {
		delete(w.busy, m.event.Log)
	}
}

// take removes a batch from the queue, in its order, and makes the logs busy.
func (w *messageWriters) take() (batch []*pendingMessage) {
	kept := w.waiting[:0]
	for _, m := range w.waiting {
		if _, busy := w.busy[m.event.Log]; busy || len(batch) == writeBatch {
			kept = append(kept, m)
			continue
		}
		batch = append(batch, m)
		if w.queued[m.event.Log]--; w.queued[m.event.Log] == 0 {
			delete(w.queued, m.event.Log)
		}
	}
	clear(w.waiting[len(kept):])
	w.waiting = kept
	for _, m := range batch {
		w.busy[m.event.Log] = struct{}{}
	}
	return batch
}

// commit writes a batch and releases its logs. Where some of them are locked, or have what can't be stored, it writes the others
// first, and leaves those to runs of their own.
func (w *messageWriters) commit(batch []*pendingMessage) {
	logs := byLog(batch)
	if len(logs) == 1 {
		w.settle(batch, 0) // nobody else waits with it
		w.release(batch)
		return
	}
	if w.settle(batch, lockPatience) {
		w.release(batch)
		return
	}
	var left [][]*pendingMessage
	for _, log := range logs {
		if w.settle(log, lockPatience) {
			w.release(log)
		} else if !w.setAside(log) {
			left = append(left, log)
		}
	}
	for _, log := range left {
		w.settle(log, 0)
		w.release(log)
	}
}

// setAside has a run of its own write a log's messages. It does not, and reports false, when there are as many runs as there may be.
func (w *messageWriters) setAside(log []*pendingMessage) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.runs == writeRuns {
		return false
	}
	w.begin(func() {
		w.settle(log, 0)
		w.release(log)
		w.run() // what has come for the log meanwhile
	})
	return true
}

// byLog splits a batch, in its order, by the logs.
func byLog(batch []*pendingMessage) (logs [][]*pendingMessage) {
	at := map[snowflake.ID]int{}
	for _, m := range batch {
		i, seen := at[m.event.Log]
		if !seen {
			i = len(logs)
			at[m.event.Log], logs = i, append(logs, nil)
		}
		logs[i] = append(logs[i], m)
	}
	return logs
}

// settle commits messages and tells their senders. It does neither, and reports false, when it has waited for a lock for longer than
// patience, or when something among them can't be stored: they are to be written by themselves. With a patience of 0 it waits as
// long as it takes, and always settles.
func (w *messageWriters) settle(batch []*pendingMessage, patience time.Duration) bool {
	ctx, cancel := context.WithTimeout(context.Background(), writeTimeout)
	defer cancel()
	ctx, span := together(ctx, batch)
	defer span.End()
	evs, err := w.store.insertMessages(ctx, batch, patience)
	switch {
	case patience != 0 && (lockedOut(err) || refused(err)):
		return false
	case refused(err) && len(batch) > 1:
		// One of them can't be stored; that must not cost the others.
		for i := range batch {
			w.settle(batch[i:i+1], 0)
		}
		return true
	}
	if err == nil {
		w.store.commits.note(evs)
	}
	for _, m := range batch {
		m.done <- err
	}
	if err == nil && w.store.publisher != nil {
		w.store.publisher.Publish(ctx, evs)
	}
	return true
}

// lockedOut reports whether Postgres gave up waiting for a lock.
func lockedOut(err error) bool {
	var pg *pgconn.PgError
	return errors.As(err, &pg) && pg.Code == "55P03"
}

// together is the span of a batch, in the traces of those messages that have one.
func together(ctx context.Context, batch []*pendingMessage) (context.Context, trace.Span) {
	var spans []trace.Span
	for _, m := range batch {
		if m.span.IsRecording() {
			spans = append(spans, m.span)
		}
	}
	return tracing.Together(ctx, "commit messages", spans)
}

// refused reports whether Postgres did not take the data: a data exception or a violated constraint, or a guild that is gone.
// https://www.postgresql.org/docs/current/errcodes-appendix.html
func refused(err error) bool {
	if errors.Is(err, ErrNotFound) {
		return true
	}
	var pg *pgconn.PgError
	return errors.As(err, &pg) && (strings.HasPrefix(pg.Code, "22") || strings.HasPrefix(pg.Code, "23"))
}

// insertMessages commits messages; it tries again as Change does.
func (s *Store) insertMessages(ctx context.Context, batch []*pendingMessage, patience time.Duration) ([]events.Event, error) {
	for attempt := 1; ; attempt++ {
		begun := time.Now()
		evs, err := s.tryInsertMessages(ctx, batch, patience)
		changed(ctx, begun, err)
		if err == nil || attempt == changeAttempts || !retryable(err) {
			if err == nil {
				messageBatch.Observe(float64(len(batch)))
			}
			return evs, err
		}
		changeRetries.Inc()
	}
}

// tryInsertMessages is one transaction in one round trip: pgx sends the batch with a single Sync, which makes it one.
func (s *Store) tryInsertMessages(ctx context.Context, batch []*pendingMessage, patience time.Duration) ([]events.Event, error) {
	b := &pgx.Batch{}
	if patience != 0 {
		b.Queue(`select set_config('lock_timeout', $1, true)`, strconv.FormatInt(patience.Milliseconds(), 10))
	}
	evs := make([]events.Event, len(batch))
	newest := map[snowflake.ID]snowflake.ID{}
	threads := map[snowflake.ID]activity{}
	inserts := make([]messageInsert, len(batch))
	for i, m := range batch {
		inserts[i] = m.insert
		if m.event.Head.Thread != nil {
			threads[m.insert.ChannelID] = threads[m.insert.ChannelID].with(m.insert.Message)
		} else {
			newest[m.insert.ChannelID] = max(newest[m.insert.ChannelID], m.insert.ID)
		}
		evs[i] = m.event
	}
	if err := queueMessages(b, inserts); err != nil {
		return nil, err
	}
	// In the order of ids, as everybody locks channels: two batches of two pods can't wait for each other.
	queueNewest(b, newest)
	for _, thread := range slices.Sorted(maps.Keys(threads)) {
		threads[thread].queue(b, thread)
	}
	queueUnread(b, inserts)
	if err := queueOutboxes(b, evs); err != nil {
		return nil, err
	}
	if err := s.pool.SendBatch(ctx, b).Close(); err != nil {
		return nil, fmt.Errorf("insert %d messages: %w", len(batch), err)
	}
	return evs, nil
}

// queueNewest moves channels on to their last messages.
func queueNewest(b *pgx.Batch, newest map[snowflake.ID]snowflake.ID) {
	if len(newest) == 0 {
		return
	}
	channels := slices.Sorted(maps.Keys(newest))
	last := make([]snowflake.ID, len(channels))
	for i, channel := range channels {
		last[i] = newest[channel]
	}
	b.Queue(`with held as (select id from channels where id = any($1) order by id for no key update)
		update channels c set last_message_id = greatest(c.last_message_id, n.last)
		from held join unnest($1::bigint[], $2::bigint[]) n (id, last) using (id) where c.id = held.id`, channels, last)
}
