package session

import (
	"context"
	"encoding/json"
	"log/slog"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/events"
	"guildhall.chat/guildhall/internal/presence"
	"guildhall.chat/guildhall/internal/snowflake"
	"guildhall.chat/guildhall/internal/store"
)

// Announcer tells who is online: it writes what sessions say of themselves under the pod's lease, and publishes what
// changes by it to the user's guilds. It is fanout.Presences.
type Announcer struct {
	pod       *presence.Pod
	store     *store.Store
	publisher *events.Publisher
	log       *slog.Logger

	ctx  context.Context // ends with Stop
	stop context.CancelFunc
	work sync.WaitGroup

	mu   sync.Mutex
	live map[*announcement]struct{} // of the sessions that are not over
}

const (
	announceTimeout     = 5 * time.Second
	announceRetryMax    = 5 * time.Second
	announceConcurrency = 16
)

// NewAnnouncer returns an announcer that keeps the pod's lease until Stop.
func NewAnnouncer(pod *presence.Pod, st *store.Store, publisher *events.Publisher, log *slog.Logger) *Announcer {
	ctx, stop := context.WithCancel(context.Background())
	a := &Announcer{
		pod: pod, store: st, publisher: publisher, log: log, ctx: ctx, stop: stop, live: map[*announcement]struct{}{},
	}
	a.renew()
	a.work.Go(a.keepLease)
	return a
}

// Stop ends the announcer. What it has told stands until the lease ends, within which the clients are back elsewhere.
func (a *Announcer) Stop() {
	a.stop()
	a.work.Wait()
}

func (a *Announcer) keepLease() {
	ticker := time.NewTicker(presence.RenewEvery)
	defer ticker.Stop()
	for {
		select {
		case <-ticker.C:
			a.renew()
		case <-a.ctx.Done():
			return
		}
	}
}

func (a *Announcer) renew() {
	ctx, cancel := context.WithTimeout(a.ctx, announceTimeout)
	defer cancel()
	began, err := a.pod.Renew(ctx)
	if err != nil {
		a.log.Warn("presence lease not renewed", "error", err)
	}
	if !began {
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	for one := range a.live {
		one.again()
	}
}

// announcement is what one session says of itself. Changes are written one after the other; of those that come meanwhile
// only the last counts.
type announcement struct {
	announcer *Announcer
	user      snowflake.ID
	bot       bool
	session   string

	mu      sync.Mutex
	update  presence.Update
	over    bool // the session has ended
	dirty   bool
	running bool
}

// announce begins to tell a session's presence.
func (a *Announcer) announce(account Account, session string, u presence.Update) *announcement {
	one := &announcement{announcer: a, user: account.User, bot: account.Bot, session: session}
	a.mu.Lock()
	a.live[one] = struct{}{}
	a.mu.Unlock()
	one.set(u)
	return one
}

func (n *announcement) set(u presence.Update) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.update = u
	n.start()
}

// current returns what the session says now.
func (n *announcement) current() presence.Update {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.update
}

// again writes anew what was written before.
func (n *announcement) again() {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.start()
}

// end takes the session back; it says nothing any more.
func (n *announcement) end() {
	n.announcer.mu.Lock()
	delete(n.announcer.live, n)
	n.announcer.mu.Unlock()
	n.mu.Lock()
	defer n.mu.Unlock()
	n.over = true
	n.start()
}

// forget stops telling of a session that goes on elsewhere: what it has said stands.
func (n *announcement) forget() {
	n.announcer.mu.Lock()
	delete(n.announcer.live, n)
	n.announcer.mu.Unlock()
}

// start has the state written. The lock is held.
func (n *announcement) start() {
	n.dirty = true
	if n.running || n.announcer.ctx.Err() != nil {
		return
	}
	n.running = true
	n.announcer.work.Go(n.run)
}

func (n *announcement) run() {
	pause := 100 * time.Millisecond
	for {
		n.mu.Lock()
		if !n.dirty || n.announcer.ctx.Err() != nil {
			n.running = false
			n.mu.Unlock()
			return
		}
		n.dirty = false
		update, over := n.update, n.over
		n.mu.Unlock()
		if err := n.announcer.write(n, update, over); err == nil {
			pause = 100 * time.Millisecond
			continue
		} else if n.announcer.ctx.Err() == nil {
			n.announcer.log.Warn("presence not told", "user", n.user, "error", err)
		}
		n.mu.Lock()
		n.dirty = true
		n.mu.Unlock()
		select {
		case <-time.After(pause):
		case <-n.announcer.ctx.Done():
		}
		pause = min(2*pause, announceRetryMax)
	}
}

// write tells one state of a session. The guilds are read each time: there may be new ones.
func (a *Announcer) write(n *announcement, u presence.Update, over bool) error {
	ctx, cancel := context.WithTimeout(a.ctx, announceTimeout)
	defer cancel()
	guilds, err := a.store.GuildsOf(ctx, n.user)
	if err != nil {
		return err
	}
	var seen presence.Presence
	var changed bool
	if over {
		seen, changed, err = a.pod.Clear(ctx, n.user, n.session, guilds)
	} else {
		seen, changed, err = a.pod.Set(ctx, n.user, n.session, guilds, u)
	}
	if changed {
		a.publish(ctx, n.user, guilds, seen)
	}
	if changed && !n.bot {
		a.publishToFriends(ctx, n.user, seen)
	}
	if err == nil && !n.bot {
		a.publishSessions(ctx, n.user)
	}
	return err
}

// publishSessions tells a person's sessions of each other.
func (a *Announcer) publishSessions(ctx context.Context, user snowflake.ID) {
	var data json.RawMessage
	sessions, err := a.pod.Sessions(ctx, user)
	if err == nil {
		data, err = presence.List(sessions)
	}
	if err == nil {
		err = a.publisher.Ephemeral(ctx, events.Event{
			Log: user, Head: events.Header{Type: discord.EventSessionsReplace, User: user, At: time.Now().UnixMilli()}, Data: data,
		})
	}
	if err != nil {
		a.log.Warn("sessions not told of each other", "user", user, "error", err)
	}
}

// sessions returns what a person's READY says of the own sessions, of which one is new.
func (a *Announcer) sessions(ctx context.Context, user snowflake.ID, one presence.Session) json.RawMessage {
	all, err := a.pod.Sessions(ctx, user)
	if err != nil {
		a.log.Warn("sessions not read", "user", user, "error", err) // SESSIONS_REPLACE will tell them
	}
	data, err := presence.List(append(slices.DeleteFunc(all, func(s presence.Session) bool { return s.ID == one.ID }), one))
	if err != nil {
		a.log.Error("sessions can't be listed", "user", user, "error", err)
		return discord.EmptyList
	}
	return data
}

// publish tells guilds of a user's presence. One that does not hear of it reads it when its view is loaded.
func (a *Announcer) publish(ctx context.Context, user snowflake.ID, guilds []snowflake.ID, p presence.Presence) {
	var group errgroup.Group
	group.SetLimit(announceConcurrency)
	now := time.Now().UnixMilli()
	for _, guild := range guilds {
		group.Go(func() error {
			data, err := p.Event(user, guild)
			if err == nil {
				err = a.publisher.Ephemeral(ctx, events.Event{
					Log:  guild,
					Head: events.Header{Type: discord.EventPresenceUpdate, Guild: guild, User: user, At: now},
					Data: data,
				})
			}
			return err
		})
	}
	if err := group.Wait(); err != nil {
		a.log.Warn("presence not published to every guild", "user", user, "guilds", len(guilds), "error", err)
	}
}

// Guild implements fanout.Presences.
func (a *Announcer) Guild(ctx context.Context, guild snowflake.ID, members []snowflake.ID) (map[snowflake.ID]json.RawMessage, error) {
	return a.pod.Guild(ctx, guild, members)
}

// Joined implements fanout.Presences: the user's presence is told to the guild.
func (a *Announcer) Joined(user, guild snowflake.ID) {
	a.run(func(ctx context.Context) error {
		p, err := a.pod.Enter(ctx, user, guild)
		if err == nil && p.Status != presence.Offline {
			a.publish(ctx, user, []snowflake.ID{guild}, p)
		}
		return err
	})
}

// Left implements fanout.Presences.
func (a *Announcer) Left(user, guild snowflake.ID) {
	a.run(func(ctx context.Context) error { return a.pod.Leave(ctx, user, guild) })
}

func (a *Announcer) run(do func(context.Context) error) {
	if a.ctx.Err() != nil {
		return
	}
	a.work.Go(func() {
		ctx, cancel := context.WithTimeout(a.ctx, announceTimeout)
		defer cancel()
		if err := do(ctx); err != nil && a.ctx.Err() == nil {
			a.log.Warn("presence in a guild not brought up to date", "error", err)
		}
	})
}
