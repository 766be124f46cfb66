package journal

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"guildhall.chat/guildhall/internal/snowflake"
)

const (
	// loadTimeout bounds one reading of a journal.
	loadTimeout = 5 * time.Second
	// pageBatches is how many batches are read in one round trip.
	pageBatches = 1000
	// maxLoaded bounds the entries of one journal in memory; one that has more can't be read.
	maxLoaded = 4_000_000
	// maxFollowed is how many entries a journal in memory may gain before it is read anew, without what has been
	// trimmed meanwhile.
	maxFollowed = 500_000
	// loadAttempts allows for a journal that begins anew while it is read.
	loadAttempts = 3
)

var (
	errTooLong = errors.New("journal: too long to be read")
	// errBroken says that batches do not follow each other.
	errBroken = errors.New("journal: begun anew")
)

// load reads a journal, or what is new since it was known. What can't be read, now or later, is ErrGone.
func (r *Reader) load(process Process, known *Journal) (*Journal, error) {
	ctx, cancel := context.WithTimeout(context.Background(), loadTimeout)
	defer cancel()
	if known != nil && known.followed >= maxFollowed {
		known = nil
	}
	j, err := r.read(ctx, process, known)
	for attempt := 1; attempt < loadAttempts && errors.Is(err, errBroken); attempt++ {
		j, err = r.read(ctx, process, nil)
	}
	for _, unreadable := range []error{errBroken, errMalformed, errTooLong} {
		if errors.Is(err, unreadable) {
			return nil, fmt.Errorf("%w: %w", ErrGone, err)
		}
	}
	return j, err
}

// read reads what a journal has after known, all of it if that is nil. The error is errBroken if it does not connect.
func (r *Reader) read(ctx context.Context, process Process, known *Journal) (*Journal, error) {
	j := known
	if known == nil {
		j = &Journal{}
	}
	for {
		p, err := r.page(ctx, process, j.last, known == nil)
		if err != nil {
			return nil, err
		}
		longer := j
		if len(p.payloads) > 0 || p.heads != nil {
			if longer, err = j.extend(p.payloads, p.heads); err != nil {
				return nil, err
			}
		}
		if len(longer.entries) > maxLoaded {
			return nil, errTooLong
		}
		if len(p.payloads) == pageBatches {
			j = longer
			continue
		}
		return longer.end(p.last, p.intact, known)
	}
}

// page is what one round trip has of a journal.
type page struct {
	last     int64 // position that the journal reaches to
	intact   bool  // this master has acknowledged that
	payloads []string
	heads    heads // nil: not asked for, or not the last page
}

func (r *Reader) page(ctx context.Context, process Process, after int64, withHeads bool) (page, error) {
	first, want := "-", ""
	if after > 0 {
		first = "(" + strconv.FormatInt(after, 10) + "-0"
	}
	if withHeads {
		want = "1"
	}
	keys := []string{process.entriesKey(), process.headsKey()}
	answer, err := readScript.Run(ctx, r.rdb, keys, first, pageBatches, want).Slice()
	if err != nil {
		return page{}, fmt.Errorf("read journal of %s: %w", process, err)
	}
	if len(answer) == 0 {
		return page{}, ErrGone
	}
	p, err := pageOf(answer)
	if err != nil {
		return page{}, fmt.Errorf("read journal of %s: %w", process, err)
	}
	if !withHeads {
		p.heads = nil
	}
	return p, nil
}

// pageOf reads the script's answer.
func pageOf(answer []any) (page, error) {
	if len(answer) != 4 {
		return page{}, errMalformed
	}
	last, _ := answer[0].(string)
	intact, _ := answer[1].(int64)
	payloads, _ := answer[2].([]any)
	fields, _ := answer[3].([]any)
	p := page{intact: intact == 1, payloads: make([]string, len(payloads))}
	var err error
	if p.last, err = strconv.ParseInt(last, 10, 64); err != nil || len(fields)%2 != 0 {
		return page{}, errMalformed
	}
	for i := range payloads {
		p.payloads[i], _ = payloads[i].(string)
	}
	p.heads = make(heads, len(fields)/2)
	for i := 0; i < len(fields); i += 2 {
		field, _ := fields[i].(string)
		value, _ := fields[i+1].(string)
		log, err := strconv.ParseUint(field, 10, 64)
		if err != nil {
			continue // the script's own
		}
		seq, err := strconv.ParseInt(value, 10, 64)
		if err != nil {
			return page{}, errMalformed
		}
		p.heads[snowflake.ID(log)] = seq
	}
	return p, nil
}
