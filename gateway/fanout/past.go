package fanout

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"
	"golang.org/x/sync/singleflight"

	"guildhall.chat/guildhall/internal/events"
	"guildhall.chat/guildhall/internal/snowflake"
)

const (
	// pastKept is how many past events are kept: when a pod is gone, thousands of sessions of the same guilds come here at
	// about the same time.
	pastKept = 32 << 10
	// maxPast bounds how far back a session may ask at once.
	maxPast = pastKept / 4
	// pastTimeout bounds one read of past events.
	pastTimeout = 5 * time.Second
)

// ErrPast says that past events are no longer to be had.
var ErrPast = errors.New("events are past the window")

// past has the events that sessions missed elsewhere, each read and encoded once for all of them.
type past struct {
	feeds *events.Feeds
	kept  *lru.Cache[moment, *dispatch]
	reads singleflight.Group
	asked atomic.Int64 // when somebody last asked, Unix seconds
}

// moment is an event of a log.
type moment struct {
	log snowflake.ID
	seq int64
}

func newPast(feeds *events.Feeds) *past {
	kept, err := lru.New[moment, *dispatch](pastKept)
	if err != nil {
		panic(err) // only for a size below one
	}
	return &past{feeds: feeds, kept: kept}
}

// Past returns the events of a log after a seq, up to another that is known to be. ErrPast says that they are no longer to be
// had. Who asks for the same log at the same time shares one read.
func (h *Hub) Past(ctx context.Context, log snowflake.ID, after, upTo int64) ([]events.Event, error) {
	if upTo-after > maxPast {
		return nil, ErrPast
	}
	h.past.asked.Store(time.Now().Unix())
	for {
		list, missing := h.past.have(log, after, upTo)
		if missing == 0 {
			return list, nil
		}
		read := h.past.reads.DoChan(log.String(), func() (any, error) { return nil, h.read(log, missing-1, upTo) })
		select {
		case result := <-read:
			if result.Err != nil {
				return nil, result.Err
			}
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// have returns the events that are kept, and the seq of the first that is not; 0 if all are.
func (p *past) have(log snowflake.ID, after, upTo int64) (list []events.Event, missing int64) {
	for seq := after + 1; seq <= upTo; seq++ {
		d, kept := p.kept.Get(moment{log, seq})
		if !pastLookups.Found(kept) {
			return nil, seq
		}
		list = append(list, d.event)
	}
	return list, 0
}

// sweep lets go of the events if nobody has asked for any since the moment.
func (p *past) sweep(moment time.Time) {
	if p.asked.Load() < moment.Unix() {
		p.kept.Purge()
	}
}

func (h *Hub) read(log snowflake.ID, after, upTo int64) error {
	ctx, cancel := context.WithTimeout(h.ctx, pastTimeout)
	defer cancel()
	list, err := h.past.feeds.Read(ctx, log, after, upTo)
	if errors.Is(err, events.ErrGone) {
		return ErrPast
	}
	if err != nil {
		return fmt.Errorf("read past events of %s: %w", log, err)
	}
	for _, e := range list {
		h.past.keep(e)
	}
	return nil
}

func (p *past) keep(e events.Event) *dispatch {
	d := newDispatch(e)
	p.kept.Add(moment{e.Log, e.Seq}, d)
	return d
}

// dispatch returns a past event in the variants that were made of it so far. The lock of the log's view is held.
func (p *past) dispatch(e events.Event) *dispatch {
	if d, kept := p.kept.Get(moment{e.Log, e.Seq}); kept {
		return d
	}
	return p.keep(e)
}
