package hostile_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"testing"
	"time"

	"guildhall.chat/guildhall/test/clients/gatewayclient"
	"guildhall.chat/guildhall/test/clients/rest"
)

// patience bounds each wait for the gateway.
const patience = 30 * time.Second

// Close codes that the cases expect.
// https://discord.com/developers/docs/topics/opcodes-and-status-codes#gateway-gateway-close-event-codes
const (
	unknownOpcode        = 4001
	decodeError          = 4002
	notAuthenticated     = 4003
	authenticationFailed = 4004
	alreadyAuthenticated = 4005
	invalidSeq           = 4007
	rateLimited          = 4008
	invalidShard         = 4010
	invalidVersion       = 4012
	invalidIntents       = 4013
	disallowedIntents    = 4014

	protocolError = 1002 // RFC 6455 section 7.4.1
	invalidUTF8   = 1007
	tooBig        = 1009

	intents = gatewayclient.IntentGuilds | gatewayclient.IntentGuildMessages
)

// dial connects and reads HELLO.
func (s *scene) dial(t *testing.T, query url.Values) *gatewayclient.Conn {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	conn, err := gatewayclient.Dial(ctx, s.gateway, query)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(conn.Cut)
	hello, err := conn.Read(time.Now().Add(patience))
	if err != nil || hello.Op != gatewayclient.OpHello {
		t.Fatalf("expected HELLO, got op %d %s, %v", hello.Op, hello.D, err)
	}
	return conn
}

// identification is a valid Identify of a bot, changed by some fields; nil deletes one.
func identification(bot *rest.Bot, change map[string]any) map[string]any {
	d := map[string]any{
		"token": bot.Token, "intents": intents, "properties": map[string]string{"os": "linux", "browser": "siege", "device": "siege"},
	}
	for k, v := range change {
		if v == nil {
			delete(d, k)
		} else {
			d[k] = v
		}
	}
	return d
}

// session is a connection after READY.
type session struct {
	*gatewayclient.Conn
	id  string
	seq int64
	bot *rest.Bot
}

// ready connects a bot of the pool up to READY and its guild.
func (s *scene) ready(t *testing.T) *session {
	t.Helper()
	r := &session{Conn: s.dial(t, nil), bot: s.spare()}
	r.identify(t)
	return r
}

// identify identifies on the connection, again after five seconds if that is too soon.
func (r *session) identify(t *testing.T) {
	t.Helper()
	send := func() {
		if err := r.Write(gatewayclient.OpIdentify, identification(r.bot, nil)); err != nil {
			t.Fatal(err)
		}
	}
	send()
	for deadline := time.Now().Add(patience); ; {
		f, err := r.Read(deadline)
		switch {
		case err != nil:
			t.Fatalf("expected READY and GUILD_CREATE: %v", err)
		case f.Op == gatewayclient.OpInvalidSession:
			time.Sleep(5 * time.Second) // one identify each five seconds, as Discord documents
			send()
		case f.Op == gatewayclient.OpDispatch && *f.T == "READY":
			var ready struct {
				SessionID string `json:"session_id"`
			}
			if err := json.Unmarshal(f.D, &ready); err != nil {
				t.Fatal(err)
			}
			r.id, r.seq = ready.SessionID, *f.S
		case f.Op == gatewayclient.OpDispatch && *f.T == "GUILD_CREATE":
			r.seq = *f.S
			return
		}
	}
}

// wantClose reads until the server closes, with one of the codes.
func wantClose(t *testing.T, conn *gatewayclient.Conn, codes ...int) {
	t.Helper()
	last := "nothing"
	for deadline := time.Now().Add(patience); ; {
		f, err := conn.Read(deadline)
		if err == nil {
			last = fmt.Sprintf("op %d %.200s", f.Op, f.D)
			continue
		}
		if !slices.Contains(codes, gatewayclient.CloseCode(err)) {
			t.Errorf("expected a close with %v, got: %v; the last payload was %s", codes, err, last)
		}
		return
	}
}

// wantAlive expects a heartbeat to be acknowledged, which shows that all that was sent before was survived.
func wantAlive(t *testing.T, conn *gatewayclient.Conn) {
	t.Helper()
	if err := conn.Write(gatewayclient.OpHeartbeat, nil); err != nil {
		t.Errorf("expected the connection to stay: %v", err)
		return
	}
	if _, err := conn.ReadOp(gatewayclient.OpHeartbeatAck, time.Now().Add(patience)); err != nil {
		t.Errorf("expected a heartbeat to be acknowledged: %v", err)
	}
}

// wantAliveOrClosed accepts that a payload is ignored or refused: Discord documents neither.
func wantAliveOrClosed(t *testing.T, conn *gatewayclient.Conn, codes ...int) {
	t.Helper()
	if err := conn.Write(gatewayclient.OpHeartbeat, nil); err != nil {
		return // closed already; the reason was not read
	}
	_, err := conn.ReadOp(gatewayclient.OpHeartbeatAck, time.Now().Add(patience))
	if err != nil && !slices.Contains(codes, gatewayclient.CloseCode(err)) {
		t.Errorf("expected to be ignored or a close with %v, got: %v", codes, err)
	}
}
