package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"guildhall.chat/guildhall/gateway/session"
	"guildhall.chat/guildhall/internal/auth"
	"guildhall.chat/guildhall/internal/codec"
	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/events"
	"guildhall.chat/guildhall/internal/presence"
	"guildhall.chat/guildhall/internal/store"
)

func TestCloseCodes(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	plain, user := w.bot(0), w.user()
	identify := func(a account, more string) string {
		return fmt.Sprintf(`{"op":2,"d":{"token":%q%s}}`, a.token, more)
	}
	tests := map[string]struct {
		want   discord.CloseCode
		query  string
		frames []string
	}{
		"unknown opcode":            {4001, "", []string{`{"op":99,"d":null}`}},
		"an opcode of the server":   {4001, "", []string{`{"op":10,"d":null}`}},
		"not JSON":                  {4002, "", []string{`hello`}},
		"no opcode":                 {4002, "", []string{`{"d":1}`}},
		"too large":                 {4002, "", []string{`{"op":1,"d":"` + strings.Repeat("x", codec.MaxInbound) + `"}`}},
		"far too large":             {4002, "", []string{`{"op":1,"d":"` + strings.Repeat("x", 1<<20) + `"}`}},
		"heartbeat of a wrong type": {4002, "", []string{`{"op":1,"d":"x"}`}},
		"identify of a wrong type":  {4002, "", []string{`{"op":2,"d":[]}`}},
		"identify without data":     {4002, "", []string{`{"op":2}`}},
		"bad presence":              {4002, "", []string{identify(plain, `,"intents":0,"presence":{"status":"asleep"}`)}},
		"resume of a wrong type":    {4002, "", []string{`{"op":6,"d":7}`}},
		"presence first":            {4003, "", []string{`{"op":3,"d":{}}`}},
		"members first":             {4003, "", []string{`{"op":8,"d":{}}`}},
		"no token":                  {4004, "", []string{`{"op":2,"d":{"intents":0}}`}},
		"another's token":           {4004, "", []string{fmt.Sprintf(`{"op":2,"d":{"token":%q,"intents":0}}`, otherToken(plain))}},
		"no intents":                {4013, "", []string{identify(plain, "")}},
		"unknown intents":           {4013, "", []string{identify(plain, `,"intents":2147483648`)}},
		"intents for users only":    {4013, "", []string{identify(plain, `,"intents":131072`)}},
		"negative intents":          {4013, "", []string{identify(plain, `,"intents":-1`)}},
		"privileged intents":        {4014, "", []string{identify(plain, `,"intents":2`)}},
		"shard above the count":     {4010, "", []string{identify(plain, `,"intents":0,"shard":[2,2]`)}},
		"no shards":                 {4010, "", []string{identify(plain, `,"intents":0,"shard":[0,0]`)}},
		"shard of a wrong shape":    {4002, "", []string{identify(plain, `,"intents":0,"shard":[0]`)}},
		"identify twice":            {4005, "", []string{identify(user, ""), identify(user, "")}},
		"too many frames":           {4008, "", repeat(`{"op":1,"d":null}`, 121)},
		"old version":               {4012, "&v=8", nil},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := "/?encoding=json" + tt.query
			ws, _, err := websocket.DefaultDialer.Dial(w.pod.url+path, nil)
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = ws.Close() }()
			c := &client{t: t, ws: ws}
			for _, f := range tt.frames {
				c.sendRaw(f)
			}
			c.closed(tt.want)
		})
	}
}

func repeat(frame string, n int) []string {
	frames := make([]string, n)
	for i := range frames {
		frames[i] = frame
	}
	return frames
}

// otherToken is a token in the right form that the bot does not have.
func otherToken(a account) string {
	token, _ := auth.NewBotToken(a.id)
	return token
}

func TestHeartbeats(t *testing.T) {
	t.Parallel()
	w := newWorld(t, func(c *session.Config) { c.HeartbeatInterval = 300 * time.Millisecond })
	bot := w.bot(0)

	silent := w.greeted("")
	c := w.greeted("")
	c.beat() // before IDENTIFY
	c.identify(bot, map[string]any{"intents": 0})
	c.ready()
	c.send(discord.OpQoSHeartbeat, map[string]any{"seq": 1, "qos": map[string]any{}})
	c.untilOp(discord.OpHeartbeatACK)
	silent.closed(discord.CloseSessionTimedOut)
	c.closed(discord.CloseSessionTimedOut)
	// Its session can be resumed.
	next := w.resume(c, bot)
	next.dispatch(discord.EventResumed)
}

func TestIdentifyNeedNotWaitForHello(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, prefix := range []string{"", "Bot "} {
		bot := w.bot(0)
		bot.token = prefix + bot.token
		c := w.dial("")
		c.identify(bot, map[string]any{"intents": 0})
		if f := c.read(); f.Op != discord.OpHello {
			t.Errorf("first frame has op %d", f.Op)
		}
		c.ready()
	}
}

// A session ends with the login or the token that it was made with; others of the account don't.
func TestCredentialsChangeUnderASession(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	bot, user := w.bot(0), w.user()
	b := w.connect(bot, 0)
	kept := w.greeted("")
	kept.identify(user, nil)
	kept.dispatch(discord.EventReady)
	ended := w.login(user.id)
	u := w.greeted("")
	u.identify(ended, nil)
	u.dispatch(discord.EventReady)

	_, hash := auth.NewBotToken(bot.id)
	w.change(func(ctx context.Context, tx *store.Tx) error {
		if _, err := tx.Exec(ctx, `update applications set bot_token_hash = $2 where bot_id = $1`, bot.id, hash); err != nil {
			return err
		}
		return tx.Emit(bot.id, events.Header{Type: events.CredentialsChanged, User: bot.id}, struct{}{})
	})
	b.closed(discord.CloseAuthenticationFailed)
	w.change(func(ctx context.Context, tx *store.Tx) error {
		if _, err := tx.Exec(ctx, `update auth_sessions set revoked_at = now() where id = $1`, ended.login); err != nil {
			return err
		}
		return tx.Emit(user.id, events.Header{Type: events.CredentialsChanged, User: user.id}, struct{}{})
	})
	u.closed(discord.CloseAuthenticationFailed)
	kept.beat()
}

func TestRevokedLogin(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	user := w.user()
	c := w.greeted("")
	c.identify(user, nil)
	c.dispatch(discord.EventReady)
	_, err := w.exec(`update auth_sessions set revoked_at = now() where user_id = $1`, user.id)
	w.must(err)
	c = w.greeted("")
	c.identify(user, nil)
	c.closed(discord.CloseAuthenticationFailed)
}

func TestVersions(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for query, want := range map[string]int{"&v=9": 9, "": 10} {
		c := w.dialPod(w.pod, "/?encoding=json"+query, nil)
		c.read()
		c.identify(w.bot(0), map[string]any{"intents": 0})
		if ready := c.ready(); ready.Version != want {
			t.Errorf("%q: READY has v %d", query, ready.Version)
		}
	}
	_, answer, err := websocket.DefaultDialer.Dial(w.pod.url+"/?v=10&encoding=json&compress=lzma", nil)
	if err == nil || answer == nil || answer.StatusCode != http.StatusBadRequest {
		t.Errorf("unknown compression: %v", err)
	}
}

func TestCompression(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	owner := w.user()
	for name, query := range map[string]string{"payloads": "", "stream": "&compress=zlib-stream"} {
		bot := w.bot(allPrivileged)
		g := w.guild(owner, bot)
		c := w.greeted(query)
		c.identify(bot, map[string]any{"intents": withMessages, "compress": true})
		c.ready()
		c.dispatch(discord.EventGuildCreate)
		for range 20 {
			long := strings.Repeat("word ", 300)
			id := w.message(g, owner, long)
			if got, content := c.messageOf(c.dispatch(discord.EventMessageCreate)); got != id || content != long {
				t.Errorf("%s: message %s, want %s", name, got, id)
			}
			c.beat()
		}
	}
}

// What the router says counts: it has sent HELLO, and passed frames.
func TestForwardedConnection(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	bot := w.bot(0)
	now := time.Now()
	sealed := func(f auth.Forwarded) http.Header {
		f.IP, f.HelloAt, f.At = "192.0.2.1", now.UnixMilli(), now.UnixMilli()
		return http.Header{auth.ForwardedHeader: {w.keys.SealForwarded(f)}}
	}
	c := w.dialPod(w.pod, "/internal/session?v=10&encoding=json", sealed(auth.Forwarded{Frames: 1}))
	c.identify(bot, map[string]any{"intents": 0})
	c.ready()

	busy := w.dialPod(w.pod, "/internal/session?v=10&encoding=json", sealed(auth.Forwarded{Frames: 119}))
	busy.beat()
	busy.send(discord.OpHeartbeat, nil)
	busy.closed(discord.CloseRateLimited)

	_, answer, err := websocket.DefaultDialer.Dial(w.pod.url+"/internal/session?v=10&encoding=json", nil)
	if err == nil || answer == nil || answer.StatusCode != http.StatusForbidden {
		t.Errorf("without the word of a router: %v", err)
	}
}

// A stream that the router has begun goes on without a second header.
func TestForwardedStream(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	now := time.Now().UnixMilli()
	word := w.keys.SealForwarded(auth.Forwarded{HelloAt: now, At: now, Stream: true})
	c := w.dialPod(w.pod, "/internal/session?v=10&encoding=json&compress=zlib-stream", http.Header{auth.ForwardedHeader: {word}})
	c.send(discord.OpHeartbeat, nil)
	_, data, err := c.ws.ReadMessage()
	w.must(err)
	encoder := codec.NewEncoder(codec.Params{Compression: codec.ZlibStream}, true)
	want, _, err := encoder.Append(nil, discord.OpHeartbeatACK, nil)
	w.must(err)
	if string(data) != string(want) {
		t.Errorf("first message %x, want %x", data, want)
	}
}

func TestDrain(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c := w.connect(w.bot(0), 0)
	idle := w.greeted("")
	go w.pod.sessions.Drain(t.Context(), 0) // and the pod goes on listening until its test is over
	for _, c := range []*client{c, idle} {
		if f := c.untilOp(discord.OpReconnect); string(f.D) != "null" {
			t.Errorf("op 7 has d %s", f.D)
		}
		if c == idle {
			continue
		}
		c.closed(discord.CloseUnknownError)
	}
	// Routers are told to go elsewhere, and who comes without one to come again.
	now := time.Now().UnixMilli()
	word := http.Header{auth.ForwardedHeader: {w.keys.SealForwarded(auth.Forwarded{HelloAt: now, At: now})}}
	_, answer, err := websocket.DefaultDialer.Dial(w.pod.url+"/internal/session?v=10&encoding=json", word)
	if err == nil || answer == nil || answer.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("the router's client is answered %v, %v", answer, err)
	}
	w.greeted("").untilOp(discord.OpReconnect)
	idle.closed(discord.CloseUnknownError)
	w.pod.stop()
}

func TestSecondSessionAtOnceWaits(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	bot := w.bot(0)
	w.connect(bot, 0)
	w.connect(bot, 0) // waits for the window to end, within what READY may take
}

func TestTooManySessionsOfAUser(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	user := w.user()
	for range 50 {
		c := w.greeted("")
		c.identify(user, nil)
		c.dispatch(discord.EventReady)
	}
	c := w.greeted("")
	c.identify(user, nil)
	c.closed(discord.CloseTooManySessions)
}

func TestIgnoredAndEmptyRequests(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	bot, owner := w.bot(0), w.user()
	g := w.guild(owner, bot)
	c := w.connect(bot, discord.IntentGuilds)
	c.dispatch(discord.EventGuildCreate)
	for _, op := range []discord.Opcode{4, 5, 12, 13, 14, 37, 41} {
		c.send(op, map[string]any{})
	}
	c.beat()
	c.send(discord.OpRequestSoundboard, map[string]any{"guild_ids": []any{g.id, 1}})
	c.send(discord.OpRequestChannelInfo, map[string]any{"guild_id": g.id, "fields": []string{"status"}})
	for event, key := range map[string]string{"SOUNDBOARD_SOUNDS": "soundboard_sounds"} {
		if data := string(c.dispatch(event)); data != `{"guild_id":"`+g.id.String()+`","`+key+`":[]}` {
			t.Errorf("%s %s", event, data)
		}
	}
	c.dispatch("CHANNEL_INFO")
}

func TestPresences(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	watcher, shown := w.bot(allPrivileged), w.bot(0)
	g := w.guild(watcher, shown)
	c := w.connect(watcher, discord.IntentGuilds|discord.IntentGuildPresences)
	c.until(discord.EventGuildCreate)

	// next returns the next presence of the bot that is shown; the watcher is told of its own too.
	next := func() (p presence.Presence) {
		t.Helper()
		for {
			data := c.until(discord.EventPresenceUpdate)
			var about struct {
				User struct {
					ID string `json:"id"`
				} `json:"user"`
				GuildID string `json:"guild_id"`
			}
			c.decode(data, &about)
			if about.User.ID == shown.id.String() && about.GuildID == g.id.String() {
				c.decode(data, &p)
				return p
			}
		}
	}
	s := w.greeted("")
	s.identify(shown, map[string]any{"intents": 0, "presence": map[string]any{"status": "dnd", "activities": []any{}, "game": nil}})
	s.ready()
	if p := next(); p.Status != presence.DND {
		t.Errorf("after IDENTIFY: %+v", p)
	}
	s.send(discord.OpPresenceUpdate, map[string]any{
		"since": nil, "afk": false, "status": "idle", "activities": []any{map[string]any{"name": "chess", "type": 0}},
	})
	if p := next(); p.Status != presence.Idle || len(p.Activities) != 1 {
		t.Errorf("after op 3: %+v", p)
	}
	// A dropped connection changes nothing; who comes later sees it.
	s.cut()
	late := w.bot(allPrivileged)
	w.join(g, late)
	l := w.greeted("")
	l.identify(late, map[string]any{"intents": discord.IntentGuilds | discord.IntentGuildPresences})
	var created gatewayGuild
	l.decode(l.until(discord.EventGuildCreate), &created)
	seen := false
	for _, data := range created.Presences {
		seen = seen || strings.Contains(string(data), `"`+shown.id.String()+`"`) && strings.Contains(string(data), "chess")
	}
	if !seen || len(created.Members) != 3 {
		t.Errorf("GUILD_CREATE has presences %s and %d members", created.Presences, len(created.Members))
	}
	resumed := w.resume(s, shown)
	resumed.dispatch(discord.EventResumed)
	w.must(resumed.ws.WriteControl(websocket.CloseMessage, websocket.FormatCloseMessage(1000, ""), time.Now().Add(patience)))
	if p := next(); p.Status != presence.Offline {
		t.Errorf("after leaving: %+v", p)
	}
}

func TestPresenceUpdatesAreBounded(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	c := w.connect(w.bot(0), 0)
	for i := range 10 {
		c.send(discord.OpPresenceUpdate, map[string]any{"status": "online", "activities": []any{map[string]any{"name": fmt.Sprint(i), "type": 0}}})
	}
	c.beat() // the excess is ignored, and no reason to close
	c.send(discord.OpPresenceUpdate, json.RawMessage(`{"status":5}`))
	c.closed(discord.CloseDecodeError)
}

func TestTooManyGuildsForOneShard(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	bot := w.bot(0)
	_, err := w.exec(`insert into guilds (id, owner_id, name) select n::bigint << 22, $1, 'guild' from generate_series(1, 2501) n`, bot.id)
	w.must(err)
	_, err = w.exec(`insert into members (guild_id, user_id) select id, $1 from guilds`, bot.id)
	w.must(err)
	c := w.greeted("")
	c.identify(bot, map[string]any{"intents": 0})
	c.closed(discord.CloseShardingRequired)
	c = w.greeted("")
	c.identify(bot, map[string]any{"intents": 0, "shard": [2]int{0, 2}})
	if ready := c.ready(); len(ready.Guilds) != 1250 {
		t.Errorf("half of the guilds are %d", len(ready.Guilds))
	}
}
