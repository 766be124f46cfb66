package fanout

import (
	"context"
	"sync"
	"time"

	"guildhall.chat/guildhall/internal/codec"
	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/events"
	"guildhall.chat/guildhall/internal/snowflake"
	"guildhall.chat/guildhall/internal/store"
)

// User follows the log of a user who has sessions here: DMs, changes of the account, joined guilds.
type User struct {
	hub  *Hub
	id   snowflake.ID
	feed *events.Feed

	mu     sync.Mutex
	places map[*Place]*inbox
	closed bool
}

// inbox is where a place stands in the user's log.
type inbox struct {
	after   int64 // READY contains everything up to here
	opened  bool
	pending []events.Event // until opened
}

// maxPending bounds the events that come while READY is being made.
const maxPending = 4096

// joinUser enters the place into the user's view and loads the snapshot after that, so that each later event is in the
// place's inbox.
func (h *Hub) joinUser(ctx context.Context, p *Place) (*store.ReadySnapshot, error) {
	id := p.profile.User
	for {
		h.mu.Lock()
		view := h.users[id]
		if view == nil {
			view = &pending[*User]{done: make(chan struct{})}
			h.users[id] = view
			h.mu.Unlock()
			return h.openUser(ctx, view, p)
		}
		h.mu.Unlock()
		select {
		case <-view.done:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
		if view.err != nil || !view.view.enter(p) {
			// The view is gone, or going; a later round makes one.
			select {
			case <-time.After(5 * time.Millisecond):
			case <-ctx.Done():
				return nil, ctx.Err()
			}
			continue
		}
		p.user = view.view
		snap, err := h.store.Ready(ctx, id)
		if err != nil {
			h.leaveUser(p)
			return nil, err
		}
		p.user.startAt(p, snap.Seq)
		return snap, nil
	}
}

// openUser makes the view with p as its first place.
func (h *Hub) openUser(ctx context.Context, view *pending[*User], p *Place) (snap *store.ReadySnapshot, err error) {
	u := &User{hub: h, id: p.profile.User, places: map[*Place]*inbox{p: {}}}
	if u.feed, err = h.feeds.Open(ctx, u.id); err == nil {
		if snap, err = h.store.Ready(ctx, u.id); err != nil {
			u.feed.Close()
		}
	}
	if err != nil {
		h.mu.Lock()
		delete(h.users, u.id)
		h.mu.Unlock()
		view.err = err
		close(view.done)
		return nil, err
	}
	u.places[p].after = snap.Seq
	p.user, view.view = u, u
	u.feed.Start(snap.Seq, u)
	close(view.done)
	return snap, nil
}

// leaveUser takes the place out of its user's view, and closes the view when it was the last.
func (h *Hub) leaveUser(p *Place) {
	u := p.user
	u.mu.Lock()
	delete(u.places, p)
	last := len(u.places) == 0 && !u.closed
	u.closed = u.closed || last
	u.mu.Unlock()
	if last {
		h.forgetUser(u)
	}
}

// forgetUser drops a view that has just been closed.
func (h *Hub) forgetUser(u *User) {
	u.feed.Close()
	h.mu.Lock()
	delete(h.users, u.id)
	h.mu.Unlock()
}

func (u *User) enter(p *Place) bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.closed {
		return false
	}
	u.places[p] = &inbox{}
	return true
}

func (u *User) startAt(p *Place, seq int64) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if in := u.places[p]; in != nil {
		in.after = seq
	}
}

func (u *User) open(p *Place) {
	u.mu.Lock()
	defer u.mu.Unlock()
	in := u.places[p]
	if in == nil {
		return
	}
	for _, e := range in.pending {
		u.deliver(p, in, e, codec.NewDispatch(e.Head.Type, e.Data))
	}
	in.opened, in.pending = true, nil
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
		return
	}
	if isJoin {
		u.hub.presences.Joined(u.id, guild)
	}
	shared := codec.NewDispatch(e.Head.Type, e.Data)
	u.mu.Lock()
	defer u.mu.Unlock()
	for p, in := range u.places {
		switch {
		case in.opened:
			u.deliver(p, in, e, shared)
		case len(in.pending) >= maxPending:
			p.sub.Invalidate()
		default:
			in.pending = append(in.pending, e)
		}
	}
	observeLatency(e)
}

// deliver hands an event to a place that it is not too old for and that may see it. The lock is held.
func (u *User) deliver(p *Place, in *inbox, e events.Event, shared *codec.Shared) {
	switch {
	case e.Seq != 0 && e.Seq <= in.after:
		return
	case e.Head.Type == events.CredentialsChanged:
		p.sub.CheckCredentials()
		return
	case e.Head.Type == discord.EventGuildCreate:
		if guild, _, err := joined(e); err == nil && p.profile.Shard.Has(guild) {
			go p.enter(guild, false)
		}
		return
	case e.Head.Guild == 0 && !p.profile.Shard.HasUser(), e.Head.Guild != 0 && !p.profile.Shard.Has(e.Head.Guild):
		return
	}
	needed := discord.NeededIntents(e.Head.Type, e.Head.Guild == 0)
	if needed == 0 || p.profile.Intents&needed != 0 {
		p.sub.Deliver(shared)
		countDispatches(e.Head.Type, 1)
	}
}

// Lost implements events.Handler: the sessions can't be told what they missed.
func (u *User) Lost() {
	u.mu.Lock()
	if u.closed {
		u.mu.Unlock()
		return
	}
	u.closed = true
	for p := range u.places {
		p.sub.Invalidate()
	}
	u.mu.Unlock()
	u.hub.forgetUser(u)
}
