package fanout

import (
	"encoding/json"
	"errors"
	"slices"
	"sync"
	"time"

	"guildhall.chat/guildhall/gateway/delivery"
	"guildhall.chat/guildhall/gateway/fanout/roster"
	"guildhall.chat/guildhall/gateway/journal"
	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/permissions"
	"guildhall.chat/guildhall/internal/snowflake"
	"guildhall.chat/guildhall/internal/store"
)

// Guild is the view of a guild: its state as of the last event, and the sessions that sit in it.
type Guild struct {
	hub  *Hub
	id   snowflake.ID
	feed interface{ Close() } // *events.Feed

	mu sync.Mutex

	// What the guild is.
	object    discord.Guild
	channels  map[snowflake.ID]*channel
	threads   map[snowflake.ID]*thread
	scheduled []scheduled
	members   *roster.Roster
	presences map[snowflake.ID]json.RawMessage // of those who are not offline
	perms     permissions.Guild
	face      face
	seq       progress
	past      changes

	// Who is here (seats.go), and who of them may see what (access.go, audience.go).
	seats       seats
	attending   set
	bots        set
	intents     map[discord.Intents]*set
	access      map[question]*set
	audiences   map[key]*cached
	interned    map[uint64]*audience
	gen         uint64 // rises with each change of one of the sets
	scratch     bitset
	timedOut    []snowflake.ID // users with attached seats
	timeOutEnds time.Time      // the first of them; zero: none
	requested   map[snowflake.ID]time.Time
	watched     watched   // member lists
	followed    followed  // members
	idle        time.Time // since when nobody has a seat
	closed      bool
}

// channel is a channel on the wire and as the rules want it.
type channel struct {
	wire  discord.Channel
	json  []byte // of wire; nil when it must be made anew
	perms permissions.Channel
}

// newGuild returns the view of a snapshot whose members are in the roster.
func newGuild(h *Hub, snap *store.GuildSnapshot, members *roster.Roster) *Guild {
	g := &Guild{
		hub: h, id: snap.Guild.ID, object: snap.Guild,
		channels:  make(map[snowflake.ID]*channel, len(snap.Channels)),
		threads:   threadsOf(snap),
		scheduled: allScheduled(snap.Scheduled),
		members:   members,
		presences: map[snowflake.ID]json.RawMessage{},
		perms: permissions.Guild{
			ID: snap.Guild.ID, Owner: snap.Guild.OwnerID, Roles: make(map[snowflake.ID]permissions.Role, len(snap.Guild.Roles)),
		},
		seq:   progress{seq: snap.Seq},
		past:  changes{begin: snap.Seq},
		seats: newSeats(), intents: map[discord.Intents]*set{}, access: map[question]*set{},
		audiences: map[key]*cached{}, interned: map[uint64]*audience{}, requested: map[snowflake.ID]time.Time{},
		idle: time.Now(),
	}
	for _, r := range snap.Guild.Roles {
		g.perms.Roles[r.ID] = roleOf(r)
	}
	for _, c := range snap.Channels {
		g.channels[c.ID] = channelOf(c)
	}
	return g
}

func roleOf(r discord.Role) permissions.Role {
	return permissions.Role{ID: r.ID, Position: r.Position, Permissions: r.Permissions}
}

func channelOf(c discord.Channel) *channel {
	kept := &channel{wire: c, perms: permissions.Channel{Type: int(c.Type)}}
	if c.PermissionOverwrites != nil {
		for _, o := range *c.PermissionOverwrites {
			kept.perms.Overwrites = append(kept.perms.Overwrites, permissions.Overwrite{
				ID: o.ID, Kind: permissions.Kind(o.Type), Allow: o.Allow, Deny: o.Deny,
			})
		}
	}
	return kept
}

// sameRules reports whether the same members see both.
func (c *channel) sameRules(other *channel) bool {
	return c.perms.Type == other.perms.Type && slices.Equal(c.perms.Overwrites, other.perms.Overwrites)
}

var errClosed = errors.New("view is closed")

// greeting says what a session is given when it is attached.
type greeting uint8

const (
	withCreate  greeting = iota // GUILD_CREATE of a guild that READY has announced
	withJoin                    // GUILD_CREATE of one that the user has joined
	withReady                   // nothing: the caller puts the guild into READY
	withNothing                 // it has the guild already
)

// attach seats a place, which has no seat here yet, or whose seat waits. If the user is a member, every event above the
// returned seq is delivered that the session may see; else the place waits for the user to become one.
func (g *Guild) attach(p *Place, s *seat, with greeting) (seated *seat, entered *Entered, seq int64, err error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.closed {
		return nil, nil, 0, errClosed
	}
	if s == nil || s.removed {
		s = &seat{place: p, guild: g}
		g.seats.add(s)
	}
	if s.attached || !g.members.Has(s.user()) {
		return s, nil, g.seq.seq, nil
	}
	switch with {
	case withCreate, withJoin:
		s.joined = with == withJoin
		g.admit(s)
		return s, nil, g.seq.seq, nil
	case withReady:
		if entered, err = g.enter(s); err != nil {
			return s, nil, 0, err
		}
	}
	g.attend(s)
	p.sub.DeliverOwn(g.enteredEntry(), nil)
	return s, entered, g.seq.seq, nil
}

func (g *Guild) enteredEntry() journal.Entry {
	return journal.Entry{Kind: journal.Entered, Log: g.id, Seq: g.seq.seq}
}

// admit attaches a seat whose user is a member, and tells it the guild. The lock is held.
func (g *Guild) admit(s *seat) {
	g.attend(s)
	s.place.sub.DeliverOwn(g.enteredEntry(), g.dispatchCreate(s))
}

// detach removes a seat.
func (g *Guild) detach(s *seat) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if !g.closed && !s.removed {
		g.remove(s)
	}
}

func (g *Guild) remove(s *seat) {
	if s.attached {
		g.dismiss(s)
	}
	g.seats.remove(s)
	s.removed = true
	if g.seats.n == 0 {
		g.idle = time.Now()
	}
}

// giveUp removes a seat that still waits, and reports whether it did. With tell, the session is told that the guild is gone.
func (g *Guild) giveUp(s *seat, tell bool) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.closed || s.attached || s.removed {
		return false
	}
	g.remove(s)
	if tell {
		s.place.gone(g.id)
	}
	return true
}

func (g *Guild) isAttached(s *seat) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return s.attached && !g.closed
}

// waitingSince returns the seats that have waited since before the moment.
func (g *Guild) waitingSince(moment time.Time) (waiting []*seat) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.seats.n == g.seats.attached {
		return nil
	}
	for _, s := range g.seats.byUser {
		for ; s != nil; s = s.next {
			if !s.attached && s.since < moment.Unix() {
				waiting = append(waiting, s)
			}
		}
	}
	return waiting
}

// sweep lets go of what is not needed.
func (g *Guild) sweep() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.sweepSets()
	g.sweepFace()
	g.sweepThreads(time.Now())
}

// closeIfIdle closes the view if nobody has had a seat since the moment.
func (g *Guild) closeIfIdle(moment time.Time) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.closed || g.seats.n > 0 || g.idle.After(moment) {
		return false
	}
	g.close()
	return true
}

// close ends the view, and everybody's seat with it. The lock is held.
func (g *Guild) close() {
	g.closed = true
	g.watched.close()
	g.followed = followed{}
	for _, s := range g.seats.table {
		if s != nil {
			s.attached = false
		}
	}
	g.seats = newSeats()
	g.seq.end()
	g.hub.line.Submit(&delivery.Delivery{Entry: journal.Entry{Kind: journal.Closed, Log: g.id}})
}

// Lost implements events.Handler: what the sessions missed is not to be had.
func (g *Guild) Lost() { g.lose() }

// lose ends a view that is no longer exact, and with it its sessions.
func (g *Guild) lose() {
	g.mu.Lock()
	if g.closed {
		g.mu.Unlock()
		return
	}
	var subscribers []Subscriber
	for _, s := range g.seats.byUser {
		for ; s != nil; s = s.next {
			subscribers = append(subscribers, s.place.sub)
		}
	}
	g.close()
	g.mu.Unlock()
	viewsLost.Inc()
	g.hub.log.Warn("guild view lost; its sessions start anew", "guild", g.id, "sessions", len(subscribers))
	g.hub.forget(g)
	for _, sub := range subscribers {
		sub.Invalidate()
	}
}
