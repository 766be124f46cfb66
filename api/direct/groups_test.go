package direct_test

import (
	"encoding/json"
	"net/http"
	"slices"
	"testing"
	"time"

	"guildhall.chat/guildhall/api/apitest"
	"guildhall.chat/guildhall/internal/auth"
	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/snowflake"
)

type object = map[string]any

// friends makes all of them friends of the first.
func friends(t *testing.T, w *apitest.World, one *apitest.Client, others ...*apitest.Client) {
	t.Helper()
	for _, other := range others {
		w.Exec(t, `insert into relationships (user_id, other_id, type) values ($1, $2, 1), ($2, $1, 1)`, one.ID, other.ID)
	}
}

func newGroup(t *testing.T, w *apitest.World, n int) (discord.Channel, []*apitest.Client) {
	t.Helper()
	all := []*apitest.Client{w.User(t)}
	var ids []snowflake.ID
	for range n - 1 {
		all = append(all, w.User(t))
		ids = append(ids, all[len(all)-1].ID)
	}
	friends(t, w, all[0], all[1:]...)
	var g discord.Channel
	all[0].Must(t, http.MethodPost, path, object{"recipients": ids}, &g)
	return g, all
}

// heard lists what a user was told of channels and messages, with the message's type.
func heard(t *testing.T, w *apitest.World, c *apitest.Client) (all []string) {
	t.Helper()
	for _, e := range w.Events(t, c.ID, 0) {
		name := e.Head.Type
		if name == discord.EventMessageCreate {
			var m discord.Message
			if err := json.Unmarshal(e.Data, &m); err != nil {
				t.Fatal(err)
			}
			name += " " + string('0'+rune(m.Type))
		}
		all = append(all, name)
	}
	return all
}

func expectHeard(t *testing.T, w *apitest.World, c *apitest.Client, want ...string) {
	t.Helper()
	if got := heard(t, w, c); !slices.Equal(got, want) {
		t.Errorf("told %q, expected %q", got, want)
	}
}

func recipients(c discord.Channel) (ids []snowflake.ID) {
	for _, u := range c.Recipients {
		ids = append(ids, u.ID)
	}
	return ids
}

func TestGroup(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	g, all := newGroup(t, w, 3)
	owner, b, c := all[0], all[1], all[2]
	if g.Type != discord.ChannelGroupDM || *g.OwnerID != owner.ID || !slices.Equal(recipients(g), []snowflake.ID{b.ID, c.ID}) || g.Name == nil {
		t.Errorf("%+v", g)
	}
	if seen := list(t, b); len(seen) != 1 || !slices.Equal(recipients(seen[0]), []snowflake.ID{owner.ID, c.ID}) {
		t.Errorf("%+v", seen)
	}
	one := "/channels/" + g.ID.String()
	d := w.User(t)
	b.Fails(t, http.MethodPut, one+"/recipients/"+d.ID.String(), object{}, discord.ErrInvalidRecipients)
	friends(t, w, b, d)
	b.Must(t, http.MethodPut, one+"/recipients/"+d.ID.String(), object{}, nil)
	b.Must(t, http.MethodPut, one+"/recipients/"+d.ID.String(), object{}, nil) // is in it already
	expectHeard(t, w, d, "CHANNEL_CREATE", "MESSAGE_CREATE 1")
	b.Must(t, http.MethodPatch, one, object{"name": "Crew"}, &g)
	if *g.Name != "Crew" {
		t.Errorf("%q", *g.Name)
	}
	b.Fails(t, http.MethodPatch, one, object{"owner": b.ID}, discord.ErrMissingPermissions)
	b.Fails(t, http.MethodDelete, one+"/recipients/"+c.ID.String(), nil, discord.ErrMissingPermissions)
	owner.Must(t, http.MethodDelete, one+"/recipients/"+c.ID.String(), nil, nil)
	expectHeard(t, w, c, "CHANNEL_CREATE", "CHANNEL_RECIPIENT_ADD", "MESSAGE_CREATE 1", "CHANNEL_UPDATE", "MESSAGE_CREATE 4", "CHANNEL_DELETE")
	c.Fails(t, http.MethodGet, one, nil, discord.ErrMissingAccess)
	owner.Must(t, http.MethodDelete, one, nil, nil)
	expectHeard(t, w, b, "CHANNEL_CREATE", "CHANNEL_RECIPIENT_ADD", "MESSAGE_CREATE 1", "CHANNEL_UPDATE", "MESSAGE_CREATE 4",
		"CHANNEL_RECIPIENT_REMOVE", "MESSAGE_CREATE 2", "CHANNEL_RECIPIENT_REMOVE", "MESSAGE_CREATE 2", "CHANNEL_UPDATE")
	b.Must(t, http.MethodGet, one, nil, &g)
	if *g.OwnerID != b.ID || !slices.Equal(recipients(g), []snowflake.ID{d.ID}) {
		t.Errorf("%+v", g)
	}
	b.Must(t, http.MethodPatch, one, object{"owner": d.ID}, &g)
	d.Must(t, http.MethodDelete, one, nil, nil)
	b.Must(t, http.MethodDelete, one, nil, nil)
	b.Fails(t, http.MethodGet, one, nil, discord.ErrMissingAccess)
}

func TestGroupOutOfADirectChannel(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a, b, c := w.User(t), w.User(t), w.User(t)
	friends(t, w, a, b, c)
	dm := open(t, a, b)
	var g discord.Channel
	a.Must(t, http.MethodPut, "/channels/"+dm.ID.String()+"/recipients/"+c.ID.String(), object{}, &g)
	if g.ID == dm.ID || g.Type != discord.ChannelGroupDM || len(g.Recipients) != 2 {
		t.Errorf("%+v", g)
	}
	var ring map[string]bool
	a.Must(t, http.MethodGet, "/channels/"+dm.ID.String()+"/call", nil, &ring)
	if ringable, said := ring["ringable"]; ringable || !said {
		t.Errorf("%v", ring)
	}
}

func TestGroupsThatAreNone(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	g, all := newGroup(t, w, 10)
	owner, stranger, more := all[0], w.User(t), w.User(t)
	friends(t, w, owner, more)
	one := "/channels/" + g.ID.String()
	owner.Fails(t, http.MethodPut, one+"/recipients/"+more.ID.String(), object{}, discord.ErrTooManyRecipients)
	stranger.Fails(t, http.MethodPut, one+"/recipients/"+more.ID.String(), object{}, discord.ErrMissingAccess)
	stranger.Fails(t, http.MethodPatch, one, object{"name": "mine"}, discord.ErrMissingAccess)
	stranger.Fails(t, http.MethodDelete, one, nil, discord.ErrMissingAccess)
	owner.Fails(t, http.MethodDelete, one+"/recipients/"+more.ID.String(), nil, discord.ErrUnknownUser)
	owner.Fails(t, http.MethodPatch, one, object{"owner": stranger.ID}, discord.ErrInvalidRecipients)
	owner.Fails(t, http.MethodPatch, one, object{"icon": "x"}, discord.ErrInvalidForm)
	ids := []snowflake.ID{more.ID}
	for _, c := range all[1:] {
		ids = append(ids, c.ID)
	}
	owner.Fails(t, http.MethodPost, path, object{"recipients": ids}, discord.ErrTooManyRecipients)
	owner.Fails(t, http.MethodPost, path, object{"recipients": []any{more.ID, stranger.ID}}, discord.ErrInvalidRecipients)
}

func TestBotsMakeGroupsWithTokens(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	owner, a, b := w.User(t), w.User(t), w.User(t)
	bot := w.Bot(t, owner, 0)
	var app snowflake.ID
	if err := w.Query(t, `select id from applications where bot_id = $1`, bot.ID).Scan(&app); err != nil {
		t.Fatal(err)
	}
	token := func(user *apitest.Client, scope string) string {
		authorization, id := w.Store.NewID(), w.Store.NewID()
		w.Exec(t, `insert into oauth2_authorizations (id, user_id, application_id, scopes) values ($1, $2, $3, array[$4])`,
			authorization, user.ID, app, scope)
		w.Exec(t, `insert into oauth2_tokens (id, authorization_id, family, scopes, expires_at)
			values ($1, $2, $1, array[$3], now() + interval '1 hour')`, id, authorization, scope)
		text, err := w.Keys.IssueBearer(auth.Grant{ID: id, User: user.ID, Application: app}, time.Now().Add(time.Hour))
		if err != nil {
			t.Fatal(err)
		}
		return text
	}
	may, mayNot := token(a, "gdm.join"), token(b, "identify")
	var g discord.Channel
	bot.Must(t, http.MethodPost, path, object{"access_tokens": []any{may}, "nicks": object{a.ID.String(): "Ace"}}, &g)
	if len(g.Nicks) != 1 || g.Nicks[0] != (discord.RecipientNick{ID: a.ID, Nick: "Ace"}) || *g.OwnerID != bot.ID {
		t.Errorf("%+v", g)
	}
	add := "/channels/" + g.ID.String() + "/recipients/" + b.ID.String()
	bot.Fails(t, http.MethodPut, add, object{"access_token": mayNot}, discord.ErrMissingScope)
	bot.Fails(t, http.MethodPut, add, object{"access_token": may}, discord.ErrInvalidToken)
	bot.Fails(t, http.MethodPut, add, object{}, discord.ErrInvalidToken)
	bot.Fails(t, http.MethodPost, path, object{"access_tokens": []any{}}, discord.ErrInvalidForm)
	bot.Must(t, http.MethodDelete, "/channels/"+g.ID.String()+"/recipients/"+a.ID.String(), nil, nil)
	expectHeard(t, w, a, "CHANNEL_CREATE", "CHANNEL_DELETE")
}
