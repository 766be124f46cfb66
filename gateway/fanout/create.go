package fanout

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"time"

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
	object    []byte     // the guild object
	order     []*channel // as they are shown
	shared    []byte     // what everybody is told
	apart     []byte     // the same for clients with discord.CapClientState
	all       []byte     // all members, as the items of an array
	listed    []byte     // of a large guild, those who are online, or have roles or a nick
	presences []byte     // of those who are not offline
	people    []ready.Person
	merged    [][]byte // presences as ready.UserGuild has them
}

func (f *face) guildChanged()     { f.object, f.shared, f.apart = nil, nil, nil }
func (f *face) channelsChanged()  { f.order, f.shared, f.apart = nil, nil, nil }
func (f *face) sharedChanged()    { f.shared, f.apart = nil, nil }
func (f *face) membersChanged()   { f.all, f.listed, f.people = nil, nil, nil }
func (f *face) presencesChanged() { f.listed, f.presences, f.merged = nil, nil, nil }

// dispatchCreate returns a seat's GUILD_CREATE, nil if its session does not want any. The lock is held.
func (g *Guild) dispatchCreate(s *seat) *codec.Shared {
	if !s.place.profile.wants(discord.EventGuildCreate) {
		return nil
	}
	data, err := g.create(s.place.profile)
	if err != nil {
		// Nothing of it came from a client.
		g.hub.log.Error("guild can't be encoded", "guild", g.id, "error", err)
		return nil
	}
	return codec.NewDispatch(discord.EventGuildCreate, data)
}

// create returns the data of a session's GUILD_CREATE.
func (g *Guild) create(p Profile) (json.RawMessage, error) {
	personal := g.personal(p)
	personal.Own, personal.Members, personal.Presences = g.lists(p)
	shared, err := g.sharedCreate(p.Capabilities.Has(discord.CapClientState))
	if err != nil {
		return nil, err
	}
	return ready.Guild(shared, personal), nil
}

// personal returns what GUILD_CREATE tells a session itself, without members and presences.
func (g *Guild) personal(p Profile) ready.Personal {
	joined, _ := g.members.AppendJoined(nil, p.User)
	n := g.members.Len()
	return ready.Personal{JoinedAt: joined, MemberCount: n, Large: n > p.LargeThreshold, Threads: g.threadsFor(p)}
}

// enter returns the guild for a person's READY.
func (g *Guild) enter(p Profile) (*Entered, error) {
	entered := &Entered{ID: g.id, Self: g.merged(p.User)}
	if !p.Capabilities.Has(discord.CapDedupeUsers) {
		var err error
		entered.Data, err = g.create(p)
		return entered, err
	}
	shared, err := g.sharedCreate(p.Capabilities.Has(discord.CapClientState))
	if err != nil {
		return nil, err
	}
	personal := g.personal(p)
	personal.Apart = true
	entered.Data = ready.Guild(shared, personal)
	if p.Intents&discord.IntentGuildPresences != 0 && g.members.Len() <= smallGuild {
		entered.Members, entered.Presences, err = g.people()
	}
	return entered, err
}

// people returns all members and presences, apart from the users.
func (g *Guild) people() (_ []ready.Person, presences [][]byte, err error) {
	f := &g.face
	if f.people == nil {
		f.people = make([]ready.Person, 0, g.members.Len())
		for m := range g.members.Snapshot().All() {
			whole, _ := g.members.Get(m.User)
			user, err := json.Marshal(whole.User)
			if err != nil {
				return nil, nil, fmt.Errorf("encode user %s: %w", m.User, err)
			}
			f.people = append(f.people, ready.Person{ID: m.User, Member: g.merged(m.User), User: user})
		}
	}
	if f.merged == nil {
		f.merged = make([][]byte, 0, len(g.presences))
		for user, presence := range g.presences {
			merged, err := mergedPresence(user, presence)
			if err != nil {
				return nil, nil, err
			}
			f.merged = append(f.merged, merged)
		}
	}
	return f.people, f.merged, nil
}

// mergedPresence returns a presence with user_id instead of user.
func mergedPresence(user snowflake.ID, presence json.RawMessage) ([]byte, error) {
	var f fields
	if err := json.Unmarshal(presence, &f); err != nil {
		return nil, fmt.Errorf("take presence apart: %w", err)
	}
	delete(f, "user")
	f["user_id"] = json.RawMessage(`"` + user.String() + `"`)
	return json.Marshal(f)
}

// sharedCreate returns what GUILD_CREATE tells everybody, with the guild's columns apart or not.
func (g *Guild) sharedCreate(apart bool) (_ []byte, err error) {
	f := &g.face
	if apart && f.apart != nil {
		return f.apart, nil
	}
	if !apart && f.shared != nil {
		return f.shared, nil
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
	if apart {
		f.apart, err = ready.SharedWithProperties(f.object, list)
		return f.apart, err
	}
	f.shared = ready.Shared(f.object, list)
	return f.shared, nil
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

// lists returns the members and presences that GUILD_CREATE lists for a session, as the items of arrays. Own is the
// session's own member, unless it is among the members.
func (g *Guild) lists(p Profile) (own, members, presences []byte) {
	n := g.members.Len()
	small := smallGuild
	if p.Bot {
		small = p.LargeThreshold
	}
	switch {
	case p.Intents&discord.IntentGuildPresences == 0:
	case n <= small:
		return nil, g.allMembers(), g.allPresences()
	case p.Bot && n <= maxPresenceGuild:
		members, presences = g.listedMembers(), g.allPresences()
		if g.presences[p.User] != nil || g.members.Listed(p.User) {
			return nil, members, presences
		}
	}
	own, _ = g.members.AppendJSON(make([]byte, 0, usualMember), p.User)
	return own, members, presences
}

func (g *Guild) allMembers() []byte {
	if g.face.all == nil {
		dst := []byte{}
		for m := range g.members.Snapshot().All() {
			dst = appendItem(dst, m.AppendJSON)
		}
		g.face.all = slices.Clip(dst)
	}
	return g.face.all
}

func (g *Guild) listedMembers() []byte {
	if g.face.listed == nil {
		dst := []byte{}
		for m := range g.members.Snapshot().All() {
			if m.Listed() || g.presences[m.User] != nil {
				dst = appendItem(dst, m.AppendJSON)
			}
		}
		g.face.listed = slices.Clip(dst)
	}
	return g.face.listed
}

func (g *Guild) allPresences() []byte {
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

// threadsFor returns the active threads that GUILD_CREATE lists for a session, as the items of an array: for a bot those it
// may see, for a person those it is in.
func (g *Guild) threadsFor(p Profile) []byte {
	if len(g.threads) == 0 {
		return nil
	}
	m, _ := g.member(p.User)
	now := time.Now()
	var dst []byte
	for _, id := range slices.Sorted(maps.Keys(g.threads)) {
		t := g.threads[id]
		if !t.archived && t.wire != nil && (p.Bot || t.has(p.User)) && g.may(m, toView(id), now) {
			dst = appendItem(dst, func(dst []byte) []byte { return append(dst, t.wire...) })
		}
	}
	return dst
}

// merged returns a user's own member as READY shows it.
func (g *Guild) merged(user snowflake.ID) json.RawMessage {
	dst := append(make([]byte, 0, usualMember), '{')
	dst, _ = g.members.AppendOwn(dst, user)
	dst = append(dst, `,"user_id":"`...)
	dst = strconv.AppendUint(dst, uint64(user), 10)
	return append(dst, `"}`...)
}
