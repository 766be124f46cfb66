package memberlist

import (
	"encoding/json"
	"fmt"
	"iter"
	"reflect"
	"strconv"
	"testing"

	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/permissions"
	"guildhall.chat/guildhall/internal/snowflake"
)

const guildID snowflake.ID = 10

// guildWith returns rules under which @everyone has the permissions, and the other roles none.
func guildWith(everyone permissions.Set, roles ...snowflake.ID) *permissions.Guild {
	g := &permissions.Guild{ID: guildID, Owner: 1, Roles: map[snowflake.ID]permissions.Role{
		guildID: {ID: guildID, Permissions: everyone},
	}}
	for _, id := range roles {
		g.Roles[id] = permissions.Role{ID: id, Position: 1}
	}
	return g
}

// object is a member object.
type object json.RawMessage

func (o object) AppendJSON(dst []byte) []byte { return append(dst, o...) }

func member(id snowflake.ID, name string, online bool, roles ...snowflake.ID) Member {
	m := Member{ID: id, Name: name, Roles: roles}
	m.Object = object(fmt.Sprintf(`{"user":{"id":"%d","username":%q},"roles":%s}`, id, name, encode(roles)))
	if online {
		m.Presence = presence(id, "online")
	}
	return m
}

// membership is a guild's members in its view, and what is told of them to lists.
type membership struct {
	*Guild
	members map[snowflake.ID]Member
}

func newMembership(perms *permissions.Guild, roles []discord.Role, members ...Member) *membership {
	m := &membership{members: map[snowflake.ID]Member{}}
	for _, one := range members {
		m.members[one.ID] = one
	}
	m.Guild = NewGuild(perms, roles, m)
	return m
}

func (m *membership) Len() int { return len(m.members) }

func (m *membership) All(offline bool) iter.Seq[Member] {
	return func(yield func(Member) bool) {
		for _, one := range m.members {
			if (offline || one.Presence != nil) && !yield(one) {
				return
			}
		}
	}
}

func (m *membership) put(one Member) {
	m.members[one.ID] = one
	m.Put(one)
}

func (m *membership) appear(id snowflake.ID, presence json.RawMessage) {
	if one, is := m.members[id]; is {
		one.Presence = presence
		m.put(one)
	}
}

func (m *membership) leave(id snowflake.ID) {
	delete(m.members, id)
	m.Remove(id)
}

func presence(id snowflake.ID, status string) json.RawMessage {
	return fmt.Appendf(nil, `{"user":{"id":"%d"},"status":%q}`, id, status)
}

func encode(v any) []byte {
	data, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return data
}

// listUpdate is a GUILD_MEMBER_LIST_UPDATE as clients read it.
type listUpdate struct {
	Guild  snowflake.ID `json:"guild_id"`
	ID     string       `json:"id"`
	Total  int          `json:"member_count"`
	Online int          `json:"online_count"`
	Groups []group      `json:"groups"`
	Ops    []struct {
		Op    string `json:"op"`
		Range [2]int `json:"range"`
		Index int    `json:"index"`
		Items []item `json:"items"`
		Item  item   `json:"item"`
	} `json:"ops"`
}

type group struct {
	ID    string `json:"id"`
	Count int    `json:"count"`
}

type item struct {
	Group  *group `json:"group"`
	Member *struct {
		User struct {
			ID       snowflake.ID `json:"id"`
			Username string       `json:"username"`
		} `json:"user"`
		Presence struct {
			Status string `json:"status"`
		} `json:"presence"`
	} `json:"member"`
}

// String is the row in short.
func (i item) String() string {
	switch {
	case i.Group != nil:
		return i.Group.ID
	case i.Member != nil:
		return i.Member.User.ID.String() + i.Member.User.Username + i.Member.Presence.Status
	}
	return "-"
}

// failer is a test of any kind.
type failer interface {
	Helper()
	Fatalf(format string, args ...any)
}

func read(t failer, data json.RawMessage) (u listUpdate) {
	t.Helper()
	if err := json.Unmarshal(data, &u); err != nil {
		t.Fatalf("%v in %s", err, data)
	}
	return u
}

func list(t *testing.T, r *membership, overwrites ...permissions.Overwrite) *List {
	t.Helper()
	l, err := r.List(VisibilityOf(r.perms, &permissions.Channel{Overwrites: overwrites}, false))
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func synced(t *testing.T, l *List) (rows []string) {
	t.Helper()
	for _, i := range read(t, l.Sync(Blocks{0}, nil)).Ops[0].Items {
		rows = append(rows, i.String())
	}
	return rows
}

func expect(t *testing.T, what string, got, want any) {
	t.Helper()
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%s: got %v, want %v", what, got, want)
	}
}

func TestOrderOfAList(t *testing.T) {
	t.Parallel()
	roles := []discord.Role{
		{ID: guildID, Hoist: true}, {ID: 20, Position: 1, Hoist: true}, {ID: 21, Position: 3, Hoist: true},
		{ID: 22, Position: 3, Hoist: true}, {ID: 23, Position: 9},
	}
	r := newMembership(guildWith(permissions.ViewChannel, 20, 21, 22, 23), roles)
	r.put(member(1, "zoe", true))
	r.put(member(2, "Adam", true, 23))
	r.put(member(4, "adam", true))
	r.put(member(3, "ADAM", true))
	r.put(member(5, "eve", true, 20, 22))
	r.put(member(6, "bob", true, 20))
	r.put(member(7, "ann", false, 21, 22))
	l := list(t, r)
	want := []string{
		"22", "5eveonline", "20", "6bobonline", "online", "2Adamonline", "3ADAMonline", "4adamonline", "1zoeonline",
		"offline", "7annoffline",
	}
	expect(t, "rows", synced(t, l), want)
	u := read(t, l.Sync(nil, Blocks{2}))
	expect(t, "groups", u.Groups, []group{{"22", 1}, {"20", 1}, {"online", 4}, {"offline", 1}})
	expect(t, "counts", []int{u.Total, u.Online}, []int{7, 6})
	expect(t, "id", u.ID, "everyone")
	expect(t, "operation", u.Ops[0].Op, "INVALIDATE")
	expect(t, "range", u.Ops[0].Range, [2]int{200, 299})
}

func TestListsHaveOnlyWhoMayView(t *testing.T) {
	t.Parallel()
	perms := guildWith(permissions.ViewChannel, 20)
	r := newMembership(perms, nil)
	r.put(member(1, "owner", true))
	r.put(member(2, "in", true, 20))
	r.put(member(3, "out", true))
	r.put(member(4, "asked", true))
	hidden := []permissions.Overwrite{
		{ID: guildID, Deny: permissions.ViewChannel},
		{ID: 20, Allow: permissions.ViewChannel},
		{ID: 4, Kind: permissions.OfMember, Allow: permissions.ViewChannel},
		{ID: 21, Deny: permissions.SendMessages},
	}
	l := list(t, r, hidden...)
	if again := list(t, r, hidden[1], hidden[0], hidden[2]); again != l {
		t.Error("the same visibility has two lists")
	}
	expect(t, "rows", synced(t, l), []string{"online", "4askedonline", "2inonline", "1owneronline"})

	r.put(member(3, "out", true, 20))
	r.put(member(2, "in", true))
	l.Flush(nil)
	expect(t, "after roles were moved", synced(t, l), []string{"online", "4askedonline", "3outonline", "1owneronline"})

	perms.Roles[guildID] = permissions.Role{ID: guildID, Permissions: permissions.Administrator}
	r.Refresh()
	l.Flush(nil)
	expect(t, "when all may", synced(t, l), []string{"online", "4askedonline", "2inonline", "3outonline", "1owneronline"})
}

// A client that is told nothing new still has the list as it was, and its next update must fit to that.
func TestWhatIsShownChangesByFlushOnly(t *testing.T) {
	t.Parallel()
	r := newMembership(guildWith(permissions.ViewChannel), nil)
	r.put(member(1, "a", true))
	r.put(member(2, "b", true))
	l := list(t, r)
	r.leave(1)
	r.appear(2, presence(2, "dnd"))
	expect(t, "before", synced(t, l), []string{"online", "1aonline", "2bonline"})
	updates := l.Flush([]Blocks{{0}, {1}})
	expect(t, "after", synced(t, l), []string{"online", "2bdnd"})
	u := read(t, updates[0])
	expect(t, "operations", fmt.Sprint(u.Ops), "[{DELETE [0 0] 1 [] -} {UPDATE [0 0] 1 [] 2bdnd}]")
	if u := read(t, updates[1]); len(u.Ops) != 0 || u.Groups[0].Count != 1 {
		t.Errorf("whose rows are elsewhere got %+v", u)
	}
	if updates := l.Flush([]Blocks{{0}}); updates[0] != nil {
		t.Errorf("what has not changed is told: %s", updates[0])
	}
}

func TestLargeGuildsHideTheOffline(t *testing.T) {
	t.Parallel()
	r := newMembership(guildWith(permissions.ViewChannel), nil)
	for id := range snowflake.ID(HideOffline - 1) {
		r.put(member(id+1, "m"+strconv.Itoa(int(id)), id < 3))
	}
	l := list(t, r)
	expect(t, "groups", read(t, l.Sync(nil, nil)).Groups, []group{{"online", 3}, {"offline", HideOffline - 4}})
	r.put(member(5000, "one more", false))
	u := read(t, l.Flush([]Blocks{{0}})[0])
	expect(t, "groups", u.Groups, []group{{"online", 3}})
	expect(t, "counts", []int{u.Total, u.Online}, []int{HideOffline, 3})
	r.leave(5000)
	u = read(t, l.Flush([]Blocks{{0}})[0])
	expect(t, "groups", u.Groups, []group{{"online", 3}, {"offline", HideOffline - 4}})
}

func TestReload(t *testing.T) {
	t.Parallel()
	r := newMembership(guildWith(permissions.ViewChannel), nil, member(1, "a", true), member(2, "b", false))
	l := list(t, r)
	expect(t, "rows", synced(t, l), []string{"online", "1aonline", "offline", "2boffline"})
	r.members = map[snowflake.ID]Member{2: member(2, "c", true)}
	r.Reload()
	u := read(t, l.Flush([]Blocks{{0}})[0])
	expect(t, "rows", synced(t, l), []string{"online", "2conline"})
	expect(t, "counts", []int{u.Total, u.Online}, []int{1, 1})
}

func TestListsAreBounded(t *testing.T) {
	t.Parallel()
	r := newMembership(guildWith(permissions.ViewChannel), nil)
	one := func(i int) (*List, error) {
		rule := permissions.Overwrite{ID: snowflake.ID(100 + i), Deny: permissions.ViewChannel}
		return r.List(VisibilityOf(r.perms, &permissions.Channel{Overwrites: []permissions.Overwrite{rule}}, false))
	}
	var last *List
	for i := range maxLists {
		l, err := one(i)
		if err != nil {
			t.Fatal(err)
		}
		last = l
	}
	if _, err := one(maxLists); err == nil {
		t.Error("one list too many")
	}
	r.DropUnless(func(l *List) bool { return l != last })
	if _, err := one(maxLists); err != nil {
		t.Errorf("after one was dropped: %v", err)
	}
}
