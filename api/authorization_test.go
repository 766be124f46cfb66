package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"guildhall.chat/guildhall/api/apitest"
	"guildhall.chat/guildhall/api/call"
	"guildhall.chat/guildhall/api/mail"
	"guildhall.chat/guildhall/api/rest"
	"guildhall.chat/guildhall/internal/blob"
	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/fetch"
	"guildhall.chat/guildhall/internal/snowflake"
)

// TestAuthorization calls every route that is served as everybody who may not, and expects the documented refusal, and that
// no row of any table, so no event either, has changed by it. What kind of caller a route takes is in its declaration;
// whom a route with parameters refuses is in the table refusals: a new one without a row there fails.
func TestAuthorization(t *testing.T) {
	w := newWorld(t)
	before := w.rows(t)
	seen := map[string]bool{}
	for _, route := range w.routes {
		name := route.Method + " " + route.Path
		seen[name] = true
		t.Run(name, func(t *testing.T) {
			row, known := refusals[name]
			if !known && strings.Contains(route.Path, ":") && !strings.HasPrefix(route.Path, "/users/@me/") {
				t.Error("the table says of nobody whom this route refuses")
			}
			for _, c := range w.cells(route, row) {
				got := c.as.Do(t, route.Method, w.path(route)+row.query, c.body)
				var failure struct{ Code int }
				_ = json.Unmarshal(got.Body, &failure)
				if is := fmt.Sprint(got.Status, " ", failure.Code); is != c.want {
					t.Errorf("%s: %s, expected %s: %.300s", c.who, is, c.want, got.Body)
				}
			}
			after := w.rows(t)
			for table, sum := range after {
				if before[table] != sum {
					t.Errorf("refused requests changed %s", table)
				}
			}
			before = after
		})
	}
	for name := range refusals {
		if !seen[name] {
			t.Errorf("%s is in the table and not served", name)
		}
	}
}

// cell is a caller that a route must refuse, and how.
type cell struct {
	who  string
	as   *apitest.Client
	body any
	want string // status and code
}

func (w *world) cells(route call.Route, row refusal) []cell {
	var body any
	if route.Method != http.MethodGet {
		body = []byte(w.values.in(cmp.Or(row.body, "{}")))
	}
	var cells []cell
	add := func(who string, as *apitest.Client, want string) {
		if want != "" {
			cells = append(cells, cell{who, as, body, want})
		}
	}
	if route.Access != call.Anyone {
		add("nobody", w.Anyone(), "401 0")
		add("an expired token", w.expired, "401 0")
	}
	switch {
	case route.Access == call.Anyone:
	case route.Scope == "":
		add("an application for a user", w.delegated, "401 0")
	case route.Scope != call.AnyScope:
		add("an application without the scope", w.delegated, "403 50026")
	}
	switch route.Access {
	case call.UsersOnly:
		add("a bot", w.bot, "403 20001")
	case call.BotsOnly:
		add("a user", w.owner, "403 20002")
	case call.OAuth2:
		add("a user", w.owner, "401 50025")
		add("a bot", w.bot, "401 50025")
	}
	stranger, member, lower := w.stranger, w.member, w.lower
	if route.Access == call.BotsOnly {
		stranger, member, lower = w.strangeBot, w.memberBot, nil
	}
	add("somebody from another guild", stranger, row.stranger)
	add("a member without the permission", member, row.member)
	add("a moderator of a lower role", lower, row.lower)
	add("a bot without the intent", w.bot, row.intent)
	return cells
}

// world is a guild with a channel, what is in them, and everybody who may not do something there.
type world struct {
	*apitest.World
	routes []call.Route
	values values

	owner, stranger, member, lower, expired, delegated *apitest.Client
	bot                                                *apitest.Client // in the guild, with all permissions but no intent
	strangeBot, memberBot                              *apitest.Client
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{}
	w.World = apitest.New(t, func(a *apitest.World) []call.Route {
		files, err := blob.NewDirectory(t.TempDir())
		if err != nil {
			t.Fatal(err)
		}
		const url = "http://127.0.0.1:8080"
		cfg := rest.Config{Logger: a.Logger, Redis: a.Redis, Limiter: a.Limiter, Authenticator: a.Authenticator, Access: a.Access}
		back := &backends{store: a.Store, redis: a.Redis, publisher: a.Publisher, fetch: fetch.New(nil), files: files}
		(&serveCommand{PublicURL: url, GatewayURL: "ws://127.0.0.1:8080", Shards: 1}).addRoutes(&cfg, back, a.Keys, mail.NewQueue(nil, cfg.Logger))
		w.routes = cfg.Routes
		return cfg.Routes
	})
	w.people(t)
	w.things(t)
	return w
}

// people are the guild and who is in it.
func (w *world) people(t *testing.T) {
	w.owner, w.stranger, w.member, w.lower = w.User(t), w.User(t), w.User(t), w.User(t)
	superior := w.User(t)
	var guild discord.Guild
	w.owner.Must(t, http.MethodPost, "/guilds", object{"name": "Hall"}, &guild)
	w.stranger.Must(t, http.MethodPost, "/guilds", object{"name": "Elsewhere"}, nil)
	w.bot, w.strangeBot, w.memberBot = w.Bot(t, w.owner, 0), w.Bot(t, w.stranger, int64(discord.AppFlagGuildMembers)), w.Bot(t, w.stranger, int64(discord.AppFlagGuildMembers))
	w.Join(t, guild.ID, w.member, w.lower, superior, w.bot, w.memberBot)

	path := "/guilds/" + guild.ID.String()
	w.owner.Must(t, http.MethodPatch, path+"/roles/"+guild.ID.String(), object{"permissions": "1024"}, nil) // no more than to see
	role := func(name string) (r discord.Role) {
		w.owner.Must(t, http.MethodPost, path+"/roles", object{"name": name, "permissions": "8"}, &r)
		return r
	}
	low, high := role("low"), role("high")
	w.owner.Must(t, http.MethodPatch, path+"/roles", []object{{"id": low.ID, "position": 1}, {"id": high.ID, "position": 2}}, nil)
	for _, given := range []struct {
		to   *apitest.Client
		role snowflake.ID
	}{{w.lower, low.ID}, {w.bot, low.ID}, {superior, high.ID}} {
		w.owner.Must(t, http.MethodPut, path+"/members/"+given.to.ID.String()+"/roles/"+given.role.String(), nil, nil)
	}
	w.values = values{
		"guild_id": guild.ID.String(), "user_id": superior.ID.String(), "typed_user_id": superior.ID.String(),
		"role_id": high.ID.String(), "overwrite_id": high.ID.String(),
	}
	synctest.Test(t, func(t *testing.T) { // whose clock starts in the year 2000
		token, err := w.Keys.IssueAccess(w.owner.ID, 1, 1)
		if err != nil {
			t.Fatal(err)
		}
		w.expired = w.Anyone()
		w.expired.Authorization = token
	})
	w.delegated = w.delegate(t, w.owner)
}

// delegate lets an application act for a user, with a scope that no route asks for.
func (w *world) delegate(t *testing.T, user *apitest.Client) *apitest.Client {
	t.Helper()
	const uri = "https://client.example/callback"
	var app discord.Application
	user.Must(t, http.MethodPost, "/applications", object{"name": "Client", "redirect_uris": []string{uri}}, &app)
	var reset struct{ Secret string }
	user.Must(t, http.MethodPost, "/applications/"+app.ID.String()+"/reset", nil, &reset)
	var answer struct{ Location string }
	user.Must(t, http.MethodPost, "/oauth2/authorize?response_type=code&scope=guilds.join&redirect_uri="+uri+"&client_id="+app.ID.String(),
		object{"authorize": true}, &answer)
	_, code, _ := strings.Cut(answer.Location, "code=")
	client := w.Anyone()
	client.Header = http.Header{"Content-Type": {"application/x-www-form-urlencoded"}}
	var token struct {
		AccessToken string `json:"access_token"`
	}
	client.Must(t, http.MethodPost, "/oauth2/token", []byte("grant_type=authorization_code&code="+code+"&redirect_uri="+uri+
		"&client_id="+app.ID.String()+"&client_secret="+reset.Secret), &token)
	delegated := w.Anyone()
	delegated.Authorization = "Bearer " + token.AccessToken
	return delegated
}

// values are those of path parameters, and a few of another kind under the same name in some paths.
type values map[string]string

// in fills a text that names parameters, as "…:guild_id…".
func (v values) in(text string) string {
	return parameter.ReplaceAllStringFunc(text, func(name string) string { return cmp.Or(v[name[1:]], name) })
}

var parameter = regexp.MustCompile(`:[a-z_]+`)

// things are what a request can be about, one of each kind.
func (w *world) things(t *testing.T) {
	guild := "/guilds/" + w.values["guild_id"]
	create := func(method, path string, body any) (made struct{ ID, Code, Name, Token string }) {
		t.Helper()
		w.owner.Must(t, method, path, body, &made)
		return made
	}
	w.values["channel_id"] = create(http.MethodPost, guild+"/channels", object{"name": "room"}).ID
	channel := "/channels/" + w.values["channel_id"]
	w.values["message_id"] = create(http.MethodPost, channel+"/messages", object{"content": "words"}).ID
	w.values["poll"] = create(http.MethodPost, channel+"/messages", object{"poll": object{
		"question": object{"text": "Tea?"}, "answers": []object{{"poll_media": object{"text": "yes"}}, {"poll_media": object{"text": "no"}}},
	}}).ID
	w.values["answer_id"] = "1"
	w.values["emoji"] = "%F0%9F%91%8D"
	w.owner.Must(t, http.MethodPut, channel+"/messages/"+w.values["message_id"]+"/reactions/"+w.values["emoji"]+"/@me", nil, nil)
	w.values["thread"] = create(http.MethodPost, channel+"/threads", object{"name": "talk", "type": 12}).ID
	w.values["news"] = create(http.MethodPost, guild+"/channels", object{"name": "news", "type": 5}).ID
	w.values["code"] = create(http.MethodPost, channel+"/invites", object{}).Code
	w.values["template"] = create(http.MethodPost, guild+"/templates", object{"name": "Model"}).Code
	w.values["webhook_id"] = create(http.MethodPost, channel+"/webhooks", object{"name": "hook"}).ID
	w.values["webhook_token"], w.values["interaction_token"] = "wrong", "wrong"
	w.values["rule_id"] = create(http.MethodPost, guild+"/auto-moderation/rules", object{
		"name": "rule", "event_type": 1, "trigger_type": 1, "trigger_metadata": object{"keyword_filter": []string{"cabbage"}}, "actions": []object{{"type": 1}},
	}).ID
	start := time.Now().Add(time.Hour).Truncate(time.Second).UTC()
	w.values["event_id"] = create(http.MethodPost, guild+"/scheduled-events", object{
		"name": "Picnic", "privacy_level": 2, "entity_type": 3, "entity_metadata": object{"location": "park"},
		"scheduled_start_time": start, "scheduled_end_time": start.Add(time.Hour),
		"recurrence_rule": object{"start": start, "frequency": 3, "interval": 1},
	}).ID
	var exception struct {
		ID string `json:"event_exception_id"`
	}
	w.owner.Must(t, http.MethodPost, guild+"/scheduled-events/"+w.values["event_id"]+"/exceptions", object{
		"original_scheduled_start_time": start.AddDate(0, 0, 1), "is_canceled": true,
	}, &exception)
	w.values["exception_id"] = exception.ID
	app := create(http.MethodPost, "/applications", object{"name": "Tool"}).ID
	w.values["application_id"] = app
	for _, name := range []string{"command_id", "integration_id", "request_id", "interaction_id", "authorization_id", "entity_id", "sticker_id", "pack_id", "emoji_id"} {
		w.values[name] = app // of nothing of that kind
	}
	w.values["ack_type"], w.values["type"] = "0", "1"
}

// path fills the parameters of a route.
func (w *world) path(route call.Route) string {
	parts := strings.Split(route.Path, "/")
	for i, part := range parts {
		name, is := strings.CutPrefix(part, ":")
		if !is {
			continue
		}
		switch {
		case name == "code" && strings.Contains(route.Path, "/templates/"):
			name = "template"
		case name == "message_id" && strings.Contains(route.Path, "/polls/"):
			name = "poll"
		case name == "channel_id" && strings.Contains(route.Path, "/thread-members"):
			name = "thread"
		case name == "channel_id" && strings.HasSuffix(route.Path, "/followers"):
			name = "news"
		}
		parts[i] = w.values[name]
	}
	return strings.Join(parts, "/")
}

// rows is a sum of what each table holds. Nothing but requests changes any: no worker runs.
func (w *world) rows(t *testing.T) map[string]string {
	t.Helper()
	var sums map[string]string
	if err := w.Query(t, `select jsonb_object_agg(relname, md5(query_to_xml('select x::text from ' || quote_ident(relname) || ' x order by 1', nulls => true, tableforest => true, targetns => '')::text))
		from pg_class where relkind = 'r' and relnamespace = 'public'::regnamespace and relname <> 'auth_sessions'`).Scan(&sums); err != nil {
		t.Fatal(err)
	}
	return sums
}
