package oauth2_test

import (
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/snowflake"
)

func TestCodeGrant(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	user := w.User(t)
	a := w.newApp(t, w.User(t))
	got := a.grant(t, user, "identify guilds")
	if got.TokenType != "Bearer" || got.ExpiresIn != 604800 || got.RefreshToken == "" || got.Scope != "identify guilds" || got.IDToken != "" {
		t.Errorf("%+v", got)
	}
	client := w.bearer(got.AccessToken)
	var me map[string]any
	client.Must(t, http.MethodGet, "/users/@me", nil, &me)
	if me["id"] != user.ID.String() {
		t.Errorf("%v", me)
	}
	for _, hidden := range []string{"email", "verified"} {
		if _, told := me[hidden]; told {
			t.Errorf("%s is told without the scope", hidden)
		}
	}
	var authorization struct {
		Application discord.PublicApplication `json:"application"`
		Scopes      []string                  `json:"scopes"`
		Expires     string                    `json:"expires"`
		User        *discord.User             `json:"user"`
	}
	client.Must(t, http.MethodGet, "/oauth2/@me", nil, &authorization)
	if authorization.Application.ID != a.id || strings.Join(authorization.Scopes, " ") != "identify guilds" ||
		authorization.User == nil || authorization.User.ID != user.ID || authorization.Expires == "" {
		t.Errorf("%+v", authorization)
	}

	withMail := a.grant(t, user, "identify email")
	w.bearer(withMail.AccessToken).Must(t, http.MethodGet, "/users/@me", nil, &me)
	if _, told := me["email"]; !told {
		t.Error("email is not told with the scope")
	}
	w.bearer(withMail.AccessToken).Fails(t, http.MethodGet, "/users/@me/guilds", nil, discord.ErrScopeNeeded)
	client.Must(t, http.MethodGet, "/users/@me/guilds", nil, nil)
}

func TestBearersStayWithinTheirScopes(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	owner := w.User(t)
	a := w.newApp(t, owner)
	client := w.bearer(a.grant(t, owner, "identify").AccessToken)
	for _, route := range []string{
		"POST /guilds", "GET /applications", "POST /applications", "DELETE " + a.path, "POST " + a.path + "/reset", "GET /oauth2/tokens",
		"POST /oauth2/authorize", "PATCH /users/@me", "POST /auth/logout", "GET /applications/@me", "GET " + a.path,
	} {
		method, path, _ := strings.Cut(route, " ")
		if answer := client.Do(t, method, path, map[string]any{}); answer.Status != http.StatusUnauthorized && answer.Status != http.StatusMethodNotAllowed {
			t.Errorf("%s: %d %s", route, answer.Status, answer.Body)
		}
	}
	client.Fails(t, http.MethodGet, "/users/@me/guilds", nil, discord.ErrScopeNeeded)
	client.Fails(t, http.MethodGet, "/oauth2/userinfo", nil, discord.ErrScopeNeeded)
	owner.Fails(t, http.MethodGet, "/oauth2/@me", nil, discord.ErrOAuth2Token)
	w.Anyone().Fails(t, http.MethodGet, "/oauth2/@me", nil, discord.ErrUnauthorized)
	client.Authorization += "x"
	client.Fails(t, http.MethodGet, "/users/@me", nil, discord.ErrUnauthorized)
	client.Authorization = owner.Authorization
	w.bearer(client.Authorization).Fails(t, http.MethodGet, "/users/@me", nil, discord.ErrUnauthorized)
}

func TestCodesAreGoodOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	user := w.User(t)
	a := w.newApp(t, w.User(t))
	other := a.grant(t, user, "identify") // of another code: stays
	code := a.authorize(t, user, nil, nil).Get("code")
	first := a.exchange(t, code, nil)
	next := a.refresh(t, first.RefreshToken)
	if next.AccessToken == "" {
		t.Fatalf("%+v", next)
	}
	refused(t, a.exchange(t, code, nil), "invalid_grant")
	for _, token := range []string{first.AccessToken, next.AccessToken} {
		w.bearer(token).Fails(t, http.MethodGet, "/users/@me", nil, discord.ErrUnauthorized)
	}
	refused(t, a.refresh(t, next.RefreshToken), "invalid_grant")
	w.bearer(other.AccessToken).Must(t, http.MethodGet, "/users/@me", nil, nil)
}

func TestCodesAreBound(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	user, owner := w.User(t), w.User(t)
	a, b := w.newApp(t, owner), w.newApp(t, owner)
	code := a.authorize(t, user, nil, nil).Get("code")
	refused(t, b.exchange(t, code, nil), "invalid_grant") // another client's
	refused(t, a.exchange(t, code, url.Values{"redirect_uri": {"https://client.example/"}}), "invalid_grant")
	refused(t, a.exchange(t, code, url.Values{"redirect_uri": nil}), "invalid_grant")
	refused(t, a.exchange(t, code, url.Values{"code_verifier": {strings.Repeat("v", 43)}}), "invalid_grant")
	refused(t, a.exchange(t, code+"x", nil), "invalid_grant")
	refused(t, a.exchange(t, "", nil), "invalid_grant")
	if got := a.exchange(t, code, nil); got.AccessToken == "" {
		t.Errorf("a wrong attempt spent the code: %+v", got)
	}
	old := a.authorize(t, user, nil, nil).Get("code")
	w.Exec(t, `update oauth2_codes set expires_at = now() - interval '1 second'`)
	refused(t, a.exchange(t, old, nil), "invalid_grant")
}

func challenge(verifier string) string {
	sum := sha256.Sum256([]byte(verifier))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

func TestPKCE(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	user := w.User(t)
	verifier := strings.Repeat("verify-", 8)
	for name, a := range map[string]*app{"public": w.newPublicApp(t, w.User(t)), "confidential": w.newApp(t, w.User(t))} {
		for method, text := range map[string]string{"S256": challenge(verifier), "plain": verifier, "": verifier} {
			query := url.Values{"code_challenge": {text}}
			if method != "" {
				query.Set("code_challenge_method", method)
			}
			code := a.authorize(t, user, query, nil).Get("code")
			refused(t, a.exchange(t, code, nil), "invalid_grant")
			refused(t, a.exchange(t, code, url.Values{"code_verifier": {strings.Repeat("wrong--", 8)}}), "invalid_grant")
			refused(t, a.exchange(t, code, url.Values{"code_verifier": {text[:42]}}), "invalid_grant")
			if method == "S256" { // the challenge is no verifier
				refused(t, a.exchange(t, code, url.Values{"code_verifier": {text}}), "invalid_grant")
			}
			got := a.exchange(t, code, url.Values{"code_verifier": {verifier}})
			if got.AccessToken == "" {
				t.Errorf("%s, %q: %+v", name, method, got)
			}
		}
	}
}

func TestRefreshRotates(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a := w.newApp(t, w.User(t))
	first := a.grant(t, w.User(t), "identify guilds")
	second := a.refresh(t, first.RefreshToken)
	if second.RefreshToken == first.RefreshToken || second.AccessToken == first.AccessToken || second.Scope != "identify guilds" {
		t.Errorf("%+v", second)
	}
	w.bearer(second.AccessToken).Must(t, http.MethodGet, "/users/@me", nil, nil)
	narrow := a.post(t, "/oauth2/token", url.Values{
		"grant_type": {"refresh_token"}, "refresh_token": {second.RefreshToken}, "scope": {"identify"},
	})
	if narrow.Scope != "identify" {
		t.Errorf("%+v", narrow)
	}
	w.bearer(narrow.AccessToken).Fails(t, http.MethodGet, "/users/@me/guilds", nil, discord.ErrScopeNeeded)
	refused(t, a.post(t, "/oauth2/token", url.Values{
		"grant_type": {"refresh_token"}, "refresh_token": {narrow.RefreshToken}, "scope": {"identify guilds"},
	}), "invalid_scope")

	b := w.newApp(t, w.User(t))
	refused(t, b.refresh(t, narrow.RefreshToken), "invalid_grant") // another client's, which does not spend it
	refused(t, a.refresh(t, first.RefreshToken), "invalid_grant")  // for the second time: all of them end
	for _, token := range []string{first.AccessToken, second.AccessToken, narrow.AccessToken} {
		w.bearer(token).Fails(t, http.MethodGet, "/users/@me", nil, discord.ErrUnauthorized)
	}
	refused(t, a.refresh(t, narrow.RefreshToken), "invalid_grant")
}

func TestClientCredentials(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	owner := w.User(t)
	a := w.newApp(t, owner)
	got := a.post(t, "/oauth2/token", url.Values{"grant_type": {"client_credentials"}, "scope": {"identify applications.commands.update"}})
	if got.Status != http.StatusOK || got.RefreshToken != "" || got.Scope != "applications.commands.update identify" {
		t.Fatalf("%+v", got)
	}
	var me discord.User
	w.bearer(got.AccessToken).Must(t, http.MethodGet, "/users/@me", nil, &me)
	if me.ID != owner.ID {
		t.Errorf("%+v", me)
	}
	var list []any
	owner.Must(t, http.MethodGet, "/oauth2/tokens", nil, &list)
	if len(list) != 0 {
		t.Errorf("the owner has agreed to nothing: %v", list)
	}
	for _, scope := range []string{"", "bot", "identify nonsense"} {
		refused(t, a.post(t, "/oauth2/token", url.Values{"grant_type": {"client_credentials"}, "scope": {scope}}), "invalid_scope")
	}
	public := w.newPublicApp(t, owner)
	refused(t, public.post(t, "/oauth2/token", url.Values{"grant_type": {"client_credentials"}, "scope": {"identify"}}), "unauthorized_client")
}

func TestClientsAuthenticate(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	owner := w.User(t)
	a, b := w.newApp(t, owner), w.newApp(t, owner)
	form := func(more url.Values) url.Values {
		f := url.Values{"grant_type": {"client_credentials"}, "scope": {"identify"}}
		for name, values := range more {
			f[name] = values
		}
		return f
	}
	id := a.id.String()
	for name, bad := range map[string]url.Values{
		"nobody":         {},
		"no secret":      {"client_id": {id}},
		"wrong secret":   {"client_id": {id}, "client_secret": {"x"}},
		"other's secret": {"client_id": {id}, "client_secret": {b.secret}},
		"unknown":        {"client_id": {"1"}, "client_secret": {a.secret}},
		"no id":          {"client_id": {"x"}, "client_secret": {a.secret}},
	} {
		if got := postForm(t, w, "/oauth2/token", form(bad)); got.Error != "invalid_client" || got.Status != http.StatusUnauthorized {
			t.Errorf("%s: %+v", name, got)
		}
		if got := postForm(t, w, "/oauth2/token/revoke", form(bad)); got.Error != "invalid_client" {
			t.Errorf("%s: revoke: %+v", name, got)
		}
	}
	public := w.newPublicApp(t, owner)
	refused(t, postForm(t, w, "/oauth2/token", form(url.Values{"client_id": {public.id.String()}, "client_secret": {"x"}})), "invalid_client")

	basic := func(user, password string, f url.Values) tokens {
		request, _ := http.NewRequestWithContext(t.Context(), http.MethodPost, w.url+"/api/oauth2/token", strings.NewReader(f.Encode()))
		request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		request.SetBasicAuth(user, password)
		return send(t, request)
	}
	if got := basic(id, a.secret, form(nil)); got.AccessToken == "" {
		t.Errorf("basic: %+v", got)
	}
	if got := basic(id, a.secret, form(url.Values{"client_id": {id}})); got.AccessToken == "" {
		t.Errorf("basic and the same id: %+v", got)
	}
	refused(t, basic(id, b.secret, form(nil)), "invalid_client")
	refused(t, basic(id, a.secret, form(url.Values{"client_id": {b.id.String()}})), "invalid_request")
	refused(t, basic(id, a.secret, form(url.Values{"client_secret": {a.secret}})), "invalid_request")

	old := a.secret
	var reset struct {
		Secret string `json:"secret"`
	}
	owner.Must(t, http.MethodPost, a.path+"/reset", nil, &reset)
	refused(t, postForm(t, w, "/oauth2/token", form(url.Values{"client_id": {id}, "client_secret": {old}})), "invalid_client")
	w.User(t).Fails(t, http.MethodPost, a.path+"/reset", nil, discord.ErrUnknownApplication)
}

func TestTokenRequestsAreForms(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a := w.newApp(t, w.User(t))
	c := w.Anyone()
	if answer := c.Do(t, http.MethodPost, "/oauth2/token", map[string]any{"grant_type": "client_credentials"}); answer.Status != http.StatusBadRequest ||
		!strings.Contains(string(answer.Body), "invalid_request") {
		t.Errorf("JSON: %d %s", answer.Status, answer.Body)
	}
	refused(t, a.post(t, "/oauth2/token", url.Values{}), "invalid_request")
	refused(t, a.post(t, "/oauth2/token", url.Values{"grant_type": {"password"}}), "unsupported_grant_type")
	refused(t, a.post(t, "/oauth2/token", url.Values{"grant_type": {"client_credentials", "client_credentials"}, "scope": {"identify"}}), "invalid_request")
	c.Header = http.Header{"Content-Type": {"application/x-www-form-urlencoded"}}
	c.Fails(t, http.MethodPost, "/oauth2/token", []byte("a="+strings.Repeat("x", 70_000)), discord.ErrEntityTooLarge)
}

func TestRevoke(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	user := w.User(t)
	a, b := w.newApp(t, w.User(t)), w.newApp(t, w.User(t))
	for _, kind := range []string{"access", "refresh"} {
		got, sibling := a.grant(t, user, "identify"), a.grant(t, user, "guilds")
		foreign := b.grant(t, user, "identify")
		token := map[string]string{"access": got.AccessToken, "refresh": got.RefreshToken}[kind]
		// Another client learns nothing, and ends nothing.
		if answer := b.post(t, "/oauth2/token/revoke", url.Values{"token": {token}}); answer.Status != http.StatusOK {
			t.Errorf("%+v", answer)
		}
		w.bearer(got.AccessToken).Must(t, http.MethodGet, "/users/@me", nil, nil)
		for range 2 {
			answer := a.post(t, "/oauth2/token/revoke", url.Values{"token": {token}, "token_type_hint": {"nonsense"}})
			if answer.Status != http.StatusOK || answer.Error != "" {
				t.Errorf("%s: %+v", kind, answer)
			}
		}
		for _, ended := range []string{got.AccessToken, sibling.AccessToken} {
			w.bearer(ended).Fails(t, http.MethodGet, "/oauth2/@me", nil, discord.ErrUnauthorized)
		}
		refused(t, a.refresh(t, sibling.RefreshToken), "invalid_grant")
		w.bearer(foreign.AccessToken).Must(t, http.MethodGet, "/users/@me", nil, nil)
	}
	refused(t, a.post(t, "/oauth2/token/revoke", url.Values{}), "invalid_request")
}

func TestUsersWithdraw(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	user := w.User(t)
	a := w.newApp(t, w.User(t))
	got := a.grant(t, user, "identify")
	a.grant(t, user, "guilds")
	var list []struct {
		ID          snowflake.ID              `json:"id"`
		Scopes      []string                  `json:"scopes"`
		Application discord.PublicApplication `json:"application"`
	}
	user.Must(t, http.MethodGet, "/oauth2/tokens", nil, &list)
	if len(list) != 1 || list[0].Application.ID != a.id || strings.Join(list[0].Scopes, " ") != "guilds identify" {
		t.Fatalf("%+v", list)
	}
	path := "/oauth2/tokens/" + list[0].ID.String()
	w.User(t).Fails(t, http.MethodDelete, path, nil, discord.ErrUnknownToken)
	user.Must(t, http.MethodDelete, path, nil, nil)
	user.Fails(t, http.MethodDelete, path, nil, discord.ErrUnknownToken)
	w.bearer(got.AccessToken).Fails(t, http.MethodGet, "/users/@me", nil, discord.ErrUnauthorized)
	refused(t, a.refresh(t, got.RefreshToken), "invalid_grant")
}

func TestImplicitGrant(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	user := w.User(t)
	a := w.newPublicApp(t, w.User(t))
	got := a.authorize(t, user, url.Values{"response_type": {"token"}}, nil)
	if got.Get("token_type") != "Bearer" || got.Get("expires_in") != "604800" || got.Get("scope") != "identify" || got.Has("refresh_token") || got.Has("code") {
		t.Errorf("%v", got)
	}
	w.bearer(got.Get("access_token")).Must(t, http.MethodGet, "/users/@me", nil, nil)
}
