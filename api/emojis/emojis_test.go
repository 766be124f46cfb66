package emojis_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"image"
	"image/color"
	"image/gif"
	"net/http"
	"slices"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"guildhall.chat/guildhall/api/apitest"
	"guildhall.chat/guildhall/api/call"
	"guildhall.chat/guildhall/api/emojis"
	"guildhall.chat/guildhall/api/guilds"
	"guildhall.chat/guildhall/api/members"
	"guildhall.chat/guildhall/api/roles"
	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/permissions"
	"guildhall.chat/guildhall/internal/snowflake"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

type object = map[string]any

// hall is a guild with an owner, an artist who may upload, and a friend who may not.
type hall struct {
	*apitest.World
	owner, artist, friend *apitest.Client
	id                    snowflake.ID
	guild, path           string
	role                  discord.Role
}

func newHall(t *testing.T) *hall {
	h := &hall{World: apitest.New(t, func(w *apitest.World) []call.Route {
		return slices.Concat(
			emojis.New(w.Store, w.Access).Routes(),
			guilds.New(w.Store, w.Access, w.Presences).Routes(),
			roles.New(w.Access).Routes(),
			members.New(w.Store, w.Access).Routes(),
		)
	})}
	h.owner, h.artist, h.friend = h.User(t), h.User(t), h.User(t)
	var g discord.Guild
	h.owner.Must(t, http.MethodPost, "/guilds", object{"name": "Hall"}, &g)
	h.id, h.guild = g.ID, "/guilds/"+g.ID.String()
	h.path = h.guild + "/emojis"
	h.Join(t, h.id, h.artist, h.friend)
	// Nobody has it for free.
	h.owner.Must(t, http.MethodPatch, h.guild+"/roles/"+h.id.String(), object{"permissions": permissions.ViewChannel}, nil)
	h.owner.Must(t, http.MethodPost, h.guild+"/roles", object{"permissions": permissions.CreateGuildExpressions}, &h.role)
	h.owner.Must(t, http.MethodPut, h.guild+"/members/"+h.artist.ID.String()+"/roles/"+h.role.ID.String(), nil, nil)
	return h
}

// picture is a GIF of so many frames as a data URI.
func picture(t *testing.T, frames int) string {
	t.Helper()
	var all gif.GIF
	for range frames {
		all.Image = append(all.Image, image.NewPaletted(image.Rect(0, 0, 2, 2), color.Palette{color.Black, color.White}))
		all.Delay = append(all.Delay, 1)
	}
	var file bytes.Buffer
	if err := gif.EncodeAll(&file, &all); err != nil {
		t.Fatal(err)
	}
	return "data:image/gif;base64," + base64.StdEncoding.EncodeToString(file.Bytes())
}

func (h *hall) make(t *testing.T, as *apitest.Client, name string) (e discord.Emoji) {
	t.Helper()
	as.Must(t, http.MethodPost, h.path, object{"name": name, "image": picture(t, 1)}, &e)
	return e
}

func (h *hall) of(e discord.Emoji) string { return h.path + "/" + e.ID.String() }

func TestMakingChangingAndRemoving(t *testing.T) {
	t.Parallel()
	h := newHall(t)
	before := h.Seq(t, h.id)
	var e discord.Emoji
	h.owner.Must(t, http.MethodPost, h.path, object{"name": "party", "image": picture(t, 2), "roles": []any{h.role.ID, nil, h.role.ID}}, &e)
	if e.Name != "party" || !e.Animated || !e.Available || !e.RequireColons || e.Managed || e.User.ID != h.owner.ID || !slices.Equal(e.Roles, []snowflake.ID{h.role.ID}) {
		t.Errorf("%+v", e)
	}
	var changed discord.Emoji
	h.owner.Must(t, http.MethodPatch, h.of(e), object{"name": "parrot", "roles": nil}, &changed)
	if changed.Name != "parrot" || len(changed.Roles) != 0 || !changed.Animated || changed.ID != e.ID {
		t.Errorf("%+v", changed)
	}
	h.owner.Must(t, http.MethodPatch, h.of(e), object{}, &changed)
	if changed.Name != "parrot" {
		t.Errorf("%+v", changed)
	}
	h.owner.Must(t, http.MethodDelete, h.of(e), nil, nil)
	h.owner.Fails(t, http.MethodGet, h.of(e), nil, discord.ErrEmojiNotFound)
	h.owner.Fails(t, http.MethodPatch, h.of(e), object{"name": "gone"}, discord.ErrEmojiNotFound)
	h.owner.Fails(t, http.MethodDelete, h.of(e), nil, discord.ErrEmojiNotFound)

	var sizes []int
	var entries []discord.AuditAction
	for _, ev := range h.Events(t, h.id, before) {
		switch ev.Head.Type {
		case discord.EventGuildEmojisUpdate:
			var all discord.EmojisEvent
			if err := json.Unmarshal(ev.Data, &all); err != nil || all.GuildID != h.id || all.Emojis == nil || !ev.Head.Structure {
				t.Errorf("%s %v", ev.Data, err)
			}
			if strings.Contains(string(ev.Data), "username") {
				t.Errorf("the event tells who uploaded: %s", ev.Data)
			}
			sizes = append(sizes, len(all.Emojis))
		case discord.EventAuditLogEntryCreate:
			var entry discord.AuditEntry
			if err := json.Unmarshal(ev.Data, &entry); err != nil || *entry.TargetID != e.ID.String() {
				t.Errorf("%s %v", ev.Data, err)
			}
			entries = append(entries, entry.ActionType)
		}
	}
	if !slices.Equal(sizes, []int{1, 1, 1, 0}) {
		t.Errorf("lists of %v", sizes)
	}
	if !slices.Equal(entries, []discord.AuditAction{discord.AuditEmojiCreate, discord.AuditEmojiUpdate, discord.AuditEmojiUpdate, discord.AuditEmojiDelete}) {
		t.Errorf("audit log %v", entries)
	}
}

func TestWhoSeesEmojis(t *testing.T) {
	t.Parallel()
	h := newHall(t)
	e := h.make(t, h.artist, "party")
	for _, c := range []struct {
		as        *apitest.Client
		uploaders bool
	}{{h.owner, true}, {h.artist, true}, {h.friend, false}} {
		var list []discord.Emoji
		c.as.Must(t, http.MethodGet, h.path, nil, &list)
		var one discord.Emoji
		c.as.Must(t, http.MethodGet, h.of(e), nil, &one)
		if len(list) != 1 || list[0].ID != e.ID || (list[0].User != nil) != c.uploaders || (one.User != nil) != c.uploaders {
			t.Errorf("%+v, %+v", list, one)
		}
	}
	var g struct{ Emojis []discord.Emoji }
	h.friend.Must(t, http.MethodGet, h.guild, nil, &g)
	if len(g.Emojis) != 1 || g.Emojis[0].Name != "party" || g.Emojis[0].User != nil {
		t.Errorf("the guild has %+v", g.Emojis)
	}
	stranger := h.User(t)
	stranger.Fails(t, http.MethodGet, h.path, nil, discord.ErrMissingAccess)
	stranger.Fails(t, http.MethodGet, h.of(e), nil, discord.ErrMissingAccess)
	h.friend.Fails(t, http.MethodGet, "/guilds/1/emojis", nil, discord.ErrUnknownGuild)
	// An emoji is found in its own guild only.
	var other discord.Guild
	h.friend.Must(t, http.MethodPost, "/guilds", object{"name": "Other"}, &other)
	h.friend.Fails(t, http.MethodGet, "/guilds/"+other.ID.String()+"/emojis/"+e.ID.String(), nil, discord.ErrEmojiNotFound)
	h.friend.Fails(t, http.MethodDelete, "/guilds/"+other.ID.String()+"/emojis/"+e.ID.String(), nil, discord.ErrEmojiNotFound)
}

func TestWhoChangesEmojis(t *testing.T) {
	t.Parallel()
	h := newHall(t)
	body := object{"name": "party", "image": picture(t, 1)}
	h.friend.Fails(t, http.MethodPost, h.path, body, discord.ErrMissingPermissions)
	h.User(t).Fails(t, http.MethodPost, h.path, body, discord.ErrMissingAccess)
	own, others := h.make(t, h.artist, "own"), h.make(t, h.owner, "others")
	h.artist.Must(t, http.MethodPatch, h.of(own), object{"name": "mine"}, nil)
	h.artist.Fails(t, http.MethodPatch, h.of(others), object{"name": "mine"}, discord.ErrMissingPermissions)
	h.artist.Fails(t, http.MethodDelete, h.of(others), nil, discord.ErrMissingPermissions)
	h.friend.Fails(t, http.MethodDelete, h.of(own), nil, discord.ErrMissingPermissions)
	h.artist.Must(t, http.MethodDelete, h.of(own), nil, nil)
	// Who manages them need not be able to upload.
	h.owner.Must(t, http.MethodPatch, h.guild+"/roles/"+h.role.ID.String(), object{"permissions": permissions.ManageGuildExpressions}, nil)
	h.artist.Fails(t, http.MethodPost, h.path, body, discord.ErrMissingPermissions)
	h.artist.Must(t, http.MethodDelete, h.of(others), nil, nil)
}

func TestWhatIsNoEmoji(t *testing.T) {
	t.Parallel()
	h := newHall(t)
	e := h.make(t, h.owner, "party")
	large := "data:image/gif;base64," + base64.StdEncoding.EncodeToString(append(gifBytes(t), make([]byte, 256<<10)...))
	for name, body := range map[string]any{
		"nothing":          object{},
		"no image":         object{"name": "party"},
		"no name":          object{"image": picture(t, 1)},
		"a short name":     object{"name": "p", "image": picture(t, 1)},
		"a long name":      object{"name": strings.Repeat("p", 33), "image": picture(t, 1)},
		"a name with dots": object{"name": "pa:ty", "image": picture(t, 1)},
		"no picture":       object{"name": "party", "image": "data:image/gif;base64,AAAA"},
		"a large picture":  object{"name": "party", "image": large},
		"roles of text":    object{"name": "party", "image": picture(t, 1), "roles": "x"},
	} {
		t.Run(name, func(t *testing.T) { h.owner.Fails(t, http.MethodPost, h.path, body, discord.ErrInvalidForm) })
	}
	h.owner.Fails(t, http.MethodPost, h.path, object{"name": "party", "image": picture(t, 1), "roles": []string{"1"}}, discord.ErrUnknownRole)
	h.owner.Fails(t, http.MethodPatch, h.of(e), object{"name": "p"}, discord.ErrInvalidForm)
	h.owner.Fails(t, http.MethodPatch, h.of(e), object{"roles": []string{"1"}}, discord.ErrUnknownRole)
}

func gifBytes(t *testing.T) []byte {
	t.Helper()
	_, encoded, _ := strings.Cut(picture(t, 1), ",")
	file, err := base64.StdEncoding.DecodeString(encoded)
	if err != nil {
		t.Fatal(err)
	}
	return file
}

func TestHowManyEmojis(t *testing.T) {
	t.Parallel()
	h := newHall(t)
	h.make(t, h.owner, "first")
	const fill = `insert into emojis (id, guild_id, name, user_id, animated, image)
		select n + $3, $1, 'e', $2, $4, (select hash from images limit 1) from generate_series(1, $5) n`
	h.Exec(t, fill, h.id, h.owner.ID, 0, false, 49)
	h.owner.Fails(t, http.MethodPost, h.path, object{"name": "still", "image": picture(t, 1)}, discord.ErrTooManyEmojis)
	h.owner.Must(t, http.MethodPost, h.path, object{"name": "moving", "image": picture(t, 2)}, nil)
	h.Exec(t, fill, h.id, h.owner.ID, 1000, true, 49)
	h.owner.Fails(t, http.MethodPost, h.path, object{"name": "moving", "image": picture(t, 2)}, discord.ErrTooManyAnimatedEmojis)
}

func TestEmojisOfApplications(t *testing.T) {
	t.Parallel()
	h := newHall(t)
	bot := h.Bot(t, h.owner, 0)
	path := "/applications/" + bot.ApplicationID.String() + "/emojis"
	var e, second discord.Emoji
	bot.Must(t, http.MethodPost, path, object{"name": "party", "image": picture(t, 2), "roles": []string{"1"}}, &e)
	if e.Name != "party" || !e.Animated || e.User.ID != bot.ID || len(e.Roles) != 0 {
		t.Errorf("%+v", e)
	}
	h.owner.Must(t, http.MethodPost, path, object{"name": "second", "image": picture(t, 1)}, &second)
	bot.Fails(t, http.MethodPost, path, object{"name": "party", "image": picture(t, 1)}, discord.ErrInvalidForm)
	bot.Fails(t, http.MethodPatch, path+"/"+second.ID.String(), object{"name": "party"}, discord.ErrInvalidForm)
	bot.Must(t, http.MethodPatch, path+"/"+e.ID.String(), object{"name": "parrot"}, &e)
	bot.Must(t, http.MethodGet, path+"/"+e.ID.String(), nil, &e)
	if e.Name != "parrot" || e.User.ID != bot.ID {
		t.Errorf("%+v", e)
	}
	var list discord.ApplicationEmojis
	bot.Must(t, http.MethodGet, path, nil, &list)
	if len(list.Items) != 2 || list.Items[0].ID != e.ID {
		t.Errorf("%+v", list)
	}
	bot.Must(t, http.MethodDelete, path+"/"+second.ID.String(), nil, nil)
	for method, body := range map[string]any{http.MethodGet: nil, http.MethodPatch: object{"name": "gone"}, http.MethodDelete: nil} {
		bot.Fails(t, method, path+"/"+second.ID.String(), body, discord.ErrEmojiNotFound)
		// Nobody else's business.
		for _, other := range []*apitest.Client{h.friend, h.Bot(t, h.friend, 0)} {
			other.Fails(t, method, path+"/"+e.ID.String(), body, discord.ErrUnknownApplication)
		}
	}
	h.friend.Fails(t, http.MethodGet, path, nil, discord.ErrUnknownApplication)
	h.friend.Fails(t, http.MethodPost, path, object{"name": "party", "image": picture(t, 1)}, discord.ErrUnknownApplication)
	h.Exec(t, `insert into emojis (id, application_id, name, user_id, animated, image)
		select n, $1, 'e' || n, $2, false, (select hash from images limit 1) from generate_series(1, 1999) n`, bot.ApplicationID, bot.ID)
	bot.Fails(t, http.MethodPost, path, object{"name": "many", "image": picture(t, 1)}, discord.ErrTooManyAppEmojis)
}
