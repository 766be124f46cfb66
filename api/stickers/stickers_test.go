package stickers_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"mime/multipart"
	"net/http"
	"slices"
	"testing"

	"guildhall.chat/guildhall/api/apitest"
	"guildhall.chat/guildhall/api/call"
	"guildhall.chat/guildhall/api/guilds"
	"guildhall.chat/guildhall/api/members"
	"guildhall.chat/guildhall/api/roles"
	"guildhall.chat/guildhall/api/stickers"
	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/permissions"
	"guildhall.chat/guildhall/internal/snowflake"
)

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// pixel is a GIF of one pixel.
func pixel(t testing.TB) []byte {
	t.Helper()
	file, err := base64.StdEncoding.DecodeString("R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7")
	must(t, err)
	return file
}

// hall is a guild with an owner, a friend who may make stickers, and a guest who may not.
type hall struct {
	*apitest.World
	owner, friend, guest *apitest.Client
	id                   snowflake.ID
	guild, path          string
}

func newHall(t *testing.T) *hall {
	h := &hall{World: apitest.New(t, func(w *apitest.World) []call.Route {
		return slices.Concat(
			guilds.New(w.Store, w.Access, w.Presences).Routes(), roles.New(w.Access).Routes(),
			members.New(w.Store, w.Access).Routes(), stickers.New(w.Store, w.Access).Routes(),
		)
	})}
	h.owner, h.friend, h.guest = h.User(t), h.User(t), h.User(t)
	var g discord.Guild
	h.owner.Must(t, http.MethodPost, "/guilds", map[string]any{"name": "Hall"}, &g)
	h.id, h.guild, h.path = g.ID, "/guilds/"+g.ID.String(), "/guilds/"+g.ID.String()+"/stickers"
	h.Join(t, h.id, h.friend, h.guest)
	h.owner.Must(t, http.MethodPatch, h.guild+"/roles/"+g.ID.String(), map[string]any{"permissions": "1024"}, nil)
	var maker discord.Role
	h.owner.Must(t, http.MethodPost, h.guild+"/roles", map[string]any{"permissions": permissions.CreateGuildExpressions}, &maker)
	h.owner.Must(t, http.MethodPut, fmt.Sprintf("%s/members/%s/roles/%s", h.guild, h.friend.ID, maker.ID), nil, nil)
	return h
}

func (h *hall) one(s discord.Sticker) string { return h.path + "/" + s.ID.String() }

// form is a request for a new sticker, from a client that says so; a file of nil is left out.
func form(t *testing.T, as *apitest.Client, fields map[string]string, file []byte) (*apitest.Client, []byte) {
	t.Helper()
	var body bytes.Buffer
	writer := multipart.NewWriter(&body)
	for name, value := range fields {
		must(t, writer.WriteField(name, value))
	}
	if file != nil {
		part, err := writer.CreateFormFile("file", "sticker")
		must(t, err)
		_, err = part.Write(file)
		must(t, err)
	}
	must(t, writer.Close())
	client := *as
	client.Header = http.Header{"Content-Type": {writer.FormDataContentType()}}
	return &client, body.Bytes()
}

var ordinary = map[string]string{"name": "wave", "tags": "wave", "description": "Waves"}

func (h *hall) make(t *testing.T, as *apitest.Client) (s discord.Sticker) {
	t.Helper()
	client, body := form(t, as, ordinary, pixel(t))
	client.Must(t, http.MethodPost, h.path, body, &s)
	return s
}

func TestStickerIsMadeShownAndTold(t *testing.T) {
	t.Parallel()
	h := newHall(t)
	seq := h.Seq(t, h.id)
	made := h.make(t, h.friend)
	if made.Name != "wave" || *made.Description != "Waves" || made.Tags != "wave" || made.FormatType != discord.StickerGIF ||
		!made.Available || made.GuildID != h.id || made.User.ID != h.friend.ID {
		t.Errorf("sticker %+v", made)
	}
	evs := h.Events(t, h.id, seq)
	var told discord.StickersEvent
	if len(evs) != 2 || evs[0].Head.Type != discord.EventGuildStickersUpdate || !evs[0].Head.Structure ||
		json.Unmarshal(evs[0].Data, &told) != nil || len(told.Stickers) != 1 || told.Stickers[0].User != nil {
		t.Errorf("events %+v", evs)
	}
	var entry discord.AuditEntry
	must(t, json.Unmarshal(evs[1].Data, &entry))
	if entry.ActionType != discord.AuditStickerCreate || *entry.TargetID != made.ID.String() || len(entry.Changes) == 0 {
		t.Errorf("audit log %+v", entry)
	}
	for as, maker := range map[*apitest.Client]bool{h.friend: true, h.owner: true, h.guest: false} {
		var list []discord.Sticker
		as.Must(t, http.MethodGet, h.path, nil, &list)
		var one discord.Sticker
		as.Must(t, http.MethodGet, h.one(made), nil, &one)
		if len(list) != 1 || (list[0].User != nil) != maker || (one.User != nil) != maker {
			t.Errorf("list %+v, one %+v", list, one)
		}
	}
	var g struct{ Stickers []discord.Sticker }
	h.guest.Must(t, http.MethodGet, h.guild, nil, &g)
	if len(g.Stickers) != 1 || g.Stickers[0].ID != made.ID {
		t.Errorf("in the guild: %+v", g.Stickers)
	}
	var found discord.Sticker
	stranger := h.User(t)
	stranger.Must(t, http.MethodGet, "/stickers/"+made.ID.String(), nil, &found)
	if found.ID != made.ID || found.User != nil {
		t.Errorf("of any guild: %+v", found)
	}
	stranger.Fails(t, http.MethodGet, h.path, nil, discord.ErrMissingAccess)
	stranger.Fails(t, http.MethodGet, h.one(made), nil, discord.ErrMissingAccess)
	stranger.Fails(t, http.MethodGet, "/stickers/1", nil, discord.ErrUnknownSticker)
	h.guest.Fails(t, http.MethodGet, h.path+"/1", nil, discord.ErrUnknownSticker)
}

func TestWhoMayMakeAndChangeStickers(t *testing.T) {
	t.Parallel()
	h := newHall(t)
	for as, want := range map[*apitest.Client]*discord.Error{h.guest: discord.ErrMissingPermissions, h.User(t): discord.ErrMissingAccess} {
		client, body := form(t, as, ordinary, pixel(t))
		client.Fails(t, http.MethodPost, h.path, body, want)
	}
	own, others := h.make(t, h.friend), h.make(t, h.owner)
	rename := map[string]any{"name": "bow", "description": ""}
	for _, as := range []*apitest.Client{h.guest, h.friend} {
		as.Fails(t, http.MethodPatch, h.one(others), rename, discord.ErrMissingPermissions)
		as.Fails(t, http.MethodDelete, h.one(others), nil, discord.ErrMissingPermissions)
	}
	seq := h.Seq(t, h.id)
	var changed discord.Sticker
	h.friend.Must(t, http.MethodPatch, h.one(own), rename, &changed)
	if changed.Name != "bow" || changed.Description != nil || changed.Tags != "wave" {
		t.Errorf("changed to %+v", changed)
	}
	var entry discord.AuditEntry
	must(t, json.Unmarshal(h.Events(t, h.id, seq)[1].Data, &entry))
	if entry.ActionType != discord.AuditStickerUpdate || len(entry.Changes) != 2 {
		t.Errorf("audit log %+v", entry)
	}
	h.owner.Must(t, http.MethodDelete, h.one(own), nil, nil)
	h.friend.Must(t, http.MethodGet, h.path, nil, nil)
	h.owner.Fails(t, http.MethodDelete, h.one(own), nil, discord.ErrUnknownSticker)
	h.owner.Fails(t, http.MethodPatch, h.one(own), rename, discord.ErrUnknownSticker)
	for _, bad := range []map[string]any{{"name": "x"}, {"tags": ""}, {"description": "x"}, {"name": 1}} {
		h.owner.Fails(t, http.MethodPatch, h.one(others), bad, discord.ErrInvalidForm)
	}
}

func TestStickersAreLimited(t *testing.T) {
	t.Parallel()
	h := newHall(t)
	for name, c := range map[string]struct {
		fields map[string]string
		file   []byte
		want   *discord.Error
	}{
		"no file":   {ordinary, nil, discord.ErrInvalidForm},
		"no name":   {map[string]string{"tags": "x"}, pixel(t), discord.ErrInvalidForm},
		"no tags":   {map[string]string{"name": "xx"}, pixel(t), discord.ErrInvalidForm},
		"text":      {ordinary, []byte("hello"), discord.ErrInvalidFile},
		"too large": {ordinary, append(pixel(t), make([]byte, 512<<10)...), discord.ErrFileTooLarge},
		"no lottie": {ordinary, []byte("{}"), discord.ErrFileInvalidLottie},
	} {
		client, body := form(t, h.owner, c.fields, c.file)
		t.Run(name, func(t *testing.T) { client.Fails(t, http.MethodPost, h.path, body, c.want) })
	}
	h.owner.Fails(t, http.MethodPost, h.path, map[string]any{"name": "wave", "tags": "x"}, discord.ErrInvalidForm)
	for range 5 {
		h.make(t, h.owner)
	}
	client, body := form(t, h.owner, ordinary, pixel(t))
	client.Fails(t, http.MethodPost, h.path, body, discord.ErrTooManyStickers)
}

func TestThereAreNoPacks(t *testing.T) {
	t.Parallel()
	h := newHall(t)
	var packs struct {
		Packs *[]any `json:"sticker_packs"`
	}
	h.Anyone().Must(t, http.MethodGet, "/sticker-packs", nil, &packs)
	if packs.Packs == nil || len(*packs.Packs) != 0 {
		t.Errorf("packs %+v", packs)
	}
	h.owner.Fails(t, http.MethodGet, "/sticker-packs/1", nil, discord.ErrUnknownStickerPack)
}
