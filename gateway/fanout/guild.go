package fanout

import (
	"encoding/json"
	"errors"
	"sync"
	"time"

	"guildhall.chat/guildhall/gateway/journal"
	"guildhall.chat/guildhall/gateway/ready"
	"guildhall.chat/guildhall/internal/codec"
	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/events"
	"guildhall.chat/guildhall/internal/permissions"
	"guildhall.chat/guildhall/internal/snowflake"
	"guildhall.chat/guildhall/internal/store"
)

// Guild is the view of a guild: its state as of the last event, and the sessions that sit in it.
type Guild struct {
	hub  *Hub
	id   snowflake.ID
	feed *events.Feed

	mu        sync.Mutex
	object    discord.Guild
	channels  map[snowflake.ID]*channel
	members   map[snowflake.ID]member
	presences map[snowflake.ID]json.RawMessage // of those who are not offline
	perms     permissions.Guild
	shared    json.RawMessage // what GUILD_CREATE says to all; nil when it must be made anew

	seats     map[*Place]*seat
	attendees []*seat                    // the attached; nil when it must be made anew
	audiences map[snowflake.ID]*audience // by channel
	requested map[snowflake.ID]time.Time // when a user last asked for all members
	idle      time.Time                  // since when nobody has a seat
	closed    bool
}

// channel is a channel on the wire and as the rules want it.
type channel struct {
	wire  discord.Channel
	perms permissions.Channel
}

// seat is a session in a guild.
type seat struct {
	place    *Place
	sub      Subscriber
	user     snowflake.ID
	intents  discord.Intents
	attached bool      // gets the guild's events; else the user is no member here, or not yet
	since    time.Time // when it last was attached or began to wait
}

func newGuild(h *Hub, snap *store.GuildSnapshot) (*Guild, error) {
	g := &Guild{
		hub: h, id: snap.Guild.ID, object: snap.Guild,
		channels:  make(map[snowflake.ID]*channel, len(snap.Channels)),
		members:   make(map[snowflake.ID]member, len(snap.Members)),
		presences: map[snowflake.ID]json.RawMessage{},
		perms: permissions.Guild{
			ID: snap.Guild.ID, Owner: snap.Guild.OwnerID, Roles: make(map[snowflake.ID]permissions.Role, len(snap.Guild.Roles)),
		},
		seats: map[*Place]*seat{}, audiences: map[snowflake.ID]*audience{}, requested: map[snowflake.ID]time.Time{},
		idle: time.Now(),
	}
	for _, r := range snap.Guild.Roles {
		g.perms.Roles[r.ID] = roleOf(r)
	}
	for _, c := range snap.Channels {
		g.channels[c.ID] = channelOf(c)
	}
	for _, wire := range snap.Members {
		m, err := newMember(wire)
		if err != nil {
			return nil, err
		}
		g.members[wire.User.ID] = m
	}
	return g, nil
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

var errClosed = errors.New("view is closed")

// attach seats a place. If the user is a member it gets GUILD_CREATE, or with quiet the caller does, and every event from
// then on. Otherwise it waits for the user to become one.
func (g *Guild) attach(p *Place, quiet bool) (entered *Entered, attached bool, err error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.closed {
		return nil, false, errClosed
	}
	s := g.seats[p]
	if s == nil {
		s = &seat{place: p, sub: p.sub, user: p.profile.User, intents: p.profile.Intents, since: time.Now()}
		g.seats[p] = s
	}
	if _, member := g.members[s.user]; s.attached || !member {
		return nil, s.attached, nil
	}
	entered, err = g.admit(s, quiet)
	return entered, err == nil, err
}

// admit attaches a seat whose user is a member. The lock is held.
func (g *Guild) admit(s *seat, quiet bool) (*Entered, error) {
	data, self, err := g.create(s)
	if err != nil {
		return nil, err
	}
	s.attached, s.since = true, time.Now()
	g.attendanceChanged()
	if quiet {
		return &Entered{Data: data, Self: self}, nil
	}
	if s.place.profile.wants(discord.EventGuildCreate) {
		s.sub.DeliverOwn(journal.Entry{Kind: journal.Entered, Log: g.id}, codec.NewDispatch(discord.EventGuildCreate, data))
	}
	return nil, nil
}

// create makes the seat's GUILD_CREATE. The lock is held.
func (g *Guild) create(s *seat) (json.RawMessage, discord.Member, error) {
	own := g.members[s.user]
	self, err := own.decode()
	if err != nil {
		return nil, self, err
	}
	joined, err := json.Marshal(self.JoinedAt)
	if err != nil {
		return nil, self, err
	}
	if g.shared == nil {
		if g.shared, err = ready.Shared(g.object, g.wireChannels(), len(g.members)); err != nil {
			return nil, self, err
		}
	}
	personal := ready.Personal{JoinedAt: joined, Large: len(g.members) > s.place.profile.LargeThreshold}
	personal.Members, personal.Presences = g.initialMembers(s)
	return ready.Guild(g.shared, personal), self, nil
}

// detach removes a place.
func (g *Guild) detach(p *Place) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.remove(p)
}

func (g *Guild) remove(p *Place) {
	if _, seated := g.seats[p]; !seated {
		return
	}
	delete(g.seats, p)
	g.attendanceChanged()
	if len(g.seats) == 0 {
		g.idle = time.Now()
	}
}

// giveUp removes a place that still waits.
func (g *Guild) giveUp(p *Place, tell bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	s := g.seats[p]
	if s == nil || s.attached {
		return
	}
	if tell && s.place.profile.wants(discord.EventGuildDelete) {
		s.sub.DeliverOwn(journal.Entry{Kind: journal.Left, Log: g.id}, goneGuild(g.id))
	}
	g.remove(p)
}

func (g *Guild) attached(p *Place) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	s := g.seats[p]
	return s != nil && s.attached && !g.closed
}

// waitingSince returns the places that have waited since before the moment.
func (g *Guild) waitingSince(moment time.Time) (places []*Place) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for p, s := range g.seats {
		if !s.attached && s.since.Before(moment) {
			places = append(places, p)
		}
	}
	return places
}

// closeIfIdle closes the view if nobody has had a seat since the moment.
func (g *Guild) closeIfIdle(moment time.Time) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.closed || len(g.seats) > 0 || g.idle.After(moment) {
		return false
	}
	g.closed = true
	return true
}

// Lost implements events.Handler: what the sessions missed is not to be had.
func (g *Guild) Lost() { g.lose() }

// lose ends a view that is no longer exact, and with it its sessions.
func (g *Guild) lose() {
	g.mu.Lock()
	seats := g.seats
	alreadyClosed := g.closed
	g.closed, g.seats = true, map[*Place]*seat{}
	g.mu.Unlock()
	if alreadyClosed {
		return
	}
	viewsLost.Inc()
	g.hub.log.Warn("guild view lost; its sessions start anew", "guild", g.id, "sessions", len(seats))
	g.hub.forget(g)
	for _, s := range seats {
		s.sub.Invalidate()
	}
}
