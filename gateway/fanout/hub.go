package fanout

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"sync"
	"time"

	"guildhall.chat/guildhall/gateway/delivery"
	"guildhall.chat/guildhall/gateway/fanout/roster"
	"guildhall.chat/guildhall/gateway/journal"
	"guildhall.chat/guildhall/internal/codec"
	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/events"
	"guildhall.chat/guildhall/internal/sharding"
	"guildhall.chat/guildhall/internal/snowflake"
	"guildhall.chat/guildhall/internal/store"
)

const (
	// loadTimeout bounds the load of one view.
	loadTimeout = 15 * time.Second
	// loadConcurrency bounds the guilds that are loaded side by side: each is a query that may return many members.
	loadConcurrency = 16
	// linger is how long a view without sessions is kept: clients that reconnect find it warm.
	linger = time.Minute
	// sweepInterval is how often views without sessions are looked for.
	sweepInterval = 15 * time.Second
	// retryMax is the longest pause before a guild that could not be loaded is tried again.
	retryMax = 5 * time.Second
)

// Profile is what a session asked for and may have.
type Profile struct {
	User           snowflake.ID
	Bot            bool
	Intents        discord.Intents
	Shard          sharding.Shard
	LargeThreshold int                  // members from which on GUILD_CREATE does not list all
	Capabilities   discord.Capabilities // of a person's client
	Session        string               // its id
}

// wants reports whether the session's intents cover an event of a guild.
func (p Profile) wants(event string) bool {
	needed := discord.NeededIntents(event, false)
	return needed == 0 || p.Intents&needed != 0
}

// Subscriber is a session as fan-out sees it. Its methods must not block and must not call back: locks may be held.
//
// What others get too comes through the line, to the Receiver, from the moment on that the session has joined: it holds back
// what comes before its READY or RESUMED.
type Subscriber interface {
	delivery.Receiver
	// Profile must always return the same.
	Profile() Profile
	// DeliverOwn submits a dispatch that was made for this session alone, at once: the order of calls is that of the line.
	// The entry lacks only the session's key, and may have no kind. Without a dispatch it is journaled alone.
	DeliverOwn(entry journal.Entry, d *codec.Shared)
	// CheckCredentials says that what the session has identified with may no longer be good.
	CheckCredentials()
	// Invalidate says that the session can no longer be told everything once and in order.
	Invalidate()
}

// Presences knows who is online, and learns from fan-out where that is of interest.
type Presences interface {
	// Guild returns the data of a PRESENCE_UPDATE for each of the members who is not offline.
	Guild(ctx context.Context, guild snowflake.ID, members []snowflake.ID) (map[snowflake.ID]json.RawMessage, error)
	// Joined and Left say that a user with sessions here has joined or left a guild. They must not block.
	Joined(user, guild snowflake.ID)
	Left(user, guild snowflake.ID)
}

// Hub keeps the views of a pod.
type Hub struct {
	line      *delivery.Line
	feeds     *events.Feeds
	store     *store.Store
	presences Presences
	log       *slog.Logger

	ctx   context.Context // ends with Close
	stop  context.CancelFunc
	swept chan struct{}
	loads chan struct{} // semaphore
	past  *past

	mu     sync.Mutex
	guilds map[snowflake.ID]*pending[*Guild]
	users  map[snowflake.ID]*pending[*User]
}

// pending is a view, or one that is being loaded.
type pending[V any] struct {
	done chan struct{} // closed when view or err is set
	view V
	err  error
}

// NewHub returns a hub without views, which submits to the line. Close it before the feeds and the line.
func NewHub(line *delivery.Line, feeds *events.Feeds, st *store.Store, presences Presences, log *slog.Logger) *Hub {
	ctx, stop := context.WithCancel(context.Background())
	h := &Hub{
		line: line, feeds: feeds, store: st, presences: presences, log: log,
		ctx: ctx, stop: stop, swept: make(chan struct{}), loads: make(chan struct{}, loadConcurrency), past: newPast(feeds),
		guilds: map[snowflake.ID]*pending[*Guild]{}, users: map[snowflake.ID]*pending[*User]{},
	}
	go h.sweep()
	return h
}

// Close closes the views that are left. The places must have left, and nobody may join any more.
func (h *Hub) Close() {
	h.stop()
	<-h.swept
	for _, g := range h.views() {
		if g.closeIfIdle(time.Now()) {
			h.forget(g)
		}
	}
}

// guild returns the view of a guild, loading it if need be. store.ErrNotFound says that the guild does not exist.
func (h *Hub) guild(ctx context.Context, id snowflake.ID) (*Guild, error) {
	h.mu.Lock()
	p := h.guilds[id]
	if p == nil {
		p = &pending[*Guild]{done: make(chan struct{})}
		h.guilds[id] = p
		go h.load(id, p)
	}
	h.mu.Unlock()
	select {
	case <-p.done:
		return p.view, p.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// loaded reports whether a guild's view is there already.
func (h *Hub) loaded(id snowflake.ID) bool {
	h.mu.Lock()
	p := h.guilds[id]
	h.mu.Unlock()
	if p == nil {
		return false
	}
	select {
	case <-p.done:
		return p.err == nil
	default:
		return false
	}
}

func (h *Hub) load(id snowflake.ID, p *pending[*Guild]) {
	ctx, cancel := context.WithTimeout(h.ctx, loadTimeout)
	defer cancel()
	begun := time.Now()
	p.view, p.err = h.open(ctx, id)
	if p.err != nil {
		h.mu.Lock()
		delete(h.guilds, id)
		h.mu.Unlock()
		if !errors.Is(p.err, store.ErrNotFound) {
			h.log.Warn("guild not loaded", "guild", id, "error", p.err)
		}
	} else {
		viewLoad.Observe(time.Since(begun).Seconds())
	}
	close(p.done)
}

// open subscribes first and loads then: what happens in between is in the feed.
func (h *Hub) open(ctx context.Context, id snowflake.ID) (*Guild, error) {
	select {
	case h.loads <- struct{}{}:
		defer func() { <-h.loads }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	feed, err := h.feeds.Open(ctx, id)
	if err != nil {
		return nil, err
	}
	g, seq, err := h.snapshot(ctx, id)
	if err != nil {
		feed.Close()
		return nil, err
	}
	g.feed = feed
	viewsOpen.Inc()
	h.line.Submit(&delivery.Delivery{Entry: journal.Entry{Kind: journal.Opened, Log: id, Seq: seq}})
	feed.Start(seq, g)
	return g, nil
}

func (h *Hub) snapshot(ctx context.Context, id snowflake.ID) (*Guild, int64, error) {
	members := roster.New()
	snap, err := h.store.GuildWithMembers(ctx, id, members.Put)
	if err != nil {
		return nil, 0, err
	}
	g := newGuild(h, snap, members)
	ids := make([]snowflake.ID, 0, members.Len())
	for m := range members.Snapshot().All() {
		ids = append(ids, m.User)
	}
	if g.presences, err = h.presences.Guild(ctx, id, ids); err != nil {
		// Who is online is no reason to be without the guild; updates still come.
		h.log.Warn("presences not loaded", "guild", id, "error", err)
		g.presences = map[snowflake.ID]json.RawMessage{}
	}
	return g, snap.Seq, nil
}

// forget drops a view that has just been closed, so that the next session loads a new one.
func (h *Hub) forget(g *Guild) {
	// The feed first: until it is closed, the log can't be opened again.
	g.feed.Close()
	h.mu.Lock()
	delete(h.guilds, g.id)
	h.mu.Unlock()
	viewsOpen.Dec()
}

// sweep closes the views that no session has needed for a while.
func (h *Hub) sweep() {
	defer close(h.swept)
	ticker := time.NewTicker(sweepInterval)
	defer ticker.Stop()
	for {
		select {
		case <-h.ctx.Done():
			return
		case now := <-ticker.C:
			h.sweepOnce(now)
		}
	}
}

// views returns the guilds that are loaded.
func (h *Hub) views() (views []*Guild) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, p := range h.guilds {
		select {
		case <-p.done:
			if p.err == nil {
				views = append(views, p.view)
			}
		default:
		}
	}
	return views
}

func (h *Hub) sweepOnce(now time.Time) {
	h.past.sweep(now.Add(-linger))
	for _, g := range h.views() {
		for _, s := range g.waitingSince(now.Add(-linger)) {
			h.verify(h.ctx, s, false)
		}
		g.sweep()
		if g.closeIfIdle(now.Add(-linger)) {
			h.forget(g)
		}
	}
}

// verify asks the primary whether a user who is not a member in the view is about to become one there. If not, the seat
// no longer waits; if the session was told of the guild, it is told that the guild is gone.
func (h *Hub) verify(ctx context.Context, s *seat, told bool) {
	_, err := h.store.Member(ctx, s.guild.id, s.user())
	if errors.Is(err, store.ErrNotFound) && s.guild.giveUp(s, told) {
		s.place.unsit(s)
	}
}
