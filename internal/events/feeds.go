package events

import (
	"context"
	"errors"
	"log/slog"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"

	"guildhall.chat/guildhall/internal/metrics"
	"guildhall.chat/guildhall/internal/snowflake"
)

const (
	// openAttempts is how often Open tries, while a connection is just being replaced.
	openAttempts = 5
	// outboxReaders bounds the reads of the outbox side by side: when Redis loses everything, all feeds need it.
	outboxReaders = 8
)

// Feeds subscribes this process to logs: one connection a Redis master, whatever the number of logs and sessions.
type Feeds struct {
	ctx    context.Context // ends with Close
	stop   context.CancelFunc
	rdb    *redis.ClusterClient
	source Source
	outbox chan struct{} // a place for each of outboxReaders
	logger *slog.Logger

	mu     sync.Mutex
	closed bool
	feeds  map[snowflake.ID]*Feed
	links  map[string]*link // by address of the master
	tasks  sync.WaitGroup

	waiting   map[*Feed]time.Time // that look for what is missing, and since when
	unmeasure func()
}

// NewFeeds returns feeds over a Redis Cluster; source fills the holes that Redis can't. They live until Close.
func NewFeeds(rdb *redis.ClusterClient, source Source, logger *slog.Logger) *Feeds {
	ctx, stop := context.WithCancel(context.Background())
	fs := &Feeds{
		ctx: ctx, stop: stop, rdb: rdb, source: source, logger: logger,
		outbox: make(chan struct{}, outboxReaders),
		feeds:  map[snowflake.ID]*Feed{},
		links:  map[string]*link{},

		waiting: map[*Feed]time.Time{},
	}
	fs.unmeasure = oldestGap.From(func(tell metrics.Tell) { tell(fs.longestStalled().Seconds()) })
	fs.spawn(fs.sweep)
	return fs
}

// spawn runs a task that Close waits for.
func (fs *Feeds) spawn(task func()) {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	if !fs.closed {
		fs.tasks.Go(task)
	}
}

// Close ends every feed and connection. A handler may be inside a last call.
func (fs *Feeds) Close() {
	fs.unmeasure()
	fs.mu.Lock()
	fs.closed = true
	links, feeds := fs.links, fs.feeds
	fs.links, fs.feeds = map[string]*link{}, map[snowflake.ID]*Feed{}
	fs.mu.Unlock()
	fs.stop()
	for _, f := range feeds {
		feedsOpen.Dec()
		f.finish()
	}
	for _, l := range links {
		l.end(context.Canceled)
	}
	fs.tasks.Wait()
}

var (
	errOpen   = errors.New("log is already open")
	errClosed = errors.New("closed")
)

// Open subscribes to a log, which must not be open yet, and buffers its events. When it returns, every event published
// from now on is in the feed: the snapshot may be loaded.
func (fs *Feeds) Open(ctx context.Context, log snowflake.ID) (*Feed, error) {
	f := &Feed{log: log, feeds: fs}
	if err := fs.add(f); err != nil {
		return nil, err
	}
	for attempt := 0; ; attempt++ {
		err := fs.subscribe(ctx, f)
		if err == nil {
			return f, nil
		}
		if attempt+1 == openAttempts || ctx.Err() != nil || !fs.pause(attempt) {
			f.Close()
			return nil, err
		}
		fs.rdb.ReloadState(ctx)
	}
}

func (fs *Feeds) add(f *Feed) error {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	switch {
	case fs.closed:
		return errClosed
	case fs.feeds[f.log] != nil:
		return errOpen
	}
	fs.feeds[f.log] = f
	feedsOpen.Inc()
	return nil
}

// drop forgets a closed feed.
func (fs *Feeds) drop(f *Feed) {
	fs.mu.Lock()
	if fs.feeds[f.log] != f {
		fs.mu.Unlock()
		return
	}
	delete(fs.feeds, f.log)
	l := f.link
	fs.mu.Unlock()
	feedsOpen.Dec()
	if l != nil {
		l.unsubscribe(f.log)
	}
}

func (fs *Feeds) feed(log snowflake.ID) *Feed {
	fs.mu.Lock()
	defer fs.mu.Unlock()
	return fs.feeds[log]
}

// received is called by a link's reader for each message.
func (fs *Feeds) received(channel, payload string) {
	log, ok := logOf(channel)
	if !ok {
		return
	}
	f := fs.feed(log)
	if f == nil {
		return
	}
	e, err := decodeMessage(log, []byte(payload))
	if err != nil {
		fs.logger.Error("message on a log's channel is malformed", "log", log, "error", err)
		f.check()
		return
	}
	f.push(e)
}

func logOf(channel string) (snowflake.ID, bool) {
	digits, found := strings.CutPrefix(channel, "log:{")
	if !found {
		return 0, false
	}
	id, err := strconv.ParseUint(strings.TrimSuffix(digits, "}"), 10, 64)
	return snowflake.ID(id), err == nil
}

// pause waits before the next attempt, longer each time; false when the process stops.
func (fs *Feeds) pause(attempt int) bool {
	wait := min(50*time.Millisecond<<min(attempt, 6), 2*time.Second)
	select {
	case <-fs.ctx.Done():
		return false
	case <-time.After(wait):
		return true
	}
}
