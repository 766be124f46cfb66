package fanout

import (
	"context"
	"encoding/json"
	"errors"
	"sync"
	"time"

	"guildhall.chat/guildhall/gateway/journal"
	"guildhall.chat/guildhall/internal/codec"
	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/snowflake"
	"guildhall.chat/guildhall/internal/store"
)

// Place is a session in the fan-out.
type Place struct {
	hub     *Hub
	sub     Subscriber
	profile Profile
	user    *User
	after   int64 // events of the user's log up to here are in READY; under the lock of user

	ctx   context.Context // ends with Leave
	leave context.CancelFunc

	mu     sync.Mutex
	guilds map[snowflake.ID]*Guild // entered; some may be closed by now
	left   bool
}

// Join gives a session a place at its user's log and returns what READY is made of. What happens to the user after the
// snapshot is delivered from now on. It belongs to no guild yet.
func (h *Hub) Join(ctx context.Context, sub Subscriber) (*Place, *store.ReadySnapshot, error) {
	p := &Place{hub: h, sub: sub, profile: sub.Profile(), guilds: map[snowflake.ID]*Guild{}}
	p.ctx, p.leave = context.WithCancel(h.ctx)
	var snap *store.ReadySnapshot
	err := h.joinUser(ctx, p, func(ctx context.Context, user snowflake.ID) (seq int64, err error) {
		if snap, err = h.store.Ready(ctx, user); err != nil {
			return 0, err
		}
		return snap.Seq, nil
	})
	if err != nil {
		p.leave()
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

func (p *Place) enter(guild snowflake.ID, told bool) {
	for pause := 100 * time.Millisecond; ; pause = min(2*pause, retryMax) {
		_, err := p.tryEnter(p.ctx, guild, told, false)
		if !errors.Is(err, errTryAgain) {
			return
		}
		select {
		case <-time.After(pause):
		case <-p.ctx.Done():
			return
		}
	}
}

// Entered is a guild as a session sees it on entering.
type Entered struct {
	Data json.RawMessage // of GUILD_CREATE
	Self discord.Member
}

// ErrUnavailable says that a guild could not be loaded in time.
var ErrUnavailable = errors.New("guild is unavailable")

// EnterQuietly is Enter for READY itself: it returns the guild instead of delivering it. What happens in the guild
// afterwards is delivered, so the session must hold it back until READY is out. The result is nil, without an error, if the
// user is no member any more.
func (p *Place) EnterQuietly(ctx context.Context, guild snowflake.ID) (*Entered, error) {
	for {
		entered, err := p.tryEnter(ctx, guild, false, true)
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

func (p *Place) tryEnter(ctx context.Context, guild snowflake.ID, told, quiet bool) (*Entered, error) {
	g, err := p.hub.guild(ctx, guild)
	if errors.Is(err, store.ErrNotFound) {
		if told && p.profile.wants(discord.EventGuildDelete) {
			p.sub.DeliverOwn(journal.Entry{Kind: journal.Left, Log: guild}, goneGuild(guild))
		}
		return nil, nil
	}
	if err != nil {
		return nil, errTryAgain
	}
	p.mu.Lock()
	if p.left {
		p.mu.Unlock()
		return nil, nil
	}
	entered, attached, err := g.attach(p, quiet)
	if err == nil {
		p.guilds[guild] = g
	}
	p.mu.Unlock()
	if err != nil {
		if !errors.Is(err, errClosed) {
			p.hub.log.Error("guild can't be entered", "guild", guild, "error", err)
		}
		return nil, errTryAgain
	}
	if !attached {
		p.hub.verify(ctx, g, p, told)
	}
	return entered, nil
}

// goneGuild is the GUILD_DELETE of a guild that the user is not in any more.
func goneGuild(id snowflake.ID) *codec.Shared {
	return codec.NewDispatch(discord.EventGuildDelete, json.RawMessage(`{"id":"`+id.String()+`"}`))
}

// In reports whether the place is attached to the guild.
func (p *Place) In(id snowflake.ID) bool {
	g := p.guild(id)
	return g != nil && g.attached(p)
}

// guild returns the view of a guild that the place has entered, or nil.
func (p *Place) guild(id snowflake.ID) *Guild {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.guilds[id]
}

// Leave takes the place out of every view. Nothing is delivered any more when it returns.
func (p *Place) Leave() {
	p.leave()
	p.mu.Lock()
	guilds := p.guilds
	p.left, p.guilds = true, map[snowflake.ID]*Guild{}
	p.mu.Unlock()
	for _, g := range guilds {
		g.detach(p)
	}
	p.user.leave(p)
}
