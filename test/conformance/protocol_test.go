package conformance_test

import (
	"encoding/json"
	"fmt"
	"net/url"
	"testing"
	"time"

	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/test/clients/gatewayclient"
	"guildhall.chat/guildhall/test/clients/rest"
)

// patience bounds each wait for the gateway.
const patience = 20 * time.Second

// protocol shows opcodes, close codes and encodings on connections of their own. What needs rate limits, a short heartbeat or
// a gateway that goes away is shown elsewhere (bounds).
func (s *suite) protocol(t *testing.T) {
	wire := &wire{t: t, gateway: s.ok(t, s.nobody, "GET /gateway", nil).text("url"), token: s.bot.Token}
	t.Run("opcodes", func(t *testing.T) { s.opcodes(t, wire) })
	t.Run("close codes", func(t *testing.T) { s.closeCodes(t, wire) })
	t.Run("encodings", func(t *testing.T) { s.encodings(t, wire) })
}

// show runs a test of a part of the gateway and keeps whether it passed.
func (s *suite) show(t *testing.T, kind, name, note string, test func(t *testing.T)) {
	t.Helper()
	s.parts = append(s.parts, part{kind: kind, name: name, note: note, shown: t.Run(name, test)})
}

// outsideOf lists parts of the gateway that are out of scope.
func (s *suite) outsideOf(kind, why string, names ...string) {
	for _, name := range names {
		s.parts = append(s.parts, part{kind: kind, name: name, outside: why})
	}
}

// wire makes connections to a gateway.
type wire struct {
	t       *testing.T // for whose time connections live
	gateway string
	token   string
}

// dial connects and reads HELLO, which comes first.
func (w *wire) dial(t *testing.T, query url.Values) *gatewayclient.Conn {
	t.Helper()
	conn, err := gatewayclient.Dial(t.Context(), w.gateway, query)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(conn.Cut)
	f := read(t, conn, gatewayclient.OpHello)
	var hello struct {
		Interval int `json:"heartbeat_interval"`
	}
	if err := json.Unmarshal(f.D, &hello); err != nil || hello.Interval <= 0 {
		t.Fatalf("HELLO %s", f.D)
	}
	return conn
}

// read reads the next payload with an opcode.
func read(t *testing.T, conn *gatewayclient.Conn, op int) gatewayclient.Frame {
	t.Helper()
	f, err := conn.ReadOp(op, time.Now().Add(patience))
	if err != nil {
		t.Fatalf("no op %d: %v", op, err)
	}
	return f
}

// dispatched reads on until a dispatch of a type comes.
func dispatched(t *testing.T, conn *gatewayclient.Conn, name string) gatewayclient.Frame {
	t.Helper()
	for {
		if f := read(t, conn, gatewayclient.OpDispatch); f.T != nil && *f.T == name {
			return f
		}
	}
}

// closed reads on until the server closes with a code.
func closed(t *testing.T, conn *gatewayclient.Conn, code int) {
	t.Helper()
	for deadline := time.Now().Add(patience); ; {
		if _, err := conn.Read(deadline); err != nil {
			if got := gatewayclient.CloseCode(err); got != code {
				t.Errorf("closed with %d, expected %d: %v", got, code, err)
			}
			return
		}
	}
}

func write(t *testing.T, conn *gatewayclient.Conn, op int, d any) {
	t.Helper()
	if err := conn.Write(op, d); err != nil {
		t.Fatal(err)
	}
}

// identification is an IDENTIFY, with some fields changed.
func (w *wire) identification(change object) object {
	d := object{"token": w.token, "intents": discord.IntentGuilds, "properties": object{"os": "linux", "browser": "suite", "device": "suite"}}
	for key, value := range change {
		d[key] = value
	}
	return d
}

// session is a connection after READY.
type session struct {
	*gatewayclient.Conn
	id  string
	seq int64
}

func (w *wire) ready(t *testing.T, query url.Values, change object) session {
	t.Helper()
	conn := w.dial(t, query)
	write(t, conn, gatewayclient.OpIdentify, w.identification(change))
	f := dispatched(t, conn, "READY")
	var ready struct {
		ID string `json:"session_id"`
	}
	if err := json.Unmarshal(f.D, &ready); err != nil || ready.ID == "" {
		t.Fatalf("READY %s", f.D)
	}
	return session{conn, ready.ID, *f.S}
}

// opcodes shows what each does.
// https://discord.com/developers/docs/topics/opcodes-and-status-codes#gateway-gateway-opcodes
func (s *suite) opcodes(t *testing.T, w *wire) {
	s.show(t, anOpcode, "0 Dispatch", "", func(t *testing.T) { w.ready(t, nil, nil) })
	s.show(t, anOpcode, "1 Heartbeat", "", func(t *testing.T) {
		conn := w.dial(t, nil)
		write(t, conn, gatewayclient.OpHeartbeat, nil)
		read(t, conn, gatewayclient.OpHeartbeatAck)
	})
	s.show(t, anOpcode, "2 Identify", "", func(t *testing.T) { w.ready(t, nil, nil) })
	s.show(t, anOpcode, "3 Presence Update", "", func(t *testing.T) {
		if err := s.sessions[ofGuest].Send(gatewayclient.OpPresence, object{"status": "idle", "since": 0, "afk": false, "activities": []object{}}); err != nil {
			t.Fatal(err)
		}
		s.until(t, "the new status", func() bool {
			for _, e := range s.heard[ofBot]["PRESENCE_UPDATE"] {
				var p struct{ Status string }
				if json.Unmarshal(e.Data, &p) == nil && p.Status == "idle" {
					return true
				}
			}
			return false
		})
	})
	s.show(t, anOpcode, "6 Resume", "", func(t *testing.T) {
		was := w.ready(t, nil, nil)
		was.Cut()
		conn := w.dial(t, nil)
		write(t, conn, gatewayclient.OpResume, object{"token": w.token, "session_id": was.id, "seq": was.seq})
		dispatched(t, conn, "RESUMED")
	})
	s.show(t, anOpcode, "8 Request Guild Members", "", func(t *testing.T) {
		c := w.ready(t, nil, nil)
		write(t, c.Conn, gatewayclient.OpRequestMembers, object{"guild_id": s.guild, "user_ids": []string{s.guest.ID}, "limit": 0})
		dispatched(t, c.Conn, "GUILD_MEMBERS_CHUNK")
	})
	s.show(t, anOpcode, "9 Invalid Session", "", func(t *testing.T) {
		conn := w.dial(t, nil)
		write(t, conn, gatewayclient.OpResume, object{"token": w.token, "session_id": "none", "seq": 1})
		if f := read(t, conn, gatewayclient.OpInvalidSession); string(f.D) != "false" {
			t.Errorf("resumable: %s", f.D)
		}
	})
	s.show(t, anOpcode, "10 Hello", "", func(t *testing.T) { w.dial(t, nil) })
	s.show(t, anOpcode, "11 Heartbeat ACK", "", func(t *testing.T) {
		c := w.ready(t, nil, nil)
		write(t, c.Conn, gatewayclient.OpHeartbeat, c.seq)
		read(t, c.Conn, gatewayclient.OpHeartbeatAck)
	})
	lists := object{"channels": object{s.text: [][2]int{{0, 99}}}}
	for _, c := range []struct {
		op   int
		name string
		d    any
	}{
		{14, "14 Guild Subscriptions", object{"guild_id": s.guild, "channels": lists["channels"]}},
		{37, "37 Guild Subscriptions Bulk", object{"subscriptions": object{s.guild: lists}}},
	} {
		s.show(t, anOpcode, c.name, "of people's clients", func(t *testing.T) {
			op, d := c.op, c.d
			c := w.of(s.owner).ready(t, nil, object{"intents": nil})
			write(t, c.Conn, op, d)
			dispatched(t, c.Conn, "GUILD_MEMBER_LIST_UPDATE")
		})
	}
	s.show(t, anOpcode, "40 QoS Heartbeat", "of people's clients", func(t *testing.T) {
		c := w.of(s.owner).ready(t, nil, object{"intents": nil})
		write(t, c.Conn, 40, object{"seq": c.seq, "qos": object{"ver": 27, "active": true, "reasons": []string{}}})
		read(t, c.Conn, gatewayclient.OpHeartbeatAck)
	})
	s.outsideOf(anOpcode, "voice", "4 Voice State Update", "31 Request Soundboard Sounds", "43 Request Channel Info")
}

// of makes connections of a person.
func (w *wire) of(u *rest.User) *wire {
	return &wire{t: w.t, gateway: w.gateway, token: u.Authorization}
}

// closeCodes shows for which mistake the server closes with each.
// https://discord.com/developers/docs/topics/opcodes-and-status-codes#gateway-gateway-close-event-codes
func (s *suite) closeCodes(t *testing.T, w *wire) {
	plain, err := s.owner.CreateBot(t.Context(), "plain", 0)
	if err != nil {
		t.Fatal(err)
	}
	unprivileged := &wire{t: t, gateway: w.gateway, token: plain.Token}
	identify := func(by *wire, change object) func(*testing.T) *gatewayclient.Conn {
		return func(t *testing.T) *gatewayclient.Conn {
			conn := by.dial(t, nil)
			write(t, conn, gatewayclient.OpIdentify, by.identification(change))
			return conn
		}
	}
	for _, c := range []struct {
		code int
		name string
		make func(t *testing.T) *gatewayclient.Conn
	}{
		{4001, "Unknown opcode", func(t *testing.T) *gatewayclient.Conn {
			c := w.ready(t, nil, nil)
			write(t, c.Conn, 999, nil)
			return c.Conn
		}},
		{4002, "Decode error", func(t *testing.T) *gatewayclient.Conn {
			conn := w.dial(t, nil)
			if err := conn.WriteRaw(1, []byte("no JSON")); err != nil {
				t.Fatal(err)
			}
			return conn
		}},
		{4003, "Not authenticated", func(t *testing.T) *gatewayclient.Conn {
			conn := w.dial(t, nil)
			write(t, conn, gatewayclient.OpPresence, object{"status": "online", "since": nil, "afk": false, "activities": []object{}})
			return conn
		}},
		{4004, "Authentication failed", identify(w, object{"token": "none"})},
		{4005, "Already authenticated", func(t *testing.T) *gatewayclient.Conn {
			c := w.ready(t, nil, nil)
			write(t, c.Conn, gatewayclient.OpIdentify, w.identification(nil))
			return c.Conn
		}},
		{4007, "Invalid seq", func(t *testing.T) *gatewayclient.Conn {
			was := w.ready(t, nil, nil)
			was.Cut()
			conn := w.dial(t, nil)
			write(t, conn, gatewayclient.OpResume, object{"token": w.token, "session_id": was.id, "seq": was.seq + 1_000_000})
			return conn
		}},
		{4010, "Invalid shard", identify(w, object{"shard": [2]int{2, 2}})},
		{4012, "Invalid API version", func(t *testing.T) *gatewayclient.Conn {
			conn, err := gatewayclient.Dial(t.Context(), w.gateway, url.Values{"v": {"5"}})
			if err != nil {
				t.Fatal(err)
			}
			return conn
		}},
		{4013, "Invalid intent(s)", identify(w, object{"intents": 1 << 40})},
		{4014, "Disallowed intent(s)", identify(unprivileged, object{"intents": discord.IntentGuildMembers})},
	} {
		s.show(t, aCloseCode, fmt.Sprintf("%d %s", c.code, c.name), "", func(t *testing.T) { closed(t, c.make(t), c.code) })
	}
	s.parts = append(s.parts, part{kind: aCloseCode, name: "4000 Unknown error", note: "for failures of the server, which no client can cause"},
		part{kind: aCloseCode, name: "4011 Sharding required", note: "never sent: any number of shards is served"})
}

// encodings shows the forms in which payloads come.
// https://discord.com/developers/docs/events/gateway#encoding-and-compression
func (s *suite) encodings(t *testing.T, w *wire) {
	for _, c := range []struct {
		name   string
		query  url.Values
		change object
	}{
		{"JSON", nil, nil},
		{"ETF", url.Values{"encoding": {"etf"}}, nil},
		{"payloads compressed one by one", nil, object{"compress": true}},
		{"zlib-stream", url.Values{"compress": {"zlib-stream"}}, nil},
		{"zstd-stream", url.Values{"compress": {"zstd-stream"}}, nil},
		{"zstd-stream of ETF", url.Values{"encoding": {"etf"}, "compress": {"zstd-stream"}}, nil},
	} {
		s.show(t, anEncoding, c.name, "", func(t *testing.T) {
			conn := w.ready(t, c.query, c.change)
			f := dispatched(t, conn.Conn, "GUILD_CREATE")
			e, _ := lookup("GUILD_CREATE")
			if err := s.shaped(e, f.D); err != nil {
				t.Error(err)
			}
			if compressed := c.name != "JSON"; compressed != (conn.Binary() > 0) {
				t.Errorf("%d binary messages", conn.Binary())
			}
		})
	}
}
