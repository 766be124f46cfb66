package clients_test

import (
	"context"
	"encoding/json"
	"net/http"
	"sync"
	"testing"
	"time"

	"guildhall.chat/guildhall/test/clients/gatewayclient"
	"guildhall.chat/guildhall/test/clients/rest"
	"guildhall.chat/guildhall/test/platform"
)

// someone is a user with a client at the gateway, and what it was told.
type someone struct {
	*rest.User
	session *gatewayclient.Session

	mu    sync.Mutex
	told  []gatewayclient.Event
	grown chan struct{}
}

type body = map[string]any

func newSomeone(t *testing.T, base, gateway, name string) *someone {
	t.Helper()
	user, err := rest.Register(t.Context(), base, name)
	must(t, "register", err)
	p := &someone{User: user, grown: make(chan struct{})}
	p.connect(t, gateway)
	return p
}

// connect opens a session; what was told to one before is forgotten.
func (p *someone) connect(t *testing.T, gateway string) {
	t.Helper()
	if p.session != nil {
		p.session.Close()
	}
	p.mu.Lock()
	p.told = nil
	p.mu.Unlock()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	var err error
	p.session, err = gatewayclient.Open(ctx, gatewayclient.Options{Gateway: gateway, Token: p.Authorization, OnEvent: p.take})
	must(t, "connect", err)
	t.Cleanup(p.session.Close)
}

func (p *someone) take(e gatewayclient.Event) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.told = append(p.told, e)
	close(p.grown)
	p.grown = make(chan struct{})
}

// hears waits for an event of a type whose data is as wanted, and returns it.
func hears[T any](t *testing.T, p *someone, event string, wanted func(T) bool) (data T) {
	t.Helper()
	deadline := time.After(30 * time.Second)
	for seen := 0; ; {
		p.mu.Lock()
		all, grown := p.told, p.grown
		p.mu.Unlock()
		for ; seen < len(all); seen++ {
			var one T
			if all[seen].Type != event {
				continue
			}
			if err := json.Unmarshal(all[seen].Data, &one); err != nil {
				t.Fatalf("%s: %v", all[seen], err)
			}
			if wanted(one) {
				return one
			}
		}
		select {
		case <-grown:
		case <-deadline:
			t.Fatalf("%s did not come", event)
		}
	}
}

func (p *someone) does(t *testing.T, method, path string, with, out any) {
	t.Helper()
	must(t, method+" "+path, p.Do(t.Context(), method, path, with, out))
}

type relation struct {
	ID   string `json:"id"`
	Type int    `json:"type"`
	User struct {
		ID string `json:"id"`
	} `json:"user"`
}

type presenceUpdate struct {
	User struct {
		ID string `json:"id"`
	} `json:"user"`
	GuildID *string `json:"guild_id"`
	Status  string  `json:"status"`
}

// TestPeople has two people find each other, as their clients see it: friendship, a group, what was read on another device,
// and READY after all that.
func TestPeople(t *testing.T) {
	t.Parallel()
	base := platform.Start(t, platform.Options{}).URL
	gateway, err := gatewayURL(t.Context(), base)
	must(t, "GET /gateway", err)
	ann, ben := newSomeone(t, base, gateway, "ann"), newSomeone(t, base, gateway, "ben")

	ann.does(t, http.MethodPut, "/users/@me/relationships/"+ben.ID, body{}, nil)
	hears(t, ann, "RELATIONSHIP_ADD", func(r relation) bool { return r.ID == ben.ID && r.Type == 4 })
	hears(t, ben, "RELATIONSHIP_ADD", func(r relation) bool { return r.ID == ann.ID && r.Type == 3 && r.User.ID == ann.ID })
	ben.does(t, http.MethodPut, "/users/@me/relationships/"+ann.ID, body{}, nil)
	hears(t, ann, "RELATIONSHIP_ADD", func(r relation) bool { return r.ID == ben.ID && r.Type == 1 })
	online := func(who *someone, status string) func(presenceUpdate) bool {
		return func(p presenceUpdate) bool { return p.User.ID == who.ID && p.GuildID == nil && p.Status == status }
	}
	hears(t, ann, "PRESENCE_UPDATE", online(ben, "online"))
	must(t, "op 3", ben.session.Send(3, body{"status": "dnd", "since": nil, "activities": []any{}, "afk": false}))
	hears(t, ann, "PRESENCE_UPDATE", online(ben, "dnd"))

	var group struct {
		ID string `json:"id"`
	}
	ann.does(t, http.MethodPost, "/users/@me/channels", body{"recipients": []string{}}, &group)
	type channel struct {
		ID         string `json:"id"`
		Type       int    `json:"type"`
		Recipients []struct {
			ID string `json:"id"`
		} `json:"recipients"`
	}
	ann.does(t, http.MethodPut, "/channels/"+group.ID+"/recipients/"+ben.ID, body{}, nil)
	hears(t, ben, "CHANNEL_CREATE", func(c channel) bool {
		return c.ID == group.ID && c.Type == 3 && len(c.Recipients) == 1 && c.Recipients[0].ID == ann.ID
	})
	hears(t, ann, "CHANNEL_RECIPIENT_ADD", func(e struct {
		ChannelID string `json:"channel_id"`
	}) bool {
		return e.ChannelID == group.ID
	})
	type message struct {
		ID        string `json:"id"`
		ChannelID string `json:"channel_id"`
		Content   string `json:"content"`
		Type      int    `json:"type"`
	}
	hears(t, ben, "MESSAGE_CREATE", func(m message) bool { return m.ChannelID == group.ID && m.Type == 1 })
	ann.does(t, http.MethodPost, "/channels/"+group.ID+"/messages", body{"content": "hello, crew"}, nil)
	said := hears(t, ben, "MESSAGE_CREATE", func(m message) bool { return m.Content == "hello, crew" })

	type state struct {
		ID       string `json:"id"`
		Acked    string `json:"last_message_id"`
		Mentions int    `json:"mention_count"`
	}
	type ready struct {
		Relationships []relation       `json:"relationships"`
		Presences     []presenceUpdate `json:"presences"`
		ReadState     []state          `json:"read_state"`
		Channels      []channel        `json:"private_channels"`
		Settings      struct {
			Theme string `json:"theme"`
		} `json:"user_settings"`
	}
	has := func(r ready, acked string, mentions int) bool {
		for _, s := range r.ReadState {
			if s.ID == group.ID {
				return (acked == "" || s.Acked == acked) && s.Mentions == mentions
			}
		}
		return false
	}
	anything := func(ready) bool { return true }
	ben.connect(t, gateway)
	first := hears(t, ben, "READY", anything)
	if len(first.Relationships) != 1 || first.Relationships[0].User.ID != ann.ID || len(first.Channels) != 1 ||
		len(first.Presences) != 1 || first.Presences[0].User.ID != ann.ID || !has(first, "", 2) { // that ben was added, and what ann said
		t.Errorf("%+v", first)
	}
	ben.does(t, http.MethodPost, "/channels/"+group.ID+"/messages/"+said.ID+"/ack", body{"token": nil}, nil)
	hears(t, ben, "MESSAGE_ACK", func(a struct {
		ChannelID string `json:"channel_id"`
		MessageID string `json:"message_id"`
	}) bool {
		return a.ChannelID == group.ID && a.MessageID == said.ID
	})
	ben.does(t, http.MethodPatch, "/users/@me/settings", body{"theme": "light"}, nil)
	hears(t, ben, "USER_SETTINGS_UPDATE", func(s struct {
		Theme string `json:"theme"`
	}) bool {
		return s.Theme == "light"
	})
	ben.connect(t, gateway)
	if again := hears(t, ben, "READY", anything); !has(again, said.ID, 0) || again.Settings.Theme != "light" {
		t.Errorf("%+v", again)
	}

	ben.does(t, http.MethodDelete, "/channels/"+group.ID, nil, nil)
	hears(t, ann, "CHANNEL_RECIPIENT_REMOVE", func(e struct {
		User struct {
			ID string `json:"id"`
		} `json:"user"`
	}) bool {
		return e.User.ID == ben.ID
	})
	ben.session.Close()
	hears(t, ann, "PRESENCE_UPDATE", online(ben, "offline"))
}
