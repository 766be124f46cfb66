package oauth2_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"

	"guildhall.chat/guildhall/api/accounts"
	"guildhall.chat/guildhall/api/apitest"
	"guildhall.chat/guildhall/api/applications"
	"guildhall.chat/guildhall/api/call"
	"guildhall.chat/guildhall/api/guilds"
	"guildhall.chat/guildhall/api/oauth2"
	"guildhall.chat/guildhall/api/users"
	"guildhall.chat/guildhall/internal/auth"
	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/permissions"
	"guildhall.chat/guildhall/internal/snowflake"
)

// world is a platform at a real address.
type world struct {
	*apitest.World
	url       string
	passwords *auth.Passwords
}

func newWorld(t *testing.T) *world {
	t.Helper()
	var handler http.Handler
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { handler.ServeHTTP(w, r) }))
	t.Cleanup(server.Close)
	w := &world{url: server.URL, passwords: auth.NewPasswords(1)}
	w.World = apitest.New(t, func(w *apitest.World) []call.Route {
		door := accounts.New(accounts.Config{
			Store: w.Store, Authenticator: w.Authenticator, Keys: w.Keys, Passwords: auth.NewPasswords(1), Limiter: w.Limiter,
			PublicURL: server.URL,
		})
		h := oauth2.New(oauth2.Config{
			Store: w.Store, Access: w.Access, Authenticator: w.Authenticator, Keys: w.Keys, Door: door, PublicURL: server.URL + "/",
		})
		w.Public = h.Pages()
		return slices.Concat(
			h.Routes(), door.Routes(),
			applications.New(w.Store, w.Authenticator).Routes(),
			guilds.New(w.Store, w.Access, w.Presences).Routes(),
			users.New(w.Store, w.Presences).Routes(),
		)
	})
	handler = w.Handler()
	return w
}

func newGuild(t *testing.T, owner *apitest.Client) discord.Guild {
	t.Helper()
	var g discord.Guild
	owner.Must(t, http.MethodPost, "/guilds", map[string]any{"name": "Hall"}, &g)
	return g
}

const callback = "https://client.example/callback?kept=1"

// app is an application and what it can do at the token endpoint.
type app struct {
	*world
	id     snowflake.ID
	path   string
	secret string
}

// newApp makes an application with a redirect URI and a client secret.
func (w *world) newApp(t *testing.T, owner *apitest.Client) *app {
	t.Helper()
	a := w.newPublicApp(t, owner)
	var reset struct {
		Secret string `json:"secret"`
	}
	owner.Must(t, http.MethodPost, a.path+"/reset", nil, &reset)
	a.secret = reset.Secret
	return a
}

// newPublicApp makes an application that has no secret.
func (w *world) newPublicApp(t *testing.T, owner *apitest.Client) *app {
	t.Helper()
	var made discord.Application
	owner.Must(t, http.MethodPost, "/applications", map[string]any{"name": "Client", "redirect_uris": []string{callback}}, &made)
	return &app{world: w, id: made.ID, path: "/applications/" + made.ID.String()}
}

// newBot makes an application with a bot and returns a client with the bot's token.
func newBot(t *testing.T, w *world, owner *apitest.Client) (bot *apitest.Client, app discord.Application, path string) {
	t.Helper()
	owner.Must(t, http.MethodPost, "/applications", map[string]any{"name": "Helper", "redirect_uris": []string{callback}}, &app)
	path = "/applications/" + app.ID.String()
	var made struct {
		ID    snowflake.ID `json:"id"`
		Token string       `json:"token"`
	}
	owner.Must(t, http.MethodPost, path+"/bot", map[string]any{}, &made)
	bot = w.Anyone()
	bot.ID, bot.Authorization = made.ID, "Bot "+made.Token
	return bot, app, path
}

// authorize has the user agree to a link of the application and returns what the redirect URI gets.
func (a *app) authorize(t *testing.T, user *apitest.Client, query url.Values, body map[string]any) url.Values {
	t.Helper()
	q := url.Values{
		"client_id": {a.id.String()}, "scope": {"identify"}, "response_type": {"code"}, "redirect_uri": {callback}, "state": {"s&t=a"},
	}
	for name, values := range query {
		q[name] = values
	}
	all := map[string]any{"authorize": true}
	for key, value := range body {
		all[key] = value
	}
	var answer struct {
		Location string `json:"location"`
	}
	user.Must(t, http.MethodPost, "/oauth2/authorize?"+q.Encode(), all, &answer)
	base, rest, _ := strings.Cut(answer.Location, "?kept=1")
	if base+"?kept=1" != callback {
		t.Fatalf("location %q", answer.Location)
	}
	got, err := url.ParseQuery(strings.TrimLeft(rest, "&#"))
	if err != nil || got.Get("state") != q.Get("state") {
		t.Fatalf("location %q, %v", answer.Location, err)
	}
	return got
}

// tokens is what the token endpoint says.
type tokens struct {
	Status       int              `json:"-"`
	AccessToken  string           `json:"access_token"`
	TokenType    string           `json:"token_type"`
	ExpiresIn    int              `json:"expires_in"`
	RefreshToken string           `json:"refresh_token"`
	Scope        string           `json:"scope"`
	IDToken      string           `json:"id_token"`
	Guild        *discord.Guild   `json:"guild"`
	Webhook      *discord.Webhook `json:"webhook"`
	Error        string           `json:"error"`
	Description  string           `json:"error_description"`
}

// post sends a form as the application, with its secret in the form.
func (a *app) post(t *testing.T, path string, form url.Values) tokens {
	t.Helper()
	form.Set("client_id", a.id.String())
	if a.secret != "" {
		form.Set("client_secret", a.secret)
	}
	return postForm(t, a.world, path, form)
}

func postForm(t *testing.T, w *world, path string, form url.Values) tokens {
	t.Helper()
	c := w.Anyone()
	c.Header = http.Header{"Content-Type": {"application/x-www-form-urlencoded"}}
	answer := c.Do(t, http.MethodPost, path, []byte(form.Encode()))
	got := tokens{Status: answer.Status}
	if err := json.Unmarshal(answer.Body, &got); err != nil {
		t.Fatalf("%s: %d %s: %v", path, answer.Status, answer.Body, err)
	}
	return got
}

func send(t *testing.T, request *http.Request) tokens {
	t.Helper()
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	got := tokens{Status: response.StatusCode}
	if err := json.NewDecoder(response.Body).Decode(&got); err != nil {
		t.Fatal(err)
	}
	return got
}

// exchange spends a code.
func (a *app) exchange(t *testing.T, code string, more url.Values) tokens {
	t.Helper()
	form := url.Values{"grant_type": {"authorization_code"}, "code": {code}, "redirect_uri": {callback}}
	for name, values := range more {
		form[name] = values
	}
	return a.post(t, "/oauth2/token", form)
}

// grant has the user agree to the scopes and returns the tokens.
func (a *app) grant(t *testing.T, user *apitest.Client, scopes string) tokens {
	t.Helper()
	got := a.exchange(t, a.authorize(t, user, url.Values{"scope": {scopes}}, nil).Get("code"), nil)
	if got.Status != http.StatusOK || got.AccessToken == "" {
		t.Fatalf("%+v", got)
	}
	return got
}

func (a *app) refresh(t *testing.T, token string) tokens {
	t.Helper()
	return a.post(t, "/oauth2/token", url.Values{"grant_type": {"refresh_token"}, "refresh_token": {token}})
}

// bearer is a client with an access token.
func (w *world) bearer(token string) *apitest.Client {
	c := w.Anyone()
	c.Authorization = "Bearer " + token
	return c
}

// refused checks the error of the token endpoint.
func refused(t *testing.T, got tokens, code string) {
	t.Helper()
	want := http.StatusBadRequest
	if code == "invalid_client" {
		want = http.StatusUnauthorized
	}
	if got.Error != code || got.Status != want || got.AccessToken != "" {
		t.Errorf("%+v, expected %s", got, code)
	}
}

// giveRole gives a member a role with the permissions.
func giveRole(t *testing.T, w *world, guild snowflake.ID, member *apitest.Client, set permissions.Set) {
	t.Helper()
	role := w.Store.NewID()
	w.Exec(t, `insert into roles (id, guild_id, name, permissions, position) values ($1, $2, 'granted', $3, 1)`, role, guild, set)
	w.Exec(t, `update members set roles = array[$1::bigint] where guild_id = $2 and user_id = $3`, role, guild, member.ID)
}
