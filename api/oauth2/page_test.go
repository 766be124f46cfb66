package oauth2_test

import (
	"html"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"guildhall.chat/guildhall/api/apitest"
	"guildhall.chat/guildhall/internal/permissions"
)

const password = "correct horse battery staple"

// browser follows no redirect, so that tests see where each leads.
type browser struct {
	*http.Client
	w *world
}

func (w *world) newBrowser(t *testing.T) *browser {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return &browser{w: w, Client: &http.Client{
		Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

type page struct {
	status int
	header http.Header
	body   string
}

func (b *browser) do(t *testing.T, request *http.Request) page {
	t.Helper()
	response, err := b.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return page{response.StatusCode, response.Header, string(body)}
}

func (b *browser) get(t *testing.T, path string) page {
	t.Helper()
	request, _ := http.NewRequestWithContext(t.Context(), http.MethodGet, b.w.url+path, http.NoBody)
	return b.do(t, request)
}

// send sends a form as browsers do; from is what they say in Sec-Fetch-Site.
func (b *browser) send(t *testing.T, path, from string, form url.Values) page {
	t.Helper()
	request, _ := http.NewRequestWithContext(t.Context(), http.MethodPost, b.w.url+path, strings.NewReader(form.Encode()))
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	request.Header.Set("Sec-Fetch-Site", from)
	return b.do(t, request)
}

var hidden = regexp.MustCompile(`<form method="post" action="([^"]*)">\s*<input type="hidden" name="([a-z]+)" value="([^"]*)">`)

// form is the first form of the page with its hidden field.
func (p page) form(t *testing.T) (action string, values url.Values) {
	t.Helper()
	found := hidden.FindStringSubmatch(p.body)
	if found == nil {
		t.Fatalf("no form: %d %s", p.status, p.body)
	}
	return html.UnescapeString(found[1]), url.Values{found[2]: {html.UnescapeString(found[3])}}
}

// giveCredentials lets a user log in by password.
func (w *world) giveCredentials(t *testing.T, user *apitest.Client) string {
	t.Helper()
	hash, err := w.passwords.Hash(t.Context(), password)
	if err != nil {
		t.Fatal(err)
	}
	email := "u" + user.ID.String() + "@example.com"
	w.Exec(t, `update users set email = $2, password_hash = $3 where id = $1`, user.ID, email, hash)
	return email
}

// logIn goes to the link and through the login form.
func (b *browser) logIn(t *testing.T, link, email string) page {
	t.Helper()
	action, form := b.get(t, link).form(t)
	form.Set("login", email)
	form.Set("password", password)
	answer := b.send(t, action, "same-origin", form)
	if answer.status != http.StatusSeeOther || !strings.HasPrefix(answer.header.Get("Location"), "/oauth2/authorize?") {
		t.Fatalf("%d %s %s", answer.status, answer.header.Get("Location"), answer.body)
	}
	return b.get(t, answer.header.Get("Location"))
}

func (a *app) page(query string) string {
	return "/oauth2/authorize?response_type=code&state=st%26ate&client_id=" + a.id.String() +
		"&redirect_uri=" + url.QueryEscape(callback) + "&" + query
}

func TestPage(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	user := w.User(t)
	email := w.giveCredentials(t, user)
	a := w.newApp(t, w.User(t))
	w.Exec(t, `update applications set name = '<script>alert(1)</script>' where id = $1`, a.id)
	b := w.newBrowser(t)
	shown := b.logIn(t, a.page("scope=identify+guilds"), email)
	if shown.status != http.StatusOK || strings.Contains(shown.body, "<script") || !strings.Contains(shown.body, "client.example") {
		t.Fatalf("%d %s", shown.status, shown.body)
	}
	policy := shown.header.Get("Content-Security-Policy")
	for _, part := range []string{"default-src 'none'", "frame-ancestors 'none'", "form-action 'self' https://client.example;", "base-uri 'none'"} {
		if !strings.Contains(policy, part) {
			t.Errorf("policy %q without %q", policy, part)
		}
	}
	if strings.Contains(policy, "unsafe") || shown.header.Get("X-Frame-Options") != "DENY" || shown.header.Get("Cache-Control") != "no-store" {
		t.Errorf("%v", shown.header)
	}
	action, form := shown.form(t)

	// Not from another site, nor with a proof that is not this form's.
	form.Set("decision", "authorize")
	if got := b.send(t, action, "cross-site", form); got.status != http.StatusForbidden || got.header.Get("Location") != "" {
		t.Errorf("from another site: %d", got.status)
	}
	if got := b.send(t, action+"&scope2=x", "same-origin", form); got.status != http.StatusForbidden {
		t.Errorf("another form's proof: %d", got.status)
	}
	if got := b.send(t, action, "same-origin", url.Values{"decision": {"authorize"}}); got.status != http.StatusForbidden {
		t.Errorf("without proof: %d", got.status)
	}
	if got := w.newBrowser(t).send(t, action, "same-origin", form); got.status != http.StatusUnauthorized {
		t.Errorf("in another browser: %d", got.status)
	}

	back := b.send(t, action, "same-origin", form)
	location, err := url.Parse(back.header.Get("Location"))
	if back.status != http.StatusSeeOther || err != nil || location.Host != "client.example" || location.Query().Get("state") != "st&ate" ||
		location.Query().Get("kept") != "1" {
		t.Fatalf("%d %s", back.status, back.header.Get("Location"))
	}
	got := a.exchange(t, location.Query().Get("code"), nil)
	if got.Scope != "identify guilds" {
		t.Errorf("%+v", got)
	}

	// Agreed to before: not asked again, if the client does not want that; but for what is new.
	if again := b.get(t, a.page("scope=identify&prompt=none")); again.status != http.StatusSeeOther || !strings.Contains(again.header.Get("Location"), "code=") {
		t.Errorf("%d %s", again.status, again.header.Get("Location"))
	}
	if more := b.get(t, a.page("scope=identify+email&prompt=none")); more.status != http.StatusOK {
		t.Errorf("%d %s", more.status, more.header.Get("Location"))
	}
	if more := b.get(t, a.page("scope=openid&prompt=none")); !strings.Contains(more.header.Get("Location"), "error=interaction_required") {
		t.Errorf("%d %s", more.status, more.header.Get("Location"))
	}
	if nobody := w.newBrowser(t).get(t, a.page("scope=openid&prompt=none")); !strings.Contains(nobody.header.Get("Location"), "error=login_required") {
		t.Errorf("%d %s", nobody.status, nobody.header.Get("Location"))
	}
	if asked := b.get(t, a.page("scope=identify")); asked.status != http.StatusOK {
		t.Errorf("%d", asked.status)
	}

	form.Set("decision", "cancel")
	if denied := b.send(t, action, "same-origin", form); !strings.Contains(denied.header.Get("Location"), "error=access_denied") {
		t.Errorf("%d %s", denied.status, denied.header.Get("Location"))
	}
}

func TestPageLogin(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	user := w.User(t)
	email := w.giveCredentials(t, user)
	a := w.newApp(t, w.User(t))
	b := w.newBrowser(t)
	action, form := b.get(t, a.page("scope=identify")).form(t)
	form.Set("login", email)
	form.Set("password", "wrong")
	if got := b.send(t, action, "same-origin", form); got.status != http.StatusBadRequest || !strings.Contains(got.body, "is wrong") {
		t.Errorf("%d %s", got.status, got.body)
	}
	form.Set("password", password)
	if got := b.send(t, action, "cross-site", form); got.status != http.StatusForbidden || len(got.header.Values("Set-Cookie")) != 0 {
		t.Errorf("from another site: %d", got.status)
	}
	entered := b.send(t, action, "same-origin", form)
	cookie := entered.header.Get("Set-Cookie")
	if !strings.Contains(cookie, "HttpOnly") || !strings.Contains(cookie, "SameSite=Lax") {
		t.Errorf("cookie %q", cookie)
	}
	shown := b.get(t, entered.header.Get("Location"))
	// The last form of the page logs out.
	last := shown.body[strings.LastIndex(shown.body, "<form"):]
	fields := regexp.MustCompile(`name="([a-z]+)" value="([^"]*)"`).FindAllStringSubmatch(last, -1)
	leave := url.Values{}
	for _, field := range fields {
		leave.Set(field[1], html.UnescapeString(field[2]))
	}
	if got := b.send(t, "/oauth2/logout", "same-origin", leave); got.status != http.StatusSeeOther {
		t.Fatalf("%d %s", got.status, got.body)
	}
	if after := b.get(t, a.page("scope=identify")); !strings.Contains(after.body, `name="password"`) {
		t.Errorf("still logged in: %s", after.body)
	}
	var open int
	if err := w.Query(t, `select count(*) from auth_sessions where user_id = $1 and revoked_at is null`, user.ID).Scan(&open); err != nil || open != 1 {
		t.Errorf("%d logins, %v", open, err) // that of the test's own client
	}
	// An OAuth2 token is no login.
	request, _ := http.NewRequestWithContext(t.Context(), http.MethodGet, w.url+a.page("scope=identify"), http.NoBody)
	request.AddCookie(&http.Cookie{Name: "guildhall", Value: a.grant(t, user, "identify").AccessToken})
	if got := w.newBrowser(t).do(t, request); !strings.Contains(got.body, `name="password"`) {
		t.Error("an OAuth2 token logs in")
	}
}

func TestPageNeverLeadsElsewhere(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a := w.newApp(t, w.User(t))
	b := w.newBrowser(t)
	for _, uri := range []string{
		"https://evil.example/", callback + "/..", callback + "#x", "https://client.example@evil.example/callback?kept=1",
		"https://client.example/callback?kept=1&next=x", "javascript:alert(1)", strings.ToUpper(callback), callback + "%00",
	} {
		got := b.get(t, "/oauth2/authorize?response_type=code&scope=identify&client_id="+a.id.String()+"&redirect_uri="+url.QueryEscape(uri))
		if got.status != http.StatusBadRequest || got.header.Get("Location") != "" {
			t.Errorf("%s: %d %s", uri, got.status, got.header.Get("Location"))
		}
	}
	for _, query := range []string{"", "client_id=1", "client_id=x", "%zz", "client_id=" + a.id.String() + "&client_id=1", strings.Repeat("a", 20_000)} {
		if got := b.get(t, "/oauth2/authorize?"+query); got.status != http.StatusBadRequest || !strings.Contains(got.header.Get("Content-Type"), "text/html") {
			t.Errorf("%.30s: %d", query, got.status)
		}
	}
	// What else is wrong with it, the client is told.
	got := b.get(t, a.page("scope=nonsense"))
	location, _ := url.Parse(got.header.Get("Location"))
	if got.status != http.StatusSeeOther || location.Host != "client.example" || location.Query().Get("error") != "invalid_scope" ||
		location.Query().Get("state") != "st&ate" {
		t.Errorf("%d %s", got.status, location)
	}
}

func TestPageAddsBots(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	owner := w.User(t)
	email := w.giveCredentials(t, owner)
	bot, made, _ := newBot(t, w, owner)
	g := newGuild(t, owner)
	elsewhere := newGuild(t, w.User(t))
	w.Join(t, elsewhere.ID, owner)
	b := w.newBrowser(t)
	set := permissions.KickMembers | permissions.BanMembers
	shown := b.logIn(t, strings.TrimPrefix(link(made, set), ""), email)
	if !strings.Contains(shown.body, "Kick members") || !strings.Contains(shown.body, g.ID.String()) || strings.Contains(shown.body, elsewhere.ID.String()) {
		t.Fatalf("%s", shown.body)
	}
	action, form := shown.form(t)
	form.Set("decision", "authorize")
	if got := b.send(t, action, "same-origin", form); got.status != http.StatusBadRequest || !strings.Contains(got.body, "choose a guild") {
		t.Errorf("%d %s", got.status, got.body)
	}
	form.Set("guild_id", g.ID.String())
	form["permission"] = []string{permissions.KickMembers.String(), permissions.Administrator.String()} // the second was not asked for
	done := b.send(t, action, "same-origin", form)
	if done.status != http.StatusSeeOther || !strings.HasPrefix(done.header.Get("Location"), w.url+"/oauth2/authorized?") {
		t.Fatalf("%d %s", done.status, done.body)
	}
	if last := b.get(t, strings.TrimPrefix(done.header.Get("Location"), w.url)); last.status != http.StatusOK || !strings.Contains(last.body, "Authorized") {
		t.Errorf("%d %s", last.status, last.body)
	}
	member, err := w.Store.Member(t.Context(), g.ID, bot.ID)
	if err != nil || len(member.Roles) != 1 {
		t.Fatalf("%+v, %v", member, err)
	}
	var got permissions.Set
	if err := w.Query(t, `select permissions from roles where id = $1`, member.Roles[0]).Scan(&got); err != nil || got != permissions.KickMembers {
		t.Errorf("%v, %v", got, err)
	}
}

func TestAPILinkLeadsToThePage(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	request, _ := http.NewRequestWithContext(t.Context(), http.MethodGet, w.url+"/api/oauth2/authorize?client_id=1&scope=bot", http.NoBody)
	request.Header.Set("Accept", "text/html,*/*")
	got := w.newBrowser(t).do(t, request)
	if got.status != http.StatusFound || got.header.Get("Location") != w.url+"/oauth2/authorize?client_id=1&scope=bot" {
		t.Errorf("%d %s", got.status, got.header.Get("Location"))
	}
}
