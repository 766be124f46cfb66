package clients_test

import (
	"encoding/json"
	"net/http"
	"slices"
	"testing"

	"guildhall.chat/guildhall/test/clients/gatewayclient"
	"guildhall.chat/guildhall/test/clients/rest"
)

// console is a person's own client: it uses what applications offer, and sees what comes of it.
type console struct {
	*rest.User
	w       *world
	session string // of the gateway: an interaction's progress is told there
	seen    *journal[gatewayclient.Event]
}

// Interaction types and the only component type that consoles use.
// https://discord.com/developers/docs/interactions/receiving-and-responding#interaction-object-interaction-type
const (
	byCommand   = 2
	byComponent = 3
	byModal     = 5
	button      = 2
)

func openConsole(t *testing.T, w *world, user *rest.User) *console {
	t.Helper()
	_, seen := watch(t, gatewayclient.Options{Gateway: w.Gateway, Token: user.Authorization})
	c := &console{User: user, w: w, seen: seen}
	c.session = told(t, c, 0, "READY", func(ready struct {
		SessionID string `json:"session_id"`
	}) bool {
		return ready.SessionID != ""
	}).SessionID
	return c
}

// told waits for an event after mark whose data matches.
func told[T any](t *testing.T, c *console, mark int, event string, match func(T) bool) T {
	t.Helper()
	var found T
	c.seen.await(t, mark, event+" for "+c.Username, func(e gatewayclient.Event) bool {
		var data T
		if e.Type != event || json.Unmarshal(e.Data, &data) != nil || !match(data) {
			return false
		}
		found = data
		return true
	})
	return found
}

// invocation is something that the console has asked of the application.
type invocation struct {
	c     *console
	mark  int
	nonce string
}

// answered waits until the console is told that the application has answered.
func (i invocation) answered(t *testing.T) {
	t.Helper()
	told(t, i.c, i.mark, "INTERACTION_SUCCESS", func(n struct{ Nonce string }) bool { return n.Nonce == i.nonce })
}

// asked is what a modal asks of the user.
type asked struct {
	ID       string
	Title    string
	CustomID string `json:"custom_id"`
	Nonce    string
}

// modal waits for the modal that the application answers with.
func (i invocation) modal(t *testing.T) asked {
	t.Helper()
	return told(t, i.c, i.mark, "INTERACTION_MODAL_CREATE", func(m asked) bool { return m.Nonce == i.nonce })
}

// interact does something with the application in the guild's main channel.
func (c *console) interact(t *testing.T, kind int, messageID string, data map[string]any) invocation {
	t.Helper()
	i := invocation{c: c, mark: c.seen.mark(), nonce: rest.Unique("nonce")}
	body := map[string]any{
		"type": kind, "application_id": c.w.bot.ApplicationID, "guild_id": c.w.Guilds[0].ID, "channel_id": c.w.Guilds[0].General,
		"session_id": c.session, "nonce": i.nonce, "data": data,
	}
	if messageID != "" {
		body["message_id"] = messageID
	}
	must(t, "interact", c.Do(t.Context(), http.MethodPost, "/interactions", body, nil))
	return i
}

// option is what the user gives for an option of a command.
type option struct {
	Type  int    `json:"type"`
	Name  string `json:"name"`
	Value any    `json:"value"`
}

// command invokes a command that the guild's index offers.
func (c *console) command(t *testing.T, name string, options ...option) invocation {
	t.Helper()
	type command struct {
		ID, Name      string
		Type          int
		ApplicationID string `json:"application_id"`
		Version       string
	}
	var index struct {
		Commands []command `json:"application_commands"`
	}
	must(t, "read the index of commands", c.Do(t.Context(), http.MethodGet, "/guilds/"+c.w.Guilds[0].ID+"/application-command-index", nil, &index))
	at := slices.IndexFunc(index.Commands, func(cmd command) bool {
		return cmd.Name == name && cmd.ApplicationID == c.w.bot.ApplicationID
	})
	if at < 0 {
		t.Fatalf("the guild has no command %s: %+v", name, index.Commands)
	}
	found := index.Commands[at]
	if options == nil {
		options = []option{}
	}
	return c.interact(t, byCommand, "", map[string]any{
		"id": found.ID, "name": found.Name, "type": found.Type, "version": found.Version, "options": options,
	})
}

// click presses a button of a message.
func (c *console) click(t *testing.T, messageID, customID string) invocation {
	t.Helper()
	return c.interact(t, byComponent, messageID, map[string]any{"component_type": button, "custom_id": customID})
}

// submit answers the only question of a modal, a text.
func (c *console) submit(t *testing.T, m asked, field, text string) invocation {
	t.Helper()
	return c.interact(t, byModal, "", map[string]any{"id": m.ID, "custom_id": m.CustomID, "components": []any{
		map[string]any{"type": 1, "components": []any{map[string]any{"type": 4, "custom_id": field, "value": text}}},
	}})
}

// vote votes in a poll.
func (c *console) vote(t *testing.T, channelID, messageID string, answers ...string) {
	t.Helper()
	must(t, "vote", c.Do(t.Context(), http.MethodPut, "/channels/"+channelID+"/polls/"+messageID+"/answers/@me",
		map[string]any{"answer_ids": answers}, nil))
}

// shown is what a console shows of a message.
type shown struct {
	ID        string
	ChannelID string `json:"channel_id"`
	Type      int
	Content   string
	Flags     int
	WebhookID string `json:"webhook_id"`
	Author    struct{ ID, Username string }
	Embeds    []struct{ Title string }
	Metadata  struct {
		User struct{ ID string }
	} `json:"interaction_metadata"`
}

// reads waits for a message with this content.
func (c *console) reads(t *testing.T, mark int, content string) shown {
	t.Helper()
	return told(t, c, mark, "MESSAGE_CREATE", func(m shown) bool { return m.Content == content })
}
