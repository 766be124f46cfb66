package main

import (
	"context"
	"encoding/json"
	"slices"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"guildhall.chat/guildhall/gateway/session"
	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/events"
	"guildhall.chat/guildhall/internal/presence"
	"guildhall.chat/guildhall/internal/snowflake"
)

// modern is what clients of today say they know.
const modern = discord.CapLazyNotes | discord.CapVersionedReadStates | discord.CapVersionedGuildSettings |
	discord.CapDedupeUsers | discord.CapPrioritizedReady | discord.CapSettingsProto | discord.CapClientState | 1<<14 | 1<<30

type personReady struct {
	SessionID string `json:"session_id"`
	Users     []struct{ ID snowflake.ID }
	Guilds    []struct {
		ID         snowflake.ID
		Properties *discord.Guild
		Name       *string
		DataMode   string `json:"data_mode"`
		Channels   []discord.Channel
		Members    []json.RawMessage
	}
	MergedMembers   [][]merged `json:"merged_members"`
	MergedPresences struct {
		Guilds [][]merged
	} `json:"merged_presences"`
	ReadState json.RawMessage `json:"read_state"`
	Sessions  []struct {
		ID     string `json:"session_id"`
		Status string
	}
}

type merged struct {
	UserID snowflake.ID `json:"user_id"`
	Status string
}

func (w *world) modern(a account) (c *client, ready, rest personReady) {
	w.t.Helper()
	c = w.greeted("")
	c.identify(a, map[string]any{"capabilities": modern, "client_state": map[string]any{"guild_versions": map[string]any{}}})
	c.decode(c.dispatch(discord.EventReady), &ready)
	c.decode(c.dispatch(discord.EventReadySupplemental), &rest)
	c.id = ready.SessionID
	return c, ready, rest
}

func TestReadyOfTodaysClients(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	alice, bob := w.user(), w.user()
	g := w.guild(alice, bob)
	watcher := w.connect(w.memberBot(g), discord.IntentGuilds|discord.IntentGuildPresences)
	w.person(bob, nil)
	watcher.sees(bob, "online")

	c, ready, rest := w.modern(alice)
	if len(ready.Guilds) != 1 || ready.Guilds[0].ID != g.id || ready.Guilds[0].Properties == nil || ready.Guilds[0].Name != nil ||
		ready.Guilds[0].DataMode != "full" || len(ready.Guilds[0].Channels) != 1 || ready.Guilds[0].Members != nil {
		t.Errorf("guilds %+v", ready.Guilds)
	}
	if len(ready.MergedMembers) != 1 || len(ready.MergedMembers[0]) != 1 || ready.MergedMembers[0][0].UserID != alice.id {
		t.Errorf("merged members %v", ready.MergedMembers)
	}
	if len(rest.MergedMembers[0]) != 2 || slices.ContainsFunc(rest.MergedMembers[0], func(m merged) bool { return m.UserID == alice.id }) {
		t.Errorf("the others %v", rest.MergedMembers)
	}
	if !slices.Contains(rest.MergedPresences.Guilds[0], merged{bob.id, "online"}) {
		t.Errorf("presences %v", rest.MergedPresences)
	}
	if len(ready.Users) != 3 || string(ready.ReadState) != `{"entries":[],"partial":false,"version":0}` {
		t.Errorf("%d users, read state %s", len(ready.Users), ready.ReadState)
	}
	if len(ready.Sessions) != 1 || ready.Sessions[0].ID != ready.SessionID {
		t.Errorf("sessions %v", ready.Sessions)
	}
	c.mustGet(w.message(g, bob, "then messages come"))

	// A guild that comes later has the same shape, with its members.
	later := w.guild(bob)
	w.join(later, alice)
	var created struct {
		Properties *discord.Guild
		Members    []discord.Member
	}
	c.decode(c.until(discord.EventGuildCreate), &created)
	if created.Properties == nil || len(created.Members) != 2 {
		t.Errorf("GUILD_CREATE with properties %v, %d members", created.Properties, len(created.Members))
	}

	// READY and what follows it are sent again to who has lost them.
	c.seq = 0
	c.cut()
	c = w.resume(c, alice)
	c.dispatch(discord.EventReady)
	c.dispatch(discord.EventReadySupplemental)
	c.until(discord.EventResumed)
}

// What follows READY is in no log: a session whose pod dies before the client has it, starts anew.
func TestSupplementalIsLostWithItsPod(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	alice := w.user()
	w.guild(alice)
	c, _, _ := w.modern(alice)
	c.cut()
	w.pod.kill()
	p := w.start(named("gateway-0-1"))
	lost := *c
	lost.seq = 1
	w.resumeAt(p, &lost, alice).refused("false")
	w.resumeAt(p, c, alice).until(discord.EventResumed)
}

func TestOlderClientsGetOneReady(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	alice := w.user()
	g := w.guild(alice)
	for name, capabilities := range map[string]any{"none": nil, "divided without users": discord.CapPrioritizedReady, "nonsense": "x"} {
		c := w.greeted("")
		c.identify(alice, map[string]any{"capabilities": capabilities})
		var ready personReady
		c.decode(c.dispatch(discord.EventReady), &ready)
		if len(ready.Guilds) != 1 || ready.Guilds[0].Name == nil || len(ready.Guilds[0].Members) != 1 || string(ready.ReadState) != "[]" {
			t.Errorf("%s: %+v", name, ready)
		}
		c.mustGet(w.message(g, alice, "next"))
		w.must(c.ws.Close())
	}
}

// sessions reads the next SESSIONS_REPLACE, until it has the statuses.
func (c *client) sessions(want ...string) {
	c.t.Helper()
	for {
		var all []struct{ Status string }
		c.decode(c.until(discord.EventSessionsReplace), &all)
		var got []string
		for _, s := range all {
			got = append(got, s.Status)
		}
		slices.Sort(got)
		if slices.Equal(got, want) {
			return
		}
	}
}

// A person is one to others, however many sessions there are, and gone when the last has ended.
func TestPersonWithManySessions(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	alice, bob := w.user(), w.user()
	g := w.guild(alice, bob)
	watcher := w.connect(w.memberBot(g), discord.IntentGuilds|discord.IntentGuildPresences)
	status := func(s string) map[string]any {
		return map[string]any{"presence": map[string]any{"status": s, "activities": []any{}}}
	}
	first := w.person(alice, status("idle"))
	watcher.sees(alice, "idle")
	second := w.person(w.login(alice.id), status("dnd"))
	watcher.sees(alice, "dnd")
	first.sessions("dnd", "dnd", "idle") // the first stands for both
	second.sessions("dnd", "dnd", "idle")
	leave(t, second)
	watcher.sees(alice, "idle")
	first.sessions("idle")
	leave(t, first)
	watcher.sees(alice, "offline")
}

// leave closes as a client does that will not come back.
func leave(t *testing.T, c *client) {
	t.Helper()
	err := c.ws.WriteControl(websocket.CloseMessage, websocket.FormatCloseMessage(websocket.CloseNormalClosure, ""), time.Now().Add(patience))
	if err != nil {
		t.Fatal(err)
	}
}

// Who was on a pod that has died is offline once its sessions can't be resumed any more.
func TestPersonIsOfflineAfterThePod(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(c *session.Config) { c.ResumeWindow = time.Second })
	alice := w.user()
	g := w.guild(alice)
	other := w.start(named("gateway-0-1"))
	watcher := w.dialPod(other, "/?v=10&encoding=json", nil)
	watcher.read() // HELLO
	watcher.identify(w.memberBot(g), map[string]any{"intents": discord.IntentGuilds | discord.IntentGuildPresences})
	watcher.until(discord.EventGuildCreate)
	w.person(alice, nil)
	watcher.sees(alice, "online")
	w.pod.kill()
	w.pod.stop()
	// As the api's worker does.
	w.eventually("the lease has ended", func() bool {
		told := false
		err := presence.New(w.rdb).Expire(t.Context(), w.store.GuildsOf, func(ctx context.Context, change presence.Change) {
			for _, guild := range change.Guilds {
				data, err := change.Presence.Event(change.User, guild)
				w.must(err)
				w.must(w.publisher().Ephemeral(ctx, events.Event{
					Log: guild, Head: events.Header{Type: discord.EventPresenceUpdate, Guild: guild, User: change.User}, Data: data,
				}))
				told = told || change.User == alice.id
			}
		})
		w.must(err)
		return told
	})
	watcher.sees(alice, "offline")
}

// sees reads on until a user has the status.
func (c *client) sees(a account, status string) {
	c.t.Helper()
	for {
		var p struct {
			User   struct{ ID snowflake.ID }
			Status string
		}
		c.decode(c.until(discord.EventPresenceUpdate), &p)
		if p.User.ID == a.id && p.Status == status {
			return
		}
	}
}

func TestGuildSyncOfOlderClients(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	alice, bob := w.user(), w.user()
	g := w.guild(alice, bob)
	c := w.person(alice, nil)
	c.send(discord.OpGuildSync, []snowflake.ID{1, g.id})
	var sync struct {
		ID      snowflake.ID
		Members []discord.Member
	}
	c.decode(c.until(discord.EventGuildSync), &sync)
	if sync.ID != g.id || len(sync.Members) != 2 {
		t.Errorf("%+v", sync)
	}
	c.sendRaw(`{"op":12,"d":{}}`)
	c.closed(discord.CloseDecodeError)
}
