package events

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"

	"guildhall.chat/guildhall/internal/snowflake"
)

const (
	// confirmTimeout bounds how long a subscription may take to be confirmed before it is tried anew.
	confirmTimeout = 3 * time.Second
	// dialTimeout bounds the connection itself.
	dialTimeout  = 2 * time.Second
	pingInterval = time.Second
	// silence is how long a node may say nothing, pongs included, before it counts as hung.
	silence = 4 * time.Second
	// redialAfter is how long a node that could not be reached is left alone, so that the many logs that wait for it
	// don't each wait for a connection of their own.
	redialAfter = 500 * time.Millisecond
)

// link is the subscriber connection to one master. go-redis would subscribe all channels anew in one call after a
// reconnect, which Redis refuses across slots; so a link never reconnects: at the first broken read or write it ends, and
// Feeds moves its logs.
type link struct {
	feeds  *Feeds
	addr   string
	client *redis.Client
	ps     *redis.PubSub
	done   chan struct{} // closed at the end

	mu      sync.Mutex
	waiting map[snowflake.ID][]chan<- error // who waits for which confirmation
	reached bool                            // the node has answered
	endedAt time.Time
}

func newLink(fs *Feeds, node *redis.Client) *link {
	opt := *node.Options()
	opt.DialTimeout = dialTimeout
	opt.Dialer = dialOnce(opt.Dialer)
	// A service of Redis Enterprise, which would move the connection to another node by itself.
	opt.MaintNotificationsConfig = &maintnotifications.Config{Mode: maintnotifications.ModeDisabled}
	client := redis.NewClient(&opt)
	return &link{
		feeds: fs, addr: opt.Addr, client: client,
		ps:      client.SSubscribe(fs.ctx),
		done:    make(chan struct{}),
		waiting: map[snowflake.ID][]chan<- error{},
	}
}

type dialer = func(ctx context.Context, network, addr string) (net.Conn, error)

var errLinkEnded = errors.New("connection ended")

// dialOnce keeps go-redis from reconnecting.
func dialOnce(dial dialer) dialer {
	var dialed atomic.Bool
	return func(ctx context.Context, network, addr string) (net.Conn, error) {
		if dialed.Swap(true) {
			return nil, errLinkEnded
		}
		return dial(ctx, network, addr)
	}
}

// subscribe returns nil once the node has confirmed that it will send what is published on the log's channel.
func (l *link) subscribe(ctx context.Context, log snowflake.ID) error {
	confirmed := make(chan error, 1)
	l.mu.Lock()
	if l.over() {
		l.mu.Unlock()
		return errLinkEnded
	}
	l.waiting[log] = append(l.waiting[log], confirmed)
	l.mu.Unlock()
	// One channel a call: channels of several slots in one are refused.
	if err := l.ps.SSubscribe(l.feeds.ctx, channelOf(log)); err != nil {
		l.end(err)
	}
	select {
	case err := <-confirmed:
		return err
	case <-ctx.Done():
		return fmt.Errorf("not confirmed: %w", ctx.Err())
	}
}

func (l *link) unsubscribe(log snowflake.ID) {
	if l.over() {
		return
	}
	if err := l.ps.SUnsubscribe(l.feeds.ctx, channelOf(log)); err != nil {
		l.end(err)
	}
}

func (l *link) read() {
	for {
		msg, err := l.ps.ReceiveTimeout(l.feeds.ctx, silence)
		var refusal redis.Error
		switch {
		case errors.As(err, &refusal):
			// MOVED, CLUSTERDOWN...: it does not say which log it is about, so all that wait try again.
			l.confirm(0, refusal)
			continue
		case err != nil:
			l.end(err)
			return
		}
		switch m := msg.(type) {
		case *redis.Message:
			l.feeds.received(m.Channel, m.Payload)
		case *redis.Subscription:
			l.changed(m)
		}
	}
}

// changed handles a confirmation, or a node's word that it no longer serves a channel because its slot moved.
func (l *link) changed(m *redis.Subscription) {
	log, ok := logOf(m.Channel)
	if !ok {
		return
	}
	switch m.Kind {
	case "ssubscribe":
		l.confirm(log, nil)
	case "sunsubscribe":
		l.feeds.unsubscribed(l, log)
	}
}

// confirm tells those who wait for a log, or everybody with log 0, what came of it.
func (l *link) confirm(log snowflake.ID, result error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.reached = true
	if log != 0 {
		tell(l.waiting[log], result)
		delete(l.waiting, log)
		return
	}
	for _, waiting := range l.waiting {
		tell(waiting, result)
	}
	clear(l.waiting)
}

func tell(waiting []chan<- error, result error) {
	for _, w := range waiting {
		w <- result
	}
}

func (l *link) ping() {
	ticker := time.NewTicker(pingInterval)
	defer ticker.Stop()
	for {
		select {
		case <-l.done:
			return
		case <-ticker.C:
		}
		if err := l.ps.Ping(l.feeds.ctx); err != nil {
			l.end(err)
			return
		}
	}
}

// over reports whether the link has ended.
func (l *link) over() bool {
	select {
	case <-l.done:
		return true
	default:
		return false
	}
}

// usable reports whether the link may stand for its node: it lives, or a new connection is not worth a try yet.
func (l *link) usable() bool {
	if !l.over() {
		return true
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	return !l.reached && time.Since(l.endedAt) < redialAfter
}

// end closes the link, once, and lets Feeds move its logs.
func (l *link) end(cause error) {
	l.mu.Lock()
	if l.over() {
		l.mu.Unlock()
		return
	}
	l.endedAt = time.Now()
	close(l.done)
	for _, waiting := range l.waiting {
		tell(waiting, errLinkEnded)
	}
	clear(l.waiting)
	l.mu.Unlock()
	_ = l.ps.Close()
	_ = l.client.Close()
	l.feeds.spawn(func() { l.feeds.linkLost(l, cause) })
}
