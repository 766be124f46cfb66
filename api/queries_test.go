package main

import (
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"guildhall.chat/guildhall/api/apitest"
	"guildhall.chat/guildhall/api/call"
	"guildhall.chat/guildhall/api/mail"
	"guildhall.chat/guildhall/api/rest"
	"guildhall.chat/guildhall/api/search"
	"guildhall.chat/guildhall/internal/blob"
	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/fetch"
)

type object = map[string]any

// town is a guild in which there are as many of everything as it has grown to.
type town struct {
	*apitest.World
	t                          *testing.T
	owner, bot                 *apitest.Client
	guild, text                string // paths
	first, poll, event, thread string // ids of what others take part in
	role, victim, template     string
	members, messages          []string
	size, asked                int
}

func newTown(t *testing.T) *town {
	t.Helper()
	logger := slog.New(slog.NewTextHandler(t.Output(), nil))
	transport, err := mail.NewDirectory(t.TempDir(), "guildhall@localhost")
	if err != nil {
		t.Fatal(err)
	}
	w := apitest.New(t, func(w *apitest.World) []call.Route {
		cfg := rest.Config{Logger: logger, Authenticator: w.Authenticator, Limiter: w.Limiter, Access: w.Access, Redis: w.Redis}
		back := &backends{store: w.Store, redis: w.Redis, publisher: w.Publisher, fetch: fetch.New(nil), files: blob.Nowhere{}}
		serve := &serveCommand{PublicURL: "http://127.0.0.1", GatewayURL: "ws://127.0.0.1", Shards: 1}
		serve.addRoutes(&cfg, back, w.Keys, mail.NewQueue(transport, logger))
		return cfg.Routes
	})
	h := &town{World: w, t: t, owner: w.User(t)}
	h.bot = w.Bot(t, h.owner, 1<<15|1<<19) // it may list members and read messages
	var g discord.Guild
	h.owner.Must(t, http.MethodPost, "/guilds", object{"name": "Town"}, &g)
	h.guild, h.text = "/guilds/"+g.ID.String(), "/channels/"+g.SystemChannelID.String()
	h.Join(t, g.ID, h.bot)
	h.role = h.make(h.owner, h.guild+"/roles", object{"name": "citizen", "permissions": "8"})
	h.owner.Must(t, http.MethodPut, h.guild+"/members/"+h.bot.ID.String()+"/roles/"+h.role, nil, nil)
	h.victim = w.User(t).ID.String()
	h.poll = h.make(h.owner, h.text+"/messages", object{"poll": object{
		"question": object{"text": "Tea?"}, "answers": []object{{"poll_media": object{"text": "yes"}}, {"poll_media": object{"text": "no"}}},
	}})
	h.event = h.make(h.owner, h.guild+"/scheduled-events", h.picnic("first"))
	h.thread = h.make(h.owner, h.text+"/threads", object{"name": "first", "type": 11})
	h.make(h.owner, "/channels/"+h.thread+"/messages", object{"content": "in it"})
	var model struct{ Code string }
	h.owner.Must(t, http.MethodPost, h.guild+"/templates", object{"name": "model"}, &model)
	h.template = model.Code
	return h
}

// make returns the id of what a request makes.
func (h *town) make(as *apitest.Client, path string, body any) string {
	h.t.Helper()
	var made struct{ ID string }
	as.Must(h.t, http.MethodPost, path, body, &made)
	return made.ID
}

func (h *town) picnic(name string) object {
	at := time.Now().Add(24 * time.Hour).UTC().Truncate(time.Second)
	return object{
		"name": name, "privacy_level": 2, "entity_type": 3, "entity_metadata": object{"location": "the park"},
		"scheduled_start_time": at, "scheduled_end_time": at.Add(time.Hour),
	}
}

// grow makes one more of everything, until there are so many.
func (h *town) grow(size int) {
	h.t.Helper()
	for ; h.size < size; h.size++ {
		h.extend(fmt.Sprintf("no-%d", h.size))
	}
	if err := search.Index(h.t.Context(), h.Store); err != nil {
		h.t.Fatal(err)
	}
}

func (h *town) extend(name string) {
	t, own, guild := h.t, h.owner, h.guild
	member, banned, stranger := h.User(t), h.User(t), h.User(t)
	var g discord.Guild
	own.Must(t, http.MethodGet, guild, nil, &g)
	h.Join(t, g.ID, member, banned)
	h.members = append(h.members, member.ID.String())
	own.Must(t, http.MethodPut, guild+"/bans/"+banned.ID.String(), object{}, nil)

	role := h.make(own, guild+"/roles", object{"name": name, "mentionable": true})
	own.Must(t, http.MethodPut, guild+"/members/"+member.ID.String()+"/roles/"+role, nil, nil)
	h.make(own, guild+"/channels", object{"name": name, "permission_overwrites": []object{{"id": role, "type": 0, "allow": "1024"}}})

	said := object{"content": fmt.Sprintf("hello <@%s> and <@&%s>", own.ID, role), "embeds": []object{{"title": name}}}
	if h.first != "" {
		said["message_reference"] = object{"message_id": h.first}
	}
	id := h.make(member, h.text+"/messages", said)
	if h.first == "" {
		h.first = id
	}
	h.messages = append(h.messages, id)
	for _, reacted := range []string{id, h.first} {
		member.Must(t, http.MethodPut, h.text+"/messages/"+reacted+"/reactions/%F0%9F%8D%B5/@me", nil, nil)
	}
	own.Must(t, http.MethodPut, h.text+"/messages/pins/"+id, nil, nil)
	member.Must(t, http.MethodPut, h.text+"/polls/"+h.poll+"/answers/@me", object{"answer_ids": []int{1}}, nil)

	for _, archived := range []bool{false, true} {
		for _, kind := range []int{11, 12} {
			thread := h.make(own, h.text+"/threads", object{"name": name, "type": kind})
			own.Must(t, http.MethodPost, "/channels/"+thread+"/messages", object{"content": "in it"}, nil)
			own.Must(t, http.MethodPatch, "/channels/"+thread, object{"archived": archived}, nil)
		}
	}
	member.Must(t, http.MethodPut, "/channels/"+h.thread+"/thread-members/@me", nil, nil)
	own.Must(t, http.MethodPost, h.text+"/invites", object{"unique": true}, nil)
	// Some have a bound of ten or fewer.
	if h.size < 8 {
		h.make(own, h.text+"/webhooks", object{"name": name})
	}
	if h.size < 5 {
		h.make(own, guild+"/auto-moderation/rules", object{
			"name": name, "event_type": 1, "trigger_type": 1, "trigger_metadata": object{"keyword_filter": []string{"damn" + name}},
			"actions": []object{{"type": 1}}, "enabled": true,
		})
	}
	h.make(own, guild+"/scheduled-events", h.picnic(name))
	member.Must(t, http.MethodPut, guild+"/scheduled-events/"+h.event+"/users/@me", nil, nil)
	h.make(h.bot, h.commands(), object{"name": name, "description": "does it"})
	h.make(own, "/users/@me/channels", object{"recipient_id": member.ID})
	own.Must(t, http.MethodPut, "/users/@me/relationships/"+stranger.ID.String(), object{}, nil)
	h.call(member)
}

func (h *town) commands() string {
	return "/applications/" + h.bot.ApplicationID.String() + h.guild + "/commands"
}

// call has somebody mention the owner in a guild of their own, and in a thread of that.
func (h *town) call(by *apitest.Client) {
	h.t.Helper()
	var g discord.Guild
	by.Must(h.t, http.MethodPost, "/guilds", object{"name": "Village"}, &g)
	h.Join(h.t, g.ID, h.owner)
	text, me := "/channels/"+g.SystemChannelID.String(), object{"content": "hello <@" + h.owner.ID.String() + ">"}
	h.make(by, text+"/messages", me)
	thread := h.make(by, text+"/threads", object{"name": "t", "type": 11})
	h.make(by, "/channels/"+thread+"/messages", me)
}

// request is one that is asked at every size.
type request struct {
	as     *apitest.Client
	method string
	path   string
	body   func(n int) any // n is another each time; nil: none
}

// What a request may ask of Postgres, begin and commit included. A change reads the guild once more, under its lock.
const (
	mostOfRead  = 8
	mostOfWrite = 24
)

func (r request) most() int {
	if r.method == http.MethodGet {
		return mostOfRead
	}
	return mostOfWrite
}

func (h *town) requests() []request {
	own, bot, get := h.owner, h.bot, http.MethodGet
	var list []request
	for _, path := range []string{
		h.guild, h.guild + "?with_counts=true", h.guild + "/preview", h.guild + "/channels", h.guild + "/roles",
		h.guild + "/roles/member-counts", h.guild + "/roles/" + h.role, h.guild + "/members/" + h.members[0],
		h.guild + "/members/search?query=user&limit=1000", h.guild + "/bans", h.guild + "/bans/search?query=user",
		h.guild + "/prune?days=7", h.guild + "/invites", h.guild + "/webhooks", h.guild + "/integrations",
		h.guild + "/audit-logs?limit=100", h.guild + "/auto-moderation/rules", h.guild + "/scheduled-events?with_user_count=true",
		h.guild + "/scheduled-events/" + h.event, h.guild + "/scheduled-events/" + h.event + "/users?with_member=true",
		h.guild + "/threads/active", h.guild + "/templates", h.guild + "/onboarding",
		h.guild + "/messages/search?content=hello", h.guild + "/application-command-index",
		h.text, h.text + "/messages", h.text + "/messages?limit=100", h.text + "/messages/" + h.first,
		h.text + "/messages/pins", h.text + "/pins", h.text + "/invites", h.text + "/webhooks",
		h.text + "/messages/" + h.first + "/reactions/%F0%9F%8D%B5?limit=100", h.text + "/polls/" + h.poll + "/answers/1",
		h.text + "/threads/archived/public", h.text + "/threads/archived/private", h.text + "/threads/search?archived=false",
		h.text + "/users/@me/threads/archived/private", h.text + "/messages/search?content=hello",
		"/channels/" + h.thread, "/channels/" + h.thread + "/messages", "/channels/" + h.thread + "/thread-members?with_member=true",
		"/guilds/templates/" + h.template,
		"/users/@me", "/users/@me/channels", "/users/@me/guilds", "/users/@me/guilds?with_counts=true", "/users/@me/relationships",
		"/users/@me/mentions", "/users/" + h.members[0] + "/profile?with_mutual_guilds=true&with_mutual_friends=true",
		"/applications", "/users/@me/application-command-index",
	} {
		list = append(list, request{own, get, path, nil})
	}
	for _, path := range []string{h.guild + "/members?limit=1000", h.commands(), "/users/@me/guilds"} {
		list = append(list, request{bot, get, path, nil})
	}
	named := func(field string) func(int) any {
		return func(n int) any { return object{field: fmt.Sprint("to", n)} }
	}
	nothing := func(int) any { return object{} }
	reply := func(n int) any {
		return object{"content": fmt.Sprintf("hello <@%s> %d", own.ID, n), "message_reference": object{"message_id": h.first}}
	}
	return append(list,
		request{bot, http.MethodPost, h.text + "/messages", reply},
		request{own, http.MethodPost, "/channels/" + h.thread + "/messages", named("content")},
		request{own, http.MethodPatch, h.text, named("topic")},
		request{own, http.MethodPatch, h.guild, named("description")},
		request{own, http.MethodPatch, h.guild + "/roles/" + h.role, named("name")},
		request{own, http.MethodPost, h.guild + "/roles", named("name")},
		request{own, http.MethodPost, h.guild + "/channels", named("name")},
		request{own, http.MethodPatch, h.guild + "/members/" + h.members[0], named("nick")},
		request{own, http.MethodPut, h.guild + "/bans/" + h.victim, nothing},
		request{own, http.MethodPost, h.text + "/invites", func(int) any { return object{"unique": true} }},
		request{own, http.MethodPut, h.text + "/messages/" + h.first + "/reactions/%F0%9F%8D%B0/@me", nil},
		request{own, http.MethodPost, h.text + "/messages/" + h.first + "/ack", nothing},
		request{own, http.MethodPut, h.guild + "/templates/" + h.template, nil},
		request{own, http.MethodPost, h.text + "/typing", nil},
	)
}

// ask returns the statements of a request that is made for the second time, when what may be held in memory is.
func (h *town) ask(r request) (asked []string) {
	h.t.Helper()
	for range 2 {
		var body any
		if r.body != nil {
			h.asked++
			body = r.body(h.asked)
		}
		asked = h.Statements(func() {
			if answer := r.as.Do(h.t, r.method, r.path, body); answer.Status/100 != 2 {
				h.t.Errorf("%s %s: %d %s", r.method, r.path, answer.Status, answer.Body)
			}
		})
	}
	return asked
}

// What a request asks of Postgres does not depend on how much there is.
func TestStatementsDoNotGrowWithRows(t *testing.T) {
	t.Parallel()
	const few, many = 2, 20 // of two messages the second can answer the first
	h := newTown(t)
	h.grow(few)
	before := map[string][]string{}
	for _, r := range h.requests() {
		before[r.method+r.path] = h.ask(r)
	}
	h.grow(many)
	for _, r := range h.requests() {
		then, now := before[r.method+r.path], h.ask(r)
		if len(now) > len(then) {
			t.Errorf("%s %s: %d statements with %d rows, %d with %d:\n%s", r.method, r.path, len(then), few, len(now), many, listed(now))
		}
		if len(now) > r.most() {
			t.Errorf("%s %s: %d statements:\n%s", r.method, r.path, len(now), listed(now))
		}
	}
}

// listed shows each statement once, with how often it was made.
func listed(statements []string) string {
	slices.Sort(statements)
	var out strings.Builder
	for len(statements) > 0 {
		n := 1
		for n < len(statements) && statements[n] == statements[0] {
			n++
		}
		_, _ = fmt.Fprintf(&out, "%4d x %.150s\n", n, strings.Join(strings.Fields(statements[0]), " "))
		statements = statements[n:]
	}
	return out.String()
}
