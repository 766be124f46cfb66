package hostile_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"mime"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode/utf8"

	"guildhall.chat/guildhall/test/clients/rest"
	"guildhall.chat/guildhall/test/platform"
)

// scene is who and what the attacks are about: a guild of owner with an ordinary member, and an outsider.
type scene struct {
	base, gateway             string
	data                      string // the platform's data directory
	owner, member, outsider   *rest.User
	bot                       *rest.Bot // in the guild, without privileged intents
	dummy                     *rest.Bot // whose token may be reset
	pool                      []*rest.Bot
	guild, channel, other     string // other is a second channel of the guild
	message, dm               string // the owner's in channel; the owner's DM with member
	role                      string
	foreignGuild, foreignRole string // the outsider's

	mu      sync.Mutex
	secrets map[string]string // value -> what it is
	failed  []string          // answers of 500 and above
	next    int               // in pool
}

func newScene(t *testing.T, p *platform.Platform) *scene {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	s := &scene{base: p.URL, data: p.Data, secrets: map[string]string{}}
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatalf("set the scene: %v", err)
		}
	}
	for prefix, user := range map[string]**rest.User{"owner": &s.owner, "member": &s.member, "outsider": &s.outsider} {
		made, err := rest.Register(ctx, s.base, prefix)
		must(err)
		s.secretsOf(made)
		*user = made
	}
	guild, err := s.owner.CreateGuild(ctx, "Besieged")
	must(err)
	s.guild = guild.ID
	for name, id := range map[string]*string{"gate": &s.channel, "keep": &s.other} {
		channel, err := s.owner.CreateChannel(ctx, s.guild, name)
		must(err)
		*id = channel.ID
	}
	must(rest.Join(ctx, s.owner.Client, s.channel, s.member))
	role, err := s.owner.CreateRole(ctx, s.guild, "guard")
	must(err)
	s.role = role.ID
	message, err := s.owner.Send(ctx, s.channel, "who goes there?")
	must(err)
	s.message = message.ID
	var dm rest.Channel
	must(s.owner.Do(ctx, http.MethodPost, "/users/@me/channels", map[string]any{"recipients": []string{s.member.ID}}, &dm))
	s.dm = dm.ID
	foreign, err := s.outsider.CreateGuild(ctx, "Elsewhere")
	must(err)
	foreignRole, err := s.outsider.CreateRole(ctx, foreign.ID, "stranger")
	must(err)
	s.foreignGuild, s.foreignRole = foreign.ID, foreignRole.ID
	s.bot, s.dummy = s.newBot(t, 0), s.newBot(t, 0)
	for range 8 {
		s.pool = append(s.pool, s.newBot(t, rest.FlagMessageContent))
	}
	var discovery struct {
		URL string `json:"url"`
	}
	must((&rest.Client{Base: s.base}).Do(ctx, http.MethodGet, "/gateway", nil, &discovery))
	s.gateway = discovery.URL
	return s
}

// newBot makes a bot that is in the guild.
func (s *scene) newBot(t *testing.T, flags int) *rest.Bot {
	t.Helper()
	bot, err := s.owner.CreateBot(t.Context(), "siege", flags)
	if err != nil {
		t.Fatal(err)
	}
	s.secret("bot token", bot.Token)
	if err := s.owner.AddBot(t.Context(), bot, s.guild, rest.ViewChannel|rest.SendMessages); err != nil {
		t.Fatal(err)
	}
	return bot
}

// spare is the next bot of the pool: identifies of one account must be five seconds apart.
func (s *scene) spare() *rest.Bot {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.next++
	return s.pool[s.next%len(s.pool)]
}

// secret notes a value that must never appear in a log.
func (s *scene) secret(what, value string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(value) >= 8 {
		s.secrets[value] = what
	}
}

func (s *scene) secretsOf(u *rest.User) {
	s.secret("password", u.Password)
	s.secret("access token", u.Authorization)
	s.secret("refresh token", u.RefreshToken)
}

// expected is what a request must be answered with: one of the pairs of status and Discord error code.
type expected []answer

type answer struct{ status, code int }

func (e expected) String() string {
	var list []string
	for _, a := range e {
		list = append(list, fmt.Sprintf("%d with code %d", a.status, a.code))
	}
	return strings.Join(list, " or ")
}

// The answers that many cases share.
var (
	okay              = expected{{200, 0}, {201, 0}, {204, 0}}
	invalidForm       = expected{{400, 50035}}
	invalidJSON       = expected{{400, 50109}}
	badBody           = expected{{400, 50035}, {400, 50109}}
	unauthorized      = expected{{401, 0}}
	missingPermission = expected{{403, 50013}}
)

// request is one case.
type request struct {
	name   string
	as     *rest.Client // nil: nobody
	method string
	target string // below /api/v10, or absolute with /api
	kind   string // Content-Type, "" for JSON where there is a body
	body   string
	header http.Header
	want   expected
	check  func(t *testing.T, body []byte) // of the accepted answer, nil for none
}

func (s *scene) run(t *testing.T, cases []request) {
	t.Helper()
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			got := s.send(t, c)
			s.expect(t, c, got)
			if c.check != nil && !t.Failed() {
				c.check(t, got.Body)
			}
		})
	}
}

// send sends a case and checks what holds for every answer.
func (s *scene) send(t *testing.T, c request) rest.Response {
	t.Helper()
	client := c.as
	if client == nil {
		client = &rest.Client{Base: s.base}
	}
	target := c.target
	if !strings.HasPrefix(target, "/api") {
		target = "/api/v10" + target
	}
	header := c.header.Clone()
	if header == nil {
		header = http.Header{}
	}
	var payload []byte
	if c.body != "" {
		payload = []byte(c.body)
		header.Set("Content-Type", "application/json")
	}
	if c.kind != "" {
		header.Set("Content-Type", c.kind)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	got, err := client.Raw(ctx, c.method, target, header, payload)
	if err != nil {
		t.Fatalf("%s %.200s: no answer: %v", c.method, target, err)
	}
	s.sane(t, fmt.Sprintf("%s %.200s", c.method, target), got)
	return got
}

// leaks are words that only a server's own error messages have.
var leaks = []string{"sql", "pgx", "pgconn", "redis", "postgres", "goroutine", "panic", ".go:", "runtime", "/root/", "127.0.0.1:"}

// sane checks that an answer is no failure of the server, and that an error has Discord's form and gives nothing away.
func (s *scene) sane(t *testing.T, request string, got rest.Response) {
	t.Helper()
	if got.Status >= 500 {
		s.mu.Lock()
		s.failed = append(s.failed, fmt.Sprintf("%s: status %d: %.300s", request, got.Status, got.Body))
		s.mu.Unlock()
		t.Errorf("%s: status %d: %.300s", request, got.Status, got.Body)
		return
	}
	if got.Status == http.StatusRequestHeaderFieldsTooLarge { // told before any handler sees the request, RFC 6585 section 5
		return
	}
	if got.Status < 400 || got.Header.Get("Content-Type") == "" && len(got.Body) == 0 {
		return
	}
	if kind := got.Header.Get("Content-Type"); kind != "application/json" {
		t.Errorf("%s: status %d: Content-Type %q, expected exactly application/json; body %.200q", request, got.Status, kind, got.Body)
		return
	}
	var failure struct {
		Code    *int   `json:"code"`
		Message string `json:"message"`
	}
	if err := json.Unmarshal(got.Body, &failure); err != nil || failure.Code == nil || failure.Message == "" || !utf8.Valid(got.Body) {
		t.Errorf("%s: status %d: not Discord's error form: %.300q", request, got.Status, got.Body)
	}
	for _, leak := range leaks {
		if strings.Contains(strings.ToLower(string(got.Body)), leak) {
			t.Errorf("%s: status %d: the answer tells of the server's inside (%q): %.300s", request, got.Status, leak, got.Body)
		}
	}
}

func (s *scene) expect(t *testing.T, c request, got rest.Response) {
	t.Helper()
	var failure struct {
		Code int `json:"code"`
	}
	if got.Status >= 400 && got.Status != http.StatusRequestHeaderFieldsTooLarge {
		if err := json.Unmarshal(got.Body, &failure); err != nil {
			t.Errorf("%s %.200s: status %d with no JSON: %.300q; expected %v", c.method, c.target, got.Status, got.Body, c.want)
			return
		}
	}
	if !slices.Contains(c.want, answer{got.Status, failure.Code}) {
		t.Errorf("%s %.200s %.300s\n  got      %d with code %d: %.400s\n  expected %v",
			c.method, c.target, c.body, got.Status, failure.Code, got.Body, c.want)
	}
}

func (s *scene) serverErrors() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.failed)
}

// names checks that the error tree of an invalid form points at the field: errors.<path>._errors[0].code.
// https://discord.com/developers/docs/reference#error-messages
func names(path ...string) func(*testing.T, []byte) {
	return func(t *testing.T, body []byte) {
		t.Helper()
		if err := leafAt(body, path); err != nil {
			t.Errorf("the error tree at %s: %v: %.400s", strings.Join(path, "."), err, body)
		}
	}
}

func leafAt(body []byte, path []string) error {
	var root struct {
		Errors json.RawMessage `json:"errors"`
	}
	if err := json.Unmarshal(body, &root); err != nil {
		return err
	}
	node := root.Errors
	for _, key := range append(slices.Clone(path), "_errors") {
		var keys map[string]json.RawMessage
		if err := json.Unmarshal(node, &keys); err != nil || keys[key] == nil {
			return fmt.Errorf("no key %q", key)
		}
		node = keys[key]
	}
	var list []struct {
		Code    string `json:"code"`
		Message string `json:"message"`
	}
	if err := json.Unmarshal(node, &list); err != nil {
		return err
	}
	if len(list) == 0 || list[0].Code == "" || list[0].Message == "" {
		return errors.New("no problem with a code and a message")
	}
	return nil
}

// multipart makes a body of one part from its header lines and content.
func multipartBody(boundary, part, content string) string {
	return "--" + boundary + "\r\n" + part + "\r\n\r\n" + content + "\r\n--" + boundary + "--\r\n"
}

func multipartKind(boundary string) string {
	return mime.FormatMediaType("multipart/form-data", map[string]string{"boundary": boundary})
}
