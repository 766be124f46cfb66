package clients_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"github.com/disgoorg/disgo"
	"github.com/disgoorg/disgo/bot"
	"github.com/disgoorg/disgo/cache"
	"github.com/disgoorg/disgo/discord"
	"github.com/disgoorg/disgo/events"
	"github.com/disgoorg/disgo/gateway"
	disgorest "github.com/disgoorg/disgo/rest"
	"github.com/disgoorg/disgo/sharding"
	"github.com/disgoorg/snowflake/v2"
	"github.com/gorilla/websocket"
)

// disgoBot is a bot on disgo with all its shards, and every event that the library made of what it got.
type disgoBot struct {
	*bot.Client
	w        *world
	seen     *journal[bot.Event]
	cable    *cable
	emptied  atomic.Int64 // answers that said that their bucket was empty
	rejected atomic.Int64 // answers with status 429
}

// testDisgo runs the scenario with disgo. It is pointed at the platform by the base URL of its REST client; it asks there
// for the gateway. By default it asks for zstd-stream.
func testDisgo(t *testing.T, base string, compression gateway.CompressionType) {
	b := newDisgoBot(t, mustWorld(t, base), compression)
	runScenario(t, scenario, map[string]func(*testing.T){
		"connect to both shards":   b.connect,
		"guild and channel caches": b.caches,
		"create a message":         b.create,
		"edit a message":           b.edit,
		"reply":                    b.reply,
		"delete a message":         b.delete,
		"embeds":                   b.embeds,
		"mentions":                 b.mentions,
		"reactions":                b.reactions,
		"role opens and closes a private channel": b.privateChannel,
		"missing permission":                      b.missingPermission,
		"typing":                                  b.typing,
		"presence":                                b.presence,
		"member chunks":                           b.memberChunks,
		"invites and members":                     b.invites,
		"direct messages":                         b.directMessages,
		"resume without loss":                     b.resume,
		"rate limit":                              b.rateLimit,
		"channel, role and guild updates":         b.updates,
		"joining and leaving a guild":             b.joinAndLeave,
	})
}

// newDisgoBot makes the bot, which connects later.
func newDisgoBot(t *testing.T, w *world, compression gateway.CompressionType) *disgoBot {
	t.Helper()
	b := &disgoBot{w: w, seen: newJournal[bot.Event](), cable: newCable()}
	log := slog.New(slog.DiscardHandler)
	var err error
	b.Client, err = disgo.New(b.w.bot.Token,
		bot.WithLogger(log),
		bot.WithRestClientConfigOpts(disgorest.WithURL(w.Base+"/api/v10"), disgorest.WithHTTPClient(&http.Client{Transport: b})),
		bot.WithCacheConfigOpts(cache.WithCaches(cache.FlagsAll)),
		bot.WithEventListeners(b),
		bot.WithShardManagerConfigOpts(sharding.WithGatewayConfigOpts(
			gateway.WithIntents(gateway.IntentsAll), gateway.WithCompression(compression),
			gateway.WithDialer(&websocket.Dialer{NetDialContext: b.cable.dial, HandshakeTimeout: 30 * time.Second}),
		)),
	)
	must(t, "make a client", err)
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		b.Close(ctx)
	})
	return b
}

// OnEvent implements bot.EventListener.
func (b *disgoBot) OnEvent(event bot.Event) {
	if _, beat := event.(*events.HeartbeatAck); !beat {
		b.seen.add(event)
	}
}

// RoundTrip counts what the rate limit headers of answers say.
func (b *disgoBot) RoundTrip(request *http.Request) (*http.Response, error) {
	answer, err := http.DefaultTransport.RoundTrip(request)
	if err == nil {
		if answer.Header.Get("X-RateLimit-Remaining") == "0" {
			b.emptied.Add(1)
		}
		if answer.StatusCode == http.StatusTooManyRequests {
			b.rejected.Add(1)
		}
	}
	return answer, err
}

// sees waits for an event of type E after mark.
func sees[E bot.Event](t *testing.T, b *disgoBot, mark int, match func(E) bool) E {
	t.Helper()
	var want E
	found := b.seen.await(t, mark, fmt.Sprintf("%T", want), func(e bot.Event) bool {
		event, ok := e.(E)
		return ok && match(event)
	})
	return found.(E)
}

// said waits for the message with this content.
func (b *disgoBot) said(t *testing.T, mark int, content string) *events.MessageCreate {
	t.Helper()
	return sees(t, b, mark, func(m *events.MessageCreate) bool { return m.Message.Content == content })
}

// shardOf tells which shard an event came through.
func shardOf(e bot.Event) int { return e.(interface{ ShardID() int }).ShardID() }

// refused expects a REST error of the library with this status and Discord error code.
func refused(t *testing.T, what string, err error, status int, code disgorest.JSONErrorCode) {
	t.Helper()
	var failure *disgorest.Error
	switch {
	case err == nil:
		t.Errorf("%s succeeded, expected status %d, code %d", what, status, code)
	case !errors.As(err, &failure):
		t.Errorf("%s: expected status %d, code %d, got: %v", what, status, code, err)
	case failure.Response.StatusCode != status || failure.Code != code:
		t.Errorf("%s: expected status %d, code %d, got %d, code %d: %v", what, status, code, failure.Response.StatusCode, failure.Code, err)
	}
}

// id reads an id as the library has it.
func id(s string) snowflake.ID { return snowflake.MustParse(s) }

func content(text string) discord.MessageCreate { return discord.MessageCreate{Content: text} }
