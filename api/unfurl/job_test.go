package unfurl_test

import (
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"guildhall.chat/guildhall/api/apitest"
	"guildhall.chat/guildhall/api/call"
	"guildhall.chat/guildhall/api/channels"
	"guildhall.chat/guildhall/api/direct"
	"guildhall.chat/guildhall/api/guilds"
	"guildhall.chat/guildhall/api/messages"
	"guildhall.chat/guildhall/api/roles"
	"guildhall.chat/guildhall/api/unfurl"
	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/events"
	"guildhall.chat/guildhall/internal/fetch"
	"guildhall.chat/guildhall/internal/permissions"
	"guildhall.chat/guildhall/internal/snowflake"
)

// reading is a guild whose members post links to a server, each path of which is a page with itself as the title.
type reading struct {
	*apitest.World
	owner, friend *apitest.Client
	guild         snowflake.ID
	path, web     string
	job           *unfurl.Job
}

func newReading(t *testing.T) *reading {
	r := &reading{World: apitest.New(t, func(w *apitest.World) []call.Route {
		return slices.Concat(
			guilds.New(w.Store, w.Access, w.Presences).Routes(),
			channels.New(w.Store, w.Access, w.Poster, w.Publisher).Routes(),
			roles.New(w.Access).Routes(),
			direct.New(w.Store, w.Access, w.Keys).Routes(),
			messages.New(w.Store, w.Access, w.Poster, w.Redis).Routes(),
		)
	})}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		_, _ = fmt.Fprintf(w, "<title>%s</title>", q.URL.Path[1:])
	}))
	t.Cleanup(server.Close)
	r.web = server.URL
	r.owner, r.friend = r.User(t), r.User(t)
	var g discord.Guild
	r.owner.Must(t, http.MethodPost, "/guilds", map[string]any{"name": "Reading"}, &g)
	r.guild, r.path = g.ID, "/channels/"+g.SystemChannelID.String()+"/messages"
	r.Join(t, r.guild, r.friend)
	reach := fetch.New([]netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")})
	r.job = unfurl.NewJob(r.Store, r.Access, unfurl.New(reach), slog.New(slog.NewTextHandler(t.Output(), nil)))
	return r
}

// post sends a message and returns it after its links have been looked up, and what has happened since.
func (r *reading) post(t *testing.T, as *apitest.Client, body map[string]any) (m discord.Message, evs []events.Event) {
	t.Helper()
	as.Must(t, http.MethodPost, r.path, body, &m)
	return r.looked(t, m.ID)
}

func (r *reading) looked(t *testing.T, id snowflake.ID) (m discord.Message, evs []events.Event) {
	t.Helper()
	seq := r.Seq(t, r.guild)
	if err := r.job.Step(t.Context()); err != nil {
		t.Fatal(err)
	}
	r.owner.Must(t, http.MethodGet, r.path+"/"+id.String(), nil, &m)
	return m, r.Events(t, r.guild, seq)
}

func titles(m discord.Message) string {
	var titles []string
	for _, e := range m.Embeds {
		titles = append(titles, e.Title)
	}
	return strings.Join(titles, " ")
}

func TestLinksBecomeEmbedsWithoutAnEdit(t *testing.T) {
	t.Parallel()
	r := newReading(t)
	m, evs := r.post(t, r.friend, map[string]any{
		"content": "see " + r.web + "/one and " + r.web + "/two <" + r.web + "/three> <@" + r.owner.ID.String() + ">",
		"embeds":  []any{map[string]any{"title": "own", "description": "x"}},
	})
	if titles(m) != "own one two" || m.Embeds[1].Type != "link" || m.EditedTimestamp != nil || len(m.Mentions) != 1 {
		t.Errorf("message %+v", m)
	}
	if len(evs) != 1 || evs[0].Head.Type != discord.EventMessageUpdate || !strings.Contains(string(evs[0].Data), `"title":"two"`) ||
		!slices.Contains(evs[0].Head.Mentions, r.owner.ID) {
		t.Errorf("events %+v", evs)
	}
	if _, evs := r.looked(t, m.ID); len(evs) != 0 {
		t.Errorf("looked up again: %+v", evs)
	}
}

func TestLinksThatGetNoEmbed(t *testing.T) {
	t.Parallel()
	r := newReading(t)
	link := r.web + "/page"
	for name, body := range map[string]map[string]any{
		"suppressed":   {"content": link, "flags": discord.MessageFlagSuppressEmbeds},
		"in brackets":  {"content": "<" + link + ">"},
		"in code":      {"content": "`" + link + "`"},
		"out of reach": {"content": "http://10.0.0.1/"},
	} {
		if m, evs := r.post(t, r.owner, body); len(m.Embeds) != 0 || len(evs) != 0 {
			t.Errorf("%s: %+v, %+v", name, m.Embeds, evs)
		}
	}
	role := "/guilds/" + r.guild.String() + "/roles/" + r.guild.String()
	r.owner.Must(t, http.MethodPatch, role, map[string]any{"permissions": permissions.ViewChannel | permissions.SendMessages}, nil)
	if m, evs := r.post(t, r.friend, map[string]any{"content": link}); len(m.Embeds) != 0 || len(evs) != 0 {
		t.Errorf("without permission: %+v, %+v", m.Embeds, evs)
	}
}

func TestEmbedsFollowTheContent(t *testing.T) {
	t.Parallel()
	r := newReading(t)
	m, _ := r.post(t, r.owner, map[string]any{"content": r.web + "/one"})
	edit := func(body map[string]any) string {
		t.Helper()
		r.owner.Must(t, http.MethodPatch, r.path+"/"+m.ID.String(), body, nil)
		changed, _ := r.looked(t, m.ID)
		return titles(changed)
	}
	if got := edit(map[string]any{"content": r.web + "/two"}); got != "two" {
		t.Errorf("another link: %q", got)
	}
	if got := edit(map[string]any{"flags": discord.MessageFlagSuppressEmbeds}); got != "" {
		t.Errorf("suppressed: %q", got)
	}
	if got := edit(map[string]any{"flags": 0}); got != "two" {
		t.Errorf("no longer suppressed: %q", got)
	}
	if got := edit(map[string]any{"content": "no link"}); got != "" {
		t.Errorf("no link: %q", got)
	}
}

func TestMessageThatIsGoneIsForgotten(t *testing.T) {
	t.Parallel()
	r := newReading(t)
	var m discord.Message
	r.owner.Must(t, http.MethodPost, r.path, map[string]any{"content": r.web + "/one"}, &m)
	r.owner.Must(t, http.MethodDelete, r.path+"/"+m.ID.String(), nil, nil)
	if err := r.job.Step(t.Context()); err != nil {
		t.Fatal(err)
	}
	var waiting int
	if err := r.Query(t, `select count(*) from unfurls`).Scan(&waiting); err != nil || waiting != 0 {
		t.Errorf("%d wait, %v", waiting, err)
	}
}

func TestDirectMessagesAndWithoutUnfurler(t *testing.T) {
	t.Parallel()
	r := newReading(t)
	var dm discord.Channel
	r.owner.Must(t, http.MethodPost, "/users/@me/channels", map[string]any{"recipient_id": r.friend.ID}, &dm)
	r.path = "/channels/" + dm.ID.String() + "/messages"
	seq := r.Seq(t, r.friend.ID)
	if m, _ := r.post(t, r.owner, map[string]any{"content": r.web + "/one"}); titles(m) != "one" {
		t.Errorf("message %+v", m)
	}
	evs := r.Events(t, r.friend.ID, seq)
	if last := evs[len(evs)-1]; last.Head.Type != discord.EventMessageUpdate {
		t.Errorf("last event %s", last.Head.Type)
	}
	r.job = unfurl.NewJob(r.Store, r.Access, nil, slog.New(slog.DiscardHandler))
	if m, _ := r.post(t, r.owner, map[string]any{"content": r.web + "/two"}); titles(m) != "" {
		t.Errorf("message %+v", m)
	}
}
