package proxy

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"guildhall.chat/guildhall/internal/codec"
	"guildhall.chat/guildhall/shard-router/placement"
)

func TestHelloTellsTheHeartbeatInterval(t *testing.T) {
	t.Parallel()
	r := newRig(t, nil, nil)
	for _, query := range []string{"", "v=10&encoding=json", "v=9&encoding=json"} {
		want := `{"op":10,"s":null,"t":null,"d":{"heartbeat_interval":41250,"_trace":["router"]}}`
		if got := read(t, r.dial(t, query)); got != want {
			t.Errorf("%q: got %s, want %s", query, got, want)
		}
	}
}

func TestHeartbeatsAreAnsweredBeforeIdentify(t *testing.T) {
	t.Parallel()
	conn := newRig(t, nil, nil).greeted(t)
	for _, beat := range []string{`{"op":1,"d":null}`, `{"op":1,"d":251}`, `{"op":40,"d":{"seq":1,"qos":{}}}`} {
		write(t, conn, beat)
		if got := read(t, conn); got != `{"op":11,"s":null,"t":null,"d":null}` {
			t.Errorf("%s: got %s", beat, got)
		}
	}
}

func TestPingsAreAnsweredBeforeIdentify(t *testing.T) {
	t.Parallel()
	conn := newRig(t, nil, nil).greeted(t)
	pongs := make(chan string, 1)
	conn.SetPongHandler(func(data string) error { pongs <- data; return nil })
	if err := conn.WriteControl(websocket.PingMessage, []byte("there?"), time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	write(t, conn, `{"op":1,"d":null}`)
	read(t, conn) // handles the pong on its way to the ACK
	if got := <-pongs; got != "there?" {
		t.Errorf("pong has %q", got)
	}
}

func TestClientThatClosesGetsTheReply(t *testing.T) {
	t.Parallel()
	conn := newRig(t, nil, nil).greeted(t)
	body := websocket.FormatCloseMessage(websocket.CloseGoingAway, "")
	if err := conn.WriteControl(websocket.CloseMessage, body, time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	if got := closing(t, conn); got.Code != websocket.CloseNormalClosure {
		t.Errorf("got %v", got)
	}
}

func TestBadClientsAreClosedWithDiscordsCodes(t *testing.T) {
	t.Parallel()
	r := newRig(t, nil, nil)
	for _, test := range []struct {
		name, message string
		code          int
		metric        string
	}{
		{"not JSON", `hello`, 4002, refusedDecode},
		{"no op", `{"d":{}}`, 4002, refusedDecode},
		{"not UTF-8", "{\"op\":1,\"d\":\"\xff\"}", 4002, refusedDecode},
		{"too large", `{"op":1,"d":"` + strings.Repeat("x", codec.MaxInbound) + `"}`, 4002, refusedDecode},
		{"unknown opcode", `{"op":99}`, 4001, refusedOpcode},
		{"negative opcode", `{"op":-1}`, 4001, refusedOpcode},
		{"presence before identify", `{"op":3,"d":{}}`, 4003, refusedEarly},
		{"members before identify", `{"op":8,"d":{}}`, 4003, refusedEarly},
		{"an opcode of the server's", `{"op":10,"d":{}}`, 4003, refusedEarly},
		{"identify without an object", `{"op":2}`, 4002, refusedDecode},
		{"identify with null", `{"op":2,"d":null}`, 4002, refusedDecode},
		{"shard of three", `{"op":2,"d":{"shard":[0,1,2]}}`, 4002, refusedDecode},
		{"shard of strings", `{"op":2,"d":{"shard":["0","1"]}}`, 4002, refusedDecode},
		{"shard too high", `{"op":2,"d":{"shard":[4,4]}}`, 4010, refusedShard},
		{"negative shard", `{"op":2,"d":{"shard":[-1,4]}}`, 4010, refusedShard},
		{"no shards", `{"op":2,"d":{"shard":[0,0]}}`, 4010, refusedShard},
		{"resume without an object", `{"op":6,"d":[]}`, 4002, refusedDecode},
		{"resume with a number", `{"op":6,"d":{"session_id":1}}`, 4002, refusedDecode},
	} {
		before := r.metric(t, "guildhall_router_refusals_total", test.metric)
		conn := r.greeted(t)
		write(t, conn, test.message)
		if got := closing(t, conn); got.Code != test.code || got.Text == "" {
			t.Errorf("%s: closed with %d %q, want %d and a reason", test.name, got.Code, got.Text, test.code)
		}
		if got := r.metric(t, "guildhall_router_refusals_total", test.metric); got != before+1 {
			t.Errorf("%s: counted %v as %s", test.name, got-before, test.metric)
		}
	}
}

func TestTokenIsNotInTheReason(t *testing.T) {
	t.Parallel()
	conn := newRig(t, nil, nil).greeted(t)
	write(t, conn, `{"op":2,"d":{"token":"s3cret","shard":"s3cret"}}`)
	if got := closing(t, conn); strings.Contains(got.Text, "s3cret") {
		t.Errorf("reason is %q", got.Text)
	}
}

func TestFloodIsClosed(t *testing.T) {
	t.Parallel()
	conn := newRig(t, nil, nil).greeted(t)
	for range maxFrames {
		write(t, conn, `{"op":1,"d":null}`)
		read(t, conn)
	}
	write(t, conn, `{"op":1,"d":null}`)
	if got := closing(t, conn); got.Code != 4008 {
		t.Errorf("got %v after %d frames", got, maxFrames+1)
	}
}

func TestUnsupportedVersionIsClosed(t *testing.T) {
	t.Parallel()
	r := newRig(t, nil, nil)
	for query, code := range map[string]int{"v=6": 4012, "v=x&compress=zlib-stream": 4012, "v=10&encoding=bson": 4002} {
		if got := closing(t, r.dial(t, query)); got.Code != code || got.Text == "" {
			t.Errorf("%s: closed with %d %q, want %d and a reason", query, got.Code, got.Text, code)
		}
	}
}

func TestSilentClientIsClosed(t *testing.T) {
	t.Parallel()
	r := newRig(t, nil, func(c *Config) { c.Limits.Identify = 50 * time.Millisecond })
	if got := closing(t, r.greeted(t)); got.Code != 4009 {
		t.Errorf("got %v", got)
	}
}

func TestClientThatStopsAmidAFrameIsClosed(t *testing.T) {
	t.Parallel()
	r := newRig(t, nil, func(c *Config) { c.Limits.Identify = 50 * time.Millisecond })
	conn := r.greeted(t)
	if _, err := conn.NetConn().Write([]byte{0x81, 0xfe, 0x10}); err != nil {
		t.Fatal(err)
	}
	if got := closing(t, conn); got.Code != 4009 {
		t.Errorf("got %v", got)
	}
}

func TestBrokenFramesAreClosed(t *testing.T) {
	t.Parallel()
	r := newRig(t, nil, nil)
	for name, frame := range map[string][]byte{
		"unmasked":                   {0x81, 0x02, '{', '}'},
		"compressed":                 {0xc1, 0x80, 0, 0, 0, 0},
		"reserved opcode":            {0x83, 0x80, 0, 0, 0, 0},
		"continuation of nothing":    {0x80, 0x80, 0, 0, 0, 0},
		"message within a message":   {0x01, 0x80, 0, 0, 0, 0, 0x81, 0x80, 0, 0, 0, 0},
		"fragmented ping":            {0x09, 0x80, 0, 0, 0, 0},
		"long ping":                  {0x89, 0xfe, 0x01, 0x00, 0, 0, 0, 0},
		"length over 63 bits":        {0x81, 0xff, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0},
		"length of an exabyte":       {0x81, 0xff, 0x0f, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0},
		"oversize by a continuation": {0x01, 0x80, 0, 0, 0, 0, 0x80, 0xff, 0, 0, 0, 0, 0, 0, 0x3c, 0x01, 0, 0, 0, 0},
	} {
		conn := r.greeted(t)
		if _, err := conn.NetConn().Write(frame); err != nil {
			t.Fatal(err)
		}
		want := websocket.CloseProtocolError
		if strings.Contains(name, "exabyte") || strings.Contains(name, "oversize") {
			want = 4002
		}
		if got := closing(t, conn); got.Code != want {
			t.Errorf("%s: got %v, want %d", name, got, want)
		}
	}
}

func TestNoPodHasTheClientReconnect(t *testing.T) {
	t.Parallel()
	for name, pods := range map[string]placement.Static{
		"none": nil,
		"dead": {deadPod(t, 0, "gateway-0-0"), deadPod(t, 1, "gateway-1-0")},
	} {
		r := newRig(t, pods, nil)
		conn := r.greeted(t)
		write(t, conn, `{"op":2,"d":{"token":"x"}}`)
		if got := closing(t, conn); got.Code != 4000 {
			t.Errorf("%s: got %v", name, got)
		}
		if got := r.metric(t, "guildhall_router_dial_failures_total", ""); got != float64(len(pods)) {
			t.Errorf("%s: counted %v failed dials", name, got)
		}
	}
}

func TestManyRefusalsLeaveNoPendingPlaceTaken(t *testing.T) {
	t.Parallel()
	r := newRig(t, nil, func(c *Config) { c.Limits.Pending = 1 })
	for i := range 20 {
		// The place is free as soon as the router has seen the client go.
		var conn *websocket.Conn
		waitFor(t, func() bool {
			var err error
			conn, _, err = websocket.DefaultDialer.DialContext(t.Context(), "ws://"+r.addr, nil)
			return err == nil
		})
		read(t, conn)
		write(t, conn, fmt.Sprintf(`{"op":%d}`, 50+i))
		closing(t, conn)
		_ = conn.Close()
	}
}

// waitFor waits until the condition holds, for what can only be asked again and again.
func waitFor(t testing.TB, condition func() bool) {
	t.Helper()
	deadline := time.Now().Add(patience)
	for !condition() {
		if time.Now().After(deadline) {
			t.Fatal("it does not come about")
		}
		time.Sleep(time.Millisecond)
	}
}
