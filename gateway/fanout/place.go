package fanout

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"sync"
	"time"

	"guildhall.chat/guildhall/gateway/journal"
	"guildhall.chat/guildhall/internal/codec"
	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/snowflake"
	"guildhall.chat/guildhall/internal/store"
)

// Place is a session in the fan-out. There is one a session, so it is small.
type Place struct {
	hub     *Hub
	sub     Subscriber
	profile Profile
	user    *User
	after   int64 // events of the user's log up to here are in READY; under the lock of user

	mu    sync.Mutex
	seats []*seat       // one a guild; some may be in views that are closed by now
	end   chan struct{} // closed by Leave; nil while nobody waits for that
	left  bool
}

// Join gives a session a place at its user's log and returns what READY is made of. What happens to the user after the
// snapshot is delivered from now on. It belongs to no guild yet.
func (h *Hub) Join(ctx context.Context, sub Subscriber) (*Place, *store.ReadySnapshot, error) {
	p := &Place{hub: h, sub: sub, profile: sub.Profile()}
	var snap *store.ReadySnapshot
	err := h.joinUser(ctx, p, func(ctx context.Context, user snowflake.ID) (seq int64, err error) {
		if snap, err = h.store.Ready(ctx, user, p.profile.Bot); err != nil {
			return 0, err
		}
		return snap.Seq, nil
	})
	if err != nil {
		return nil, nil, err
	}
	return p, snap, nil
}

// Loaded reports whether a guild can be entered at once.
func (p *Place) Loaded(guild snowflake.ID) bool { return p.hub.loaded(guild) }

// Enter takes the place into a guild that the session was told of in READY: it delivers GUILD_CREATE, and from then on
// whatever the session may see of the guild. A user who has left meanwhile gets GUILD_DELETE instead. It returns when that
// is done, or the place has left; a guild that can't be loaded is tried until it can.
func (p *Place) Enter(guild snowflake.ID) { p.enter(guild, true) }

// enter also serves a guild that the session was not told of: its user has joined it.
func (p *Place) enter(guild snowflake.ID, told bool) {
	with := withCreate
	if !told {
		with = withJoin
	}
	ctx, cancel := p.whileHere()
	defer cancel()
	for pause := 100 * time.Millisecond; ; pause = min(2*pause, retryMax) {
		_, err := p.tryEnter(ctx, guild, told, with)
		if !errors.Is(err, errTryAgain) {
			return
		}
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return
		}
	}
}

// whileHere returns a context that ends when the place has left, or the hub is closed. An idle place needs none.
func (p *Place) whileHere() (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(p.hub.ctx)
	p.mu.Lock()
	if p.left {
		cancel()
	}
	if p.end == nil {
		p.end = make(chan struct{})
	}
	end := p.end
	p.mu.Unlock()
	go func() {
		select {
		case <-end:
			cancel()
		case <-ctx.Done():
		}
	}()
	return ctx, cancel
}

// ErrUnavailable says that a guild could not be loaded in time.
var ErrUnavailable = errors.New("guild is unavailable")

// EnterQuietly is Enter for READY itself: it returns the guild instead of delivering it. What happens in the guild
// afterwards is delivered, so the session must hold it back until READY is out. The result is nil, without an error, if the
// user is no member any more.
func (p *Place) EnterQuietly(ctx context.Context, guild snowflake.ID) (*Entered, error) {
	for {
		entered, err := p.tryEnter(ctx, guild, false, withReady)
		if !errors.Is(err, errTryAgain) {
			return entered, err
		}
		select {
		case <-time.After(50 * time.Millisecond):
		case <-ctx.Done():
			return nil, ErrUnavailable
		}
	}
}

// errTryAgain says that the view could not be loaded, or was just closing.
var errTryAgain = errors.New("try again")

func (p *Place) tryEnter(ctx context.Context, guild snowflake.ID, told bool, with greeting) (*Entered, error) {
	g, err := p.hub.guild(ctx, guild)
	if errors.Is(err, store.ErrNotFound) {
		if told {
			p.gone(guild)
		}
		return nil, nil
	}
	if err != nil {
		return nil, errTryAgain
	}
	s, entered, _, err := p.sit(g, with)
	if err != nil {
		if !errors.Is(err, errClosed) {
			p.hub.log.Error("guild can't be entered", "guild", guild, "error", err)
		}
		return nil, errTryAgain
	}
	if s != nil && !g.isAttached(s) {
		p.hub.verify(ctx, s, told)
	}
	return entered, nil
}

// sit attaches the place to a guild's view, and returns the seq from which on it gets events. Without a seat, the place has
// left.
func (p *Place) sit(g *Guild, with greeting) (s *seat, entered *Entered, seq int64, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.left {
		return nil, nil, 0, nil
	}
	i := slices.IndexFunc(p.seats, func(s *seat) bool { return s.guild.id == g.id })
	if i >= 0 && p.seats[i].guild == g {
		s = p.seats[i]
	}
	s, entered, seq, err = g.attach(p, s, with)
	switch {
	case s == nil:
	case i >= 0:
		p.seats[i] = s
	default:
		p.seats = append(p.seats, s)
	}
	return s, entered, seq, err
}

// unsit forgets a seat that the guild has removed.
func (p *Place) unsit(s *seat) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.seats = slices.DeleteFunc(p.seats, func(other *seat) bool { return other == s })
}

// gone tells the session that its user is not in the guild any more.
func (p *Place) gone(guild snowflake.ID) {
	var d *codec.Shared
	if p.profile.wants(discord.EventGuildDelete) {
		d = codec.NewDispatch(discord.EventGuildDelete, json.RawMessage(`{"id":"`+guild.String()+`"}`))
	}
	p.sub.DeliverOwn(journal.Entry{Kind: journal.Left, Log: guild}, d)
}

// In reports whether the place is attached to the guild.
func (p *Place) In(id snowflake.ID) bool {
	s := p.seatIn(id)
	return s != nil && s.guild.isAttached(s)
}

// seatIn returns the place's seat in a guild, or nil.
func (p *Place) seatIn(guild snowflake.ID) *seat {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, s := range p.seats {
		if s.guild.id == guild {
			return s
		}
	}
	return nil
}

// Leave takes the place out of every view. Nothing is delivered any more that is submitted after it returns.
func (p *Place) Leave() {
	p.mu.Lock()
	seats := p.seats
	p.left, p.seats = true, nil
	if p.end != nil {
		close(p.end)
		p.end = nil
	}
	p.mu.Unlock()
	for _, s := range seats {
		s.guild.detach(s)
	}
	p.user.leave(p)
}
