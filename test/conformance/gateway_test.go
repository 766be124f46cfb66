package conformance_test

import (
	"encoding/json"
	"fmt"
	"math/bits"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/test/clients/gatewayclient"
	"guildhall.chat/guildhall/test/clients/rest"
)

// part is something of the gateway that is in scope or, for a reason, out of it.
type part struct {
	kind, name string
	shown      bool
	outside    string // why it is out of scope
	note       string
}

// Kinds of parts.
const (
	anEvent     = "event"
	anIntent    = "intent"
	anOpcode    = "opcode"
	aCloseCode  = "close code"
	anEncoding  = "encoding"
	elsewhereIs = "shown on a platform of its own"
)

// direct are the events of what happens in DMs with a bot.
var direct = []string{
	"MESSAGE_CREATE", "MESSAGE_UPDATE", "MESSAGE_DELETE", "CHANNEL_PINS_UPDATE", "MESSAGE_REACTION_ADD", "MESSAGE_REACTION_REMOVE",
	"TYPING_START", "MESSAGE_POLL_VOTE_ADD", "MESSAGE_POLL_VOTE_REMOVE",
}

// events makes happen what the suite has not done so far, waits until every event in scope has come to somebody, and holds the
// data of all against their schemas.
func (s *suite) events(t *testing.T) {
	s.happenings(t)
	for _, e := range events {
		if e.outside != "" {
			s.parts = append(s.parts, part{kind: anEvent, name: e.name, outside: e.outside})
			continue
		}
		if e.name == "RATE_LIMITED" {
			continue // limits shows it
		}
		t.Run(e.name, func(t *testing.T) {
			came := s.until(t, e.name, func() bool {
				for _, heard := range s.heard {
					if len(heard[e.name]) > 0 {
						return true
					}
				}
				return false
			})
			s.parts = append(s.parts, part{kind: anEvent, name: e.name, shown: came && s.asShaped(t, e)})
		})
	}
}

// asShaped holds the data of an event, as every session got it, against its schema.
func (s *suite) asShaped(t *testing.T, e event) bool {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	right := true
	for name, heard := range s.heard {
		for _, one := range heard[e.name] {
			if err := s.shaped(e, one.Data); err != nil {
				t.Errorf("session %s: %.1500s\nthe data: %.1500s", name, err, one.Data)
				return false // one is enough to read
			}
		}
	}
	return right
}

// shaped holds data against the schema of an event.
func (s *suite) shaped(e event, data []byte) error {
	pointer := "/gateway/" + e.name
	if !s.doc.has(pointer) {
		all, _ := s.doc.root.(map[string]any)["gateway"].(map[string]any)
		if all == nil {
			all = map[string]any{}
			s.doc.root.(map[string]any)["gateway"] = all
		}
		encoded, err := json.Marshal(e.data)
		if err != nil {
			return err
		}
		if all[e.name], err = jsonschema.UnmarshalJSON(strings.NewReader(string(encoded))); err != nil {
			return err
		}
	}
	body, err := jsonschema.UnmarshalJSON(strings.NewReader(string(data)))
	if err != nil {
		return err
	}
	return s.doc.validate(pointer, body)
}

// happenings cause the events that nothing else of the suite causes, in the guild and in a DM with the witness.
func (s *suite) happenings(t *testing.T) {
	own, guest, as := s.owner.Client, s.guest.Client, s.witness.Client
	const guild, one = "/guilds/{guild_id}", "/channels/{channel_id}"
	do := func(as *rest.Client, method, path string, body any) {
		t.Helper()
		if err := as.Do(t.Context(), method, path, body, nil); err != nil {
			t.Error(err)
		}
	}
	poll := object{"poll": object{"question": object{"text": "Tea?"}, "answers": []object{{"poll_media": object{"text": "yes"}}, {"poll_media": object{"text": "no"}}}}}
	vote := func(channel, id string) {
		path := "/channels/" + channel + "/polls/" + id + "/answers/@me"
		do(guest, http.MethodPut, path, object{"answer_ids": []string{"1"}})
		do(guest, http.MethodPut, path, object{"answer_ids": []string{}})
	}
	// People.
	do(own, http.MethodPatch, "/users/@me", object{"global_name": "The Owner"})
	if err := s.sessions[ofGuest].Send(gatewayclient.OpPresence, object{"status": "dnd", "since": 0, "afk": false, "activities": []object{{"name": "chess", "type": 0}}}); err != nil {
		t.Error(err)
	}
	// Messages.
	vote(s.text, s.ok(t, own, "POST "+messages, poll, s.text).text("id"))
	s.ok(t, guest, "POST "+one+"/typing", nil, s.text)
	s.ok(t, own, "POST "+messages, object{"content": secret}, s.text)
	// Auto-moderation.
	rule := s.ok(t, own, "POST "+guild+"/auto-moderation/rules", object{"name": "courgettes", "event_type": 1, "trigger_type": 1,
		"trigger_metadata": object{"keyword_filter": []string{"courgette"}}, "actions": []object{{"type": 1}}, "enabled": true}, s.guild).text("id")
	s.fails(t, guest, "POST "+messages, object{"content": "a courgette"}, http.StatusBadRequest, 200000, s.text)
	s.ok(t, own, "DELETE "+guild+"/auto-moderation/rules/{rule_id}", nil, s.guild, rule)
	// Scheduled events.
	start := time.Now().Add(time.Hour).Truncate(time.Second).UTC()
	event := s.ok(t, own, "POST "+guild+"/scheduled-events", object{"name": "Concert", "privacy_level": 2, "entity_type": 3, "entity_metadata": object{"location": "hall"},
		"scheduled_start_time": start, "scheduled_end_time": start.Add(time.Hour)}, s.guild).text("id")
	attendance := "/guilds/" + s.guild + "/scheduled-events/" + event + "/users/@me"
	do(guest, http.MethodPut, attendance, object{"response": 1})
	do(guest, http.MethodDelete, attendance, nil)
	// Threads: the witness is in one.
	thread := s.ok(t, own, "POST "+one+"/threads", object{"name": "joined", "type": 11}, s.text).text("id")
	s.ok(t, as, "PUT "+one+"/thread-members/@me", nil, thread)
	for _, archived := range []bool{true, false} {
		s.ok(t, own, "PATCH "+one, object{"archived": archived}, thread)
	}
	// An application gets more.
	spare, err := s.owner.CreateBot(t.Context(), "spare", 0)
	if err != nil {
		t.Fatal(err)
	}
	for _, scope := range []string{"bot", "bot+applications.commands"} {
		do(own, http.MethodPost, "/oauth2/authorize?client_id="+spare.ApplicationID+"&scope="+scope, object{"guild_id": s.guild, "authorize": true})
	}
	s.ok(t, own, "DELETE "+guild+"/members/{user_id}", nil, s.guild, spare.ID)
	s.elsewhere(t)
	// All members, by name and in chunks.
	if err := s.sessions[ofBot].Send(gatewayclient.OpRequestMembers, object{"guild_id": s.guild, "query": "", "limit": 0, "presences": true, "nonce": "all"}); err != nil {
		t.Error(err)
	}

	dm := s.ok(t, as, "POST /users/@me/channels", object{"recipient_id": s.guest.ID}).text("id")
	said := s.ok(t, guest, "POST "+messages, object{"content": "psst"}, dm).text("id")
	s.ok(t, guest, "PATCH "+message, object{"content": "psst!"}, dm, said)
	s.ok(t, guest, "PUT "+messages+"/pins/{message_id}", nil, dm, said)
	s.ok(t, guest, "PUT "+message+"/reactions/{emoji_name}/@me", nil, dm, said, "👍")
	s.ok(t, guest, "DELETE "+message+"/reactions/{emoji_name}/@me", nil, dm, said, "👍")
	s.ok(t, guest, "POST "+one+"/typing", nil, dm)
	vote(dm, s.ok(t, as, "POST "+messages, poll, dm).text("id"))
	s.ok(t, guest, "DELETE "+message, nil, dm, said)

	s.sessions[ofOwner].Cut() // it resumes
}

// elsewhere is a guild in which the witness gets to see a channel with a thread, and which then is deleted.
func (s *suite) elsewhere(t *testing.T) {
	t.Helper()
	own := s.owner.Client
	const guild, one = "/guilds/{guild_id}", "/channels/{channel_id}"
	id := s.ok(t, own, "POST /guilds", object{"name": "Elsewhere"}).text("id")
	channel := s.ok(t, own, "POST "+guild+"/channels", object{"name": "hidden", "permission_overwrites": []object{{"id": id, "type": 0, "deny": "1024"}}}, id).text("id")
	s.ok(t, own, "POST "+one+"/threads", object{"name": "found", "type": 11}, channel)
	if err := s.owner.AddBot(t.Context(), s.witness, id, 0); err != nil {
		t.Fatal(err)
	}
	guilds := ofIntent(discord.IntentGuilds)
	s.until(t, "GUILD_CREATE of the new guild", func() bool { return s.about(guilds, "GUILD_CREATE", id) })
	s.ok(t, own, "PATCH "+one, object{"permission_overwrites": []object{}}, channel)
	s.until(t, "THREAD_LIST_SYNC", func() bool { return len(s.heard[guilds]["THREAD_LIST_SYNC"]) > 0 })
	s.ok(t, own, "DELETE "+guild, nil, id)
}

// about reports whether a session heard an event whose data has the id. The lock is held.
func (l *listeners) about(session, name, id string) bool {
	return slices.ContainsFunc(l.heard[session][name], func(e gatewayclient.Event) bool { return strings.Contains(string(e.Data), `"id":"`+id+`"`) })
}

// secret is what only who may see content sees.
const secret = "what is said between four walls"

// intents holds what the sessions with a single intent heard against what that intent brings: all of it, and nothing else.
func (s *suite) intents(t *testing.T) {
	for _, intent := range intents() {
		bit := bits.TrailingZeros64(uint64(intent))
		name, session := fmt.Sprintf("1 << %d", bit), ofIntent(intent)
		t.Run(name, func(t *testing.T) {
			shown := true
			if intent == discord.IntentMessageContent {
				shown = s.content(t)
			}
			for _, e := range events {
				for _, inGuild := range []bool{true, false} {
					brings := e.guild&intent != 0 && inGuild || e.direct&intent != 0 && !inGuild && slices.Contains(direct, e.name)
					if !brings || e.outside != "" {
						continue
					}
					where := map[bool]string{true: "a guild", false: "a DM"}[inGuild]
					came := s.until(t, e.name+" in "+where+" by session "+session, func() bool {
						return slices.ContainsFunc(s.heard[session][e.name], func(got gatewayclient.Event) bool { return e.direct == 0 || inAGuild(got) == inGuild })
					})
					shown = shown && came
				}
			}
			shown = s.nothingElse(t, session, intent) && shown
			s.parts = append(s.parts, part{kind: anIntent, name: name, shown: shown})
		})
	}
	s.parts = append(s.parts, part{kind: anIntent, name: fmt.Sprintf("1 << %d", bits.TrailingZeros64(uint64(discord.IntentGuildVoiceStates))), outside: "voice"})
}

func inAGuild(e gatewayclient.Event) bool {
	var data struct {
		GuildID *string `json:"guild_id"`
	}
	return json.Unmarshal(e.Data, &data) == nil && data.GuildID != nil
}

// nothingElse checks that a session with one intent heard nothing that the intent does not bring.
func (s *suite) nothingElse(t *testing.T, session string, intent discord.Intents) bool {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	right := true
	for name, list := range s.heard[session] {
		e, known := lookup(name)
		if !known || e.outside != "" {
			t.Errorf("session %s heard %s, which bots are never told", session, name)
			right = false
			continue
		}
		for _, got := range list {
			inGuild := e.direct == 0 || inAGuild(got)
			ofItself := name == "GUILD_MEMBER_UPDATE" && strings.Contains(string(got.Data), `"id":"`+s.witness.ID+`"`)
			if !e.brings(intent, inGuild) && !ofItself {
				t.Errorf("session %s heard %s: %.300s", session, name, got.Data)
				right = false
				break
			}
		}
	}
	return right
}

// content compares what two sessions heard of the same message.
func (s *suite) content(t *testing.T) bool {
	t.Helper()
	without := ofIntent(discord.IntentGuildMessages)
	said := func(session, content string) bool {
		return slices.ContainsFunc(s.heard[session]["MESSAGE_CREATE"], func(e gatewayclient.Event) bool { return strings.Contains(string(e.Data), `"content":"`+content+`"`) })
	}
	if !s.until(t, "content by who may see it", func() bool { return said(ofContent, secret) }) {
		return false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if said(without, secret) || !said(without, "") {
		t.Error("content was told without the intent")
		return false
	}
	return true
}
