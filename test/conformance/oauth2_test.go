package conformance_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"guildhall.chat/guildhall/test/clients/rest"
)

const (
	metadata   = "/applications/{application_id}/role-connections/metadata"
	connection = "/users/@me/applications/{application_id}/role-connection"
	clientURI  = "https://client.example/callback"
)

// allowed gives the bot's application an access token of the user by the code grant, which Discord's description doesn't
// have.
func (s *suite) allowed(t *testing.T, user *rest.User, scopes string) *rest.Client {
	t.Helper()
	ctx, id := t.Context(), s.bot.ApplicationID
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	var reset struct {
		Secret string `json:"secret"`
	}
	must(s.owner.Do(ctx, http.MethodPatch, "/applications/"+id, object{"redirect_uris": []string{clientURI}}, nil))
	must(s.owner.Do(ctx, http.MethodPost, "/applications/"+id+"/reset", nil, &reset))
	var answer struct {
		Location string `json:"location"`
	}
	query := url.Values{"client_id": {id}, "scope": {scopes}, "response_type": {"code"}, "redirect_uri": {clientURI}}
	must(user.Do(ctx, http.MethodPost, "/oauth2/authorize?"+query.Encode(), object{"authorize": true}, &answer))
	location, err := url.Parse(answer.Location)
	must(err)
	form := url.Values{
		"grant_type": {"authorization_code"}, "code": {location.Query().Get("code")}, "redirect_uri": {clientURI},
		"client_id": {id}, "client_secret": {reset.Secret},
	}
	header := http.Header{"Content-Type": {"application/x-www-form-urlencoded"}}
	got, err := s.nobody.Raw(ctx, http.MethodPost, "/api/oauth2/token", header, []byte(form.Encode()))
	must(err)
	var token struct {
		AccessToken string `json:"access_token"`
		Scope       string `json:"scope"`
	}
	must(json.Unmarshal(got.Body, &token))
	if got.Status != http.StatusOK || token.Scope != scopes || got.Header.Get("Content-Type") != "application/json" {
		t.Fatalf("token: %d %s", got.Status, got.Body)
	}
	return &rest.Client{Base: s.nobody.Base, Authorization: "Bearer " + token.AccessToken}
}

func (s *suite) oauth2(t *testing.T) {
	s.ok(t, s.nobody, "GET /oauth2/keys", nil)
	all := s.allowed(t, s.guest, "identify email guilds guilds.members.read connections openid role_connections.write")
	for _, operation := range []string{"GET /users/@me", "GET /users/@me/guilds", "GET /users/@me/connections", "GET /oauth2/@me", "GET /oauth2/userinfo"} {
		s.ok(t, all, operation, nil)
	}
	s.ok(t, all, "GET /users/@me/guilds/{guild_id}/member", nil, s.guild)

	id := s.bot.ApplicationID
	s.ok(t, s.bot.Client, "PUT "+metadata, []object{{"type": 2, "key": "wins", "name": "Wins", "description": "Games won", "name_localizations": object{"de": "Siege"}}}, id)
	s.ok(t, s.bot.Client, "GET "+metadata, nil, id).some()
	s.ok(t, all, "PUT "+connection, object{"platform_name": "Game", "platform_username": "guest", "metadata": object{"wins": "7"}}, id)
	if wins := s.ok(t, all, "GET "+connection, nil, id).text("metadata", "wins"); wins != "7" {
		t.Errorf("wins: %s", wins)
	}
	s.ok(t, all, "DELETE "+connection, nil, id)

	newcomer, err := rest.Register(t.Context(), s.nobody.Base, "newcomer")
	if err != nil {
		t.Fatal(err)
	}
	join := s.allowed(t, newcomer, "guilds.join")
	body := object{"access_token": strings.TrimPrefix(join.Authorization, "Bearer "), "nick": "Brought in"}
	const member = "PUT /guilds/{guild_id}/members/{user_id}"
	s.ok(t, s.bot.Client, member, body, s.guild, newcomer.ID)
	s.ok(t, s.bot.Client, member, body, s.guild, newcomer.ID) // a member already

	s.fails(t, join, "GET /users/@me", nil, http.StatusForbidden, 50026)
	s.fails(t, join, "GET /guilds/{guild_id}", nil, http.StatusUnauthorized, 0, s.guild)
	s.fails(t, s.owner.Client, "GET /oauth2/@me", nil, http.StatusUnauthorized, 50025)
	s.fails(t, s.bot.Client, member, object{"access_token": "x"}, http.StatusUnauthorized, 50025, s.guild, s.other.ID)
	s.fails(t, all, "GET "+connection, nil, http.StatusForbidden, 20012, s.guild)
	s.fails(t, all, "PUT "+connection, object{"metadata": object{"losses": "1"}}, http.StatusBadRequest, 50035, id)
	s.fails(t, s.other.Client, "GET "+metadata, nil, http.StatusNotFound, 10002, id)
	s.fails(t, s.guest.Client, "GET /users/@me/guilds/{guild_id}/member", nil, http.StatusNotFound, 10004, s.bot.ID)
}
