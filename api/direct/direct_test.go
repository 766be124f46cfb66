package direct_test

import (
	"net/http"
	"slices"
	"sync"
	"testing"

	"guildhall.chat/guildhall/api/apitest"
	"guildhall.chat/guildhall/api/call"
	"guildhall.chat/guildhall/api/channels"
	"guildhall.chat/guildhall/api/direct"
	"guildhall.chat/guildhall/api/guilds"
	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/store"
)

func newWorld(t *testing.T) *apitest.World {
	return apitest.New(t, func(w *apitest.World) []call.Route {
		return slices.Concat(direct.New(w.Store, w.Access, w.Keys).Routes(), guilds.New(w.Store, w.Access, w.Presences).Routes(),
			channels.New(w.Store, w.Access, w.Poster, w.Publisher).Routes())
	})
}

const path = "/users/@me/channels"

func open(t *testing.T, c, with *apitest.Client) discord.Channel {
	t.Helper()
	var got discord.Channel
	c.Must(t, http.MethodPost, path, map[string]any{"recipient_id": with.ID}, &got)
	return got
}

func list(t *testing.T, c *apitest.Client) []discord.Channel {
	t.Helper()
	var got []discord.Channel
	c.Must(t, http.MethodGet, path, nil, &got)
	return got
}

func created(t *testing.T, w *apitest.World, c *apitest.Client) (n int) {
	t.Helper()
	for _, e := range w.Events(t, c.ID, 0) {
		if e.Head.Type == discord.EventChannelCreate {
			n++
		}
	}
	return n
}

func TestOneDirectChannelAPair(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a, b := w.User(t), w.User(t)
	first := open(t, a, b)
	if first.Type != discord.ChannelDM || len(first.Recipients) != 1 || first.Recipients[0].ID != b.ID || first.GuildID != nil {
		t.Errorf("%+v", first)
	}
	var byList discord.Channel
	a.Must(t, http.MethodPost, path, map[string]any{"recipients": []any{b.ID}}, &byList)
	if again := open(t, a, b); again.ID != first.ID || byList.ID != first.ID {
		t.Errorf("%s, %s and %s", first.ID, again.ID, byList.ID)
	}
	if created(t, w, a) != 1 || created(t, w, b) != 0 || len(list(t, a)) != 1 || len(list(t, b)) != 0 {
		t.Error("it is for the opener alone so far")
	}
	seen := open(t, b, a)
	if seen.ID != first.ID || seen.Recipients[0].ID != a.ID || created(t, w, b) != 1 {
		t.Errorf("%+v", seen)
	}
}

func TestBothMayOpenAtOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a, b := w.User(t), w.User(t)
	var group sync.WaitGroup
	var got [8]discord.Channel
	for i := range got {
		group.Go(func() {
			pair := [2]*apitest.Client{a, b}
			got[i] = open(t, pair[i%2], pair[1-i%2])
		})
	}
	group.Wait()
	for _, c := range got {
		if c.ID != got[0].ID {
			t.Fatalf("%s and %s", got[0].ID, c.ID)
		}
	}
}

func TestAClosedChannelComesBackWithAMessage(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a, b := w.User(t), w.User(t)
	c := open(t, a, b)
	a.Must(t, http.MethodDelete, "/channels/"+c.ID.String(), nil, nil)
	if len(list(t, a)) != 0 {
		t.Error("still there")
	}
	if err := w.Store.Change(t.Context(), func(tx *store.Tx) error { return tx.ReopenDirect(t.Context(), c.ID) }); err != nil {
		t.Fatal(err)
	}
	if got := list(t, a); len(got) != 1 || got[0].ID != c.ID || got[0].Recipients[0].ID != b.ID {
		t.Errorf("%+v", got)
	}
	if created(t, w, a) != 2 || created(t, w, b) != 1 {
		t.Errorf("told %d and %d times", created(t, w, a), created(t, w, b))
	}
}

func TestRecipientsThatAreNone(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a, b, c := w.User(t), w.User(t), w.User(t)
	for _, tt := range []struct {
		body any
		want *discord.Error
	}{
		{map[string]any{}, discord.ErrInvalidForm},
		{map[string]any{"recipient_id": "x"}, discord.ErrInvalidForm},
		{map[string]any{"recipient_id": a.ID}, discord.ErrInvalidRecipients},
		{map[string]any{"recipients": []any{b.ID, c.ID}}, discord.ErrInvalidRecipients},
		{map[string]any{"recipient_id": "1"}, discord.ErrUnknownUser},
		{[]byte("{"), discord.ErrInvalidJSON},
	} {
		a.Fails(t, http.MethodPost, path, tt.body, tt.want)
	}
}

func TestBotsReachThoseTheyShareAGuildWith(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	owner, stranger := w.User(t), w.User(t)
	bot, other := w.Bot(t, owner, 0), w.Bot(t, owner, 0)
	body := func(c *apitest.Client) any { return map[string]any{"recipient_id": c.ID} }
	bot.Fails(t, http.MethodPost, path, body(owner), discord.ErrNoMutualGuild)

	var g discord.Guild
	owner.Must(t, http.MethodPost, "/guilds", map[string]any{"name": "Hall"}, &g)
	w.Join(t, g.ID, bot, other)
	bot.Fails(t, http.MethodPost, path, body(stranger), discord.ErrNoMutualGuild)
	bot.Fails(t, http.MethodPost, path, body(other), discord.ErrCannotDM)
	bot.Fails(t, http.MethodPost, path, map[string]any{"recipient_id": "1"}, discord.ErrUnknownUser)
	got := open(t, bot, owner)
	if got.Recipients[0].ID != owner.ID || created(t, w, bot) != 0 || len(list(t, bot)) != 0 {
		t.Errorf("%+v", got)
	}
}
