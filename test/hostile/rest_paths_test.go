package hostile_test

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"guildhall.chat/guildhall/test/clients/rest"
)

// paths are requests for what isn't there, or is said in a way that a server might misread.
func (s *scene) paths(t *testing.T) {
	get := func(name, target string, want expected) request {
		return request{name: name, as: s.owner.Client, method: http.MethodGet, target: target, want: want}
	}
	notFound := expected{{404, 0}}
	gone := expected{{404, 0}, {400, 50035}, {404, 10003}}
	s.run(t, []request{
		get("an unknown route", "/nope", notFound),
		get("the root of the API", "/api/v10", notFound),
		get("a dead version", "/api/v5/gateway", expected{{400, 50041}}),
		get("a version to come", "/api/v11/gateway", expected{{400, 50041}}),
		get("a version of letters", "/api/vX/gateway", expected{{400, 50041}, {404, 0}}),
		get("version 9", "/api/v9/gateway", okay),
		get("no version", "/api/gateway", okay),
		get("a double slash, as discordgo sends", "/api/v9//voice/regions", okay),
		get("many slashes", "/api/v10///gateway", okay),
		get("dots upwards", "/api/v10/channels/../gateway", expected{{200, 0}, {404, 0}, {400, 50035}}),
		get("encoded dots upwards", "/api/v10/channels/%2e%2e/gateway", gone),
		get("out of the API", "/api/v10/../../etc/passwd", expected{{404, 0}, {400, 50035}, {400, 0}}),
		get("an encoded slash", "/channels/"+s.channel+"%2Fmessages", gone),
		get("a backslash", "/channels%5c"+s.channel, gone),
		get("a semicolon", "/channels/"+s.channel+";/messages", gone),
		get("a NUL", "/channels/"+s.channel+"%00", gone),
		get("capitals", "/CHANNELS/"+s.channel, notFound),
		get("8000 letters", "/"+strings.Repeat("a", 8000), notFound),
		get("a query that is broken", "/channels/"+s.channel+"/messages?limit=%zz", expected{{200, 0}, {400, 50035}}),
		get("a query twice", "/channels/"+s.channel+"/messages?limit=1&limit=2", expected{{200, 0}, {400, 50035}}),
		get("a query of 5000 keys", "/channels/"+s.channel+"/messages?"+strings.Repeat("a=b&", 5000), expected{{200, 0}, {400, 50035}}),
		{name: "a method that the route hasn't", as: s.owner.Client, method: http.MethodPut, target: "/gateway", want: expected{{405, 0}}},
		{name: "a method that nobody knows", as: s.owner.Client, method: "BREW", target: "/gateway", want: expected{{405, 0}, {404, 0}}},
		{name: "a reason of 10000 letters", as: s.owner.Client, method: http.MethodPatch, target: "/channels/" + s.other, body: `{"topic":"x"}`,
			header: http.Header{"X-Audit-Log-Reason": {strings.Repeat("x", 10_000)}}, want: expected{{200, 0}, {400, 50035}}},
		{name: "a reason that is broken", as: s.owner.Client, method: http.MethodPatch, target: "/channels/" + s.other, body: `{"topic":"y"}`,
			header: http.Header{"X-Audit-Log-Reason": {"%zz%ff%00"}}, want: expected{{200, 0}, {400, 50035}}},
		{name: "the gateway's internal door", as: s.owner.Client, method: http.MethodGet, target: "/api/../internal/session", want: expected{{404, 0}, {400, 0}}},
	})

	// The front door sends WebSockets to the router and /api to the api; everything else is nobody's.
	for _, target := range []string{"/", "/internal/session", "/metrics", "/debug/pprof/", "/healthz"} {
		t.Run("outside of the API: "+target, func(t *testing.T) {
			got, err := s.owner.Raw(t.Context(), http.MethodGet, target, nil, nil)
			if err != nil {
				t.Fatal(err)
			}
			if got.Status < 400 || got.Status >= 500 {
				t.Errorf("GET %s: status %d, expected 4xx: %.200q", target, got.Status, got.Body)
			}
		})
	}
}

// routes are those of the API; %s in them is an id.
var routes = []string{
	"POST /auth/register", "POST /auth/login", "POST /auth/refresh",
	"GET /users/@me", "PATCH /users/@me", "GET /users/%s", "GET /users/@me/guilds", "DELETE /users/@me/guilds/%s",
	"GET /users/@me/channels", "POST /users/@me/channels", "GET /users/@me/relationships", "PUT /users/@me/relationships/%s",
	"DELETE /users/@me/relationships/%s", "POST /users/@me/relationships", "GET /users/%s/profile",
	"POST /guilds", "GET /guilds/%s", "PATCH /guilds/%s", "DELETE /guilds/%s", "GET /guilds/%s/channels", "POST /guilds/%s/channels",
	"PATCH /guilds/%s/channels", "GET /guilds/%s/invites", "GET /guilds/%s/members", "GET /guilds/%s/members/search",
	"GET /guilds/%s/members/%s", "PATCH /guilds/%s/members/%s", "PATCH /guilds/%s/members/@me", "DELETE /guilds/%s/members/%s",
	"PUT /guilds/%s/members/%s/roles/%s", "DELETE /guilds/%s/members/%s/roles/%s", "GET /guilds/%s/roles", "POST /guilds/%s/roles",
	"PATCH /guilds/%s/roles", "GET /guilds/%s/roles/%s", "PATCH /guilds/%s/roles/%s", "DELETE /guilds/%s/roles/%s",
	"GET /guilds/%s/bans", "PUT /guilds/%s/bans/%s", "DELETE /guilds/%s/bans/%s",
	"GET /channels/%s", "PATCH /channels/%s", "DELETE /channels/%s", "GET /channels/%s/messages", "POST /channels/%s/messages",
	"GET /channels/%s/messages/%s", "PATCH /channels/%s/messages/%s", "DELETE /channels/%s/messages/%s",
	"POST /channels/%s/messages/bulk-delete", "POST /channels/%s/messages/%s/ack", "POST /channels/%s/typing",
	"GET /channels/%s/invites", "POST /channels/%s/invites", "PUT /channels/%s/permissions/%s", "DELETE /channels/%s/permissions/%s",
	"GET /channels/%s/pins", "PUT /channels/%s/pins/%s", "DELETE /channels/%s/pins/%s",
	"PUT /channels/%s/messages/%s/reactions/x/@me", "DELETE /channels/%s/messages/%s/reactions/x/@me",
	"DELETE /channels/%s/messages/%s/reactions", "GET /channels/%s/messages/%s/reactions/x",
	"GET /invites/%s", "POST /invites/%s", "DELETE /invites/%s",
	"GET /applications", "POST /applications", "GET /applications/%s", "PATCH /applications/%s", "DELETE /applications/%s",
	"POST /applications/%s/bot", "POST /applications/%s/bot/reset", "GET /oauth2/authorize", "POST /oauth2/authorize",
	"GET /gateway", "GET /gateway/bot", "GET /voice/regions",
}

// everyRoute puts ids that are none, and bodies of every wrong type, into every route: whatever the answer is, it is no
// failure of the server, has Discord's form and gives nothing away.
func (s *scene) everyRoute(t *testing.T) {
	ids := []string{"abc", "-1", "0", "1", "9223372036854775807", "18446744073709551616", "%00", "%FF", "@me", strings.Repeat("9", 300)}
	bodies := []string{
		``, `{`, `null`, `[]`, `[null]`, `[{}]`, `"x"`, `0`, `{}`,
		`{"name":null,"content":null,"id":null,"recipients":null,"permission_overwrites":null,"roles":null}`,
		`{"name":{},"content":{},"type":{},"recipients":{},"permission_overwrites":{},"roles":{},"nick":{},"allow":{},"flags":{},"topic":{}}`,
		`{"name":"\u0000","content":"\u0000","username":"\u0000","nick":"\u0000","topic":"\u0000","login":"\u0000","password":"\u0000\u0000\u0000\u0000\u0000\u0000\u0000\u0000"}`,
		`{"type":-9223372036854775809,"flags":1e999,"position":1e18,"color":-1,"max_age":1e10,"max_uses":-1,"permissions":"1e5","allow":-1,"deny":-1}`,
		`{"recipients":[null,1,"x",{}],"permission_overwrites":[null,{"id":null},{"id":"x","type":"x"}],"roles":[null,"x",-1],"embeds":[null],"messages":[null,"x"]}`,
	}
	callers := map[string]*rest.Client{"owner": s.owner.Client, "bot": s.bot.Client, "nobody": nil}
	sent := 0
	for _, route := range routes {
		method, pattern, _ := strings.Cut(route, " ")
		places := strings.Count(pattern, "%s")
		fill := func(id string) string {
			args := make([]any, places)
			for i := range args {
				args[i] = id
			}
			return fmt.Sprintf(pattern, args...)
		}
		known := s.fill(pattern)
		t.Run(route, func(t *testing.T) {
			if places > 0 {
				for _, id := range ids {
					s.send(t, request{as: s.owner.Client, method: method, target: fill(id), body: bodyFor(method, `{}`)})
					sent++
				}
			}
			if method == http.MethodGet {
				for _, query := range []string{"limit=-1", "limit=x&before=x&after=x&around=x", "query=%00&limit=%FF", "with_counts=maybe"} {
					s.send(t, request{as: s.owner.Client, method: method, target: fill("1") + "?" + query})
					sent++
				}
				return
			}
			if method == http.MethodDelete {
				return // has no body, and would delete what others need
			}
			for _, caller := range callers {
				for _, body := range bodies {
					// Well-formed ids, so that the body is looked at; {} could be a valid request of the owner.
					s.send(t, request{as: caller, method: method, target: known, body: body, kind: "application/json"})
					sent++
				}
			}
		})
	}
	t.Logf("%d requests", sent)
}

func bodyFor(method, body string) string {
	if method == http.MethodGet || method == http.MethodDelete {
		return ""
	}
	return body
}

// fill puts ids into a route that exist: so much of it is real that a request gets as far as its body.
func (s *scene) fill(pattern string) string {
	replacements := []struct{ prefix, id string }{
		{"/guilds/", s.guild}, {"/channels/", s.other}, {"/users/@me/guilds/", s.guild}, {"/members/", s.member.ID}, {"/roles/", s.role},
		{"/messages/", s.message}, {"/permissions/", s.role}, {"/pins/", s.message}, {"/applications/", s.dummy.ApplicationID},
		{"/relationships/", s.outsider.ID}, {"/users/", s.outsider.ID}, {"/bans/", s.outsider.ID}, {"/invites/", "nothing"},
	}
	for strings.Contains(pattern, "%s") {
		at := strings.Index(pattern, "%s")
		id := "1"
		for _, r := range replacements {
			if strings.HasSuffix(pattern[:at], r.prefix) {
				id = r.id
			}
		}
		pattern = pattern[:at] + id + pattern[at+2:]
	}
	return pattern
}

// rawHTTP are bytes that no HTTP library sends. The answer, if any, is an error of the client's.
func (s *scene) rawHTTP(t *testing.T) {
	address := strings.TrimPrefix(s.base, "http://")
	for name, bytes := range map[string]string{
		"no HTTP":                   "hello\r\n\r\n",
		"binary":                    "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
		"a version of the future":   "GET / HTTP/9.9\r\nHost: x\r\n\r\n",
		"no host":                   "GET /api/v10/gateway HTTP/1.1\r\n\r\n",
		"two lengths":               "POST /api/v10/auth/login HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\n{}\r\n",
		"a negative length":         "POST /api/v10/auth/login HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n{}",
		"a length and chunks":       "POST /api/v10/auth/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
		"broken chunks":             "POST /api/v10/auth/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n",
		"a header without a colon":  "GET /api/v10/gateway HTTP/1.1\r\nHost: x\r\nnonsense\r\n\r\n",
		"a NUL in a header":         "GET /api/v10/users/@me HTTP/1.1\r\nHost: x\r\nAuthorization: a\x00b\r\n\r\n",
		"a line end in a path":      "GET /api/v10/gate\nway HTTP/1.1\r\nHost: x\r\n\r\n",
		"2 MB of headers":           "GET /api/v10/gateway HTTP/1.1\r\nHost: x\r\nX: " + strings.Repeat("x", 2<<20) + "\r\n\r\n",
		"an upgrade without a key":  "GET /?v=10&encoding=json HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\r\n",
		"an upgrade of the past":    "GET /?v=10&encoding=json HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 8\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
		"an upgrade with a bad key": "GET /?v=10&encoding=json HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: short\r\n\r\n",
		"an upgrade of the API":     "GET /api/v10/gateway HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
		"an upgrade by POST":        "POST /?v=10&encoding=json HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nContent-Length: 0\r\n\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			conn, err := net.Dial("tcp", address)
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			conn.SetDeadline(time.Now().Add(30 * time.Second))
			io.WriteString(conn, bytes) // the server may close before it has read all
			conn.(*net.TCPConn).CloseWrite()
			response, err := http.ReadResponse(bufio.NewReader(conn), nil)
			if err != nil {
				var late net.Error
				if errors.As(err, &late) && late.Timeout() {
					t.Errorf("neither an answer nor a close within 30 s")
				}
				return // closed: fine
			}
			defer response.Body.Close()
			// The API route may be served in spite of an upgrade that it ignores, RFC 9110 section 7.8.
			if response.StatusCode == http.StatusHTTPVersionNotSupported { // RFC 9110 section 15.6.6
				return
			}
			if response.StatusCode >= 500 || response.StatusCode < 400 && name != "an upgrade of the API" {
				t.Errorf("status %d, expected 4xx or a close", response.StatusCode)
			}
			if response.StatusCode >= 500 {
				s.mu.Lock()
				s.failed = append(s.failed, fmt.Sprintf("raw HTTP, %s: status %d", name, response.StatusCode))
				s.mu.Unlock()
			}
		})
	}
}
