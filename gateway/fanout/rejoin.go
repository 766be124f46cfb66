package fanout

import (
	"context"
	"errors"
	"time"

	"guildhall.chat/guildhall/internal/codec"
	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/events"
	"guildhall.chat/guildhall/internal/permissions"
	"guildhall.chat/guildhall/internal/snowflake"
	"guildhall.chat/guildhall/internal/store"
)

// State is what a user's log says at Seq.
type State struct {
	Guilds []snowflake.ID // the user is a member of, ascending
	Seq    int64
}

// Rejoin gives a session that moves here a place at its user's log, which has come to after or further: every event above
// State.Seq is delivered. It belongs to no guild yet.
func (h *Hub) Rejoin(ctx context.Context, sub Subscriber, after int64) (*Place, State, error) {
	p := &Place{hub: h, sub: sub, profile: sub.Profile()}
	var state State
	err := h.joinUser(ctx, p, func(ctx context.Context, user snowflake.ID) (seq int64, err error) {
		state.Seq, state.Guilds, err = h.store.Membership(ctx, user)
		return state.Seq, err
	})
	if err != nil {
		return nil, State{}, err
	}
	if state.Seq < after {
		// The primary has lost what it had acknowledged.
		p.Leave()
		return nil, State{}, errBehind
	}
	return p, state, nil
}

var errBehind = errors.New("log is behind what was sent of it")

// Rejoin takes the place into a guild without a GUILD_CREATE, once the guild's view has come to after or further: every
// event above the returned seq is delivered that the session may see. Without member, the user is not in the guild, or not
// any more, and the place isn't either.
func (p *Place) Rejoin(ctx context.Context, guild snowflake.ID, after int64) (seq int64, member bool, err error) {
	for {
		seq, member, err = p.tryRejoin(ctx, guild, after)
		if !errors.Is(err, errTryAgain) {
			return seq, member, err
		}
		select {
		case <-time.After(20 * time.Millisecond):
		case <-ctx.Done():
			return 0, false, ErrUnavailable
		}
	}
}

func (p *Place) tryRejoin(ctx context.Context, guild snowflake.ID, after int64) (seq int64, member bool, err error) {
	g, err := p.hub.guild(ctx, guild)
	switch {
	case errors.Is(err, store.ErrNotFound):
		return 0, false, nil
	case err != nil:
		return 0, false, errTryAgain
	}
	g.mu.Lock()
	reached := g.seq.reached(after)
	g.mu.Unlock()
	if err := wait(ctx, reached); err != nil {
		return 0, false, err
	}
	s, _, seq, err := p.sit(g, withNothing)
	switch {
	case errors.Is(err, errClosed):
		return 0, false, errTryAgain
	case err != nil || s == nil:
		return 0, false, err
	case seq < after:
		return 0, false, errBehind
	}
	if !g.isAttached(s) && g.giveUp(s, false) {
		p.unsit(s)
		return seq, false, nil
	}
	return seq, true, nil
}

// GuildCreate makes the session's GUILD_CREATE anew, nil if the session does not want any; false if it has no seat in the
// guild.
func (p *Place) GuildCreate(guild snowflake.ID) (d *codec.Shared, ok bool) {
	s := p.seatIn(guild)
	if s == nil {
		return nil, false
	}
	s.guild.mu.Lock()
	defer s.guild.mu.Unlock()
	if s.guild.closed || !s.attached {
		return nil, false
	}
	return s.guild.dispatchCreate(s), true
}

// Judge says what of past events of a guild, ascending, the session is to be sent; nil stands for an event that is not for
// it. It judges by the guild's state now. Unless exact, that may not be what the session could see then: one of the events,
// or one that was applied to the view after upTo, has changed who may see what.
func (p *Place) Judge(guild snowflake.ID, past []events.Event, upTo int64) (dispatches []*codec.Shared, exact bool) {
	s := p.seatIn(guild)
	if s == nil {
		return nil, false
	}
	g := s.guild
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.closed || !s.attached || g.past.since(upTo, s.user()) || !g.judgeable(past, s.user()) {
		return nil, false
	}
	now := time.Now()
	m, is := g.member(s.user())
	if !is {
		return nil, false
	}
	dispatches = make([]*codec.Shared, len(past))
	for i, e := range past {
		g.meetThread(&e)
		d, err := g.forSeat(g.hub.past.dispatch(e), s, m, now)
		if err != nil {
			g.hub.log.Error("past event can't be judged", "guild", g.id, "seq", e.Seq, "error", err)
			return nil, false
		}
		dispatches[i] = d
	}
	return dispatches, true
}

// judgeable reports whether nothing of what has happened has changed what a user may see.
func (g *Guild) judgeable(past []events.Event, user snowflake.ID) bool {
	if len(past) == 0 {
		return true
	}
	for i := range past {
		if changesAccess(&past[i]) {
			return false
		}
		for _, about := range membershipOf(&past[i]) {
			if about == user {
				return false
			}
		}
	}
	// A time-out may have ended since.
	access, _ := g.members.Access(user)
	return access.TimedOutUntil.Before(time.UnixMilli(past[0].Head.At))
}

// forSeat returns an event as an attached seat, whose member is m, gets it, nil if it does not.
func (g *Guild) forSeat(d *dispatch, s *seat, m permissions.Member, now time.Time) (*codec.Shared, error) {
	sc, err := g.pastScope(d)
	if err != nil {
		return nil, err
	}
	if g.sees(s, m, sc, now) {
		return d.of(s.place.profile)
	}
	if d.event.Head.Type == discord.EventThreadMembersUpdate && hearsOwnThreads(s) {
		return d.aboutOwnThread(s.user())
	}
	return nil, nil
}

// pastScope is the scope of an event that was applied before.
func (g *Guild) pastScope(d *dispatch) (scope, error) {
	switch d.event.Head.Type {
	case discord.EventThreadCreate, discord.EventThreadUpdate, discord.EventThreadMembersUpdate, discord.EventChannelCreate,
		discord.EventChannelUpdate:
		object, err := decode[struct{ ID snowflake.ID }](d.event)
		if err != nil {
			return scope{}, err
		}
		sc := g.scope(&d.event)
		sc.question = toView(object.ID)
		return sc, nil
	case discord.EventGuildMemberAdd, discord.EventGuildMemberUpdate:
		change, err := memberOf(d.event)
		if err != nil {
			return scope{}, err
		}
		return g.aboutMember(d, change.User.ID), nil
	case discord.EventGuildMemberRemove:
		change, err := decode[discord.MemberRemoveEvent](d.event)
		if err != nil {
			return scope{}, err
		}
		return g.aboutMember(d, change.User.ID), nil
	}
	return g.scope(&d.event), nil
}

// JudgeUser is Judge for the user's own log. It is always exact: nobody else's doing decides there. That the user has joined
// a guild is told by the state, and by the guild's own log.
func (p *Place) JudgeUser(past []events.Event) (dispatches []*codec.Shared, exact bool) {
	p.user.mu.Lock()
	defer p.user.mu.Unlock()
	dispatches = make([]*codec.Shared, len(past))
	for i, e := range past {
		if p.hears(e) {
			dispatches[i] = p.hub.past.dispatch(e).whole()
		}
	}
	return dispatches, true
}
