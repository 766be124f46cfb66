package clients_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"github.com/bwmarrin/discordgo"
	"github.com/gorilla/websocket"

	"guildhall.chat/guildhall/examples/discordgo-bot/guildhall"
)

// fleet is a bot on discordgo, one session a shard, and everything its sessions have reported.
type fleet struct {
	w        *world
	shard    [shards]*discordgo.Session
	seen     *journal[sighting]
	cable    *cable
	emptied  atomic.Int64 // answers that said that their bucket was empty
	rejected atomic.Int64 // answers with status 429
}

// sighting is an event as discordgo hands it to handlers, after its state cache has taken it in.
type sighting struct {
	shard int
	event any
}

func (s sighting) String() string {
	data, err := json.Marshal(s.event)
	if err != nil {
		data = []byte(err.Error())
	}
	return fmt.Sprintf("shard %d: %T %s", s.shard, s.event, data)
}

// testDiscordGo runs the scenario with discordgo, which by default speaks version 9 and asks for compressed payloads.
func testDiscordGo(t *testing.T, base string) {
	f := newFleet(t, mustWorld(t, base))
	runScenario(t, scenario, map[string]func(*testing.T){
		"connect to both shards":   f.connect,
		"guild and channel caches": f.caches,
		"create a message":         f.create,
		"edit a message":           f.edit,
		"reply":                    f.reply,
		"delete a message":         f.delete,
		"embeds":                   f.embeds,
		"mentions":                 f.mentions,
		"reactions":                f.reactions,
		"role opens and closes a private channel": f.privateChannel,
		"missing permission":                      f.missingPermission,
		"typing":                                  f.typing,
		"presence":                                f.presence,
		"member chunks":                           f.memberChunks,
		"invites and members":                     f.invites,
		"direct messages":                         f.directMessages,
		"resume without loss":                     f.resume,
		"rate limit":                              f.rateLimit,
		"channel, role and guild updates":         f.updates,
		"joining and leaving a guild":             f.joinAndLeave,
	})
}

// pollIntents are those of polls, which the library has no names for.
// https://discord.com/developers/docs/events/gateway#list-of-intents
const pollIntents = 1<<24 | 1<<25

// newFleet makes the sessions of the bot, which connect later.
func newFleet(t *testing.T, w *world) *fleet {
	t.Helper()
	guildhall.Use(w.Base)
	f := &fleet{w: w, seen: newJournal[sighting](), cable: newCable()}
	for shard := range f.shard {
		f.shard[shard] = f.newSession(t, shard)
	}
	return f
}

func (f *fleet) newSession(t *testing.T, shard int) *discordgo.Session {
	t.Helper()
	s, err := discordgo.New("Bot " + f.w.bot.Token)
	if err != nil {
		t.Fatal(err)
	}
	s.ShardID, s.ShardCount = shard, shards
	s.Identify.Intents = discordgo.IntentsAll | pollIntents
	s.State.MaxMessageCount = 200
	s.SyncEvents = true // handlers run in the order of the events
	s.Dialer = &websocket.Dialer{NetDialContext: f.cable.dial, HandshakeTimeout: 30 * time.Second}
	s.Client.Transport = f
	s.AddHandler(func(_ *discordgo.Session, event any) { f.seen.add(sighting{shard, event}) })
	t.Cleanup(func() { s.Close() })
	return s
}

// RoundTrip counts what the rate limit headers of answers say.
func (f *fleet) RoundTrip(request *http.Request) (*http.Response, error) {
	answer, err := http.DefaultTransport.RoundTrip(request)
	if err == nil {
		if answer.Header.Get("X-RateLimit-Remaining") == "0" {
			f.emptied.Add(1)
		}
		if answer.StatusCode == http.StatusTooManyRequests {
			f.rejected.Add(1)
		}
	}
	return answer, err
}

// rest is the session whose REST methods the steps use; any would do.
func (f *fleet) rest() *discordgo.Session { return f.shard[0] }

// await waits for an event of type E after mark.
func await[E any](t *testing.T, f *fleet, mark int, what string, match func(*E) bool) *E {
	t.Helper()
	found := f.seen.await(t, mark, what, func(s sighting) bool {
		event, ok := s.event.(*E)
		return ok && match(event)
	})
	return found.event.(*E)
}

// awaitRaw waits for an event that discordgo has no type for and decodes it into out.
func awaitRaw(t *testing.T, f *fleet, mark int, name string, out any) {
	t.Helper()
	event := await(t, f, mark, name, func(e *discordgo.Event) bool { return e.Type == name })
	if err := json.Unmarshal(event.RawData, out); err != nil {
		t.Fatalf("decode %s %s: %v", name, event.RawData, err)
	}
}

// said waits for the message with this content.
func (f *fleet) said(t *testing.T, mark int, content string) *discordgo.Message {
	t.Helper()
	return await(t, f, mark, fmt.Sprintf("MESSAGE_CREATE %q", content), func(m *discordgo.MessageCreate) bool {
		return m.Content == content
	}).Message
}

// wantCode expects a REST error of the library with this status and Discord error code.
func wantCode(t *testing.T, what string, err error, status, code int) {
	t.Helper()
	var failure *discordgo.RESTError
	switch {
	case err == nil:
		t.Errorf("%s succeeded, expected status %d, code %d", what, status, code)
	case !errors.As(err, &failure) || failure.Message == nil:
		t.Errorf("%s: expected status %d, code %d, got: %v", what, status, code, err)
	case failure.Response.StatusCode != status || failure.Message.Code != code:
		t.Errorf("%s: expected status %d, code %d, got: %v", what, status, code, err)
	}
}

// must fails the test when a call that has to succeed did not.
func must(t *testing.T, what string, err error) {
	t.Helper()
	if err != nil {
		t.Fatalf("%s: %v", what, err)
	}
}

// equal compares what a test has seen with what it expected.
func equal[V comparable](t *testing.T, what string, got, want V) {
	t.Helper()
	if got != want {
		t.Errorf("%s: got %v, expected %v", what, got, want)
	}
}
