package settings_test

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"

	"google.golang.org/protobuf/encoding/protowire"

	"guildhall.chat/guildhall/api/apitest"
	"guildhall.chat/guildhall/api/call"
	"guildhall.chat/guildhall/api/guilds"
	"guildhall.chat/guildhall/api/settings"
	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/snowflake"
)

func newWorld(t *testing.T) *apitest.World {
	return apitest.New(t, func(w *apitest.World) []call.Route {
		return slices.Concat(settings.New(w.Store, w.Access).Routes(), guilds.New(w.Store, w.Access, w.Presences).Routes())
	})
}

type object = map[string]any

const (
	legacy = "/users/@me/settings"
	proto  = "/users/@me/settings-proto/1"
)

// told returns the data of the events of a type in a user's log.
func told(t *testing.T, w *apitest.World, c *apitest.Client, event string) (all []string) {
	t.Helper()
	for _, e := range w.Events(t, c.ID, 0) {
		if e.Head.Type == event {
			all = append(all, string(e.Data))
		}
	}
	return all
}

func message(number protowire.Number, inner []byte) []byte {
	return protowire.AppendBytes(protowire.AppendTag(nil, number, protowire.BytesType), inner)
}

func varint(number protowire.Number, n uint64) []byte {
	return protowire.AppendVarint(protowire.AppendTag(nil, number, protowire.VarintType), n)
}

// top returns the bytes of a top-level field.
func top(t *testing.T, encoded string, number protowire.Number) (found []byte) {
	t.Helper()
	data, err := base64.StdEncoding.DecodeString(encoded)
	if err != nil {
		t.Fatal(err)
	}
	for len(data) > 0 {
		n, kind, size := protowire.ConsumeField(data)
		if size < 0 {
			t.Fatal("malformed")
		}
		if n == number && kind == protowire.BytesType {
			_, _, tag := protowire.ConsumeTag(data)
			found, _ = protowire.ConsumeBytes(data[tag:])
		}
		data = data[size:]
	}
	return found
}

func TestBothFormsAreOne(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a := w.User(t)
	var whole object
	a.Must(t, http.MethodGet, legacy, nil, &whole)
	if whole["theme"] != "dark" || len(whole) < 35 {
		t.Errorf("%v", whole)
	}
	a.Must(t, http.MethodPatch, legacy, object{"theme": "light", "developer_mode": true, "unknown": 5}, &whole)
	if whole["theme"] != "light" || whole["status"] != "online" {
		t.Errorf("%v", whole)
	}
	var p struct {
		Settings  string `json:"settings"`
		OutOfDate bool   `json:"out_of_date"`
	}
	a.Must(t, http.MethodGet, proto, nil, &p)
	if got, want := string(top(t, p.Settings, 13)), string(append(varint(1, 2), varint(2, 1)...)); got != want {
		t.Errorf("appearance %x, expected %x", got, want)
	}

	other := message(40, []byte("nobody knows"))
	patch := append(message(13, varint(1, 1)), other...)
	a.Must(t, http.MethodPatch, proto, object{"settings": base64.StdEncoding.EncodeToString(patch), "required_data_version": 1}, &p)
	if string(top(t, p.Settings, 40)) != "nobody knows" || p.OutOfDate || string(top(t, p.Settings, 1)) != string(varint(3, 2)) {
		t.Errorf("%+v", p)
	}
	a.Must(t, http.MethodGet, legacy, nil, &whole)
	if whole["theme"] != "dark" || whole["developer_mode"] != false {
		t.Errorf("%v", whole)
	}
	sent := told(t, w, a, discord.EventUserSettingsUpdate)
	want := []string{`{"developer_mode":true,"theme":"light"}`, `{"developer_mode":false,"theme":"dark"}`}
	if !slices.Equal(sent, want) {
		t.Errorf("%q", sent)
	}
	if protos := told(t, w, a, discord.EventUserSettingsProtoUpdate); len(protos) != 2 || !strings.Contains(protos[1], `"partial":true`) {
		t.Errorf("%q", protos)
	}
}

func TestAStaleClientIsToldTheState(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a := w.User(t)
	const path = "/users/@me/settings-proto/2"
	write := func(text string, required int) (settings string, outOfDate bool) {
		var p struct {
			Settings  string `json:"settings"`
			OutOfDate bool   `json:"out_of_date"`
		}
		body := object{"settings": base64.StdEncoding.EncodeToString(message(2, []byte(text))), "required_data_version": required}
		a.Must(t, http.MethodPatch, path, body, &p)
		return string(top(t, p.Settings, 2)), p.OutOfDate
	}
	if got, stale := write("one", 0); got != "one" || stale {
		t.Errorf("%q, %v", got, stale)
	}
	if got, stale := write("two", 0); got != "one" || !stale {
		t.Errorf("%q, %v", got, stale)
	}
	if got, stale := write("three", 1); got != "three" || stale {
		t.Errorf("%q, %v", got, stale)
	}
}

func TestSettingsThatAreNone(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a := w.User(t)
	bot := w.Bot(t, a, 0)
	for _, body := range []any{
		object{"theme": "pink"}, object{"restricted_guilds": []any{"x"}}, object{"locale": "\x00"}, []any{},
	} {
		a.Fails(t, http.MethodPatch, legacy, body, discord.ErrInvalidForm)
	}
	for _, body := range []any{
		object{"settings": "?"}, object{"settings": base64.StdEncoding.EncodeToString([]byte{0x0a})},
		object{"settings": strings.Repeat("A", 5_242_884)}, object{"settings": 5},
	} {
		a.Fails(t, http.MethodPatch, proto, body, discord.ErrInvalidForm)
	}
	a.Fails(t, http.MethodGet, "/users/@me/settings-proto/4", nil, discord.ErrInvalidForm)
	bot.Fails(t, http.MethodGet, legacy, nil, discord.ErrBotsForbidden)
	if n := len(w.Events(t, a.ID, 0)); n != 0 {
		t.Errorf("%d events", n)
	}
}

func TestGuildSettings(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	owner, stranger := w.User(t), w.User(t)
	var g discord.Guild
	owner.Must(t, http.MethodPost, "/guilds", object{"name": "Hall"}, &g)
	path := "/users/@me/guilds/" + g.ID.String() + "/settings"
	var s discord.UserGuildSettings
	owner.Must(t, http.MethodPatch, path, object{"muted": true, "channel_overrides": object{"7": object{"muted": true}, "5": object{}}}, &s)
	first := s.Version
	owner.Must(t, http.MethodPatch, path, object{
		"suppress_everyone": true, "mute_config": object{"end_time": "2030-01-01T00:00:00.000Z", "selected_time_window": 900},
		"channel_overrides": object{"7": object{"collapsed": true}, "5": nil},
	}, &s)
	if *s.GuildID != g.ID || !s.Muted || !s.SuppressEveryone || s.MuteConfig == nil || s.MuteConfig.SelectedTimeWindow != 900 ||
		s.MessageNotifications != 3 || !s.MobilePush || s.Version <= first {
		t.Errorf("%+v", s)
	}
	if len(s.ChannelOverrides) != 1 || s.ChannelOverrides[0] != (discord.ChannelOverride{
		ChannelID: 7, MessageNotifications: 3, Muted: true, Collapsed: true}) {
		t.Errorf("%+v", s.ChannelOverrides)
	}
	var direct struct {
		GuildID *snowflake.ID `json:"guild_id"`
	}
	owner.Must(t, http.MethodPatch, "/users/@me/guilds/@me/settings", object{"muted": false}, &direct)
	if direct.GuildID != nil {
		t.Errorf("DMs are in guild %s", direct.GuildID)
	}
	var all []discord.UserGuildSettings
	owner.Must(t, http.MethodPatch, "/users/@me/guilds/settings", object{"guilds": object{
		g.ID.String(): object{"muted": false}, "@me": object{"flags": 1}}}, &all)
	if len(all) != 2 || all[0].GuildID != nil || all[0].Flags != 1 || all[1].Muted || !all[1].SuppressEveryone {
		t.Errorf("%+v", all)
	}
	if n := len(told(t, w, owner, discord.EventUserGuildSettingsUpdate)); n != 5 {
		t.Errorf("told %d times", n)
	}
	stranger.Fails(t, http.MethodPatch, path, object{"muted": true}, discord.ErrMissingAccess)
	owner.Fails(t, http.MethodPatch, path, object{"message_notifications": 9}, discord.ErrInvalidForm)
	owner.Fails(t, http.MethodPatch, path, object{"channel_overrides": object{"x": object{}}}, discord.ErrInvalidForm)
	owner.Fails(t, http.MethodPatch, path, object{"channel_overrides": object{"5": object{"flags": -1}}}, discord.ErrInvalidForm)
	owner.Fails(t, http.MethodPatch, "/users/@me/guilds/settings", object{"guilds": object{"x": object{}}}, discord.ErrInvalidForm)
}

func TestSmallSettings(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a := w.User(t)
	var flags struct {
		Flags int `json:"flags"`
	}
	a.Must(t, http.MethodPatch, "/users/@me/notification-settings", object{"flags": 16}, &flags)
	if flags.Flags != 16 || len(told(t, w, a, discord.EventNotificationSettings)) != 1 {
		t.Errorf("%+v", flags)
	}
	var mails struct {
		Categories  map[string]bool `json:"categories"`
		Initialized bool            `json:"initialized"`
	}
	a.Must(t, http.MethodGet, "/users/@me/email-settings", nil, &mails)
	if mails.Initialized || !mails.Categories["social"] || mails.Categories["tips"] {
		t.Errorf("%+v", mails)
	}
	a.Must(t, http.MethodPatch, "/users/@me/email-settings", object{"settings": object{"categories": object{"social": false}}}, &mails)
	if !mails.Initialized || mails.Categories["social"] || !mails.Categories["communication"] {
		t.Errorf("%+v", mails)
	}
	a.Fails(t, http.MethodPatch, "/users/@me/email-settings", object{"settings": object{"categories": object{"x": false}}}, discord.ErrInvalidForm)
	var consents map[string]struct {
		Consented bool `json:"consented"`
	}
	a.Must(t, http.MethodPost, "/users/@me/consent", object{"grant": []any{"personalization", "usage_statistics"}}, nil)
	a.Must(t, http.MethodPost, "/users/@me/consent", object{"grant": []any{}, "revoke": []any{"usage_statistics"}}, nil)
	a.Must(t, http.MethodGet, "/users/@me/consent", nil, &consents)
	if !consents["personalization"].Consented || consents["usage_statistics"].Consented {
		t.Errorf("%v", consents)
	}
	a.Fails(t, http.MethodPost, "/users/@me/consent", object{"grant": []any{"everything"}}, discord.ErrInvalidForm)
}

func TestNotes(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a, b := w.User(t), w.User(t)
	path := "/users/@me/notes/" + b.ID.String()
	a.Fails(t, http.MethodGet, path, nil, discord.ErrUnknownUser)
	a.Must(t, http.MethodPut, path, object{"note": "owes me a book"}, nil)
	var got struct {
		Note string `json:"note"`
	}
	a.Must(t, http.MethodGet, path, nil, &got)
	var all map[snowflake.ID]string
	a.Must(t, http.MethodGet, "/users/@me/notes", nil, &all)
	if got.Note != "owes me a book" || len(all) != 1 || all[b.ID] != got.Note {
		t.Errorf("%+v, %v", got, all)
	}
	b.Fails(t, http.MethodGet, "/users/@me/notes/"+a.ID.String(), nil, discord.ErrUnknownUser)
	a.Fails(t, http.MethodPut, path, object{"note": strings.Repeat("x", 257)}, discord.ErrInvalidForm)
	a.Fails(t, http.MethodPut, "/users/@me/notes/1", object{"note": "x"}, discord.ErrUnknownUser)
	a.Must(t, http.MethodPut, path, object{"note": nil}, nil)
	a.Fails(t, http.MethodGet, path, nil, discord.ErrUnknownUser)
	var last discord.NoteEvent
	sent := told(t, w, a, discord.EventUserNoteUpdate)
	if err := json.Unmarshal([]byte(sent[len(sent)-1]), &last); err != nil || last != (discord.NoteEvent{ID: b.ID}) {
		t.Errorf("%q", sent)
	}
}
