package hostile_test

import (
	"crypto/rand"
	"encoding/binary"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"guildhall.chat/guildhall/test/clients/gatewayclient"
)

// afterReady are payloads of a session.
func (s *scene) afterReady(t *testing.T) {
	for _, c := range []struct {
		name, payload string
		codes         []int
	}{
		{"an unknown opcode", `{"op":999,"d":null}`, []int{unknownOpcode}},
		{"a negative opcode", `{"op":-1,"d":null}`, []int{unknownOpcode, decodeError}},
		{"a dispatch", `{"op":0,"t":"MESSAGE_CREATE","s":9,"d":{}}`, []int{unknownOpcode}},
		{"HELLO", `{"op":10,"d":{"heartbeat_interval":1}}`, []int{unknownOpcode}},
		{"a heartbeat's acknowledgement", `{"op":11,"d":null}`, []int{unknownOpcode}},
		{"no JSON", `hello`, []int{decodeError}},
		{"cut off", `{"op":1,"d":`, []int{decodeError}},
		{"a list", `[]`, []int{decodeError}},
		{"an opcode that is an object", `{"op":{},"d":null}`, []int{decodeError}},
		{"a frame of 20 KB", `{"op":1,"d":null,"x":"` + strings.Repeat("x", 20<<10) + `"}`, []int{decodeError, tooBig}},
		{"deep nesting", `{"op":3,"d":` + nested(1_500) + `}`, []int{decodeError, unknownOpcode}},
		{"a presence that is a text", `{"op":3,"d":"online"}`, []int{decodeError, unknownOpcode}},
		{"members that are a text", `{"op":8,"d":"all"}`, []int{decodeError, unknownOpcode}},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := s.ready(t)
			if err := r.WriteRaw(websocket.TextMessage, []byte(c.payload)); err != nil {
				t.Fatal(err)
			}
			wantClose(t, r.Conn, c.codes...)
		})
	}

	many := make([]string, 101)
	for i := range many {
		many[i] = fmt.Sprint(i + 1)
	}
	type d = map[string]any
	for _, c := range []struct {
		name string
		op   int
		d    any
	}{
		{"members of another's guild", 8, d{"guild_id": s.foreignGuild, "query": "", "limit": 10}},
		{"members of no guild", 8, d{"guild_id": "abc", "query": "", "limit": 10}},
		{"members of guild null", 8, d{"guild_id": nil, "query": "", "limit": 10}},
		{"members of many guilds", 8, d{"guild_id": many, "query": "", "limit": 10}},
		{"members with a negative limit", 8, d{"guild_id": s.guild, "query": "a", "limit": -5}},
		{"members with a limit beyond 64 bits", 8, d{"guild_id": s.guild, "query": "a", "limit": 1e300}},
		{"members with a NUL", 8, d{"guild_id": s.guild, "query": "\x00", "limit": 5}},
		{"members with wildcards", 8, d{"guild_id": s.guild, "query": "%_\\", "limit": 5}},
		{"101 members by id", 8, d{"guild_id": s.guild, "user_ids": many, "limit": 0}},
		{"members by nonsense", 8, d{"guild_id": s.guild, "user_ids": []any{nil, "x", -1, d{}}, "limit": 0}},
		{"all members without the intent", 8, d{"guild_id": s.guild, "query": "", "limit": 0}},
		{"a long nonce", 8, d{"guild_id": s.guild, "query": "a", "limit": 1, "nonce": strings.Repeat("n", 1000)}},
		{"an unknown status", 3, d{"status": "angry", "since": nil, "afk": false, "activities": []any{}}},
		{"activities that are null", 3, d{"status": "online", "since": nil, "afk": false, "activities": nil}},
		{"an activity that is a number", 3, d{"status": "online", "since": nil, "afk": false, "activities": []any{1}}},
		{"an activity of an unknown type", 3, d{"status": "online", "since": nil, "afk": false, "activities": []any{d{"name": "x", "type": 99}}}},
		{"200 activities", 3, d{"status": "online", "since": nil, "afk": false, "activities": slices.Repeat([]any{d{"name": "x", "type": 0}}, 100)}},
		{"since the end of time", 3, d{"status": "idle", "since": 1e300, "afk": false, "activities": []any{}}},
		{"a heartbeat of a text", 1, "now"},
		{"a heartbeat of the future", 1, 1 << 40},
		{"a heartbeat that is negative", 1, -7},
		{"voice in another's guild", 4, d{"guild_id": s.foreignGuild, "channel_id": "1", "self_mute": false, "self_deaf": false}},
		{"a lazy guild of another", 14, d{"guild_id": s.foreignGuild, "channels": d{s.channel: [][2]int{{0, 99}}}}},
		{"a lazy guild with a mad range", 37, d{"subscriptions": d{s.guild: d{"channels": d{s.channel: [][2]float64{{-5, 1e30}}}}}}},
	} {
		t.Run("ignored or refused: "+c.name, func(t *testing.T) {
			r := s.ready(t)
			if err := r.Write(c.op, c.d); err != nil {
				t.Fatal(err)
			}
			wantAliveOrClosed(t, r.Conn, unknownOpcode, decodeError)
		})
	}
	t.Run("members of another's guild are not told", func(t *testing.T) {
		r := s.ready(t)
		if err := r.Write(8, d{"guild_id": s.foreignGuild, "user_ids": []string{s.outsider.ID}, "limit": 0}); err != nil {
			t.Fatal(err)
		}
		if err := r.Write(gatewayclient.OpHeartbeat, r.seq); err != nil {
			t.Fatal(err)
		}
		for deadline := time.Now().Add(patience); ; {
			f, err := r.Read(deadline)
			if err != nil {
				if code := gatewayclient.CloseCode(err); code != unknownOpcode && code != decodeError {
					t.Errorf("expected to be ignored or refused: %v", err)
				}
				return
			}
			if strings.Contains(string(f.D), s.outsider.Username) {
				t.Errorf("told of a member of another's guild: %.300s", f.D)
			}
			if f.Op == gatewayclient.OpHeartbeatAck {
				return
			}
		}
	})
	t.Run("121 frames in a minute", func(t *testing.T) {
		r := s.ready(t)
		for range 130 {
			if r.Write(gatewayclient.OpHeartbeat, r.seq) != nil {
				break
			}
		}
		wantClose(t, r.Conn, rateLimited)
	})
	t.Run("100 frames in a minute are fine", func(t *testing.T) {
		r := s.ready(t)
		for range 100 {
			if err := r.Write(gatewayclient.OpHeartbeat, r.seq); err != nil {
				t.Fatal(err)
			}
		}
		for i := range 100 {
			if _, err := r.ReadOp(gatewayclient.OpHeartbeatAck, time.Now().Add(patience)); err != nil {
				t.Fatalf("heartbeat %d was not acknowledged: %v", i+1, err)
			}
		}
	})
}

// frame is a WebSocket frame of a client, RFC 6455 section 5.2, with whatever first byte and masking a test wants.
func frame(first byte, masked bool, payload string) []byte {
	head := []byte{first}
	bit := byte(0)
	if masked {
		bit = 0x80
	}
	switch n := len(payload); {
	case n < 126:
		head = append(head, bit|byte(n))
	default:
		head = binary.BigEndian.AppendUint16(append(head, bit|126), uint16(n))
	}
	body := []byte(payload)
	if masked {
		var key [4]byte
		rand.Read(key[:])
		head = append(head, key[:]...)
		for i := range body {
			body[i] ^= key[i%4]
		}
	}
	return append(head, body...)
}

// brokenFrames are bytes that violate the WebSocket protocol, or stretch it, before and after READY.
func (s *scene) brokenFrames(t *testing.T) {
	const final, text, ping = 0x80, 0x1, 0x9
	beat := `{"op":1,"d":null}`
	for _, c := range []struct {
		name  string
		bytes []byte
		codes []int // 0: closed without one
	}{
		{"not masked", frame(final|text, false, beat), []int{protocolError, 0}},
		{"a reserved bit", frame(final|text|0x40, true, beat), []int{protocolError, 0}},
		{"a reserved opcode", frame(final|0x3, true, beat), []int{protocolError, 0}},
		{"a continuation of nothing", frame(final, true, beat), []int{protocolError, 0}},
		{"a ping of 200 bytes", frame(final|ping, true, strings.Repeat("p", 200)), []int{protocolError, 0}},
		{"a ping in pieces", frame(ping, true, "p"), []int{protocolError, 0}},
		{"a text inside a text", append(frame(text, true, `{"op":1,`), frame(final|text, true, beat)...), []int{protocolError, 0}},
		{"a close of one byte", frame(final|0x8, true, "x"), []int{protocolError, 0, 1000, 1005}},
		{"a close with a code that is none", frame(final|0x8, true, "\x00\x01"), []int{protocolError, 0, 1000}},
		{"a length of 2^63", append([]byte{final | text, 0x80 | 127}, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1, 2, 3, 4), []int{protocolError, tooBig, decodeError, 0}},
		{"invalid UTF-8", frame(final|text, true, "{\"op\":1,\"d\":\"\xff\xfe\"}"), []int{invalidUTF8, decodeError, unknownOpcode, 0}},
		{"random bytes", randomBytes(4096), []int{protocolError, tooBig, decodeError, invalidUTF8, 0}},
	} {
		for when, connect := range map[string]func(t *testing.T) *gatewayclient.Conn{
			"before identify": func(t *testing.T) *gatewayclient.Conn { return s.dial(t, nil) },
			"after READY":     func(t *testing.T) *gatewayclient.Conn { return s.ready(t).Conn },
		} {
			t.Run(c.name+" "+when, func(t *testing.T) {
				conn := connect(t)
				if _, err := conn.NetConn().Write(c.bytes); err != nil {
					t.Fatal(err)
				}
				wantEnd(t, conn, c.codes)
			})
		}
	}
	t.Run("a text in many pieces is fine", func(t *testing.T) {
		conn := s.dial(t, nil)
		var bytes []byte
		for i := range len(beat) {
			first := byte(0)
			if i == 0 {
				first = text
			}
			if i == len(beat)-1 {
				first |= final
			}
			bytes = append(bytes, frame(first, true, beat[i:i+1])...)
			bytes = append(bytes, frame(final|ping, true, "between")...) // control frames may come in between
		}
		if _, err := conn.NetConn().Write(bytes); err != nil {
			t.Fatal(err)
		}
		if _, err := conn.ReadOp(gatewayclient.OpHeartbeatAck, time.Now().Add(patience)); err != nil {
			t.Errorf("expected a heartbeat to be acknowledged: %v", err)
		}
	})
	t.Run("half a frame and gone", func(t *testing.T) {
		for range 50 {
			conn := s.dial(t, nil)
			conn.NetConn().Write(frame(final|text, true, beat)[:5])
			conn.Cut()
		}
		wantAlive(t, s.dial(t, nil))
	})
}

// wantEnd expects the connection to end, with one of the codes or, where 0 is among them, without.
func wantEnd(t *testing.T, conn *gatewayclient.Conn, codes []int) {
	t.Helper()
	for deadline := time.Now().Add(patience); ; {
		_, err := conn.Read(deadline)
		if err == nil {
			continue
		}
		if time.Now().After(deadline) {
			t.Errorf("expected the connection to end, with one of %v", codes)
		} else if !slices.Contains(codes, gatewayclient.CloseCode(err)) {
			t.Errorf("expected the connection to end with one of %v, got: %v", codes, err)
		}
		return
	}
}

func randomBytes(n int) []byte {
	b := make([]byte, n)
	rand.Read(b)
	b[0], b[1] = 0x83, 0x80 // a reserved opcode, whatever follows: the case must not depend on luck
	return b
}
