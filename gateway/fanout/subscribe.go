package fanout

import (
	"encoding/json"
	"slices"
	"strconv"

	"guildhall.chat/guildhall/gateway/delivery"
	"guildhall.chat/guildhall/gateway/journal"
	"guildhall.chat/guildhall/gateway/memberlist"
	"guildhall.chat/guildhall/internal/codec"
	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/snowflake"
)

// Subscribe gives a person's session what it asks for of a guild: what is named replaces what was asked for before. Every
// guild counts as subscribed to otherwise, so flags but for threads have no effect. It reports whether the session is in the
// guild.
func (p *Place) Subscribe(guild snowflake.ID, named memberlist.Subscription) bool {
	s := p.seatIn(guild)
	if s == nil {
		return false
	}
	g := s.guild
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.closed || !s.attached {
		return false
	}
	if named.Threads != nil && *named.Threads {
		g.syncThreads(s, nil)
	}
	if named.Members != nil {
		g.follow(s, named.Members)
	}
	if named.ThreadMembers != nil {
		g.listThreadMembers(s, named.ThreadMembers)
	}
	if named.Channels != nil {
		g.watch(s, named.Channels)
	}
	return true
}

// followed is who wants to know of single members. The guild's lock guards it.
type followed struct {
	seats map[snowflake.ID]map[*seat]struct{} // by member
	users map[*seat][]snowflake.ID
}

// follow has a seat know of the presence of the users, instead of those that it has followed before.
func (g *Guild) follow(s *seat, users []snowflake.ID) {
	f := &g.followed
	before := f.users[s]
	f.forget(s)
	if len(users) == 0 {
		return
	}
	if f.users == nil {
		f.users, f.seats = map[*seat][]snowflake.ID{}, map[snowflake.ID]map[*seat]struct{}{}
	}
	f.users[s] = users
	for _, user := range users {
		if f.seats[user] == nil {
			f.seats[user] = map[*seat]struct{}{}
		}
		f.seats[user][s] = struct{}{}
		data := g.presences[user]
		if data != nil && user != s.user() && g.followable(s) && !slices.Contains(before, user) {
			s.place.sub.DeliverOwn(journal.Entry{}, codec.NewDispatch(discord.EventPresenceUpdate, data))
		}
	}
}

// forget has a seat follow nobody.
func (f *followed) forget(s *seat) {
	for _, user := range f.users[s] {
		delete(f.seats[user], s)
		if len(f.seats[user]) == 0 {
			delete(f.seats, user)
		}
	}
	delete(f.users, s)
}

func (g *Guild) followable(s *seat) bool { return s.intents()&discord.IntentGuildPresences != 0 }

// deliverPresence hands a presence to bots, in a small guild to everybody, else to the people who follow the member. Their
// own presence people are told by SESSIONS_REPLACE.
func (g *Guild) deliverPresence(d *dispatch, user snowflake.ID) {
	sc := g.scope(&d.event)
	if s := g.seats.byUser[user]; s != nil && !s.place.profile.Bot {
		sc.never = user
	}
	parts := []delivery.Part{part(d.whole(), g.receivers(sc))}
	if sc.whose == ofBots && len(g.followed.seats[user]) > 0 {
		var followers bitset
		for s := range g.followed.seats[user] {
			followers.put(int(s.index), s.user() != user && g.followable(s))
		}
		parts = append(parts, part(d.whole(), g.intern(followers)))
	}
	g.submit(d, parts...)
}

// Sync answers the older op 12 for a guild: the members and presences that GUILD_CREATE lists. Without ok, the session is
// not in the guild.
func (p *Place) Sync(guild snowflake.ID) (data json.RawMessage, ok bool) {
	s := p.seatIn(guild)
	if s == nil {
		return nil, false
	}
	g := s.guild
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.closed || !s.attached {
		return nil, false
	}
	var members, presences []byte
	if g.listingFor(p.profile) == all {
		members, presences = g.listMembers(all), g.listPresences()
	} else {
		members, _ = g.members.AppendJSON(nil, p.profile.User)
	}
	data = append(data, `{"id":"`+guild.String()+`","large":`...)
	data = strconv.AppendBool(data, g.members.Len() > p.profile.LargeThreshold)
	data = append(append(data, `,"members":[`...), members...)
	data = append(append(data, `],"presences":[`...), presences...)
	return append(data, "]}"...), true
}
