package events

import (
	"context"
	"fmt"
	"sync"

	"github.com/redis/go-redis/v9"
	"golang.org/x/sync/errgroup"

	"guildhall.chat/guildhall/internal/snowflake"
)

// moveConcurrency is how many logs are subscribed anew side by side after a connection was lost.
const moveConcurrency = 64

// subscribe has the feed's channel confirmed by the node that owns its slot.
func (fs *Feeds) subscribe(ctx context.Context, f *Feed) error {
	ctx, cancel := context.WithTimeout(ctx, confirmTimeout)
	defer cancel()
	node, err := fs.rdb.MasterForKey(ctx, channelOf(f.log))
	if err != nil {
		return fmt.Errorf("node of log %s: %w", f.log, err)
	}
	l, err := fs.link(node)
	if err != nil {
		return err
	}
	if err := l.subscribe(ctx, f.log); err != nil {
		return fmt.Errorf("subscribe to log %s at %s: %w", f.log, l.addr, err)
	}
	fs.mu.Lock()
	current := fs.feeds[f.log]
	if current == f {
		f.link = l
	}
	fs.mu.Unlock()
	switch {
	case current == nil:
		l.unsubscribe(f.log)
		return errClosed
	case l.over():
		// It may have ended before it could know of this feed.
		return errLinkEnded
	}
	return nil
}

// link returns the connection to a node.
func (fs *Feeds) link(node *redis.Client) (*link, error) {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	if fs.closed {
		return nil, errClosed
	}
	if l := fs.links[node.Options().Addr]; l != nil && l.usable() {
		return l, nil
	}
	l := newLink(fs, node)
	fs.links[l.addr] = l
	fs.tasks.Go(l.read)
	fs.tasks.Go(l.ping)
	return l, nil
}

// linkLost moves the logs of a link that ended to wherever their slots are now, and lets their feeds look for what they
// missed meanwhile.
func (fs *Feeds) linkLost(l *link, cause error) {
	fs.mu.Lock()
	var feeds []*Feed
	for _, f := range fs.feeds {
		if f.link == l {
			f.link = nil
			feeds = append(feeds, f)
		}
	}
	fs.mu.Unlock()
	linksLost.Inc()
	fs.logger.Warn("subscriber connection to Redis lost", "node", l.addr, "logs", len(feeds), "error", cause)
	fs.rdb.ReloadState(fs.ctx)
	fs.move(feeds)
}

// unsubscribed is called when a node has ended a subscription: because we asked for it, or because the slot moved away.
func (fs *Feeds) unsubscribed(l *link, log snowflake.ID) {
	fs.mu.Lock()
	f := fs.feeds[log]
	// Without a link the feed was opened while an earlier one's end was on its way.
	wanted := f != nil && (f.link == nil || f.link == l)
	fs.mu.Unlock()
	if wanted {
		fs.spawn(func() { fs.move([]*Feed{f}) })
	}
}

// move subscribes feeds anew, each until it is confirmed or closed. It goes in rounds, so that those whose slot nobody
// serves do not hold up the others.
func (fs *Feeds) move(feeds []*Feed) {
	for attempt := 0; len(feeds) > 0; attempt++ {
		var err error
		feeds, err = fs.moveRound(feeds)
		if err == nil {
			continue
		}
		if attempt%10 == 9 {
			fs.logger.Warn("logs not subscribed yet", "logs", len(feeds), "error", err)
		}
		if !fs.pause(attempt) {
			return
		}
	}
}

// moveRound tries every feed once and returns those that failed, with one of the errors.
func (fs *Feeds) moveRound(feeds []*Feed) (failed []*Feed, cause error) {
	var mu sync.Mutex
	var group errgroup.Group
	group.SetLimit(moveConcurrency)
	for _, f := range feeds {
		group.Go(func() error {
			if f.isClosed() {
				return nil
			}
			if err := fs.subscribe(fs.ctx, f); err != nil && !f.isClosed() {
				mu.Lock()
				failed, cause = append(failed, f), err
				mu.Unlock()
				fs.rdb.ReloadState(fs.ctx)
				return nil
			}
			f.check()
			return nil
		})
	}
	_ = group.Wait()
	return failed, cause
}
