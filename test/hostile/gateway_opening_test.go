package hostile_test

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"guildhall.chat/guildhall/test/clients/gatewayclient"
	"guildhall.chat/guildhall/test/clients/rest"
)

// handshake are queries of the upgrade request.
func (s *scene) handshake(t *testing.T) {
	for _, c := range []struct {
		name  string
		query url.Values
		codes []int // nil: refused somehow
	}{
		{"version 5", url.Values{"v": {"5"}}, []int{invalidVersion}},
		{"version 11", url.Values{"v": {"11"}}, []int{invalidVersion}},
		{"version of letters", url.Values{"v": {"ten"}}, []int{invalidVersion}},
		{"version -1", url.Values{"v": {"-1"}}, []int{invalidVersion}},
		{"version beyond 64 bits", url.Values{"v": {"99999999999999999999"}}, []int{invalidVersion}},
		{"encoding xml", url.Values{"encoding": {"xml"}}, nil},
		{"compress brotli", url.Values{"compress": {"brotli"}}, nil},
		{"compress of 5000 letters", url.Values{"compress": {strings.Repeat("z", 5000)}}, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			target := s.gateway + "/?" + merge(url.Values{"v": {"10"}, "encoding": {"json"}}, c.query).Encode()
			ctx, cancel := context.WithTimeout(t.Context(), patience)
			defer cancel()
			conn, answer, err := websocket.DefaultDialer.DialContext(ctx, target, nil)
			if err != nil {
				if answer == nil || answer.StatusCode < 400 || answer.StatusCode >= 500 {
					t.Errorf("expected the upgrade to be refused with 4xx: %v, %v", answer, err)
				}
				if c.codes != nil {
					t.Errorf("expected a close with %v, got: %v", c.codes, err)
				}
				return
			}
			defer conn.Close()
			conn.SetReadDeadline(time.Now().Add(patience))
			for err == nil {
				_, _, err = conn.ReadMessage()
			}
			code := gatewayclient.CloseCode(err)
			if c.codes != nil && code != c.codes[0] || c.codes == nil && (code < 4000 || code > 4999) {
				t.Errorf("expected a close with %v (none: any of Discord's), got: %v", c.codes, err)
			}
		})
	}
	t.Run("version 9, as discordgo", func(t *testing.T) {
		conn := s.dial(t, url.Values{"v": {"9"}})
		wantAlive(t, conn)
	})
	t.Run("no upgrade", func(t *testing.T) {
		got, err := (&rest.Client{Base: s.base}).Raw(t.Context(), http.MethodGet, "/?v=10&encoding=json", nil, nil)
		if err != nil {
			t.Fatal(err)
		}
		if got.Status < 400 || got.Status >= 500 {
			t.Errorf("status %d, expected 4xx", got.Status)
		}
	})
}

func merge(into, from url.Values) url.Values {
	for key, values := range from {
		into[key] = values
	}
	return into
}

// beforeIdentify are payloads on a connection that hasn't said who it is.
func (s *scene) beforeIdentify(t *testing.T) {
	for _, c := range []struct {
		name, payload string
		codes         []int
	}{
		{"presence", `{"op":3,"d":{"status":"online","since":null,"afk":false,"activities":[]}}`, []int{notAuthenticated}},
		{"voice state", `{"op":4,"d":{"guild_id":"1","channel_id":null,"self_mute":false,"self_deaf":false}}`, []int{notAuthenticated}},
		{"members", `{"op":8,"d":{"guild_id":"` + s.guild + `","query":"","limit":0}}`, []int{notAuthenticated}},
		{"lazy guild", `{"op":14,"d":{"guild_id":"` + s.guild + `"}}`, []int{notAuthenticated}},
		{"an unknown opcode", `{"op":999,"d":null}`, []int{unknownOpcode, notAuthenticated}},
		{"a server's opcode", `{"op":0,"d":{},"t":"READY","s":1}`, []int{unknownOpcode, notAuthenticated}},
		{"cut off", `{"op":2,"d":`, []int{decodeError}},
		{"no JSON", `hello`, []int{decodeError}},
		{"an empty frame", ``, []int{decodeError}},
		{"a list", `[2,{}]`, []int{decodeError}},
		{"null", `null`, []int{decodeError, unknownOpcode, notAuthenticated}},
		{"no opcode", `{"d":{}}`, []int{decodeError, unknownOpcode, notAuthenticated}},
		{"an opcode that is a text", `{"op":"2","d":{}}`, []int{decodeError, unknownOpcode}},
		{"an opcode that is a fraction", `{"op":1.5,"d":null}`, []int{decodeError, unknownOpcode}},
		{"an opcode beyond 64 bits", `{"op":99999999999999999999,"d":null}`, []int{decodeError, unknownOpcode, notAuthenticated}},
		{"a negative opcode", `{"op":-1,"d":null}`, []int{decodeError, unknownOpcode, notAuthenticated}},
		{"deep nesting", `{"op":2,"d":` + nested(2_000) + `}`, []int{decodeError, unknownOpcode}},
		{"invalid UTF-8 in a text", "{\"op\":1,\"d\":\"\xff\xfe\"}", []int{decodeError, invalidUTF8, unknownOpcode}},
		{"a frame of 20 KB", `{"op":1,"d":null,"x":"` + strings.Repeat("x", 20<<10) + `"}`, []int{decodeError, tooBig}},
		{"a frame of 5 MB", `{"op":2,"d":{"token":"` + strings.Repeat("x", 5<<20) + `"}}`, []int{decodeError, tooBig, 0}}, // 0: what is unread resets the connection
	} {
		t.Run(c.name, func(t *testing.T) {
			conn := s.dial(t, nil)
			if err := conn.WriteRaw(websocket.TextMessage, []byte(c.payload)); err != nil {
				t.Logf("write: %v", err) // the server may close before it has read all
			}
			wantClose(t, conn, c.codes...)
		})
	}
	t.Run("binary", func(t *testing.T) {
		conn := s.dial(t, nil)
		if err := conn.WriteRaw(websocket.BinaryMessage, []byte{131, 106, 0, 255}); err != nil {
			t.Fatal(err)
		}
		wantClose(t, conn, decodeError)
	})
	t.Run("a heartbeat is fine", func(t *testing.T) {
		wantAlive(t, s.dial(t, nil)) // discord.py beats before it identifies
	})
	t.Run("too many heartbeats", func(t *testing.T) {
		conn := s.dial(t, nil)
		for range 130 {
			if conn.Write(gatewayclient.OpHeartbeat, nil) != nil {
				break
			}
		}
		wantClose(t, conn, rateLimited)
	})
}

// identify are Identify payloads that can't be granted.
func (s *scene) identify(t *testing.T) {
	type change = map[string]any
	for _, c := range []struct {
		name   string
		change change
		codes  []int
	}{
		{"no token", change{"token": nil}, []int{authenticationFailed, decodeError}},
		{"an empty token", change{"token": ""}, []int{authenticationFailed}},
		{"a token that is a number", change{"token": 42}, []int{authenticationFailed, decodeError}},
		{"garbage for a token", change{"token": "let me in"}, []int{authenticationFailed}},
		{"a token of 3000 letters", change{"token": strings.Repeat("x", 3000)}, []int{authenticationFailed}},
		{"a forged bot token", change{"token": s.bot.Token[:len(s.bot.Token)-4] + "AAAA"}, []int{authenticationFailed}},
		{"a token with alg none", change{"token": "eyJhbGciOiJub25lIn0." + strings.Split(s.owner.Authorization, ".")[1] + "."}, []int{authenticationFailed}},
		{"a refresh token", change{"token": s.owner.RefreshToken}, []int{authenticationFailed}},
		{"no intents", change{"intents": nil}, []int{invalidIntents, decodeError}},
		{"negative intents", change{"intents": -1}, []int{invalidIntents, decodeError}},
		{"an unknown intent", change{"intents": 1 << 40}, []int{invalidIntents}},
		{"intents beyond 64 bits", change{"intents": 1e300}, []int{invalidIntents, decodeError}},
		{"intents of letters", change{"intents": "all"}, []int{invalidIntents, decodeError}},
		{"fractional intents", change{"intents": 1.5}, []int{invalidIntents, decodeError}},
		{"an intent that was not granted", change{"intents": intents | gatewayclient.IntentGuildMembers}, []int{disallowedIntents}},
		{"all intents", change{"intents": gatewayclient.IntentsAll}, []int{disallowedIntents}},
		{"a shard beyond the last", change{"shard": [2]int{2, 2}}, []int{invalidShard}},
		{"a negative shard", change{"shard": [2]int{-1, 2}}, []int{invalidShard}},
		{"no shards", change{"shard": [2]int{0, 0}}, []int{invalidShard}},
		{"negative shards", change{"shard": [2]int{0, -2}}, []int{invalidShard}},
		{"a shard of one number", change{"shard": []int{0}}, []int{invalidShard, decodeError}},
		{"a shard of three numbers", change{"shard": []int{0, 1, 2}}, []int{invalidShard, decodeError}},
		{"a shard that is a text", change{"shard": "0,1"}, []int{invalidShard, decodeError}},
		{"a shard beyond 64 bits", change{"shard": []float64{0, 1e30}}, []int{invalidShard, decodeError}},
		{"properties that are a text", change{"properties": "linux"}, []int{decodeError}},
		{"a presence that is a text", change{"presence": "online"}, []int{decodeError}},
	} {
		t.Run(c.name, func(t *testing.T) {
			conn := s.dial(t, nil)
			if err := conn.Write(gatewayclient.OpIdentify, identification(s.spare(), c.change)); err != nil {
				t.Fatal(err)
			}
			wantClose(t, conn, c.codes...)
		})
	}
	for name, d := range map[string]any{"null": nil, "a text": "hello", "a list": []int{1}, "a number": 7} {
		t.Run("data: "+name, func(t *testing.T) {
			conn := s.dial(t, nil)
			if err := conn.Write(gatewayclient.OpIdentify, d); err != nil {
				t.Fatal(err)
			}
			wantClose(t, conn, decodeError, authenticationFailed)
		})
	}
	t.Run("twice", func(t *testing.T) {
		r := s.ready(t)
		if err := r.Write(gatewayclient.OpIdentify, identification(r.bot, nil)); err != nil {
			t.Fatal(err)
		}
		wantClose(t, r.Conn, alreadyAuthenticated)
	})
	t.Run("a resume after it", func(t *testing.T) {
		r := s.ready(t)
		if err := r.Write(gatewayclient.OpResume, map[string]any{"token": r.bot.Token, "session_id": r.id, "seq": r.seq}); err != nil {
			t.Fatal(err)
		}
		wantClose(t, r.Conn, alreadyAuthenticated)
	})
}

// resume are resumes that can't be granted: the client is told to identify, or closed with the documented code.
func (s *scene) resume(t *testing.T) {
	dropped := func(t *testing.T) *session {
		t.Helper()
		r := s.ready(t)
		r.Cut()
		return r
	}
	refused := func(t *testing.T, d any, codes ...int) *gatewayclient.Conn {
		t.Helper()
		conn := s.dial(t, nil)
		if err := conn.Write(gatewayclient.OpResume, d); err != nil {
			t.Fatal(err)
		}
		f, err := conn.Read(time.Now().Add(patience))
		switch {
		case err == nil && f.Op == gatewayclient.OpInvalidSession && string(f.D) == "false":
			return conn
		case err == nil:
			t.Errorf("expected Invalid Session with false or a close with %v, got op %d %.300s", codes, f.Op, f.D)
		default:
			for _, code := range codes {
				if gatewayclient.CloseCode(err) == code {
					return nil
				}
			}
			t.Errorf("expected Invalid Session with false or a close with %v, got: %v", codes, err)
		}
		return nil
	}
	t.Run("a session id that nobody made", func(t *testing.T) {
		bot := s.spare()
		for _, id := range []string{"", "x", "gateway-0-0", "gateway-0-0.AAAAAAAAAAAAAAAAAAAAAA.AAAAAAAAAAAAAAAAAAAAAA", "..", strings.Repeat("a", 3000), "\x00", "../../etc/passwd"} {
			refused(t, map[string]any{"token": bot.Token, "session_id": id, "seq": 1}, decodeError)
		}
	})
	t.Run("a changed session id", func(t *testing.T) {
		r := dropped(t)
		last := r.id[len(r.id)-2]
		changed := r.id[:len(r.id)-2] + string(map[bool]byte{true: 'B', false: 'A'}[last == 'A']) + r.id[len(r.id)-1:]
		refused(t, map[string]any{"token": r.bot.Token, "session_id": changed, "seq": r.seq})
	})
	t.Run("another bot's session", func(t *testing.T) {
		r := dropped(t)
		thief := s.spare()
		refused(t, map[string]any{"token": thief.Token, "session_id": r.id, "seq": r.seq}, authenticationFailed)
		wantResumed(t, s, r)
	})
	t.Run("a bad token", func(t *testing.T) {
		r := dropped(t)
		refused(t, map[string]any{"token": "let me in", "session_id": r.id, "seq": r.seq}, authenticationFailed)
		wantResumed(t, s, r)
	})
	t.Run("a sequence that is too high", func(t *testing.T) {
		r := dropped(t)
		refused(t, map[string]any{"token": r.bot.Token, "session_id": r.id, "seq": r.seq + 1_000_000}, invalidSeq)
	})
	for name, seq := range map[string]any{"negative": -1, "a text": "one", "beyond 64 bits": 1e300, "a fraction": 1.5, "missing": nil} {
		t.Run("a sequence that is "+name, func(t *testing.T) {
			r := dropped(t)
			refused(t, map[string]any{"token": r.bot.Token, "session_id": r.id, "seq": seq}, invalidSeq, decodeError)
		})
	}
	for name, d := range map[string]any{"null": nil, "a text": "resume", "empty": map[string]any{}} {
		t.Run("data: "+name, func(t *testing.T) { refused(t, d, decodeError, authenticationFailed, invalidSeq) })
	}
	t.Run("then identify on the same connection, as discordgo does", func(t *testing.T) {
		r := dropped(t)
		conn := refused(t, map[string]any{"token": r.bot.Token, "session_id": "gone", "seq": 1})
		if conn == nil {
			return
		}
		again := &session{Conn: conn, bot: s.spare()}
		again.identify(t)
		wantAlive(t, conn)
	})
	t.Run("a resume is not spoilt by one that was refused", func(t *testing.T) {
		r := dropped(t)
		refused(t, map[string]any{"token": r.bot.Token, "session_id": r.id + "x", "seq": r.seq})
		wantResumed(t, s, r)
	})
}

// wantResumed resumes the session as its owner does.
func wantResumed(t *testing.T, s *scene, r *session) {
	t.Helper()
	conn := s.dial(t, nil)
	if err := conn.Write(gatewayclient.OpResume, map[string]any{"token": r.bot.Token, "session_id": r.id, "seq": r.seq}); err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(patience); ; {
		f, err := conn.Read(deadline)
		if err != nil || f.Op == gatewayclient.OpInvalidSession {
			t.Errorf("expected the owner to resume its session, got: %s", fmt.Sprint("op ", f.Op, " ", string(f.D), " ", err))
			return
		}
		if f.Op == gatewayclient.OpDispatch && *f.T == "RESUMED" {
			return
		}
	}
}
