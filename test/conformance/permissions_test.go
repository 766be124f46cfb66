package conformance_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"testing"
	"time"

	"guildhall.chat/guildhall/internal/permissions"
	"guildhall.chat/guildhall/test/clients/rest"
)

// verdict is what became of an attempt: allowed, or how it was refused.
type verdict string

const (
	allowed      verdict = "allowed"
	noPermission verdict = "403 (50013)"
	noAccess     verdict = "403 (50001)"
	withheld     verdict = "without effect"
	slowedDown   verdict = "429 (20016)"
)

// gate is a permission, what it gates, and an attempt at that. Of one that is out of scope, why.
// https://discord.com/developers/docs/topics/permissions#permissions-bitwise-permission-flags
type gate struct {
	bit     int
	name    string
	gates   string
	refusal verdict
	try     func(t *testing.T) verdict
	outside string
}

// permissions tries, for each permission, something that needs it: once with a role that has every other permission, once
// with it besides. ADMINISTRATOR is tried with a role that has nothing else.
func (s *suite) permissions(t *testing.T) {
	p := newBailiwick(t, s)
	all := permissions.Set(0)
	for _, g := range p.gates() {
		bit := permissions.Set(1) << g.bit
		all |= bit
		if g.outside != "" {
			s.gates = append(s.gates, shownGate{g, false})
			continue
		}
		t.Run(g.name, func(t *testing.T) {
			with, without := permissions.All&^permissions.Administrator, permissions.All&^permissions.Administrator&^bit
			if bit == permissions.Administrator {
				with = bit
			}
			p.grant(t, without)
			refused := g.try(t)
			p.grant(t, with)
			let := g.try(t)
			if refused != g.refusal || let != allowed {
				t.Errorf("without it: %s, expected %s; with it: %s", refused, g.refusal, let)
			}
			s.gates = append(s.gates, shownGate{g, refused == g.refusal && let == allowed})
		})
	}
	if all != permissions.All {
		t.Errorf("the gates are of %b, and there are %b", all, permissions.All)
	}
}

// shownGate is a gate and whether the run has shown it.
type shownGate struct {
	gate
	shown bool
}

// bailiwick is a guild in which a visitor has what one role gives, and nothing else.
type bailiwick struct {
	*suite
	own, as      *rest.Client // the owner; the visitor, who tries
	visitor      *rest.User
	target       *rest.User // is removed
	member       *rest.User // without roles
	guild, role  string
	text, hidden string // channels; the visitor's role may not view the second
	voice, slow  string
	mine, far    string // guilds' emojis: of this one by the owner, of another one that the visitor is in
	sticker      string // of the other guild
	event        string // of the owner
	thread       string // of the owner
	command      string // of the guild
	tool         *rest.Bot
	toolCommand  string // of a bot that the visitor alone has installed
	commands     *invoker
	tools        *invoker
}

func newBailiwick(t *testing.T, s *suite) *bailiwick {
	t.Helper()
	p := &bailiwick{suite: s, own: s.owner.Client}
	for _, who := range []**rest.User{&p.visitor, &p.target, &p.member} {
		var err error
		if *who, err = rest.Register(t.Context(), s.nobody.Base, "visitor"); err != nil {
			t.Fatal(err)
		}
	}
	p.as = p.visitor.Client
	const channels, roles = "POST /guilds/{guild_id}/channels", "/guilds/{guild_id}/roles"
	p.guild = s.ok(t, p.own, "POST /guilds", object{"name": "Bailiwick"}).text("id")
	s.ok(t, p.own, "PATCH "+roles+"/{role_id}", object{"permissions": "0"}, p.guild, p.guild)
	p.role = s.ok(t, p.own, "POST "+roles, object{"name": "visitor", "permissions": "0"}, p.guild).text("id")
	channel := func(name string, kind int, extra object) string {
		body := object{"name": name, "type": kind}
		for key, value := range extra {
			body[key] = value
		}
		return s.ok(t, p.own, channels, body, p.guild).text("id")
	}
	p.text, p.voice = channel("text", 0, nil), channel("voice", 2, nil)
	p.slow = channel("slow", 0, object{"rate_limit_per_user": 600})
	p.hidden = channel("hidden", 0, object{"permission_overwrites": []object{{"id": p.role, "type": 0, "deny": fmt.Sprint(uint64(permissions.ViewChannel))}}})
	far := s.ok(t, p.own, "POST /guilds", object{"name": "Far away"}).text("id")
	farChannel := s.ok(t, p.own, channels, object{"name": "far"}, far).text("id")
	for _, at := range []string{p.text, farChannel} {
		if err := rest.Join(t.Context(), p.own, at, p.visitor, p.target, p.member); err != nil {
			t.Fatal(err)
		}
	}
	s.ok(t, p.own, "PUT /guilds/{guild_id}/members/{user_id}/roles/{role_id}", nil, p.guild, p.visitor.ID, p.role)
	emoji := func(guild, name string) string {
		return s.ok(t, p.own, "POST "+guildEmojis, object{"name": name, "image": pixel}, guild).text("id")
	}
	p.mine, p.far = emoji(p.guild, "near"), emoji(far, "far")
	p.sticker = s.newSticker(t, far)
	start := time.Now().Add(time.Hour).Truncate(time.Second).UTC()
	p.event = s.ok(t, p.own, "POST /guilds/{guild_id}/scheduled-events", p.picnic(start), p.guild).text("id")
	p.thread = s.ok(t, p.own, "POST /channels/{channel_id}/threads", object{"name": "thread", "type": 11}, p.text).text("id")
	p.applications(t)
	return p
}

func (p *bailiwick) picnic(start time.Time) object {
	return object{
		"name": "Picnic", "privacy_level": 2, "entity_type": 3, "entity_metadata": object{"location": "the park"},
		"scheduled_start_time": start, "scheduled_end_time": start.Add(time.Hour),
	}
}

// applications are one of the guild and one that the visitor has installed for itself.
func (p *bailiwick) applications(t *testing.T) {
	t.Helper()
	bot := func(name string) *rest.Bot {
		b, err := p.owner.CreateBot(t.Context(), name, 0)
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	clerk := bot("clerk")
	if err := p.owner.AddBot(t.Context(), clerk, p.guild, administrator); err != nil {
		t.Fatal(err)
	}
	p.command = p.ok(t, clerk.Client, "POST "+guildCommands, object{"name": "serve", "description": "d"}, clerk.ApplicationID, p.guild).text("id")
	p.commands = p.invoker(t, clerk)
	p.tool = bot("tool")
	p.ok(t, p.tool.Client, "PATCH /applications/@me", object{"integration_types_config": object{"1": object{}}})
	if err := p.as.Do(t.Context(), http.MethodPost, "/oauth2/authorize?scope=applications.commands&integration_type=1&client_id="+p.tool.ApplicationID,
		object{"authorize": true, "integration_type": 1}, nil); err != nil {
		t.Fatal(err)
	}
	p.toolCommand = p.ok(t, p.tool.Client, "POST "+appCommands, object{"name": "help", "description": "d", "integration_types": []int{1}, "contexts": []int{0, 1, 2}},
		p.tool.ApplicationID).text("id")
	p.tools = p.invoker(t, p.tool)
}

// grant gives the visitor's role permissions.
func (p *bailiwick) grant(t *testing.T, set permissions.Set) {
	t.Helper()
	p.ok(t, p.own, "PATCH /guilds/{guild_id}/roles/{role_id}", object{"permissions": strconv.FormatUint(uint64(set), 10)}, p.guild, p.role)
}

// asked makes a request as the visitor. As any answer of the suite it must be as described.
func (p *bailiwick) asked(t *testing.T, operation string, body any, values ...string) verdict {
	t.Helper()
	var payload []byte
	if body != nil {
		var err error
		if payload, err = json.Marshal(body); err != nil {
			t.Fatal(err)
		}
	}
	return p.judge(t, operation, p.send(t, p.as, operation, payload, values...))
}

func (p *bailiwick) judge(t *testing.T, operation string, got rest.Response) verdict {
	t.Helper()
	if p.doc.has(pointerTo(operation)) {
		if _, err := p.validate(operation, got); err != nil {
			t.Errorf("%s: %v", operation, err)
		}
	}
	if got.Status/100 == 2 {
		return allowed
	}
	var failure struct {
		Code int `json:"code"`
	}
	if err := json.Unmarshal(got.Body, &failure); err != nil {
		t.Error(err)
	}
	return verdict(fmt.Sprintf("%d (%d)", got.Status, failure.Code))
}

// said is a new message of the owner.
func (p *bailiwick) said(t *testing.T) string {
	t.Helper()
	return p.ok(t, p.own, "POST "+messages, object{"content": "said"}, p.text).text("id")
}
