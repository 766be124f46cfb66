package memberlist

import (
	"cmp"
	"errors"
	"iter"
	"maps"
	"slices"
	"strings"

	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/permissions"
	"guildhall.chat/guildhall/internal/snowflake"
)

const (
	// HideOffline is from how many members on a guild's lists have no offline members.
	HideOffline = 1000
	// maxLists bounds the lists of one guild: each holds a reference to every member who is in it.
	maxLists = 100
)

// Guild is a guild as its lists want it.
type Guild struct {
	perms   *permissions.Guild // the view's own; Refresh says that it has changed
	members Members
	groups  []groupID
	rank    map[snowflake.ID]int // of hoisted roles: index into groups
	listed  map[snowflake.ID]*entry
	online  int
	version uint64 // of the entry that was made last
	hides   bool   // offline members are not listed
	stale   bool   // groups and lists must be made anew
	lists   []*List
}

// Members are the members of a guild, which change only before Put, Remove or Reload says so.
type Members interface {
	Len() int
	// All returns all members, or those who are online.
	All(offline bool) iter.Seq[Member]
}

// groupID is a hoisted role, or online or offline.
type groupID snowflake.ID

// No role has these ids.
const (
	groupOnline  groupID = 0
	groupOffline groupID = 1
)

func (id groupID) String() string {
	switch id {
	case groupOnline:
		return "online"
	case groupOffline:
		return "offline"
	}
	return snowflake.ID(id).String()
}

// NewGuild returns a guild without lists. It reads the rules from perms whenever it needs them.
func NewGuild(perms *permissions.Guild, roles []discord.Role, members Members) *Guild {
	g := &Guild{perms: perms, members: members}
	g.SetRoles(roles)
	g.Reload()
	return g
}

// SetRoles says what roles there are. If it is about their permissions, Refresh must be called, too.
func (g *Guild) SetRoles(roles []discord.Role) {
	hoisted := slices.DeleteFunc(slices.Clone(roles), func(role discord.Role) bool { return !role.Hoist || role.ID == g.perms.ID })
	slices.SortFunc(hoisted, func(a, b discord.Role) int {
		return cmp.Or(cmp.Compare(b.Position, a.Position), cmp.Compare(a.ID, b.ID))
	})
	groups := make([]groupID, 0, len(hoisted)+2)
	for _, role := range hoisted {
		groups = append(groups, groupID(role.ID))
	}
	groups = append(groups, groupOnline, groupOffline)
	if slices.Equal(groups, g.groups) {
		return
	}
	g.groups, g.rank = groups, make(map[snowflake.ID]int, len(hoisted))
	for i, role := range hoisted {
		g.rank[role.ID] = i
	}
	g.stale = true
}

// Refresh says that the roles' permissions or the owner have changed: who may view what is to be worked out anew.
func (g *Guild) Refresh() {
	for _, l := range g.lists {
		l.stale = !l.visibility.everyone
	}
}

// Reload says that anything may have changed of any member.
func (g *Guild) Reload() {
	g.listed, g.online, g.stale = map[snowflake.ID]*entry{}, 0, true
	g.hides = g.members.Len() >= HideOffline
	for m := range g.members.All(!g.hides) {
		g.set(g.entry(m))
	}
}

// group returns the group of a member: the highest hoisted role of one who is online.
func (g *Guild) group(e *entry) int {
	if !e.online() {
		return len(g.groups) - 1
	}
	group := len(g.groups) - 2
	for _, role := range e.roles {
		if rank, hoisted := g.rank[role]; hoisted {
			group = min(group, rank)
		}
	}
	return group
}

func (g *Guild) entry(m Member) *entry {
	g.version++
	e := &entry{
		id: m.ID, version: g.version, key: strings.ToLower(m.Name), roles: m.Roles, presence: m.Presence, object: m.Object,
	}
	e.group = g.group(e)
	return e
}

func (g *Guild) set(e *entry) {
	g.listed[e.id] = e
	if e.online() {
		g.online++
	}
}

// shows reports whether a member is in any list.
func (g *Guild) shows(m Member) bool { return m.Presence != nil || !g.hides }

// Put adds a member, or says that a member or its presence has changed.
func (g *Guild) Put(m Member) {
	g.resize()
	var e *entry
	if g.shows(m) {
		e = g.entry(m)
	}
	g.replace(m.ID, e)
}

// Remove says that somebody is no member any more.
func (g *Guild) Remove(user snowflake.ID) {
	g.resize()
	g.replace(user, nil)
}

// replace puts e, if any, in the place of what is listed of the user, if anything is.
func (g *Guild) replace(user snowflake.ID, e *entry) {
	old := g.listed[user]
	if old != nil {
		delete(g.listed, user)
		if old.online() {
			g.online--
		}
	}
	if e != nil {
		g.set(e)
	}
	for _, l := range g.lists {
		if g.stale || l.stale {
			continue // it is made anew before anybody looks
		}
		if old != nil {
			l.now.remove(old)
		}
		if e != nil && l.shows(e) {
			l.now.add(e)
		}
	}
}

// resize hides or shows the offline members when the guild has grown or shrunk past HideOffline.
func (g *Guild) resize() {
	hides := g.members.Len() >= HideOffline
	if hides == g.hides {
		return
	}
	g.hides, g.stale = hides, true
	if hides {
		maps.DeleteFunc(g.listed, func(_ snowflake.ID, e *entry) bool { return !e.online() })
		return
	}
	for m := range g.members.All(true) {
		if g.listed[m.ID] == nil {
			g.set(g.entry(m))
		}
	}
}

// settle makes the lists anew that are stale.
func (g *Guild) settle() {
	if g.stale {
		g.regroup()
	}
	var all []*entry
	for _, l := range g.lists {
		if !g.stale && !l.stale {
			continue
		}
		if all == nil {
			all = g.sorted()
		}
		l.fill(all)
	}
	g.stale = false
}

// regroup puts all members in their groups.
func (g *Guild) regroup() {
	for id, old := range g.listed {
		if group := g.group(old); group != old.group {
			e := *old
			e.group = group
			g.listed[id] = &e
		}
	}
}

// sorted returns all who are listed, in order.
func (g *Guild) sorted() []*entry {
	all := slices.AppendSeq(make([]*entry, 0, len(g.listed)), maps.Values(g.listed))
	slices.SortFunc(all, compare)
	return all
}

// ErrTooManyLists says that a guild has as many lists as it may.
var ErrTooManyLists = errors.New("memberlist: too many lists in use")

// List returns the list of a visibility, making it if nobody uses it yet. The error is ErrTooManyLists.
func (g *Guild) List(v Visibility) (*List, error) {
	g.settle()
	for _, l := range g.lists {
		if l.visibility.Same(&v) {
			return l, nil
		}
	}
	if len(g.lists) >= maxLists {
		return nil, ErrTooManyLists
	}
	l := &List{guild: g, visibility: v}
	l.fill(g.sorted())
	l.show()
	g.lists = append(g.lists, l)
	return l, nil
}

// DropUnless forgets the lists that nobody uses any more.
func (g *Guild) DropUnless(used func(*List) bool) {
	g.lists = slices.DeleteFunc(g.lists, func(l *List) bool { return !used(l) })
}
