package users_test

import (
	"fmt"
	"net/http"
	"slices"
	"testing"

	"guildhall.chat/guildhall/api/apitest"
	"guildhall.chat/guildhall/api/call"
	"guildhall.chat/guildhall/api/guilds"
	"guildhall.chat/guildhall/api/users"
	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/permissions"
	"guildhall.chat/guildhall/internal/snowflake"
)

func newWorld(t *testing.T) *apitest.World {
	return apitest.New(t, func(w *apitest.World) []call.Route {
		return slices.Concat(users.New(w.Store, w.Presences).Routes(), guilds.New(w.Store, w.Access, w.Presences).Routes())
	})
}

func newGuild(t *testing.T, owner *apitest.Client) discord.Guild {
	t.Helper()
	var g discord.Guild
	owner.Must(t, http.MethodPost, "/guilds", map[string]any{"name": "Hall"}, &g)
	return g
}

func TestUsers(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a, b := w.User(t), w.User(t)
	var got map[string]any
	a.Must(t, http.MethodGet, "/users/"+b.ID.String(), nil, &got)
	if got["id"] != b.ID.String() || got["discriminator"] != "0" {
		t.Errorf("%v", got)
	}
	for _, secret := range []string{"email", "verified", "locale", "mfa_enabled"} {
		if _, told := got[secret]; told {
			t.Errorf("%s is told to others", secret)
		}
	}
	a.Must(t, http.MethodGet, "/users/@me", nil, &got)
	for _, own := range []string{"email", "verified", "locale", "mfa_enabled"} {
		if _, told := got[own]; !told {
			t.Errorf("%s is missing", own)
		}
	}
	a.Fails(t, http.MethodGet, "/users/1", nil, discord.ErrUnknownUser)
	a.Fails(t, http.MethodGet, "/users/me", nil, discord.ErrInvalidForm)
	w.Anyone().Fails(t, http.MethodGet, "/users/"+b.ID.String(), nil, discord.ErrUnauthorized)
}

func TestGuildsArePaged(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	owner := w.User(t)
	var ids []snowflake.ID
	for range 5 {
		ids = append(ids, newGuild(t, owner).ID)
	}
	newGuild(t, w.User(t)) // somebody else's
	for query, want := range map[string][]snowflake.ID{
		"":                                       ids,
		"?limit=2":                               ids[:2],
		fmt.Sprintf("?limit=2&after=%d", ids[1]): ids[2:4],
		fmt.Sprintf("?limit=2&before=%d", ids[3]):           ids[1:3],
		fmt.Sprintf("?after=%d&before=%d", ids[0], ids[3]):  ids[1:3],
		fmt.Sprintf("?after=%d", ids[4]):                    {},
		fmt.Sprintf("?limit=1&after=0&before=%d", ids[4]+1): ids[4:],
	} {
		var list []discord.PartialGuild
		owner.Must(t, http.MethodGet, "/users/@me/guilds"+query, nil, &list)
		got := []snowflake.ID{}
		for _, g := range list {
			got = append(got, g.ID)
		}
		if !slices.Equal(got, want) || list == nil {
			t.Errorf("%s: %v, want %v", query, got, want)
		}
	}
	for _, query := range []string{"?limit=0", "?limit=201", "?limit=x", "?after=x"} {
		owner.Fails(t, http.MethodGet, "/users/@me/guilds"+query, nil, discord.ErrInvalidForm)
	}
}

func TestGuildsTellWhatTheCallerMayDo(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	owner, member := w.User(t), w.User(t)
	g := newGuild(t, owner)
	w.Join(t, g.ID, member)
	role, unused := w.Store.NewID(), w.Store.NewID()
	w.Exec(t, `insert into roles (id, guild_id, name, permissions, position) values ($1, $3, 'a', $4, 1), ($2, $3, 'b', $5, 2)`,
		role, unused, g.ID, permissions.KickMembers, permissions.BanMembers)
	w.Exec(t, `update members set roles = array[$1::bigint] where user_id = $2`, role, member.ID)

	var list []discord.PartialGuild
	member.Must(t, http.MethodGet, "/users/@me/guilds?with_counts=true", nil, &list)
	if got, want := list[0].Permissions, g.Roles[0].Permissions|permissions.KickMembers; got != want || list[0].Owner {
		t.Errorf("member: %v, want %v, owner %v", got, want, list[0].Owner)
	}
	if n := list[0].ApproximateMemberCount; n == nil || *n != 2 || list[0].ApproximatePresenceCount == nil {
		t.Errorf("%v members, %v present", n, list[0].ApproximatePresenceCount)
	}
	list = nil
	owner.Must(t, http.MethodGet, "/users/@me/guilds", nil, &list)
	if list[0].Permissions != permissions.All || !list[0].Owner || list[0].ApproximateMemberCount != nil {
		t.Errorf("owner: %+v", list[0])
	}
}

func TestLeave(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	owner, member := w.User(t), w.User(t)
	g := newGuild(t, owner)
	w.Join(t, g.ID, member)
	path := "/users/@me/guilds/" + g.ID.String()

	owner.Fails(t, http.MethodDelete, path, nil, discord.ErrInvalidGuild)
	w.User(t).Fails(t, http.MethodDelete, path, nil, discord.ErrUnknownGuild)
	owner.Fails(t, http.MethodDelete, "/users/@me/guilds/1", nil, discord.ErrUnknownGuild)

	before := w.Seq(t, g.ID)
	member.Must(t, http.MethodDelete, path, nil, nil)
	member.Fails(t, http.MethodDelete, path, nil, discord.ErrUnknownGuild)
	evs := w.Events(t, g.ID, before)
	if len(evs) != 1 || evs[0].Head.Type != discord.EventGuildMemberRemove || evs[0].Head.User != member.ID || !evs[0].Head.Membership {
		t.Errorf("%+v", evs)
	}
	member.Fails(t, http.MethodGet, "/guilds/"+g.ID.String(), nil, discord.ErrMissingAccess)
}

func TestProfile(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	viewer, shown := w.User(t), w.User(t)
	path := "/users/" + shown.ID.String() + "/profile"
	viewer.Fails(t, http.MethodGet, path, nil, discord.ErrMissingAccess)
	shown.Must(t, http.MethodGet, path, nil, nil)
	viewer.Fails(t, http.MethodGet, "/users/1/profile", nil, discord.ErrUnknownUser)
	w.Bot(t, viewer, 0).Fails(t, http.MethodGet, path, nil, discord.ErrBotsForbidden)

	g := newGuild(t, viewer)
	w.Join(t, g.ID, shown)
	other := newGuild(t, shown)
	w.Exec(t, `update users set bio = 'hello' where id = $1`, shown.ID)
	var got struct {
		User    discord.User `json:"user"`
		Profile struct {
			Bio string `json:"bio"`
		} `json:"user_profile"`
		Mutual []struct {
			ID   snowflake.ID `json:"id"`
			Nick *string      `json:"nick"`
		} `json:"mutual_guilds"`
		Member *discord.Member `json:"guild_member"`
	}
	viewer.Must(t, http.MethodGet, path+"?guild_id="+g.ID.String(), nil, &got)
	if got.User.ID != shown.ID || got.Profile.Bio != "hello" || len(got.Mutual) != 1 || got.Mutual[0].ID != g.ID || got.Member == nil {
		t.Errorf("%+v", got)
	}
	viewer.Fails(t, http.MethodGet, path+"?guild_id="+other.ID.String(), nil, discord.ErrUnknownMember)
}
