// Package hostile_test sends a running platform what a careless or malicious client sends: broken JSON, wrong types, other
// people's ids, forged tokens, frames that no library makes. Each case expects the status and error code, or the close
// code, that Discord documents. In the end nothing may have failed inside: no answer of 500 or above, no panic and no error
// in the log, no secret in it, and a well-behaved session that was connected all the time has noticed nothing.
package hostile_test

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"guildhall.chat/guildhall/test/clients/gatewayclient"
	"guildhall.chat/guildhall/test/clients/rest"
	"guildhall.chat/guildhall/test/platform"
)

func TestHostile(t *testing.T) {
	p := platform.Start(t, platform.Options{RateLimitsOff: true, LogLevel: "debug"})
	s := newScene(t, p)
	canary := s.release(t)

	t.Run("bodies", s.bodies)
	t.Run("values", s.values)
	t.Run("ids of others", s.idsOfOthers)
	t.Run("malformed ids", s.malformedIDs)
	t.Run("tokens", s.tokens)
	t.Run("accounts", s.accounts)
	t.Run("paths", s.paths)
	t.Run("every route", s.everyRoute)
	t.Run("raw HTTP", s.rawHTTP)
	t.Run("handshake", s.handshake)
	t.Run("before identify", s.beforeIdentify)
	t.Run("identify", s.identify)
	t.Run("resume", s.resume)
	t.Run("after ready", s.afterReady)
	t.Run("broken frames", s.brokenFrames)

	t.Run("a well-behaved session noticed nothing", func(t *testing.T) { canary.unharmed(t, s) })
	t.Run("no failure inside", func(t *testing.T) { s.noFailure(t, p) })
	t.Run("no secret in the log", func(t *testing.T) { s.noSecret(t, p) })
}

// canary is a session that only listens.
type canary struct {
	session *gatewayclient.Session
	events  chan gatewayclient.Event
}

func (s *scene) release(t *testing.T) *canary {
	t.Helper()
	c := &canary{events: make(chan gatewayclient.Event, 1<<16)}
	bot := s.newBot(t, rest.AllPrivileged)
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	session, err := gatewayclient.Open(ctx, gatewayclient.Options{
		Gateway: s.gateway, Token: bot.Token, Intents: gatewayclient.IntentsAll, Logf: t.Logf,
		OnEvent: func(e gatewayclient.Event) {
			select {
			case c.events <- e:
			default: // full: far more than the suite causes
			}
		},
	})
	if err != nil {
		t.Fatalf("connect a well-behaved session: %v", err)
	}
	t.Cleanup(session.Close)
	c.session = session
	return c
}

func (c *canary) unharmed(t *testing.T, s *scene) {
	if _, err := s.owner.Send(t.Context(), s.channel, "last words"); err != nil {
		t.Fatalf("an ordinary message after all that: %v", err)
	}
	timeout := time.After(30 * time.Second)
	for {
		select {
		case e := <-c.events:
			var m rest.Message
			if e.Life != 1 {
				t.Fatalf("the session was lost: it is in life %d", e.Life)
			}
			if e.Type == "MESSAGE_CREATE" && json.Unmarshal(e.Data, &m) == nil && m.Content == "last words" {
				if c.session.Resumes() != 0 {
					t.Errorf("it had to resume %d times: %v", c.session.Resumes(), c.session.Err())
				}
				return
			}
		case <-timeout:
			t.Fatalf("an ordinary message did not arrive: %v", c.session.Err())
		}
	}
}

// inside is what a panic, or an error of the server's own, looks like in a log.
var inside = regexp.MustCompile(`panic|runtime error|goroutine \d+ \[|nil pointer|\[Recovery\]|level=ERROR|"level":"ERROR"`)

func (s *scene) noFailure(t *testing.T, p *platform.Platform) {
	for _, failure := range s.serverErrors() {
		t.Error(failure)
	}
	shown := 0
	for line := range strings.Lines(p.Logs(t)) {
		if inside.MatchString(line) {
			if shown++; shown <= 20 {
				t.Errorf("in the log: %.600s", line)
			}
		}
	}
	if shown > 20 {
		t.Errorf("and %d more", shown-20)
	}
}

func (s *scene) noSecret(t *testing.T, p *platform.Platform) {
	logs := p.Logs(t)
	if strings.Count(logs, "\n") < 20 {
		t.Errorf("the log has only %d lines: it can't be the whole", strings.Count(logs, "\n"))
	}
	files, err := filepath.Glob(filepath.Join(p.Data, "secrets", "*"))
	if err != nil || len(files) == 0 {
		t.Fatalf("the platform's own secrets in %s: %d files, %v", p.Data, len(files), err)
	}
	for _, file := range files {
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(string(content)) {
			s.secret(filepath.Base(file), strings.TrimSpace(line))
		}
	}
	for secret, what := range s.secrets {
		if i := strings.Index(logs, secret); i >= 0 {
			start := strings.LastIndexByte(logs[:i], '\n') + 1
			t.Errorf("the log has a secret, %s: %.200s", what, strings.ReplaceAll(logs[start:i+len(secret)], secret, "<the secret>"))
		}
	}
}
