package fanout

import (
	"cmp"
	"encoding/json"
	"errors"
	"iter"
	"maps"
	"slices"
	"time"

	"guildhall.chat/guildhall/gateway/delivery"
	"guildhall.chat/guildhall/gateway/fanout/roster"
	"guildhall.chat/guildhall/gateway/journal"
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
}

// watch is what one seat watches.
type watch struct {
	channels map[snowflake.ID]memberlist.Blocks     // what it has asked for
	lists    map[*memberlist.List]memberlist.Blocks // what it gets
}

// staleness says for whom it may have changed what they may watch.
type staleness struct {
	all      bool
	users    []snowflake.ID
	channels []snowflake.ID
}

// userChanged, rulesChanged and channelChanged say that a user's roles, those of the guild or its owner, or a channel's
// overwrites have changed.
func (l *watched) userChanged(user snowflake.ID) {
	if l.members != nil {
		l.stale.users = append(l.stale.users, user)
	}
}

func (l *watched) rulesChanged() { l.stale.all = l.members != nil }

func (l *watched) channelChanged(channel snowflake.ID) {
	if l.members != nil {
		l.stale.channels = append(l.stale.channels, channel)
	}
}

// watch has a seat watch the member lists of channels, instead of those that it has watched before. What it already has is
// sent again if it asks for nothing else.
func (g *Guild) watch(s *seat, channels map[snowflake.ID]memberlist.Blocks) {
	l := &g.watched
	w := l.watches[s]
	if w == nil && len(channels) == 0 {
		return
	}
	if l.members == nil {
		l.members = memberlist.NewGuild(&g.perms, g.object.Roles, membership{g})
		l.shown = map[*memberlist.List]map[string]*viewing{}
		l.watches = map[*seat]*watch{}
	}
	if w == nil || maps.EqualFunc(w.channels, channels, slices.Equal[memberlist.Blocks]) {
		l.drop(s)
		w = &watch{}
		l.watches[s] = w
	}
	w.channels = channels
	g.rewatch(s, w, g.watchable(s, channels, map[snowflake.ID]*memberlist.List{}), true)
	if len(channels) == 0 {
		l.drop(s)
	}
	l.tidy()
}

// watchable returns the lists of channels, as far as the seat's member sees the channels. known has the lists of channels
// that were looked at before.
func (g *Guild) watchable(
	s *seat, channels map[snowflake.ID]memberlist.Blocks, known map[snowflake.ID]*memberlist.List,
) map[*memberlist.List]memberlist.Blocks {
	wanted := map[*memberlist.List]memberlist.Blocks{}
	m, _ := g.member(s.user())
	now := time.Now()
	for id, blocks := range channels {
		if !g.may(m, toView(id), now) {
			continue
		}
		list, looked := known[id]
		if !looked {
			list = g.listOf(id)
			known[id] = list
		}
		if list != nil {
			wanted[list] = wanted[list].And(blocks)
		}
	}
	return wanted
}

// listOf returns the list of a channel or thread, nil if there can't be one more.
func (g *Guild) listOf(channel snowflake.ID) *memberlist.List {
	c, private := g.channels[channel], false
	if t := g.threads[channel]; t != nil {
		c, private = g.channels[t.parent], t.private
	}
	list, err := g.watched.members.List(memberlist.VisibilityOf(&g.perms, &c.perms, private))
	if errors.Is(err, memberlist.ErrTooManyLists) {
		listsRefused.Inc()
	}
	return list
}

// rewatch gives a seat other lists than it had. A list that it no longer has because of a change of the guild is not
// mentioned: it may not know any more how many are in there.
func (g *Guild) rewatch(s *seat, w *watch, wanted map[*memberlist.List]memberlist.Blocks, asked bool) {
	for list, had := range w.lists {
		if blocks, still := wanted[list]; !still || !slices.Equal(blocks, had) {
			g.watched.leave(s, list, had)
		}
		if _, still := wanted[list]; !still && asked {
			g.tell(s, list.Sync(nil, had))
		}
	}
	for list, blocks := range wanted {
		had := w.lists[list]
		begins, ends := blocks.Without(had), had.Without(blocks)
		if len(begins)+len(ends) == 0 {
			continue
		}
		g.watched.enter(s, list, blocks)
		g.tell(s, list.Sync(begins, ends))
	}
	w.lists = wanted
}

func (g *Guild) tell(s *seat, data json.RawMessage) {
	s.place.sub.DeliverOwn(journal.Entry{}, codec.NewDispatch(discord.EventGuildMemberListUpdate, data))
}

// unwatch forgets what a seat watches. It need not be told.
func (g *Guild) unwatch(s *seat) {
	if g.watched.watches[s] != nil {
		g.watched.drop(s)
		g.watched.tidy()
	}
}

func (l *watched) drop(s *seat) {
	if w := l.watches[s]; w != nil {
		for list, blocks := range w.lists {
			l.leave(s, list, blocks)
		}
		delete(l.watches, s)
	}
}

func (l *watched) enter(s *seat, list *memberlist.List, blocks memberlist.Blocks) {
	groups := l.shown[list]
	if groups == nil {
		groups = map[string]*viewing{}
		l.shown[list] = groups
	}
	group := groups[blocks.Key()]
	if group == nil {
		group = &viewing{blocks: blocks, seats: map[*seat]struct{}{}}
		groups[blocks.Key()] = group
	}
	group.seats[s], group.to = struct{}{}, nil
}

func (l *watched) leave(s *seat, list *memberlist.List, blocks memberlist.Blocks) {
	group := l.shown[list][blocks.Key()]
	delete(group.seats, s)
	if group.to = nil; len(group.seats) == 0 {
		delete(l.shown[list], blocks.Key())
	}
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

// settleLists looks anew at who may watch what, once an event is applied.
func (g *Guild) settleLists() {
	if g.watched.members == nil {
		return
	}
	stale := g.watched.stale
	g.watched.stale = staleness{}
	if stale.all {
		g.watched.members.Refresh()
		g.flushSoon()
	}
	known := map[snowflake.ID]*memberlist.List{}
	for s, w := range g.watched.watches {
		if stale.all || slices.Contains(stale.users, s.user()) || slices.ContainsFunc(stale.channels, w.covers(g)) {
			g.rewatch(s, w, g.watchable(s, w.channels, known), false)
		}
	}
	g.watched.tidy()
}

// covers returns whether the watch has a channel, or a thread in it.
func (w *watch) covers(g *Guild) func(channel snowflake.ID) bool {
	return func(channel snowflake.ID) bool {
		for id := range w.channels {
			if t := g.threads[id]; id == channel || t != nil && t.parent == channel {
				return true
			}
		}
		return false
	}
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
			if data == nil {
				continue
			}
			shared := codec.NewDispatch(discord.EventGuildMemberListUpdate, data)
			g.hub.line.Submit(&delivery.Delivery{Parts: []delivery.Part{{Dispatch: shared, To: all[i].audience()}}})
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
