package events

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/redis/go-redis/v9"

	"guildhall.chat/guildhall/internal/snowflake"
	"guildhall.chat/guildhall/internal/tracing"
)

//go:embed publish.lua
var publishSource string

var publishScript = redis.NewScript(publishSource)

const (
	// logEntries bounds a log in Redis; what is older is read from the outbox.
	logEntries = 2000
	// publishTimeout bounds how long a request waits for Redis; the relay does what was not done.
	publishTimeout = 750 * time.Millisecond
	// fillBatch is how many outbox rows are read and sent at a time when a log has a hole.
	fillBatch = 200
	// stateFactor is how much longer than its events a log's state lives; the script has the same number.
	stateFactor = 12
)

// Source is what stands behind Redis: the outbox in Postgres.
type Source interface {
	// Outbox returns the events of a log with a seq above after, ascending, at most limit. An empty result means that
	// there are none; a first seq above after+1, that those between are past the window and gone.
	Outbox(ctx context.Context, log snowflake.ID, after int64, limit int) ([]Event, error)
}

// Publisher sends committed events to Redis.
type Publisher struct {
	rdb    *redis.ClusterClient
	source Source
	window time.Duration
	log    *slog.Logger
}

// NewPublisher returns a publisher whose logs in Redis live for the window after their last event.
func NewPublisher(rdb *redis.ClusterClient, source Source, window time.Duration, log *slog.Logger) *Publisher {
	return &Publisher{rdb: rdb, source: source, window: window, log: log}
}

func (p *Publisher) keep() int64 { return p.window.Milliseconds() }

// Publish sends events that a transaction has committed; those of one log must be in order. A failure is not the
// caller's: it is logged, and the relay publishes the rows.
func (p *Publisher) Publish(ctx context.Context, evs []Event) {
	// The change is made; a client that goes away must not stop its event.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), publishTimeout)
	defer cancel()
	ctx, span := tracing.Begin(ctx, "publish events")
	defer span.End()
	begun := time.Now()
	defer func() { publishSeconds.Observe(time.Since(begun).Seconds()) }()
	var logs [][]Event
	for start := 0; start < len(evs); {
		end := start + 1
		for end < len(evs) && evs[end].Log == evs[start].Log {
			end++
		}
		logs = append(logs, evs[start:end])
		start = end
	}
	cmds := make([]*redis.Cmd, len(logs))
	encoded := make([]error, len(logs))
	// A node that is down fails its own commands; the others' answers are good.
	_, _ = p.rdb.Pipelined(ctx, func(pipe redis.Pipeliner) error {
		for i, evs := range logs {
			var args []any
			if args, encoded[i] = p.arguments(evs[0].Log, "", evs); encoded[i] == nil {
				cmds[i] = publishScript.EvalSha(ctx, pipe, keysOf(evs[0].Log), args...)
			}
		}
		return nil
	})
	for i, evs := range logs {
		err := encoded[i]
		if err == nil {
			err = p.reach(ctx, evs, cmds[i])
		}
		if err != nil {
			publishFailures.Inc()
			p.log.WarnContext(ctx, "publish left to the relay", "log", evs[0].Log, "error", err)
			continue
		}
		published.Add(float64(len(evs)))
	}
}

// reach brings the log in Redis to the last of evs, which have been sent, filling from the outbox what is missing before them.
func (p *Publisher) reach(ctx context.Context, evs []Event, sent *redis.Cmd) error {
	log, target := evs[0].Log, evs[len(evs)-1].Seq
	last, err := sent.Int64()
	if redis.HasErrorPrefix(err, "NOSCRIPT") { // a new master has no scripts yet
		last, err = p.run(ctx, log, "", evs)
	}
	if err != nil {
		return fmt.Errorf("append to log %s: %w", log, err)
	}
	for err == nil && last < target {
		last, _, err = p.fill(ctx, log, last)
	}
	return err
}

// fill sends the next rows after last and returns where the log has got to and how many rows that took. When the outbox
// no longer has the next one, it continues at the oldest that it has; feeds that are further behind learn that they have
// lost events.
func (p *Publisher) fill(ctx context.Context, log snowflake.ID, last int64) (reached, sent int64, err error) {
	rows, err := p.source.Outbox(ctx, log, last, fillBatch)
	if err != nil {
		return last, 0, err
	}
	if len(rows) == 0 {
		return last, 0, fmt.Errorf("outbox has no event of log %s after %d", log, last)
	}
	ctx, end := relaying(ctx, rows)
	defer end()
	base := ""
	if rows[0].Seq != last+1 {
		base = fmt.Sprint(rows[0].Seq - 1)
	}
	reached, err = p.run(ctx, log, base, rows)
	switch {
	case err != nil:
		return last, 0, err
	case reached <= last:
		return last, 0, fmt.Errorf("log %s stays at %d", log, reached)
	}
	return reached, min(reached-rows[0].Seq+1, int64(len(rows))), nil
}

func (p *Publisher) run(ctx context.Context, log snowflake.ID, base string, evs []Event) (int64, error) {
	args, err := p.arguments(log, base, evs)
	if err != nil {
		return 0, err
	}
	last, err := publishScript.Run(ctx, p.rdb, keysOf(log), args...).Int64()
	if err != nil {
		return 0, fmt.Errorf("append to log %s: %w", log, err)
	}
	return last, nil
}

func keysOf(log snowflake.ID) []string { return []string{streamKey(log), stateKey(log)} }

// arguments are those of the script for events of one log.
func (p *Publisher) arguments(log snowflake.ID, base string, evs []Event) ([]any, error) {
	args := make([]any, 0, 4+4*len(evs))
	args = append(args, channelOf(log), logEntries, p.keep(), base)
	for _, e := range evs {
		body, err := e.Body()
		if err != nil {
			return nil, err
		}
		args = append(args, e.Seq, body, flag(e.Head.Structure), flag(e.Head.Membership))
	}
	return args, nil
}

func flag(b bool) string {
	if b {
		return "1"
	}
	return ""
}

// Ephemeral publishes an event that is never kept: typing, presence.
func (p *Publisher) Ephemeral(ctx context.Context, e Event) error {
	ctx, span := tracing.Begin(ctx, "publish "+e.Head.Type)
	defer span.End()
	e.Head.Trace = tracing.Carry(ctx)
	body, err := e.Body()
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, publishTimeout)
	defer cancel()
	if err := p.rdb.SPublish(ctx, channelOf(e.Log), encodeMessage(0, body)).Err(); err != nil {
		return fmt.Errorf("publish %s: %w", e.Head.Type, err)
	}
	return nil
}

// Head is how far a log has come in Postgres.
type Head struct {
	Log snowflake.ID
	Seq int64
}

// catchUpBatch is how many logs' states CatchUp asks for in one round trip.
const catchUpBatch = 500

// CatchUp brings every log in Redis to its head and reports how many events it had to send: the relay's work. A log that
// fails does not stop the others.
func (p *Publisher) CatchUp(ctx context.Context, heads []Head) (sent int64, err error) {
	var failures []error
	for batch := range slices.Chunk(heads, catchUpBatch) {
		n, err := p.catchUp(ctx, batch)
		sent += n
		failures = append(failures, err)
	}
	return sent, errors.Join(failures...)
}

func (p *Publisher) catchUp(ctx context.Context, heads []Head) (sent int64, err error) {
	cmds := make([]*redis.StringCmd, len(heads))
	// A node that is down fails its own commands; the others' answers are good.
	_, _ = p.rdb.Pipelined(ctx, func(pipe redis.Pipeliner) error {
		for i, h := range heads {
			cmds[i] = pipe.HGet(ctx, stateKey(h.Log), fieldLast)
		}
		return nil
	})
	for i, h := range heads {
		last, stateErr := cmds[i].Int64()
		if stateErr != nil && !errors.Is(stateErr, redis.Nil) {
			// One of them is enough: when a node is down, all its logs fail.
			err = fmt.Errorf("read state of log %s: %w", h.Log, stateErr)
			continue
		}
		// Of a log that Redis does not know, all that the outbox has goes in again; afterwards it is whole.
		for last < h.Seq {
			reached, n, fillErr := p.fill(ctx, h.Log, last)
			if fillErr != nil {
				err = fillErr
				break
			}
			sent += n
			last = reached
		}
	}
	return sent, err
}
