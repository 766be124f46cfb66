package users_test

import (
	"net/http"
	"strings"
	"testing"

	"guildhall.chat/guildhall/internal/discord"
)

type object = map[string]any

func TestProfilesAreEdited(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a, b := w.User(t), w.User(t)
	g := newGuild(t, a)
	inGuild := "/guilds/" + g.ID.String() + "/profile/@me"
	a.Must(t, http.MethodPatch, "/users/@me/profile", object{"bio": "everywhere", "pronouns": "they/them", "accent_color": 5}, nil)
	a.Must(t, http.MethodPatch, inGuild, object{"bio": "at home"}, nil)
	a.Must(t, http.MethodPatch, inGuild, object{"pronouns": "she/her"}, nil)
	b.Fails(t, http.MethodPatch, inGuild, object{"bio": "x"}, discord.ErrUnknownGuild)
	a.Fails(t, http.MethodPatch, inGuild, object{"bio": strings.Repeat("x", 191), "avatar": "x"}, discord.ErrInvalidForm)
	a.Fails(t, http.MethodPatch, "/users/@me/profile", object{"accent_color": -1}, discord.ErrInvalidForm)

	type said struct {
		Bio      string `json:"bio"`
		Pronouns string `json:"pronouns"`
	}
	var p struct {
		User    said           `json:"user_profile"`
		Guild   said           `json:"guild_member_profile"`
		Friends []discord.User `json:"mutual_friends"`
		Count   int            `json:"mutual_friends_count"`
	}
	path := "/users/" + a.ID.String() + "/profile"
	b.Fails(t, http.MethodGet, path, nil, discord.ErrMissingAccess)
	w.Join(t, g.ID, b)
	b.Must(t, http.MethodGet, path+"?guild_id="+g.ID.String(), nil, &p)
	if p.User != (said{"everywhere", "they/them"}) || p.Guild != (said{"at home", "she/her"}) {
		t.Errorf("%+v", p)
	}
	friend := w.User(t)
	for _, one := range []any{a.ID, b.ID} {
		w.Exec(t, `insert into relationships (user_id, other_id, type) values ($1, $2, 1), ($2, $1, 1)`, friend.ID, one)
	}
	b.Must(t, http.MethodGet, path+"?with_mutual_friends=true&with_mutual_friends_count=true", nil, &p)
	if len(p.Friends) != 1 || p.Friends[0].ID != friend.ID || p.Count != 1 {
		t.Errorf("%+v", p.Friends)
	}
	friend.Must(t, http.MethodGet, path, nil, nil) // without a common guild
}
