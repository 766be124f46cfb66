package pins_test

import (
	"fmt"
	"net/http"
	"slices"
	"testing"

	"go.uber.org/goleak"

	"guildhall.chat/guildhall/api/apitest"
	"guildhall.chat/guildhall/api/call"
	"guildhall.chat/guildhall/api/direct"
	"guildhall.chat/guildhall/api/guilds"
	"guildhall.chat/guildhall/api/messages"
	"guildhall.chat/guildhall/api/pins"
	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/snowflake"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

type object = map[string]any

type page struct {
	Items   []discord.Pin `json:"items"`
	HasMore bool          `json:"has_more"`
}

type hall struct {
	*apitest.World
	t             *testing.T
	guild         snowflake.ID
	channel       string // path
	owner, member *apitest.Client
}

func newHall(t *testing.T) *hall {
	t.Helper()
	w := apitest.New(t, func(w *apitest.World) []call.Route {
		return slices.Concat(
			pins.New(w.Store, w.Access).Routes(),
			messages.New(w.Store, w.Access, w.Poster, w.Redis).Routes(),
			guilds.New(w.Store, w.Access, w.Presences).Routes(),
			direct.New(w.Store, w.Access, w.Keys).Routes(),
		)
	})
	h := &hall{World: w, t: t, owner: w.User(t), member: w.User(t)}
	var g discord.Guild
	h.owner.Must(t, http.MethodPost, "/guilds", object{"name": "Hall"}, &g)
	h.guild = g.ID
	var id snowflake.ID
	if err := w.Query(t, `select id from channels where guild_id = $1 and type = 0`, g.ID).Scan(&id); err != nil {
		t.Fatal(err)
	}
	h.channel = "/channels/" + id.String()
	w.Join(t, h.guild, h.member)
	return h
}

func (h *hall) post(channel string) string {
	h.t.Helper()
	var m discord.Message
	h.owner.Must(h.t, http.MethodPost, channel+"/messages", object{"content": "hello"}, &m)
	return m.ID.String()
}

func (h *hall) kinds(seq int64) (kinds []string) {
	for _, e := range h.Events(h.t, h.guild, seq) {
		kinds = append(kinds, e.Head.Type)
	}
	return kinds
}

func TestPinAndUnpin(t *testing.T) {
	h := newHall(t)
	first, second := h.post(h.channel), h.post(h.channel)
	seq := h.Seq(t, h.guild)
	h.owner.Must(t, http.MethodPut, h.channel+"/messages/pins/"+first, nil, nil)
	want := []string{discord.EventMessageCreate, discord.EventMessageUpdate, discord.EventChannelPinsUpdate, discord.EventAuditLogEntryCreate}
	if got := h.kinds(seq); !slices.Equal(got, want) {
		t.Errorf("events %v", got)
	}
	h.owner.Must(t, http.MethodPut, h.channel+"/messages/pins/"+first, nil, nil) // again: nothing happens
	if got := h.kinds(seq); len(got) != len(want) {
		t.Errorf("events %v", got)
	}
	h.owner.Must(t, http.MethodPut, h.channel+"/pins/"+second, nil, nil)

	var p page
	h.member.Must(t, http.MethodGet, h.channel+"/messages/pins?limit=1", nil, &p)
	if len(p.Items) != 1 || !p.HasMore || p.Items[0].Message.ID.String() != second || !p.Items[0].Message.Pinned {
		t.Fatalf("%+v", p)
	}
	before := p.Items[0].PinnedAt.Format("2006-01-02T15:04:05.999999Z07:00")
	h.member.Must(t, http.MethodGet, h.channel+"/messages/pins?limit=1&before="+before, nil, &p)
	if len(p.Items) != 1 || p.HasMore || p.Items[0].Message.ID.String() != first {
		t.Fatalf("%+v", p)
	}
	var old, recent []discord.Message
	h.member.Must(t, http.MethodGet, h.channel+"/pins", nil, &old)
	h.member.Must(t, http.MethodGet, h.channel+"/messages?limit=2", nil, &recent)
	if len(old) != 2 || recent[0].Type != 6 || recent[0].MessageReference.MessageID.String() != second {
		t.Errorf("%+v %+v", old, recent)
	}

	h.owner.Must(t, http.MethodDelete, h.channel+"/messages/pins/"+first, nil, nil)
	h.owner.Must(t, http.MethodDelete, h.channel+"/messages/"+second, nil, nil)
	h.member.Must(t, http.MethodGet, h.channel+"/pins", nil, &old)
	if len(old) != 0 {
		t.Errorf("%+v", old)
	}
	h.owner.Fails(t, http.MethodPut, h.channel+"/pins/"+recent[0].ID.String(), nil, discord.ErrSystemMessage)
	h.owner.Fails(t, http.MethodPut, h.channel+"/pins/5", nil, discord.ErrUnknownMessage)
	h.owner.Fails(t, http.MethodGet, h.channel+"/messages/pins?before=yesterday", nil, discord.ErrInvalidForm)
}

func TestWhoMayPin(t *testing.T) {
	h := newHall(t)
	h.Exec(t, `update roles set permissions = permissions & ~(1::bigint << 51) where id = $1`, h.guild)
	id := h.post(h.channel)
	path := h.channel + "/messages/pins/" + id
	h.member.Fails(t, http.MethodPut, path, nil, discord.ErrMissingPermissions)
	h.member.Fails(t, http.MethodDelete, path, nil, discord.ErrMissingPermissions)
	for _, test := range []struct {
		as   *apitest.Client
		want *discord.Error
	}{{h.User(t), discord.ErrMissingAccess}, {h.Anyone(), discord.ErrUnauthorized}} {
		test.as.Fails(t, http.MethodPut, path, nil, test.want)
		test.as.Fails(t, http.MethodDelete, path, nil, test.want)
		test.as.Fails(t, http.MethodGet, h.channel+"/messages/pins", nil, test.want)
	}
	var dm discord.Channel
	h.owner.Must(t, http.MethodPost, "/users/@me/channels", object{"recipient_id": h.member.ID}, &dm)
	direct := "/channels/" + dm.ID.String()
	id = h.post(direct)
	h.member.Must(t, http.MethodPut, direct+"/messages/pins/"+id, nil, nil)
	var p page
	h.owner.Must(t, http.MethodGet, direct+"/messages/pins", nil, &p)
	if len(p.Items) != 1 {
		t.Errorf("%+v", p)
	}
}

func TestAChannelHasBoundedPins(t *testing.T) {
	h := newHall(t)
	id := h.post(h.channel)
	h.Exec(t, `insert into pins (message_id, channel_id) select n, channel_id from messages, generate_series(1, 250) n where id = $1`, id)
	h.owner.Fails(t, http.MethodPut, h.channel+"/messages/pins/"+id, nil, discord.ErrTooManyPins)
	var m discord.Message
	h.owner.Must(t, http.MethodGet, fmt.Sprintf("%s/messages/%s", h.channel, id), nil, &m)
	if m.Pinned {
		t.Error("pinned all the same")
	}
}
