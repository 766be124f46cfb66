package events

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"
	"golang.org/x/sync/errgroup"

	"guildhall.chat/guildhall/internal/snowflake"
)

const (
	// readTimeout bounds one look into a log.
	readTimeout = 3 * time.Second
	// confirmTimeout bounds how long a subscription may take to be confirmed before it is tried anew.
	confirmTimeout = 3 * time.Second
	// sweepInterval is how often all feeds are compared with their logs, in case that a publication was lost without
	// the connection ending.
	sweepInterval = 5 * time.Second
	sweepBatch    = 500
	// moveConcurrency is how many logs are subscribed anew side by side after a connection was lost.
	moveConcurrency = 64
	// openAttempts is how often Open tries, while a connection is just being replaced.
	openAttempts = 5
)

// Feeds subscribes this process to logs: one connection a Redis master, whatever the number of logs and sessions.
type Feeds struct {
	ctx    context.Context // ends with Run
	stop   context.CancelFunc
	rdb    *redis.ClusterClient
	source Source
	logger *slog.Logger

	mu    sync.Mutex
	feeds map[snowflake.ID]*Feed
	links map[string]*link // by address of the master
	where map[snowflake.ID]*link
}

// NewFeeds returns feeds over a Redis Cluster; source fills the holes that Redis can't. They live until Close.
func NewFeeds(rdb *redis.ClusterClient, source Source, logger *slog.Logger) *Feeds {
	ctx, stop := context.WithCancel(context.Background())
	fs := &Feeds{
		ctx: ctx, stop: stop, rdb: rdb, source: source, logger: logger,
		feeds: map[snowflake.ID]*Feed{},
		links: map[string]*link{},
		where: map[snowflake.ID]*link{},
	}
	go fs.sweep()
	return fs
}

// Close ends every feed and connection.
func (fs *Feeds) Close() {
	fs.stop()
	fs.mu.Lock()
	links := fs.links
	fs.links = map[string]*link{}
	fs.mu.Unlock()
	for _, l := range links {
		l.close()
	}
}

var errOpen = errors.New("log is already open")

// Open subscribes to a log, which must not be open yet, and buffers its events. When it returns, every event published
// from now on is in the feed: the snapshot may be loaded.
func (fs *Feeds) Open(ctx context.Context, log snowflake.ID) (*Feed, error) {
	f := &Feed{log: log, feeds: fs}
	fs.mu.Lock()
	if fs.feeds[log] != nil {
		fs.mu.Unlock()
		return nil, errOpen
	}
	fs.feeds[log] = f
	fs.mu.Unlock()
	feedsOpen.Inc()
	for attempt := 0; ; attempt++ {
		err := fs.subscribe(ctx, log)
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

// subscribe has the log's channel confirmed by the node that owns its slot.
func (fs *Feeds) subscribe(ctx context.Context, log snowflake.ID) error {
	ctx, cancel := context.WithTimeout(ctx, confirmTimeout)
	defer cancel()
	node, err := fs.rdb.MasterForKey(ctx, channelOf(log))
	if err != nil {
		return fmt.Errorf("node of log %s: %w", log, err)
	}
	l := fs.link(node)
	confirmed := l.subscribe(log)
	select {
	case err := <-confirmed:
		if err != nil {
			return fmt.Errorf("subscribe to log %s: %w", log, err)
		}
	case <-ctx.Done():
		return fmt.Errorf("subscribe to log %s: %w", log, ctx.Err())
	}
	fs.mu.Lock()
	fs.where[log] = l
	fs.mu.Unlock()
	return nil
}

func (fs *Feeds) link(node *redis.Client) *link {
	addr := node.Options().Addr
	fs.mu.Lock()
	defer fs.mu.Unlock()
	if l := fs.links[addr]; l != nil {
		return l
	}
	l := newLink(fs, addr, node)
	fs.links[addr] = l
	return l
}

// drop forgets a closed feed.
func (fs *Feeds) drop(f *Feed) {
	fs.mu.Lock()
	if fs.feeds[f.log] != f {
		fs.mu.Unlock()
		return
	}
	delete(fs.feeds, f.log)
	l := fs.where[f.log]
	delete(fs.where, f.log)
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

// linkLost moves the logs of a link that ended to wherever their slots are now, and lets their feeds look for what they
// missed meanwhile.
func (fs *Feeds) linkLost(l *link, logs []snowflake.ID, cause error) {
	fs.mu.Lock()
	if fs.links[l.addr] == l {
		delete(fs.links, l.addr)
	}
	fs.mu.Unlock()
	if fs.ctx.Err() != nil {
		return
	}
	linksLost.Inc()
	fs.logger.Warn("subscriber connection to Redis lost", "node", l.addr, "logs", len(logs), "error", cause)
	fs.rdb.ReloadState(fs.ctx)
	fs.move(logs...)
}

// move subscribes logs anew, each until it is confirmed or its feed is closed. One whose slot nobody serves does not
// hold up the others.
func (fs *Feeds) move(logs ...snowflake.ID) {
	var group errgroup.Group
	group.SetLimit(moveConcurrency)
	for _, log := range logs {
		group.Go(func() error {
			fs.moveOne(log)
			return nil
		})
	}
	_ = group.Wait()
}

func (fs *Feeds) moveOne(log snowflake.ID) {
	for attempt := 0; ; attempt++ {
		f := fs.feed(log)
		if f == nil {
			return
		}
		err := fs.subscribe(fs.ctx, log)
		if err == nil {
			f.check()
			return
		}
		if attempt%10 == 9 {
			fs.logger.Warn("log not subscribed yet", "log", log, "error", err)
		}
		if !fs.pause(attempt) {
			return
		}
		fs.rdb.ReloadState(fs.ctx)
	}
}

// sweep compares every feed with its log's last seq.
func (fs *Feeds) sweep() {
	ticker := time.NewTicker(sweepInterval)
	defer ticker.Stop()
	for {
		select {
		case <-fs.ctx.Done():
			return
		case <-ticker.C:
		}
		fs.mu.Lock()
		all := make([]*Feed, 0, len(fs.feeds))
		for _, f := range fs.feeds {
			all = append(all, f)
		}
		fs.mu.Unlock()
		for start := 0; start < len(all); start += sweepBatch {
			fs.compare(all[start:min(start+sweepBatch, len(all))])
		}
	}
}

func (fs *Feeds) compare(feeds []*Feed) {
	ctx, cancel := context.WithTimeout(fs.ctx, readTimeout)
	defer cancel()
	cmds := make([]*redis.StringCmd, len(feeds))
	_, _ = fs.rdb.Pipelined(ctx, func(pipe redis.Pipeliner) error {
		for i, f := range feeds {
			cmds[i] = pipe.HGet(ctx, stateKey(f.log), fieldLast)
		}
		return nil
	})
	for i, f := range feeds {
		if newest, err := cmds[i].Int64(); err == nil {
			if last, started := f.position(); started && newest > last {
				f.check()
			}
		}
	}
}

// readStream returns the events of a log that Redis has after last, at most fillBatch.
func (fs *Feeds) readStream(ctx context.Context, log snowflake.ID, last int64) ([]Event, error) {
	entries, err := fs.rdb.XRangeN(ctx, streamKey(log), fmt.Sprintf("%d-0", last+1), "+", fillBatch).Result()
	if err != nil {
		return nil, fmt.Errorf("read log %s: %w", log, err)
	}
	evs := make([]Event, 0, len(entries))
	for _, entry := range entries {
		body, _ := entry.Values["e"].(string)
		seq, err := strconv.ParseInt(strings.TrimSuffix(entry.ID, "-0"), 10, 64)
		if err != nil {
			return nil, fmt.Errorf("entry %q of log %s: %w", entry.ID, log, errMalformed)
		}
		e, err := Decode(log, seq, []byte(body))
		if err != nil {
			return nil, fmt.Errorf("entry %q of log %s: %w", entry.ID, log, err)
		}
		evs = append(evs, e)
	}
	return evs, nil
}
