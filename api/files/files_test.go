package files_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"io"
	"mime/multipart"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"guildhall.chat/guildhall/api/apitest"
	"guildhall.chat/guildhall/api/call"
	"guildhall.chat/guildhall/api/channels"
	"guildhall.chat/guildhall/api/files"
	"guildhall.chat/guildhall/api/guilds"
	"guildhall.chat/guildhall/api/messages"
	"guildhall.chat/guildhall/api/threads"
	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/picture"
	"guildhall.chat/guildhall/internal/snowflake"
)

// world is a guild with a text channel.
type world struct {
	*apitest.World
	owner   *apitest.Client
	guild   snowflake.ID
	channel snowflake.ID
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{}
	w.World = apitest.New(t, func(a *apitest.World) []call.Route {
		handlers := files.NewHandlers(a.Files, a.Access, picture.NewScaler())
		a.Public = handlers.Public()
		return slices.Concat(guilds.New(a.Store, a.Access, a.Presences).Routes(),
			channels.New(a.Store, a.Access, a.Poster, a.Publisher).Routes(),
			messages.New(a.Store, a.Access, a.Poster, a.Redis).Routes(),
			threads.New(a.Store, a.Access, a.Poster, a.Redis).Routes(), handlers.Routes())
	})
	w.owner = w.User(t)
	var guild discord.Guild
	w.owner.Must(t, http.MethodPost, "/guilds", map[string]any{"name": "hall"}, &guild)
	w.guild = guild.ID
	var channel discord.Channel
	w.owner.Must(t, http.MethodPost, fmt.Sprintf("/guilds/%s/channels", guild.ID), map[string]any{"name": "files"}, &channel)
	w.channel = channel.ID
	return w
}

func (w *world) messages() string { return fmt.Sprintf("/channels/%s/messages", w.channel) }

type part struct {
	field, name string
	content     []byte
}

// form is a multipart request with payload_json, and its content type.
func form(t *testing.T, payload any, parts ...part) ([]byte, string) {
	t.Helper()
	var body bytes.Buffer
	writer := multipart.NewWriter(&body)
	encoded, err := json.Marshal(payload)
	must(t, err)
	must(t, writer.WriteField("payload_json", string(encoded)))
	for _, p := range parts {
		file, err := writer.CreateFormFile(p.field, p.name)
		must(t, err)
		_, err = file.Write(p.content)
		must(t, err)
	}
	must(t, writer.Close())
	return body.Bytes(), writer.FormDataContentType()
}

// with is the client with a content type.
func with(c *apitest.Client, contentType string) *apitest.Client {
	other := *c
	other.Header = http.Header{"Content-Type": {contentType}}
	return &other
}

func (w *world) send(t *testing.T, payload any, parts ...part) (m discord.Message) {
	t.Helper()
	body, kind := form(t, payload, parts...)
	with(w.owner, kind).Must(t, http.MethodPost, w.messages(), body, &m)
	return m
}

func (w *world) read(t *testing.T, id snowflake.ID) (m discord.Message) {
	t.Helper()
	w.owner.Must(t, http.MethodGet, fmt.Sprintf("%s/%s", w.messages(), id), nil, &m)
	return m
}

// local is the path and query of a link of the platform.
func local(t *testing.T, link string) string {
	t.Helper()
	parsed, err := url.Parse(link)
	must(t, err)
	if parsed.Scheme+"://"+parsed.Host != "http://guildhall.test" {
		t.Fatalf("link %q", link)
	}
	return parsed.RequestURI()
}

func (w *world) fetch(t *testing.T, link string, header http.Header) *http.Response {
	t.Helper()
	return w.Fetch(t, http.MethodGet, local(t, link), header, nil)
}

func (w *world) content(t *testing.T, link string) (int, string) {
	t.Helper()
	got := w.fetch(t, link, nil)
	content, err := io.ReadAll(got.Body)
	must(t, err)
	return got.StatusCode, string(content)
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func drawn(t *testing.T, width, height int) []byte {
	t.Helper()
	picture := image.NewPaletted(image.Rect(0, 0, width, height), color.Palette{color.Black, color.White})
	var file bytes.Buffer
	must(t, png.Encode(&file, picture))
	return file.Bytes()
}

func TestFilesOfAMessage(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	picture, page := drawn(t, 40, 20), []byte("<!DOCTYPE html><script>alert(1)</script>")
	large := bytes.Repeat([]byte("0123456789abcdef"), 200_000) // more than is kept in memory
	sent := w.send(t, map[string]any{
		"content":     "see",
		"attachments": []any{map[string]any{"id": "1", "description": "two", "filename": "pic ture.png", "is_spoiler": true}},
	}, part{"files[0]", "../../evil page?.html", page}, part{"files[1]", "x.png", picture}, part{"files[7]", "SPOILER_large.txt", large})
	if len(sent.Attachments) != 3 {
		t.Fatalf("%+v", sent.Attachments)
	}
	byName := map[string]discord.Attachment{}
	for _, a := range w.read(t, sent.ID).Attachments {
		byName[a.Filename] = a
		if a.ProxyURL != a.URL {
			t.Errorf("proxy_url %q", a.ProxyURL)
		}
	}
	pic, evil, long := byName["pic_ture.png"], byName["evil_page.html"], byName["SPOILER_large.txt"]
	if pic.Description == nil || *pic.Description != "two" || pic.Title == nil || *pic.Title != "pic ture" || pic.Flags != discord.AttachmentFlagSpoiler ||
		pic.Width == nil || *pic.Width != 40 || *pic.Height != 20 || *pic.ContentType != "image/png" || pic.Size != int64(len(picture)) {
		t.Errorf("picture: %+v", pic)
	}
	if evil.Title == nil || !strings.HasPrefix(*evil.ContentType, "text/html") || evil.Width != nil {
		t.Errorf("page: %+v", evil)
	}
	if long.Flags != discord.AttachmentFlagSpoiler {
		t.Errorf("spoiler by name: %+v", long)
	}
	for a, want := range map[string][]byte{pic.URL: picture, evil.URL: page, long.URL: large} {
		if code, got := w.content(t, a); code != http.StatusOK || got != string(want) {
			t.Errorf("%s: %d, %d bytes of %d", a, code, len(got), len(want))
		}
	}
	got := w.fetch(t, evil.URL, nil)
	if d := got.Header.Get("Content-Disposition"); !strings.HasPrefix(d, "attachment") || got.Header.Get("X-Content-Type-Options") != "nosniff" ||
		!strings.Contains(got.Header.Get("Content-Security-Policy"), "sandbox") {
		t.Errorf("a page is served with %v", got.Header)
	}
	if d := w.fetch(t, pic.URL, nil).Header.Get("Content-Disposition"); !strings.HasPrefix(d, "inline") {
		t.Errorf("a picture is served with %s", d)
	}
	ranged := w.fetch(t, long.URL, http.Header{"Range": {"bytes=16-19"}})
	if content, _ := io.ReadAll(ranged.Body); ranged.StatusCode != http.StatusPartialContent || string(content) != "0123" {
		t.Errorf("range: %d %q", ranged.StatusCode, content)
	}
	small := w.fetch(t, pic.URL+"width=10&height=10&format=webp&quality=lossless", nil)
	if config, kind, err := image.DecodeConfig(small.Body); err != nil || config.Width != 10 || config.Height != 5 || small.Header.Get("Content-Type") != "image/"+kind {
		t.Errorf("thumbnail: %s %+v %v", kind, config, err)
	}

	w.owner.Must(t, http.MethodDelete, fmt.Sprintf("%s/%s", w.messages(), sent.ID), nil, nil)
	if code, _ := w.content(t, pic.URL); code != http.StatusNotFound {
		t.Errorf("after its message was deleted: %d", code)
	}
	must(t, w.Files.Sweep(t.Context()))
	var left int
	must(t, w.Query(t, `select count(*) from attachments`).Scan(&left))
	if left != 0 {
		t.Errorf("%d files left", left)
	}
}

func TestLinksNeedTheirSignature(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	m := w.send(t, map[string]any{}, part{"files[0]", "a.txt", []byte("secret")})
	link := m.Attachments[0].URL
	bare, query, _ := strings.Cut(link, "?")
	for name, forged := range map[string]string{
		"none": bare, "cut": strings.TrimSuffix(link, link[len(link)-5:]), "later": bare + "?" + strings.Replace(query, "ex=", "ex=f", 1),
		"other name": strings.Replace(link, "a.txt", "b.txt", 1), "another's": strings.Replace(link, m.Attachments[0].ID.String(), "1", 1),
	} {
		if code, _ := w.content(t, forged); code != http.StatusNotFound {
			t.Errorf("%s: %d", name, code)
		}
	}
	var refreshed struct {
		URLs []struct{ Original, Refreshed string } `json:"refreshed_urls"`
	}
	w.owner.Must(t, http.MethodPost, "/attachments/refresh-urls", map[string]any{"attachment_urls": []string{link}}, &refreshed)
	if code, _ := w.content(t, refreshed.URLs[0].Refreshed); code != http.StatusOK || refreshed.URLs[0].Original != link {
		t.Errorf("refreshed: %d", code)
	}
	for _, foreign := range []string{bare, "https://example.com/x", bare + "?ex=1&is=1&hm=1"} {
		w.owner.Fails(t, http.MethodPost, "/attachments/refresh-urls", map[string]any{"attachment_urls": []string{foreign}}, discord.ErrInvalidForm)
		if strings.HasPrefix(foreign, bare) {
			w.owner.Fails(t, http.MethodPost, w.messages(), map[string]any{"embeds": []any{map[string]any{"image": map[string]any{"url": foreign}}}}, discord.ErrInvalidForm)
		}
	}
	w.Anyone().Fails(t, http.MethodPost, "/attachments/refresh-urls", map[string]any{}, discord.ErrUnauthorized)
}

func TestUploadAhead(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	announce := fmt.Sprintf("/channels/%s/attachments", w.channel)
	var places struct {
		Attachments []struct {
			ID             snowflake.ID
			UploadURL      string `json:"upload_url"`
			UploadFilename string `json:"upload_filename"`
		}
	}
	picture := drawn(t, 8, 8)
	w.owner.Must(t, http.MethodPost, announce, map[string]any{"files": []any{
		map[string]any{"id": "5", "filename": "a b.png", "file_size": len(picture)},
	}}, &places)
	place := places.Attachments[0]
	message := map[string]any{"attachments": []any{map[string]any{"id": "0", "filename": "a b.png", "uploaded_filename": place.UploadFilename}}}
	w.owner.Fails(t, http.MethodPost, w.messages(), message, discord.ErrUploadMissing)
	put := func(link string, content []byte) int {
		return w.Fetch(t, http.MethodPut, local(t, link), nil, content).StatusCode
	}
	if code := put(strings.Replace(place.UploadURL, "hm=", "hm=x", 1), picture); code != http.StatusForbidden {
		t.Errorf("forged: %d", code)
	}
	if code := put(place.UploadURL, picture[:8]); code != http.StatusBadRequest {
		t.Errorf("too short: %d", code)
	}
	if code := put(place.UploadURL, append(picture, 0)); code != http.StatusBadRequest {
		t.Errorf("too long: %d", code)
	}
	if code := put(place.UploadURL, picture); code != http.StatusOK {
		t.Fatalf("upload: %d", code)
	}
	if code := put(place.UploadURL, picture); code != http.StatusBadRequest {
		t.Errorf("again: %d", code)
	}
	other := w.User(t)
	w.Join(t, w.guild, other)
	other.Fails(t, http.MethodPost, w.messages(), message, discord.ErrUploadMissing)
	var m discord.Message
	w.owner.Must(t, http.MethodPost, w.messages(), message, &m)
	if a := m.Attachments[0]; a.Width == nil || *a.Width != 8 || a.Filename != "a_b.png" || place.ID != 5 {
		t.Errorf("%+v", a)
	}
	if code, got := w.content(t, m.Attachments[0].URL); code != http.StatusOK || got != string(picture) {
		t.Errorf("download: %d", code)
	}
	w.owner.Fails(t, http.MethodPost, w.messages(), message, discord.ErrUploadMissing)

	stranger := w.User(t)
	stranger.Fails(t, http.MethodPost, announce, map[string]any{"files": []any{}}, discord.ErrMissingAccess)
	for name, list := range map[string][]any{
		"none": {}, "no name": {map[string]any{"file_size": 1}}, "huge": {map[string]any{"filename": "x", "file_size": 11 << 20}},
		"less than nothing": {map[string]any{"filename": "x", "file_size": -1}},
	} {
		if got := w.owner.Do(t, http.MethodPost, announce, map[string]any{"files": list}); got.Status != http.StatusBadRequest {
			t.Errorf("%s: %d %s", name, got.Status, got.Body)
		}
	}
}

func TestEmbedsAndEditsUseFiles(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	sent := w.send(t, map[string]any{"embeds": []any{map[string]any{
		"title": "x", "image": map[string]any{"url": "attachment://a.png"}, "thumbnail": map[string]any{"url": "attachment://none.png"},
	}}}, part{"files[0]", "a.png", drawn(t, 3, 3)}, part{"files[1]", "b.txt", []byte("b")}, part{"files[2]", "c.txt", []byte("c")})
	m := w.read(t, sent.ID)
	if len(m.Attachments) != 2 || m.Embeds[0].Image == nil || m.Embeds[0].Thumbnail != nil {
		t.Fatalf("%+v", m)
	}
	shown := m.Embeds[0].Image.URL
	if code, _ := w.content(t, shown); code != http.StatusOK {
		t.Errorf("the embed's picture: %d", code)
	}
	one := fmt.Sprintf("%s/%s", w.messages(), m.ID)
	b, c := m.Attachments[0], m.Attachments[1]
	body, kind := form(t, map[string]any{"attachments": []any{
		map[string]any{"id": c.ID, "description": "kept"}, map[string]any{"id": "0", "filename": "d.txt"},
	}}, part{"files[0]", "x.txt", []byte("d")})
	var edited discord.Message
	with(w.owner, kind).Must(t, http.MethodPatch, one, body, &edited)
	if len(edited.Attachments) != 2 || edited.Attachments[0].ID != c.ID || *edited.Attachments[0].Description != "kept" ||
		edited.Attachments[1].Filename != "d.txt" {
		t.Fatalf("%+v", edited.Attachments)
	}
	for link, want := range map[string]int{
		b.URL: http.StatusNotFound, c.URL: http.StatusOK, edited.Attachments[1].URL: http.StatusOK, shown: http.StatusOK,
	} {
		if code, _ := w.content(t, link); code != want {
			t.Errorf("%s: %d, not %d", link, code, want)
		}
	}
	// A client sends back what it got.
	w.owner.Must(t, http.MethodPatch, one, map[string]any{"content": "x", "embeds": edited.Embeds}, &edited)
	if len(edited.Attachments) != 2 || edited.Embeds[0].Image.URL != shown {
		t.Errorf("%+v", edited)
	}
	w.owner.Must(t, http.MethodPatch, one, map[string]any{"attachments": []any{}}, &edited)
	if len(edited.Attachments) != 0 {
		t.Errorf("%+v", edited.Attachments)
	}
}

func TestForwardKeepsFiles(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	m := w.send(t, map[string]any{}, part{"files[0]", "a.txt", []byte("a")})
	var forward discord.Message
	w.owner.Must(t, http.MethodPost, w.messages(), map[string]any{
		"message_reference": map[string]any{"type": 1, "channel_id": w.channel, "message_id": m.ID},
	}, &forward)
	w.owner.Must(t, http.MethodDelete, fmt.Sprintf("%s/%s", w.messages(), m.ID), nil, nil)
	must(t, w.Files.Sweep(t.Context()))
	link := w.read(t, forward.ID).MessageSnapshots[0].Message.Attachments[0].URL
	if code, got := w.content(t, link); code != http.StatusOK || got != "a" {
		t.Errorf("forwarded: %d %q", code, got)
	}
	w.owner.Must(t, http.MethodDelete, fmt.Sprintf("/channels/%s", w.channel), nil, nil)
	if code, _ := w.content(t, link); code != http.StatusNotFound {
		t.Errorf("after the channel was deleted: %d", code)
	}
}

func TestFilesInAThread(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var thread discord.Channel
	w.owner.Must(t, http.MethodPost, fmt.Sprintf("/channels/%s/threads", w.channel), map[string]any{"name": "t", "type": 11}, &thread)
	body, kind := form(t, map[string]any{"content": "see"}, part{"files[0]", "a.txt", []byte("a")})
	var m discord.Message
	with(w.owner, kind).Must(t, http.MethodPost, fmt.Sprintf("/channels/%s/messages", thread.ID), body, &m)
	link := m.Attachments[0].URL
	if code, got := w.content(t, link); code != http.StatusOK || got != "a" {
		t.Errorf("%d %q", code, got)
	}
	w.owner.Must(t, http.MethodDelete, fmt.Sprintf("/channels/%s", thread.ID), nil, nil)
	if code, _ := w.content(t, link); code != http.StatusNotFound {
		t.Errorf("after the thread was deleted: %d", code)
	}
}

func TestRefusedFiles(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	try := func(payload any, parts ...part) apitest.Answer {
		body, kind := form(t, payload, parts...)
		return with(w.owner, kind).Do(t, http.MethodPost, w.messages(), body)
	}
	var many []part
	for i := range 11 {
		many = append(many, part{fmt.Sprintf("files[%d]", i), "x", nil})
	}
	small := part{"files[0]", "x.txt", []byte("x")}
	for name, c := range map[string]struct {
		got  apitest.Answer
		code int
	}{
		"eleven":           {try(nil, many...), 50035},
		"too large":        {try(nil, part{"files[0]", "x", make([]byte, 10<<20+1)}), 40005},
		"far too large":    {try(nil, part{"files[0]", "x", make([]byte, 26<<20)}), 40005},
		"no such part":     {try(map[string]any{"attachments": []any{map[string]any{"id": "3"}}}, small), 50035},
		"unknown upload":   {try(map[string]any{"attachments": []any{map[string]any{"id": "3", "uploaded_filename": "1/x"}}}), 50146},
		"long description": {try(map[string]any{"attachments": []any{map[string]any{"id": 0, "description": strings.Repeat("x", 1025)}}}, small), 50035},
		"voice with text":  {try(map[string]any{"flags": 1 << 13, "content": "x"}, small), 50159},
		"voice without":    {try(map[string]any{"flags": 1 << 13, "content": ""}, small), 50161},
		"voice no audio": {try(map[string]any{"flags": 1 << 13, "attachments": []any{
			map[string]any{"id": 0, "duration_secs": 1.5, "waveform": "AAAA"}}}, small), 50160},
	} {
		var e discord.Error
		must(t, json.Unmarshal(c.got.Body, &e))
		if e.Code != c.code {
			t.Errorf("%s: %d %s", name, c.got.Status, c.got.Body)
		}
	}
	w.owner.Must(t, http.MethodPatch, fmt.Sprintf("/channels/%s", w.channel), map[string]any{"permission_overwrites": []any{
		map[string]any{"id": w.guild, "type": 0, "deny": "32768"},
	}}, nil)
	other := w.User(t)
	w.Join(t, w.guild, other)
	body, kind := form(t, nil, small)
	with(other, kind).Fails(t, http.MethodPost, w.messages(), body, discord.ErrMissingPermissions)
}

func TestVoiceMessage(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ogg := append([]byte("OggS\x00\x02"), make([]byte, 22)...)
	ogg = append(ogg, "OpusHead\x01\x01"...)
	m := w.send(t, map[string]any{"flags": 1 << 13, "attachments": []any{
		map[string]any{"id": "0", "duration_secs": 1.5, "waveform": "AAAA"}}}, part{"files[0]", "voice.ogg", ogg})
	if a := m.Attachments[0]; m.Flags != 1<<13 || a.DurationSecs == nil || *a.DurationSecs != 1.5 || *a.Waveform != "AAAA" {
		t.Errorf("%+v", m)
	}
	w.owner.Fails(t, http.MethodPatch, fmt.Sprintf("%s/%s", w.messages(), m.ID), map[string]any{"content": "x"}, discord.ErrVoiceEdit)
}
