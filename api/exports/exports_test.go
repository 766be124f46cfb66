package exports

import (
	"archive/zip"
	"bytes"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	"guildhall.chat/guildhall/api/apitest"
	"guildhall.chat/guildhall/api/call"
	"guildhall.chat/guildhall/api/files"
	"guildhall.chat/guildhall/api/guilds"
	"guildhall.chat/guildhall/api/mail"
	"guildhall.chat/guildhall/api/messages"
	"guildhall.chat/guildhall/api/search"
	"guildhall.chat/guildhall/internal/blob"
	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/snowflake"
	"guildhall.chat/guildhall/internal/store"
)

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// world has what makes archives and tells of them.
type world struct {
	*apitest.World
	job    *Job
	teller *Teller
	mails  mailbox
	blobs  blob.Store
}

// mailbox keeps mails; a full one takes none.
type mailbox struct {
	full bool
	got  []mail.Message
}

func (m *mailbox) Send(message mail.Message) error {
	if m.full {
		return mail.ErrFull
	}
	m.got = append(m.got, message)
	return nil
}

func newWorld(t *testing.T) *world {
	t.Helper()
	blobs, err := blob.NewDirectory(t.TempDir())
	must(t, err)
	t.Cleanup(func() { _ = blobs.Close() })
	w := &world{blobs: blobs}
	var links *files.Links
	w.World = apitest.New(t, func(w *apitest.World) []call.Route {
		links = files.NewLinks("http://guildhall.test", w.Keys)
		w.Public = New(w.Store, blobs, links).Routes()
		return slices.Concat(guilds.New(w.Store, w.Access, w.Presences).Routes(),
			messages.New(w.Store, w.Access, w.Poster, w.Redis).Routes(), files.NewHandlers(w.Files, w.Access, nil).Routes())
	})
	w.job = NewJob(w.Store, blobs, slog.New(slog.DiscardHandler))
	w.teller = NewTeller(w.Store, links, &w.mails, slog.New(slog.DiscardHandler))
	return w
}

const own = prefix + "/users/@me/exports"

func (w *world) do(t *testing.T, as *apitest.Client, method, path string) (int, []byte) {
	t.Helper()
	answer := w.Fetch(t, method, path, http.Header{"Authorization": {as.Authorization}}, nil)
	body, err := io.ReadAll(answer.Body)
	must(t, err)
	return answer.StatusCode, body
}

// step runs the job when the index has everything.
func (w *world) step(t *testing.T) {
	t.Helper()
	must(t, search.Index(t.Context(), w.Store))
	must(t, w.job.Step(t.Context()))
}

// lists reads an archive.
func lists(t *testing.T, archive []byte) map[string][]map[string]any {
	t.Helper()
	opened, err := zip.NewReader(bytes.NewReader(archive), int64(len(archive)))
	must(t, err)
	all := map[string][]map[string]any{}
	for _, f := range opened.File {
		file, err := f.Open()
		must(t, err)
		content, err := io.ReadAll(file)
		must(t, err)
		var list []map[string]any
		if err := json.Unmarshal(content, &list); err != nil {
			t.Fatalf("%s: %v\n%s", f.Name, err, content)
		}
		all[strings.TrimSuffix(f.Name, ".json")] = list
	}
	return all
}

func TestExport(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ada, bob := w.User(t), w.User(t)
	const secret = "never-to-be-seen"
	w.Exec(t, `update users set email = 'ada@example.com', password_hash = $2, totp_sealed = $3 where id = $1`, ada.ID, secret, []byte(secret))
	w.Exec(t, `insert into backup_codes (user_id, number, sealed) values ($1, 1, $2)`, ada.ID, []byte(secret))
	w.Exec(t, `insert into user_notes (user_id, about_id, note) values ($1, $2, 'tall'), ($2, $1, 'small')`, ada.ID, bob.ID)
	app := w.Bot(t, ada, 0)
	w.Exec(t, `update applications set name = 'Helper' where id = $1`, app.ApplicationID)
	var hall discord.Guild
	ada.Must(t, http.MethodPost, "/guilds", map[string]any{"name": "Hall"}, &hall)
	w.Join(t, hall.ID, bob)
	channel := hall.SystemChannelID
	post := func(as *apitest.Client, text string) {
		as.Must(t, http.MethodPost, "/channels/"+channel.String()+"/messages", map[string]any{"content": text}, nil)
	}
	post(ada, "what I said")
	post(bob, "what others said")
	for range 3 {
		post(ada, "and more")
	}

	if status, body := w.do(t, ada, http.MethodPost, own); status != http.StatusAccepted {
		t.Fatalf("%d %s", status, body)
	}
	if status, _ := w.do(t, ada, http.MethodPost, own); status != http.StatusTooManyRequests {
		t.Errorf("asked twice: %d", status)
	}
	if status, _ := w.do(t, app, http.MethodPost, own); status != http.StatusForbidden {
		t.Errorf("a bot asks: %d", status)
	}
	must(t, w.job.Step(t.Context())) // the index is not there yet: nothing may be missing
	must(t, w.teller.Step(t.Context()))
	if len(w.mails.got) != 0 {
		t.Fatal("told before it was ready")
	}
	w.step(t)
	w.mails.full = true
	if err := w.teller.Step(t.Context()); err == nil {
		t.Error("a mail that was not sent")
	}
	w.mails.full = false
	for range 2 {
		must(t, w.teller.Step(t.Context()))
	}
	if len(w.mails.got) != 1 || w.mails.got[0].To != "ada@example.com" {
		t.Fatalf("%v", w.mails.got)
	}
	link := regexp.MustCompile(`http://guildhall\.test(\S+)`).FindStringSubmatch(w.mails.got[0].Text)[1]
	answer := w.Fetch(t, http.MethodGet, link, nil, nil)
	content, err := io.ReadAll(answer.Body)
	must(t, err)
	if answer.StatusCode != http.StatusOK || answer.Header.Get("Content-Type") != "application/zip" {
		t.Fatalf("%d %v", answer.StatusCode, answer.Header)
	}
	got := lists(t, content)
	whole, err := json.Marshal(got)
	must(t, err)
	for _, hidden := range []string{secret, "password", "token", "totp", "sealed", "hash", "what others said", "small"} {
		if strings.Contains(string(whole), hidden) {
			t.Errorf("it has %q:\n%s", hidden, whole)
		}
	}
	if account := got["account"]; len(account) != 1 || account[0]["email"] != "ada@example.com" || account[0]["id"] != ada.ID.String() {
		t.Errorf("%v", account)
	}
	if said := got["messages"]; len(said) != 4 || said[0]["content"] != "what I said" || said[0]["channel_id"] != channel.String() {
		t.Errorf("%v", said)
	}
	for name, want := range map[string]string{"guilds": `"name":"Hall"`, "notes": `"note":"tall"`, "applications": `"name":"Helper"`, "logins": `"id"`} {
		if text, _ := json.Marshal(got[name]); !strings.Contains(string(text), want) {
			t.Errorf("%s: %s", name, text)
		}
	}

	// The link is all that lets one at it, and it ends.
	parsed, err := url.Parse(link)
	must(t, err)
	for _, bad := range []string{parsed.Path, strings.Replace(link, "ex=", "ex=f", 1), strings.Replace(link, ".zip?", ".zap?", 1)} {
		if answer := w.Fetch(t, http.MethodGet, bad, nil, nil); answer.StatusCode != http.StatusNotFound {
			t.Errorf("%s: %d", bad, answer.StatusCode)
		}
	}
	var told []Told
	_, body := w.do(t, ada, http.MethodGet, own)
	must(t, json.Unmarshal(body, &told))
	if len(told) != 1 || told[0].State != store.ExportReady || told[0].URL == nil || told[0].Size != int64(len(content)) {
		t.Errorf("%s", body)
	}
	if _, body := w.do(t, bob, http.MethodGet, own); string(body) != "[]" {
		t.Errorf("others see %s", body)
	}
	w.Exec(t, `update data_exports set expires_at = now()`)
	if answer := w.Fetch(t, http.MethodGet, link, nil, nil); answer.StatusCode != http.StatusNotFound {
		t.Errorf("after its time: %d", answer.StatusCode)
	}
	w.step(t)
	if _, err := w.blobs.Open(t.Context(), key(told[0].ID)); err == nil {
		t.Error("the archive is still there")
	}
	if status, _ := w.do(t, ada, http.MethodPost, own); status != http.StatusAccepted {
		t.Errorf("again, later: %d", status)
	}
}

func TestExportOfADeletedAccountGoes(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ada := w.User(t)
	var ids []snowflake.ID
	for range 2 {
		made, err := w.Store.AskExport(t.Context(), ada.ID, nil, 0)
		must(t, err)
		ids = append(ids, made.ID)
		if len(ids) == 1 {
			w.step(t)
		}
	}
	must(t, w.Store.Change(t.Context(), func(tx *store.Tx) error {
		_, err := tx.DeleteAccount(t.Context(), ada.ID)
		return err
	}))
	w.step(t)
	left, err := w.Store.Exports(t.Context(), ada.ID, 10)
	must(t, err)
	if len(left) != 0 {
		t.Errorf("%v", left)
	}
	if _, err := w.blobs.Open(t.Context(), key(ids[0])); err == nil {
		t.Error("the archive is still there")
	}
	if _, err := w.Store.AskExport(t.Context(), ada.ID, nil, 0); err == nil {
		t.Error("a deleted account asks")
	}
}

// nowhere fails to keep archives.
type nowhere struct{ blob.Nowhere }

func TestFailingExportEnds(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ada := w.User(t)
	_, err := w.Store.AskExport(t.Context(), ada.ID, nil, every)
	must(t, err)
	must(t, search.Index(t.Context(), w.Store))
	job := NewJob(w.Store, nowhere{}, slog.New(slog.DiscardHandler))
	for range attempts {
		if err := job.Step(t.Context()); err == nil {
			t.Error("kept nowhere")
		}
		must(t, job.Step(t.Context())) // not due
		w.Exec(t, `update data_exports set due = now() - interval '1 second'`)
	}
	must(t, job.Step(t.Context()))
	kept, err := w.Store.Exports(t.Context(), ada.ID, 10)
	must(t, err)
	if len(kept) != 1 || kept[0].State != "failed" || kept[0].ExpiresAt == nil {
		t.Fatalf("%+v", kept)
	}
	if _, err := w.Store.AskExport(t.Context(), ada.ID, nil, every); err != nil {
		t.Errorf("asked again: %v", err)
	}
}
