package fanout

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"

	"guildhall.chat/guildhall/gateway/ready"
	"guildhall.chat/guildhall/internal/codec"
	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/snowflake"
)

// maxPresenceGuild is the size from which on a guild's GUILD_CREATE has no presences.
// https://discord.com/developers/docs/events/gateway-events#guild-create
const maxPresenceGuild = 75_000

// usualMember is the length of most member objects.
const usualMember = 1 << 10

// face is a guild as GUILD_CREATE shows it, in ready pieces: each is made when it is needed, and kept until what it shows
// changes. What is nil must be made anew.
type face struct {
	used      bool       // since the last sweep
	stale     bool       // not any more, at the last sweep
	object    []byte     // the guild object
	order     []*channel // as they are shown
	shared    [2][]byte  // by shape: what everybody is told
	members   [2][]byte  // by listing, as the items of an array
	presences []byte     // of those who are not offline
	tails     [2]tails   // by shape
	people    []ready.Person
	merged    [][]byte // presences as ready.UserGuild has them
}

// tails are by listing.
type tails [3]*codec.Tail

// shape says where a guild has its own columns.
type shape uint8

const (
	flat  shape = iota
	apart       // in properties: discord.CapClientState
)

func shapeOf(p Profile) shape {
	if p.Capabilities.Has(discord.CapClientState) {
		return apart
	}
	return flat
}

// listing says whom a GUILD_CREATE lists.
type listing uint8

const (
	all    listing = iota
	listed         // of a large guild: who is online, or has roles or a nick
	oneself
)

func (f *face) guildChanged() { f.object = nil; f.sharedChanged() }

func (f *face) channelsChanged() { f.order = nil; f.sharedChanged() }

func (f *face) sharedChanged() { f.shared, f.tails = [2][]byte{}, [2]tails{} }

func (f *face) membersChanged() {
	f.people = nil
	f.listChanged(all)
	f.listChanged(listed)
}

func (f *face) presencesChanged() {
	f.presences, f.merged = nil, nil
	f.tails[flat][all], f.tails[apart][all] = nil, nil
	f.listChanged(listed)
}

func (f *face) listChanged(l listing) {
	f.members[l] = nil
	f.tails[flat][l], f.tails[apart][l] = nil, nil
}

// sweepFace lets go of the pieces if nobody has needed them for a while.
func (g *Guild) sweepFace() {
	if g.face.used {
		g.face.used, g.face.stale = false, true
		return
	}
	if g.face.stale {
		for _, c := range g.channels {
			c.json = nil
		}
		for _, t := range g.threads {
			t.json = nil
		}
		g.face = face{}
	}
}

// dispatchCreate returns a seat's GUILD_CREATE, nil if its session does not want any. The lock is held.
func (g *Guild) dispatchCreate(s *seat) *codec.Shared {
	if !s.place.profile.wants(discord.EventGuildCreate) {
		return nil
	}
	own, shared, err := g.create(s)
	if err != nil {
		// Nothing of it came from a client.
		g.hub.log.Error("guild can't be encoded", "guild", g.id, "error", err)
		return nil
	}
	return codec.NewDispatchWith(discord.EventGuildCreate, own, shared)
}

// create returns the data of a seat's GUILD_CREATE: its own part, and what many are told.
func (g *Guild) create(s *seat) (own json.RawMessage, shared *codec.Tail, err error) {
	p := s.place.profile
	personal := g.personal(p)
	personal.Joined = s.joined
	whom := g.listingFor(p)
	if whom == oneself || whom == listed && g.presences[p.User] == nil && !g.members.Listed(p.User) {
		personal.Lists = &ready.Lists{}
		personal.Lists.Own, _ = g.members.AppendJSON(make([]byte, 0, usualMember), p.User)
		if whom == listed {
			personal.Lists.Members, personal.Lists.Presences = g.listMembers(listed), g.listPresences()
			whom = oneself
		}
	}
	shared, err = g.tail(shapeOf(p), whom)
	return personal.JSON(), shared, err
}

// personal returns what GUILD_CREATE tells a session itself, but whom it lists.
func (g *Guild) personal(p Profile) ready.Personal {
	n := g.members.Len()
	personal := ready.Personal{
		MemberCount: n, Large: n > p.LargeThreshold, Threads: g.threadsFor(p), Scheduled: g.scheduledFor(p.User),
	}
	personal.JoinedAt, _ = g.members.AppendJoined(make([]byte, 0, 40), p.User)
	return personal
}

// tail returns what those are told who are listed the same. Who lists itself alone has that in its own part.
func (g *Guild) tail(as shape, whom listing) (*codec.Tail, error) {
	g.face.used = true
	if tail := g.face.tails[as][whom]; tail != nil {
		return tail, nil
	}
	shared, err := g.sharedCreate(as)
	if err != nil {
		return nil, err
	}
	if whom != oneself {
		shared = ready.Lists{Members: g.listMembers(whom), Presences: g.listPresences()}.With(shared)
	}
	g.face.tails[as][whom] = codec.NewTail(shared)
	return g.face.tails[as][whom], nil
}

// sharedCreate returns what GUILD_CREATE tells everybody.
func (g *Guild) sharedCreate(as shape) (_ []byte, err error) {
	f := &g.face
	if f.shared[as] != nil {
		return f.shared[as], nil
	}
	if f.object == nil {
		if f.object, err = json.Marshal(g.object); err != nil {
			return nil, fmt.Errorf("encode guild: %w", err)
		}
	}
	if f.order == nil {
		f.order = slices.SortedFunc(maps.Values(g.channels), shownBefore)
	}
	list := make([][]byte, len(f.order))
	for i, c := range f.order {
		if c.json == nil {
			if c.json, err = json.Marshal(c.wire); err != nil {
				return nil, fmt.Errorf("encode channel %s: %w", c.wire.ID, err)
			}
		}
		list[i] = c.json
	}
	if as == flat {
		f.shared[as] = ready.Shared(f.object, list)
	} else {
		f.shared[as], err = ready.SharedWithProperties(f.object, list)
	}
	return f.shared[as], err
}

func shownBefore(a, b *channel) int {
	if pa, pb := position(a.wire), position(b.wire); pa != pb {
		return pa - pb
	}
	if a.wire.ID < b.wire.ID {
		return -1
	}
	return 1
}

func position(c discord.Channel) int {
	if c.Position == nil {
		return 0
	}
	return *c.Position
}

// listingFor returns whom a session's GUILD_CREATE lists.
func (g *Guild) listingFor(p Profile) listing {
	n, small := g.members.Len(), smallGuild
	if p.Bot {
		small = p.LargeThreshold
	}
	switch {
	case p.Intents&discord.IntentGuildPresences == 0:
		return oneself
	case n <= small:
		return all
	case p.Bot && n <= maxPresenceGuild:
		return listed
	}
	return oneself
}

func (g *Guild) listMembers(whom listing) []byte {
	if g.face.members[whom] == nil {
		dst := []byte{}
		for m := range g.members.Snapshot().All() {
			if whom == all || m.Listed() || g.presences[m.User] != nil {
				dst = appendItem(dst, m.AppendJSON)
			}
		}
		g.face.members[whom] = slices.Clip(dst)
	}
	return g.face.members[whom]
}

func (g *Guild) listPresences() []byte {
	if g.face.presences == nil {
		dst := []byte{}
		for _, presence := range g.presences {
			dst = appendItem(dst, func(dst []byte) []byte { return append(dst, presence...) })
		}
		g.face.presences = slices.Clip(dst)
	}
	return g.face.presences
}

func appendItem(dst []byte, item func([]byte) []byte) []byte {
	if len(dst) > 0 {
		dst = append(dst, ',')
	}
	return item(dst)
}

// merged returns a user's own member as READY shows it.
func (g *Guild) merged(user snowflake.ID) json.RawMessage {
	dst := append(make([]byte, 0, usualMember), '{')
	dst, _ = g.members.AppendOwn(dst, user)
	dst = append(dst, `,"user_id":"`...)
	dst = strconv.AppendUint(dst, uint64(user), 10)
	return append(dst, `"}`...)
}
