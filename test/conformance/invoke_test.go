package conformance_test

import (
	"encoding/json"
	"net/http"
	"testing"
	"time"

	"guildhall.chat/guildhall/test/clients/gatewayclient"
	"guildhall.chat/guildhall/test/clients/rest"
)

// invoked is an interaction as the bot's session gets it.
type invoked struct {
	ID, Token string
	Data      json.RawMessage
}

// invoker makes interactions with a bot's application and learns of them as the bot does.
type invoker struct {
	*suite
	app string
	got chan invoked
}

// invoker opens a session of the bot, until the test ends.
func (s *suite) invoker(t *testing.T, bot *rest.Bot) *invoker {
	t.Helper()
	i := &invoker{s, bot.ApplicationID, make(chan invoked, 10)}
	session, err := gatewayclient.Open(t.Context(), gatewayclient.Options{
		Gateway: s.ok(t, s.nobody, "GET /gateway", nil).text("url"), Token: bot.Token, Intents: 1,
		OnEvent: func(e gatewayclient.Event) {
			if e.Type != "INTERACTION_CREATE" {
				return
			}
			var one invoked
			if err := json.Unmarshal(e.Data, &one); err != nil {
				t.Error(err)
			}
			i.got <- one
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(session.Close)
	return i
}

// request is the body of an interaction of a kind in the suite's text channel, with some more fields.
func (i *invoker) request(kind int, extra object) object {
	body := object{"type": kind, "application_id": i.app, "guild_id": i.guild, "channel_id": i.text, "session_id": "s", "nonce": "1"}
	for key, value := range extra {
		body[key] = value
	}
	return body
}

// invoke makes an interaction, with files if there are any, and waits until the bot is told.
func (i *invoker) invoke(t *testing.T, as *rest.Client, kind int, extra object, files ...file) invoked {
	t.Helper()
	got := i.sendFiles(t, as, "POST /interactions", i.request(kind, extra), files)
	if got.Status != http.StatusNoContent {
		t.Fatalf("invoke: %d %s", got.Status, got.Body)
	}
	select {
	case one := <-i.got:
		return one
	case <-time.After(10 * time.Second):
		t.Fatal("the bot was not told")
	}
	return invoked{}
}
