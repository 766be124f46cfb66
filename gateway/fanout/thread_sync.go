package fanout

import (
	"maps"
	"slices"
	"time"

	"guildhall.chat/guildhall/gateway/journal"
	"guildhall.chat/guildhall/internal/codec"
	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/events"
	"guildhall.chat/guildhall/internal/snowflake"
)

// threadsFor returns the active threads that GUILD_CREATE lists for a session, as the items of an array: for a bot those it
// may see, for a person those it is in.
func (g *Guild) threadsFor(p Profile) []byte {
	if len(g.threads) == 0 {
		return nil
	}
	threads, _ := g.listThreads(p.User, nil, !p.Bot)
	return threads
}

// listThreads returns the active threads that a user may see, of some channels or of all, and the user's members of those it
// is in, each as the items of an array.
func (g *Guild) listThreads(user snowflake.ID, channels []snowflake.ID, joined bool) (threads, members []byte) {
	m, _ := g.member(user)
	now := time.Now()
	for _, id := range slices.Sorted(maps.Keys(g.threads)) {
		t := g.threads[id]
		i, is := t.find(user)
		if !t.shown() || joined && !is || channels != nil && !slices.Contains(channels, t.parent) || !g.may(m, toView(id), now) {
			continue
		}
		threads = appendItem(threads, func(dst []byte) []byte { return t.append(dst, user) })
		if is {
			members = appendItem(members, func(dst []byte) []byte { return t.appendMember(dst, i, true) })
		}
	}
	return threads, members
}

// syncThreads tells a seat the active threads that its member may see, of some channels or of all.
// https://discord.com/developers/docs/events/gateway-events#thread-list-sync
func (g *Guild) syncThreads(s *seat, channels []snowflake.ID) {
	threads, members := g.listThreads(s.user(), channels, false)
	data := []byte(`{"guild_id":"` + g.id.String() + `"`)
	if channels != nil {
		data = append(data, `,"channel_ids":[`...)
		for i, id := range channels {
			if i > 0 {
				data = append(data, ',')
			}
			data = append(data, `"`+id.String()+`"`...)
		}
		data = append(data, ']')
	}
	data = append(append(data, `,"threads":[`...), threads...)
	data = append(append(data, `],"members":[`...), members...)
	data = append(data, "]}"...)
	s.place.sub.DeliverOwn(journal.Entry{}, codec.NewDispatch(discord.EventThreadListSync, data))
}

// sight is who sees the channels that have active threads.
type sight map[snowflake.ID]bitset

// changesSight reports whether an event may change that for those who attend.
func (g *Guild) changesSight(e *events.Event) bool {
	return len(g.threads) > 0 && (e.Head.Access || e.Head.Membership && g.isAttending(e.Head.User))
}

// sight returns who sees the channels that have active threads.
func (g *Guild) sight() sight {
	seen := sight{}
	for _, t := range g.threads {
		if t.shown() && seen[t.parent] == nil && g.channels[t.parent] != nil {
			seen[t.parent] = append(bitset{}, g.who(toView(t.parent)).bits...)
		}
	}
	return seen
}

// syncGained tells the threads of channels to those who see them now and did not before.
func (g *Guild) syncGained(before sight) {
	gained := map[int][]snowflake.ID{}
	for _, channel := range slices.Sorted(maps.Keys(before)) {
		if g.channels[channel] == nil {
			continue
		}
		more := append(bitset(nil), g.who(toView(channel)).bits...)
		more.andNot(before[channel])
		for i := range more.all() {
			gained[i] = append(gained[i], channel)
		}
	}
	for _, i := range slices.Sorted(maps.Keys(gained)) {
		if s := g.seats.table[i]; s != nil && s.place.profile.wants(discord.EventThreadListSync) {
			g.syncThreads(s, gained[i])
		}
	}
}
