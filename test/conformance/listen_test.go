package conformance_test

import (
	"context"
	"fmt"
	"math/bits"
	"sync"
	"testing"
	"time"

	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/test/clients/gatewayclient"
	"guildhall.chat/guildhall/test/clients/rest"
)

// listeners are sessions that listen from the suite's beginning on: the suite's bot, two people, and a bot that has one session
// for each intent, with nothing else. So whatever the suite does is seen by everybody who is to see it, and by who is not.
type listeners struct {
	witness  *rest.Bot
	sessions map[string]*gatewayclient.Session

	mu    sync.Mutex
	heard map[string]map[string][]gatewayclient.Event // by session and type
	more  chan struct{}                               // closed when there is more
}

// Names of sessions; that with a single intent is named after it.
const (
	ofBot   = "bot"
	ofOwner = "owner"
	ofGuest = "guest"
)

func ofIntent(intent discord.Intents) string {
	return fmt.Sprintf("intent %d", bits.TrailingZeros64(uint64(intent)))
}

// intents lists every documented intent but that of voice, of which there are no events.
func intents() (list []discord.Intents) {
	for bit := discord.Intents(1); bit <= discord.IntentsAll; bit <<= 1 {
		if discord.IntentsAll&bit != 0 && bit != discord.IntentGuildVoiceStates {
			list = append(list, bit)
		}
	}
	return list
}

// listen opens the sessions, until the test ends.
func (s *suite) listen(t *testing.T) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	var err error
	l := &listeners{sessions: map[string]*gatewayclient.Session{}, heard: map[string]map[string][]gatewayclient.Event{}, more: make(chan struct{})}
	s.listeners = l
	if l.witness, err = s.owner.CreateBot(ctx, "witness", rest.AllPrivileged); err != nil {
		t.Fatal(err)
	}
	if err := s.owner.AddBot(ctx, l.witness, s.guild, administrator); err != nil {
		t.Fatal(err)
	}
	gateway := s.ok(t, s.nobody, "GET /gateway", nil).text("url")
	open := func(name, token string, intents discord.Intents) {
		t.Helper()
		l.heard[name] = map[string][]gatewayclient.Event{}
		session, err := gatewayclient.Open(ctx, gatewayclient.Options{
			Gateway: gateway, Token: token, Intents: int(intents), OnEvent: func(e gatewayclient.Event) { l.hear(name, e) },
		})
		if err != nil {
			t.Fatalf("session %s: %v", name, err)
		}
		t.Cleanup(session.Close)
		l.sessions[name] = session
	}
	open(ofBot, s.bot.Token, discord.IntentsAll)
	open(ofOwner, s.owner.Authorization, 0)
	open(ofGuest, s.guest.Authorization, 0)
	for _, intent := range intents() {
		open(ofIntent(intent), l.witness.Token, intent)
	}
	open(ofContent, l.witness.Token, discord.IntentGuildMessages|discord.IntentMessageContent)
}

// ofContent is the session that sees what is said in guilds.
const ofContent = "with content"

func (l *listeners) hear(name string, e gatewayclient.Event) {
	l.mu.Lock()
	defer l.mu.Unlock()
	kept := l.heard[name]
	kept[e.Type] = append(kept[e.Type], e)
	close(l.more)
	l.more = make(chan struct{})
}

// until waits until a condition holds of what was heard. It is asked again whenever there is more.
func (l *listeners) until(t *testing.T, what string, holds func() bool) bool {
	t.Helper()
	deadline := time.After(20 * time.Second)
	for {
		l.mu.Lock()
		ok, more := holds(), l.more
		l.mu.Unlock()
		if ok {
			return true
		}
		select {
		case <-more:
		case <-deadline:
			t.Errorf("not heard: %s", what)
			return false
		}
	}
}
