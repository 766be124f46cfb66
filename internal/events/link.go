package events

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"

	"guildhall.chat/guildhall/internal/snowflake"
)

const (
	pingInterval = time.Second
	// silence is how long a node may say nothing, pongs included, before it counts as hung.
	silence = 4 * time.Second
)

// link is the subscriber connection to one master. go-redis would subscribe all channels anew in one call after a
// reconnect, which Redis refuses across slots; so a link never reconnects: at the first error it ends, and Feeds moves
// its logs.
type link struct {
	feeds *Feeds
	addr  string
	ps    *redis.PubSub

	mu      sync.Mutex
	logs    map[snowflake.ID]struct{}
	waiting map[snowflake.ID][]chan error
	ended   error
}

func newLink(fs *Feeds, addr string, node *redis.Client) *link {
	l := &link{
		feeds: fs, addr: addr,
		ps:      node.SSubscribe(fs.ctx),
		logs:    map[snowflake.ID]struct{}{},
		waiting: map[snowflake.ID][]chan error{},
	}
	go l.read()
	go l.ping()
	return l
}

var errLinkEnded = errors.New("connection ended")

// subscribe asks for a log; the channel gets nil when the node has confirmed.
func (l *link) subscribe(log snowflake.ID) <-chan error {
	done := make(chan error, 1)
	l.mu.Lock()
	if l.ended != nil {
		l.mu.Unlock()
		done <- errLinkEnded
		return done
	}
	l.waiting[log] = append(l.waiting[log], done)
	l.mu.Unlock()
	// One channel a call: channels of several slots in one are refused.
	if err := l.ps.SSubscribe(l.feeds.ctx, channelOf(log)); err != nil {
		l.end(err)
	}
	return done
}

func (l *link) unsubscribe(log snowflake.ID) {
	l.mu.Lock()
	delete(l.logs, log)
	ended := l.ended != nil
	l.mu.Unlock()
	if ended {
		return
	}
	if err := l.ps.SUnsubscribe(l.feeds.ctx, channelOf(log)); err != nil {
		l.end(err)
	}
}

func (l *link) close() { l.end(context.Canceled) }

func (l *link) read() {
	for {
		msg, err := l.ps.ReceiveTimeout(l.feeds.ctx, silence)
		if err != nil {
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
	l.mu.Lock()
	switch m.Kind {
	case "ssubscribe":
		l.logs[log] = struct{}{}
		for _, done := range l.waiting[log] {
			done <- nil
		}
		delete(l.waiting, log)
		l.mu.Unlock()
	case "sunsubscribe":
		_, wanted := l.logs[log]
		delete(l.logs, log)
		l.mu.Unlock()
		if wanted {
			go l.feeds.move(log)
		}
	default:
		l.mu.Unlock()
	}
}

func (l *link) ping() {
	ticker := time.NewTicker(pingInterval)
	defer ticker.Stop()
	for range ticker.C {
		l.mu.Lock()
		ended := l.ended != nil
		l.mu.Unlock()
		if ended || l.feeds.ctx.Err() != nil {
			return
		}
		if err := l.ps.Ping(l.feeds.ctx); err != nil {
			l.end(err)
			return
		}
	}
}

// end closes the link once and gives its logs back.
func (l *link) end(cause error) {
	l.mu.Lock()
	if l.ended != nil {
		l.mu.Unlock()
		return
	}
	l.ended = cause
	logs := make([]snowflake.ID, 0, len(l.logs))
	for log := range l.logs {
		logs = append(logs, log)
	}
	waiting := l.waiting
	l.waiting = nil
	l.mu.Unlock()
	_ = l.ps.Close()
	for _, dones := range waiting {
		for _, done := range dones {
			done <- errLinkEnded
		}
	}
	go l.feeds.linkLost(l, logs, cause)
}
