package memberlist

import (
	"cmp"
	"encoding/json"
	"errors"
	"slices"

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

// Roster is the members of a guild, for its lists.
type Roster struct {
	perms   *permissions.Guild // the view's own; Refresh says that it has changed
	groups  []groupID
	rank    map[snowflake.ID]int // of hoisted roles: index into groups
	members map[snowflake.ID]*entry
	online  int
	hides   bool // offline members are not listed
	stale   bool // groups and lists must be made anew
	lists   []*List
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

// NewRoster returns a roster without members. It reads the rules from perms whenever it needs them.
func NewRoster(perms *permissions.Guild, roles []discord.Role) *Roster {
	r := &Roster{perms: perms, members: map[snowflake.ID]*entry{}}
	r.SetRoles(roles)
	return r
}

// SetRoles says what roles there are. If it is about their permissions, Refresh must be called, too.
func (r *Roster) SetRoles(roles []discord.Role) {
	hoisted := slices.DeleteFunc(slices.Clone(roles), func(role discord.Role) bool { return !role.Hoist || role.ID == r.perms.ID })
	slices.SortFunc(hoisted, func(a, b discord.Role) int {
		return cmp.Or(cmp.Compare(b.Position, a.Position), cmp.Compare(a.ID, b.ID))
	})
	groups := make([]groupID, 0, len(hoisted)+2)
	for _, role := range hoisted {
		groups = append(groups, groupID(role.ID))
	}
	groups = append(groups, groupOnline, groupOffline)
	if slices.Equal(groups, r.groups) {
		return
	}
	r.groups, r.rank = groups, make(map[snowflake.ID]int, len(hoisted))
	for i, role := range hoisted {
		r.rank[role.ID] = i
	}
	r.stale = true
}

// Refresh says that the roles' permissions or the owner have changed: who may view what is to be worked out anew.
func (r *Roster) Refresh() {
	for _, l := range r.lists {
		l.stale = !l.visibility.everyone
	}
}

// group returns the group of a member: the highest hoisted role of one who is online.
func (r *Roster) group(e *entry) int {
	if !e.online() {
		return len(r.groups) - 1
	}
	group := len(r.groups) - 2
	for _, role := range e.roles {
		if rank, hoisted := r.rank[role]; hoisted {
			group = min(group, rank)
		}
	}
	return group
}

// listed reports whether a member is in any list.
func (r *Roster) listed(e *entry) bool { return e.online() || !r.hides }

// Put adds a member, or says that something about one has changed.
func (r *Roster) Put(m Member) {
	e, old := newEntry(m), r.members[m.ID]
	if old != nil && old.looks(e) {
		return
	}
	e.group = r.group(e)
	r.swap(m.ID, old, e)
}

// SetPresence says that a member's presence has changed; nil: offline. Who is no member is ignored.
func (r *Roster) SetPresence(user snowflake.ID, presence json.RawMessage) {
	if old := r.members[user]; old != nil {
		e := *old
		e.presence, e.item = presence, nil
		if !e.looks(old) {
			e.group = r.group(&e)
			r.swap(user, old, &e)
		}
	}
}

// Remove says that somebody is no member any more.
func (r *Roster) Remove(user snowflake.ID) {
	if old := r.members[user]; old != nil {
		r.swap(user, old, nil)
	}
}

// swap puts e, if any, in the place of old, if any.
func (r *Roster) swap(user snowflake.ID, old, e *entry) {
	if old != nil {
		delete(r.members, user)
		if old.online() {
			r.online--
		}
	}
	if e != nil {
		r.members[user] = e
		if e.online() {
			r.online++
		}
	}
	if hides := len(r.members) >= HideOffline; hides != r.hides {
		r.hides, r.stale = hides, true
	}
	for _, l := range r.lists {
		if r.stale || l.stale {
			continue // it is made anew before anybody looks
		}
		if old != nil && r.listed(old) {
			l.now.remove(old)
		}
		if e != nil && r.listed(e) && l.shows(e) {
			l.now.add(e)
		}
	}
}

// settle makes the lists anew that are stale.
func (r *Roster) settle() {
	if r.stale {
		r.regroup()
	}
	var all []*entry
	for _, l := range r.lists {
		if !r.stale && !l.stale {
			continue
		}
		if all == nil {
			all = r.sorted()
		}
		l.fill(all)
	}
	r.stale = false
}

// regroup puts all members in their groups.
func (r *Roster) regroup() {
	for id, old := range r.members {
		if group := r.group(old); group != old.group {
			e := *old
			e.group = group
			r.members[id] = &e
		}
	}
}

// sorted returns the members that lists show, in order.
func (r *Roster) sorted() []*entry {
	all := make([]*entry, 0, len(r.members))
	for _, e := range r.members {
		if r.listed(e) {
			all = append(all, e)
		}
	}
	slices.SortFunc(all, compare)
	return all
}

// ErrTooManyLists says that a guild has as many lists as it may.
var ErrTooManyLists = errors.New("memberlist: too many lists in use")

// List returns the list of a visibility, making it if nobody uses it yet. The error is ErrTooManyLists.
func (r *Roster) List(v Visibility) (*List, error) {
	r.settle()
	for _, l := range r.lists {
		if l.visibility.Same(&v) {
			return l, nil
		}
	}
	if len(r.lists) >= maxLists {
		return nil, ErrTooManyLists
	}
	l := &List{roster: r, visibility: v}
	l.fill(r.sorted())
	l.show()
	r.lists = append(r.lists, l)
	return l, nil
}

// Drop forgets a list that nobody uses any more.
func (r *Roster) Drop(l *List) {
	r.lists = slices.DeleteFunc(r.lists, func(other *List) bool { return other == l })
}

// Lists returns how many lists are in use.
func (r *Roster) Lists() int { return len(r.lists) }
