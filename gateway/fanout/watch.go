package fanout

import (
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"time"

	"guildhall.chat/guildhall/gateway/journal"
	"guildhall.chat/guildhall/gateway/memberlist"
	"guildhall.chat/guildhall/internal/codec"
	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/snowflake"
)

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
			g.tell(s, listUpdate(list.Sync(nil, had)))
		}
	}
	for list, blocks := range wanted {
		had := w.lists[list]
		begins, ends := blocks.Without(had), had.Without(blocks)
		if len(begins)+len(ends) == 0 {
			continue
		}
		group := g.watched.enter(s, list, blocks)
		if len(had) > 0 {
			g.tell(s, listUpdate(list.Sync(begins, ends)))
			continue
		}
		if group.synced == nil {
			group.synced = listUpdate(list.Sync(blocks, nil))
		}
		g.tell(s, group.synced)
	}
	w.lists = wanted
}

func (g *Guild) tell(s *seat, d *codec.Shared) { s.place.sub.DeliverOwn(journal.Entry{}, d) }

func listUpdate(data json.RawMessage) *codec.Shared {
	return codec.NewDispatch(discord.EventGuildMemberListUpdate, data)
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

func (l *watched) enter(s *seat, list *memberlist.List, blocks memberlist.Blocks) *viewing {
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
	return group
}

func (l *watched) leave(s *seat, list *memberlist.List, blocks memberlist.Blocks) {
	group := l.shown[list][blocks.Key()]
	delete(group.seats, s)
	if group.to = nil; len(group.seats) == 0 {
		delete(l.shown[list], blocks.Key())
	}
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
