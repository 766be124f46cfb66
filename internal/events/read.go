package events

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"guildhall.chat/guildhall/internal/snowflake"
)

const (
	// readTimeout bounds one look into a log.
	readTimeout = 3 * time.Second
)

var (
	// ErrGone says that events are past the window.
	ErrGone = errors.New("events are past the window")
	// ErrTooMany says that more events were asked for than one Read returns.
	ErrTooMany = errors.New("too many events")
)

// maxRead bounds the events of one Read.
const maxRead = 10_000

// Read returns all events of a log with after < seq <= until, ascending; until must be known to be. The log need not be open.
// The error is ErrGone if one of them is past the window, ErrTooMany if there are more than 10,000, or any other when
// neither Redis nor the outbox could be asked.
func (fs *Feeds) Read(ctx context.Context, log snowflake.ID, after, until int64) ([]Event, error) {
	if until <= after {
		return nil, nil
	}
	if until-after > maxRead {
		return nil, ErrTooMany
	}
	evs := make([]Event, 0, until-after)
	for after < until {
		page, err := fs.readLog(ctx, log, after, until)
		if err != nil {
			return nil, err
		}
		before := after
		for _, e := range page {
			if e.Seq != after+1 || after == until {
				break
			}
			evs = append(evs, e)
			after++
		}
		if after == before {
			return nil, ErrGone
		}
	}
	return evs, nil
}

// readLog returns the events after last, from the stream where it has them and from the outbox otherwise; ErrGone when
// the next one is no longer to be had. Without until, the seq of a later event that is known to be, it may find that
// there is nothing.
func (fs *Feeds) readLog(ctx context.Context, log snowflake.ID, last, until int64) ([]Event, error) {
	evs, newest, err := fs.readStream(ctx, log, last)
	switch {
	case err == nil && len(evs) > 0 && evs[0].Seq == last+1:
		return evs, nil
	case err == nil && until == 0 && newest > 0 && newest <= last:
		return nil, nil
	}
	// Redis did not answer, knows nothing of the log, or no longer has what comes next.
	if evs, err = fs.readOutbox(ctx, log, last); err != nil {
		return nil, err
	}
	switch {
	case len(evs) > 0 && evs[0].Seq == last+1:
		return evs, nil
	case len(evs) == 0 && max(until, newest) <= last:
		return nil, nil
	}
	return nil, ErrGone
}

func (fs *Feeds) readOutbox(ctx context.Context, log snowflake.ID, last int64) ([]Event, error) {
	select {
	case fs.outbox <- struct{}{}:
		defer func() { <-fs.outbox }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	ctx, cancel := context.WithTimeout(ctx, readTimeout)
	defer cancel()
	return fs.source.Outbox(ctx, log, last, fillBatch)
}

// readStream returns the events of a log that Redis has after last, at most fillBatch, and the newest seq that it knows
// of, 0 for none.
func (fs *Feeds) readStream(ctx context.Context, log snowflake.ID, last int64) (evs []Event, newest int64, err error) {
	ctx, cancel := context.WithTimeout(ctx, readTimeout)
	defer cancel()
	var entries *redis.XMessageSliceCmd
	var state *redis.StringCmd
	_, err = fs.rdb.Pipelined(ctx, func(pipe redis.Pipeliner) error {
		entries = pipe.XRangeN(ctx, streamKey(log), fmt.Sprintf("%d-0", last+1), "+", fillBatch)
		state = pipe.HGet(ctx, stateKey(log), fieldLast)
		return nil
	})
	if err != nil && !errors.Is(err, redis.Nil) {
		return nil, 0, fmt.Errorf("read log %s: %w", log, err)
	}
	if newest, err = state.Int64(); err != nil && !errors.Is(err, redis.Nil) {
		return nil, 0, fmt.Errorf("state of log %s: %w", log, err)
	}
	for _, entry := range entries.Val() {
		body, _ := entry.Values["e"].(string)
		seq, err := strconv.ParseInt(strings.TrimSuffix(entry.ID, "-0"), 10, 64)
		if err != nil {
			return nil, 0, fmt.Errorf("entry %q of log %s: %w", entry.ID, log, errMalformed)
		}
		e, err := Decode(log, seq, []byte(body))
		if err != nil {
			return nil, 0, fmt.Errorf("entry %q of log %s: %w", entry.ID, log, err)
		}
		evs = append(evs, e)
	}
	return evs, newest, nil
}
