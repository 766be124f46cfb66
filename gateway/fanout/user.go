package fanout

import (
	"context"
	"slices"
	"sync"
	"time"

	"guildhall.chat/guildhall/gateway/delivery"
	"guildhall.chat/guildhall/gateway/journal"
	"guildhall.chat/guildhall/internal/codec"
	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/events"
	"guildhall.chat/guildhall/internal/snowflake"
)

// User is the view of a user who has sessions here: it follows the user's log, with DMs, changes of the account, joined
// guilds. There is one a user, so it is small.
type User struct {
	hub  *Hub
	id   snowflake.ID
	feed *events.Feed

	// turn is held for reading while the snapshot for a new place is loaded: until the place is there, events wait.
	turn sync.RWMutex

	mu     sync.Mutex
	places []*Place
	seq    progress
	closed bool
}

// snapshotOf loads a user's state; it returns the log's seq that the state is of.
type snapshotOf func(ctx context.Context, user snowflake.ID) (seq int64, err error)

// joinUser gives the place a seat in its user's view: everything later than the snapshot is delivered to it.
func (h *Hub) joinUser(ctx context.Context, p *Place, load snapshotOf) error {
	id := p.profile.User
	for {
		h.mu.Lock()
		view := h.users[id]
		if view == nil {
			view = &pending[*User]{done: make(chan struct{})}
			h.users[id] = view
			h.mu.Unlock()
			return h.openUser(ctx, view, p, load)
		}
		h.mu.Unlock()
		select {
		case <-view.done:
		case <-ctx.Done():
			return ctx.Err()
		}
		if view.err == nil {
			if entered, err := view.view.admit(ctx, p, load); entered || err != nil {
				return err
			}
		}
		// The view is gone, or going; a later round makes one.
		select {
		case <-time.After(5 * time.Millisecond):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// opened is closed.
var opened = func() chan struct{} {
	done := make(chan struct{})
	close(done)
	return done
}()

// openUser makes the view with p as its first place.
func (h *Hub) openUser(ctx context.Context, view *pending[*User], p *Place, load snapshotOf) (err error) {
	u := &User{hub: h, id: p.profile.User, places: []*Place{p}}
	if u.feed, err = h.feeds.Open(ctx, u.id); err == nil {
		if p.after, err = load(ctx, u.id); err != nil {
			u.feed.Close()
		}
	}
	if err != nil {
		h.mu.Lock()
		delete(h.users, u.id)
		h.mu.Unlock()
		view.err = err
		close(view.done)
		return err
	}
	u.seq.seq = p.after
	p.user, view.view = u, u
	h.line.Submit(&delivery.Delivery{Entry: journal.Entry{Kind: journal.Opened, Log: u.id, Seq: p.after}})
	u.feed.Start(p.after, u)
	close(view.done)
	h.mu.Lock()
	if h.users[u.id] == view {
		h.users[u.id] = &pending[*User]{done: opened, view: u} // without a channel of its own: there are many
	}
	h.mu.Unlock()
	return nil
}

// admit gives another place a seat; false if the view is closed.
func (u *User) admit(ctx context.Context, p *Place, load snapshotOf) (bool, error) {
	u.turn.RLock()
	defer u.turn.RUnlock()
	u.mu.Lock()
	if u.closed {
		u.mu.Unlock()
		return false, nil
	}
	u.places = append(u.places, p)
	u.mu.Unlock()
	p.user = u
	seq, err := load(ctx, u.id)
	if err != nil {
		u.leave(p)
		return false, err
	}
	u.mu.Lock()
	p.after = seq
	u.mu.Unlock()
	return true, nil
}

// leave takes the place out of the view, and closes the view when it was the last.
func (u *User) leave(p *Place) {
	u.mu.Lock()
	u.places = slices.DeleteFunc(u.places, func(other *Place) bool { return other == p })
	last := len(u.places) == 0 && !u.closed
	if last {
		u.close()
	}
	u.mu.Unlock()
	if last {
		u.hub.forgetUser(u)
	}
}

// close marks the view as closed. The lock is held.
func (u *User) close() {
	u.closed = true
	u.seq.end()
	u.hub.line.Submit(&delivery.Delivery{Entry: journal.Entry{Kind: journal.Closed, Log: u.id}})
}

// forgetUser drops a view that has just been closed.
func (h *Hub) forgetUser(u *User) {
	u.feed.Close()
	h.mu.Lock()
	delete(h.users, u.id)
	h.mu.Unlock()
}

// joined is the guild that an event of a user's log tells the user has joined. The guild's own log has the rest.
func joined(e events.Event) (guild snowflake.ID, is bool, err error) {
	if e.Head.Type != discord.EventGuildCreate {
		return 0, false, nil
	}
	marker, err := decode[discord.UnavailableGuild](e)
	return marker.ID, true, err
}

// Event implements events.Handler.
func (u *User) Event(e events.Event) {
	guild, isJoin, err := joined(e)
	if err != nil {
		u.hub.log.Error("join in a user's log is malformed", "log", e.Log, "seq", e.Seq, "error", err)
		isJoin = false
	}
	if isJoin {
		u.hub.presences.Joined(u.id, guild)
	}
	u.hub.line.Room()
	u.turn.Lock()
	defer u.turn.Unlock()
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.closed {
		return
	}
	d := &delivery.Delivery{At: e.Head.At}
	if e.Seq != 0 {
		u.seq.advance(e.Seq)
		d.Entry = journal.Entry{Kind: journal.Event, Log: u.id, Seq: e.Seq}
	}
	var receivers []delivery.Receiver
	for _, p := range u.places {
		switch {
		case e.Seq != 0 && e.Seq <= p.after:
		case e.Head.Type == events.CredentialsChanged:
			p.sub.CheckCredentials()
		case isJoin:
			if p.profile.Shard.Has(guild) {
				go p.enter(guild, false)
			}
		case p.hears(e):
			receivers = append(receivers, p.sub)
		}
	}
	if len(receivers) > 0 {
		d.Parts = []delivery.Part{{Dispatch: codec.NewDispatch(e.Head.Type, e.Data), To: delivery.NewAudience(receivers)}}
		countDispatches(e.Head.Type, len(receivers))
	}
	if len(receivers) > 0 || e.Seq != 0 {
		d.Trace = delivery.Follow(&e, time.Time{})
		u.hub.line.Submit(d)
	}
}

// hears reports whether an event of the user's log is for the place. What only the user receives of a guild may be here, with
// the guild in its header: it goes to the guild's shard. Ephemeral messages are like DMs, outside of any guild.
func (p *Place) hears(e events.Event) bool {
	switch {
	case e.Head.Type == events.CredentialsChanged, e.Head.Type == discord.EventGuildCreate:
		return false
	case p.profile.Bot && discord.ForPeople(e.Head.Type):
		return false
	case e.Head.Session != "" && e.Head.Session != p.profile.Session:
		return false
	case e.Head.Guild == 0 && !p.profile.Shard.HasUser(), e.Head.Guild != 0 && !p.profile.Shard.Has(e.Head.Guild):
		return false
	}
	needed := discord.NeededIntents(e.Head.Type, e.Head.Guild == 0)
	return needed == 0 || p.profile.Intents&needed != 0
}

// Lost implements events.Handler: the sessions can't be told what they missed.
func (u *User) Lost() {
	u.mu.Lock()
	if u.closed {
		u.mu.Unlock()
		return
	}
	u.close()
	for _, p := range u.places {
		p.sub.Invalidate()
	}
	u.mu.Unlock()
	u.hub.forgetUser(u)
}
