package fanout

import (
	"cmp"
	"iter"
	"maps"
	"slices"
	"time"

	"guildhall.chat/guildhall/gateway/delivery"
	"guildhall.chat/guildhall/gateway/fanout/roster"
	"guildhall.chat/guildhall/gateway/memberlist"
	"guildhall.chat/guildhall/internal/codec"
	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/snowflake"
)

// watched is the member lists of a guild that somebody watches. The guild's lock guards it.
//
// What changes in the guild is put into the lists at once, and told after a pause. Who may watch what is looked at anew
// before the lock is let go of.
type watched struct {
	members *memberlist.Guild // nil: nobody watches
	shown   map[*memberlist.List]map[string]*viewing
	watches map[*seat]*watch
	stale   staleness
	timer   *time.Timer // of the next flush; nil: nothing has changed
}

// viewing are the seats that watch the same blocks of the same list.
type viewing struct {
	blocks memberlist.Blocks
	seats  map[*seat]struct{}
	to     *delivery.Audience // nil: must be made anew
	// synced is what who begins to watch is told, the same for all until the next flush; nil: must be made anew.
	synced *codec.Shared
}

// tidy lets go of the lists that nobody watches.
func (l *watched) tidy() {
	l.members.DropUnless(func(list *memberlist.List) bool { return len(l.shown[list]) > 0 })
	maps.DeleteFunc(l.shown, func(_ *memberlist.List, groups map[string]*viewing) bool { return len(groups) == 0 })
	if len(l.watches) == 0 {
		l.close()
	}
}

// close ends all lists.
func (l *watched) close() {
	if l.timer != nil {
		l.timer.Stop()
	}
	*l = watched{}
}

// listMember is called when a member was added, changed or removed, or is online with another presence, or no longer.
func (g *Guild) listMember(user snowflake.ID) {
	if g.watched.members == nil {
		return
	}
	if m, is := g.members.Find(user); is {
		g.watched.members.Put(g.listedMember(m))
	} else {
		g.watched.members.Remove(user)
	}
	g.flushSoon()
}

// listRoles is called when roles have changed; lost says that members have lost one.
func (g *Guild) listRoles(lost bool) {
	if g.watched.members == nil {
		return
	}
	g.watched.members.SetRoles(g.object.Roles)
	if lost {
		g.watched.members.Reload()
	}
	g.flushSoon()
}

// flushSoon has what has changed told after a pause.
func (g *Guild) flushSoon() {
	if g.watched.timer == nil {
		g.watched.timer = time.AfterFunc(memberlist.Pause(len(g.watched.watches)), g.flushLists)
	}
}

// flushLists tells what has changed in the lists since it was last called.
func (g *Guild) flushLists() {
	g.hub.line.Room()
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.watched.timer == nil {
		return // closed meanwhile
	}
	g.watched.timer = nil
	for list, groups := range g.watched.shown {
		all := slices.SortedFunc(maps.Values(groups), func(a, b *viewing) int { return cmp.Compare(a.blocks.Key(), b.blocks.Key()) })
		sets := make([]memberlist.Blocks, len(all))
		for i, group := range all {
			sets[i] = group.blocks
		}
		for i, data := range list.Flush(sets) {
			all[i].synced = nil
			if data == nil {
				continue
			}
			g.hub.line.Submit(&delivery.Delivery{Parts: []delivery.Part{{Dispatch: listUpdate(data), To: all[i].audience()}}})
			countDispatches(discord.EventGuildMemberListUpdate, len(all[i].seats))
		}
	}
}

func (v *viewing) audience() *delivery.Audience {
	if v.to == nil {
		receivers := make([]delivery.Receiver, 0, len(v.seats))
		for s := range v.seats {
			receivers = append(receivers, s.place.sub)
		}
		v.to = delivery.NewAudience(receivers)
	}
	return v.to
}

// membership is a guild's members as its lists want them.
type membership struct{ guild *Guild }

// Len implements memberlist.Members.
func (l membership) Len() int { return l.guild.members.Len() }

// All implements memberlist.Members.
func (l membership) All(offline bool) iter.Seq[memberlist.Member] {
	g := l.guild
	return func(yield func(memberlist.Member) bool) {
		if !offline {
			for user := range g.presences {
				if m, is := g.members.Find(user); is && !yield(g.listedMember(m)) {
					return
				}
			}
			return
		}
		for m := range g.members.Snapshot().All() {
			if !yield(g.listedMember(m)) {
				return
			}
		}
	}
}

func (g *Guild) listedMember(m roster.Member) memberlist.Member {
	name, global, nick := m.Names()
	return memberlist.Member{
		ID: m.User, Name: cmp.Or(nick, global, name), Roles: m.Roles(), Presence: g.presences[m.User], Object: m,
	}
}
