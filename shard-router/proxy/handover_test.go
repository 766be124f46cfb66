package proxy

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gobwas/ws"
	"github.com/gorilla/websocket"

	"guildhall.chat/guildhall/internal/codec"
	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/shard-router/placement"
	"guildhall.chat/guildhall/test/wire"
)

const identify = `{"op":2,"d":{"token":"x","intents":0}}`

// podFor starts a pod of shard 0 and a router before it.
func podFor(t testing.TB, configure func(*Config)) (*pod, *rig) {
	t.Helper()
	p := newPod(t, 0, "gateway-0-0")
	return p, newRig(t, placement.Static{p.Pod}, configure)
}

func TestPodIsToldWhatHasHappened(t *testing.T) {
	t.Parallel()
	p, r := podFor(t, nil)
	before := time.Now().UnixMilli()
	conn := r.dial(t, "v=9&encoding=json&x=%20y")
	read(t, conn)
	for range 3 {
		write(t, conn, `{"op":1,"d":null}`)
		read(t, conn)
	}
	write(t, conn, identify)
	s := p.session(t)
	if s.opening != identify || s.query != "v=9&encoding=json&x=%20y" {
		t.Errorf("opening %s, query %s", s.opening, s.query)
	}
	f := s.forwarded
	if f.IP != "127.0.0.1" || f.Frames != 3 || f.Stream || f.HelloAt < before || f.HelloAt > time.Now().UnixMilli() || f.At < f.HelloAt {
		t.Errorf("forwarded %+v", f)
	}
}

func TestAfterTheHandOverBothWaysAreCopied(t *testing.T) {
	t.Parallel()
	p, r := podFor(t, nil)
	conn := r.greeted(t)
	write(t, conn, identify)
	s := p.session(t)
	for i := range 100 {
		up := fmt.Sprintf(`{"op":1,"d":%d,"x":"%s"}`, i, strings.Repeat("u", i*100))
		write(t, conn, up)
		if got := read(t, s.Conn); got != up {
			t.Fatalf("the pod got %.80s, want %.80s", got, up)
		}
		down := fmt.Sprintf(`{"op":0,"s":%d,"x":"%s"}`, i, strings.Repeat("d", i*1000))
		write(t, s.Conn, down)
		if got := read(t, conn); got != down {
			t.Fatalf("the client got %.80s, want %.80s", got, down)
		}
	}
	if r.metric(t, "guildhall_router_placements_total", "0") != 1 || r.metric(t, "guildhall_router_connections", phasePlaced) != 1 {
		t.Error("the placement is not counted")
	}
	if got := r.metric(t, "guildhall_router_copied_bytes_total", directionToClient); got < 99*100*1000/2 {
		t.Errorf("counted %v bytes to the client", got)
	}
}

// modes are the encodings and compressions a client can choose.
var modes = []codec.Params{
	{},
	{Compression: codec.ZlibStream},
	{Compression: codec.ZstdStream},
	{Encoding: codec.ETF},
	{Encoding: codec.ETF, Compression: codec.ZlibStream},
	{Encoding: codec.ETF, Compression: codec.ZstdStream},
}

// modeClient is a client of a mode: what it reads and writes is JSON.
type modeClient struct {
	*websocket.Conn
	query  string
	params codec.Params
	reader *wire.Reader
}

func (r *rig) dialMode(t testing.TB, params codec.Params) *modeClient {
	t.Helper()
	compress := ""
	query := "v=10&encoding=" + params.Encoding.String()
	if params.Compression != codec.NoCompression {
		compress = params.Compression.String()
		query += "&compress=" + compress
	}
	reader, err := wire.NewReader(params.Encoding.String(), compress)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(reader.Close)
	return &modeClient{r.dial(t, query), query, params, reader}
}

func (c *modeClient) expect(t testing.TB, want string) {
	t.Helper()
	kind, message, err := c.ReadMessage()
	if err != nil {
		t.Fatalf("%s: %v", c.query, err)
	}
	if binary := c.params != (codec.Params{}); binary != (kind == websocket.BinaryMessage) {
		t.Errorf("%s: frame of type %d", c.query, kind)
	}
	if got, err := c.reader.Payload(message); err != nil || string(got) != want {
		t.Fatalf("%s: got %s, want %s (%v)", c.query, got, want, err)
	}
}

// send writes a payload and returns it as it was sent.
func (c *modeClient) send(t testing.TB, payload string) []byte {
	t.Helper()
	message, err := wire.Encode(c.params.Encoding.String(), []byte(payload))
	if err != nil {
		t.Fatal(err)
	}
	if err := c.WriteMessage(websocket.BinaryMessage, message); err != nil {
		t.Fatal(err)
	}
	return message
}

const (
	hello = `{"op":10,"s":null,"t":null,"d":{"heartbeat_interval":41250,"_trace":["router"]}}`
	ack   = `{"op":11,"s":null,"t":null,"d":null}`
)

func TestEveryModeGoesOnOverTheHandOver(t *testing.T) {
	t.Parallel()
	p, r := podFor(t, nil)
	for _, params := range modes {
		client := r.dialMode(t, params)
		client.expect(t, hello)
		client.send(t, `{"op":1,"d":null}`)
		client.expect(t, ack)
		opening := client.send(t, identify)
		s := p.session(t)
		if want := params.Compression != codec.NoCompression; s.forwarded.Stream != want || s.opening != string(opening) || s.query != client.query {
			t.Errorf("%s: the pod is told %+v, %q, %q", client.query, s.forwarded, s.opening, s.query)
		}
		encoder := s.encoder(params)
		ready, _ := encoder.AppendDispatch(nil, 1, codec.NewDispatch("READY", json.RawMessage(`{"v":10}`)))
		acknowledgement, _, err := encoder.Append(nil, discord.OpHeartbeatACK, nil)
		if err != nil {
			t.Fatal(err)
		}
		kind := websocket.BinaryMessage
		if params == (codec.Params{}) {
			kind = websocket.TextMessage
		}
		for _, message := range [][]byte{ready, acknowledgement} {
			if err := s.WriteMessage(kind, message); err != nil {
				t.Fatal(err)
			}
		}
		client.expect(t, `{"op":0,"s":1,"t":"READY","d":{"v":10}}`)
		client.expect(t, ack)
	}
}

func TestClientsOfETFAreJudgedAsOthers(t *testing.T) {
	t.Parallel()
	p, r := podFor(t, nil)
	etf := codec.Params{Encoding: codec.ETF}
	for message, code := range map[string]int{
		"{\"op\":1,\"d\":null}":                                                   4002, // JSON
		"\x83t\x00\x00\x00\x01s\x02opa\x01":                                       4002, // an atom as key
		"\x83P\x00\x00\x00\x01x":                                                  4002, // compressed
		"\x83" + strings.Repeat("j", codec.MaxInbound):                            4002,
		"\x83t\x00\x00\x00\x01m\x00\x00\x00\x02opac":                              4001,
		"\x83t\x00\x00\x00\x02m\x00\x00\x00\x02opa\x03m\x00\x00\x00\x01ds\x03nil": 4003,
		"\x83t\x00\x00\x00\x02m\x00\x00\x00\x02opa\x02m\x00\x00\x00\x01dt\x00\x00\x00\x01m\x00\x00\x00\x05shardk\x00\x02\x04\x04": 4010,
	} {
		client := r.dialMode(t, etf)
		client.expect(t, hello)
		if err := client.WriteMessage(websocket.BinaryMessage, []byte(message)); err != nil {
			t.Fatal(err)
		}
		if got := closing(t, client.Conn); got.Code != code || got.Text == "" {
			t.Errorf("%.40q: closed with %d %q, want %d and a reason", message, got.Code, got.Text, code)
		}
	}
	client := r.dialMode(t, etf)
	client.expect(t, hello)
	client.send(t, `{"op":6,"d":{"token":"x","session_id":"`+r.keys.NewSessionID(p.Name)+`","seq":5000000000}}`)
	if s := p.session(t); s.forwarded.Stream {
		t.Error("a stream has begun without compression")
	}
}

// rawPod is a pod that only takes the upgrade and hands out the connection below it.
func rawPod(t *testing.T, name string) (placement.Pod, <-chan net.Conn) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	conns := make(chan net.Conn, 1)
	go func() {
		conn, err := listener.Accept()
		if err != nil {
			return
		}
		if _, err := ws.Upgrade(conn); err != nil {
			_ = conn.Close()
			return
		}
		conns <- conn
	}()
	return placement.Pod{Name: name, Addr: listener.Addr().String()}, conns
}

// rawClient upgrades by hand, with bytes right behind the request, and reads up to the end of the response.
func rawClient(t *testing.T, addr string, behind []byte) (net.Conn, *bufio.Reader) {
	t.Helper()
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	if err := conn.SetDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	request := "GET /?v=10&encoding=json HTTP/1.1\r\nHost: gateway\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
	if _, err := conn.Write(append([]byte(request), behind...)); err != nil {
		t.Fatal(err)
	}
	reader := bufio.NewReader(conn)
	response, err := http.ReadResponse(reader, nil)
	if err != nil || response.StatusCode != http.StatusSwitchingProtocols {
		t.Fatalf("%v, %v", response, err)
	}
	return conn, reader
}

// frame is a client's frame, masked.
func frame(op ws.OpCode, fin bool, payload string) []byte {
	return ws.MustCompileFrame(ws.MaskFrame(ws.NewFrame(op, fin, []byte(payload))))
}

func TestOpeningIsForwardedAsItCameWithWhatFollows(t *testing.T) {
	t.Parallel()
	target, conns := rawPod(t, "gateway-0-0")
	r := newRig(t, placement.Static{target}, nil)
	opening := frame(ws.OpText, true, identify)
	early := append(frame(ws.OpText, true, `{"op":3,"d":{}}`), frame(ws.OpPing, true, "after")...)
	partial := frame(ws.OpText, true, `{"op":1,"d":null}`)
	// The client waits neither for the upgrade nor for HELLO, and its last frame is cut in two.
	behind := bytes.Join([][]byte{frame(ws.OpText, true, `{"op":1,"d":null}`), opening, early, partial[:5]}, nil)
	client, _ := rawClient(t, r.addr, behind)
	podConn := <-conns
	defer func() { _ = podConn.Close() }()
	if _, err := client.Write(partial[5:]); err != nil {
		t.Fatal(err)
	}
	want := bytes.Join([][]byte{opening, early, partial}, nil)
	got := make([]byte, len(want))
	if _, err := io.ReadFull(podConn, got); err != nil || !bytes.Equal(got, want) {
		t.Errorf("the pod got\n%x, want\n%x (%v)", got, want, err)
	}
}

func TestFragmentedOpeningIsForwardedWithoutItsInterludes(t *testing.T) {
	t.Parallel()
	target, conns := rawPod(t, "gateway-0-0")
	r := newRig(t, placement.Static{target}, nil)
	parts := [][]byte{
		frame(ws.OpText, false, identify[:7]),
		frame(ws.OpContinuation, false, ""),
		frame(ws.OpContinuation, true, identify[7:]),
	}
	client, reader := rawClient(t, r.addr, nil)
	for _, data := range [][]byte{parts[0], frame(ws.OpPing, true, "amid"), parts[1], parts[2]} {
		if _, err := client.Write(data); err != nil {
			t.Fatal(err)
		}
	}
	podConn := <-conns
	defer func() { _ = podConn.Close() }()
	want := bytes.Join(parts, nil)
	got := make([]byte, len(want))
	if _, err := io.ReadFull(podConn, got); err != nil || !bytes.Equal(got, want) {
		t.Errorf("the pod got\n%x, want\n%x (%v)", got, want, err)
	}
	for _, op := range []ws.OpCode{ws.OpText, ws.OpPong} {
		header, err := ws.ReadHeader(reader)
		if err != nil || header.OpCode != op {
			t.Fatalf("got %+v, %v, want a frame of type %x", header, err, op)
		}
		if _, err := reader.Discard(int(header.Length)); err != nil {
			t.Fatal(err)
		}
	}
}

func TestWhatThePodSaysBehindItsUpgradeReachesTheClient(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	word := ws.MustCompileFrame(ws.NewTextFrame([]byte(`{"op":7,"s":null,"t":null,"d":null}`)))
	go func() {
		conn, err := listener.Accept()
		if err != nil {
			return
		}
		defer func() { _ = conn.Close() }()
		var answer bytes.Buffer // so that both go out in one segment
		if _, err := ws.Upgrade(struct {
			io.Reader
			io.Writer
		}{conn, &answer}); err == nil {
			_, _ = conn.Write(append(answer.Bytes(), word...))
		}
		_, _ = io.Copy(io.Discard, conn)
	}()
	r := newRig(t, placement.Static{{Name: "gateway-0-0", Addr: listener.Addr().String()}}, nil)
	conn := r.greeted(t)
	write(t, conn, identify)
	if got := read(t, conn); !strings.HasPrefix(got, `{"op":7,`) {
		t.Errorf("got %s", got)
	}
}

func TestIdentifyGoesToItsShard(t *testing.T) {
	t.Parallel()
	pods := []*pod{newPod(t, 0, "gateway-0-0"), newPod(t, 1, "gateway-1-0")}
	r := newRig(t, placement.Static{pods[0].Pod, pods[1].Pod}, nil)
	for shard, want := range map[string]int{"[0,2]": 0, "[1,2]": 1, "[3,4]": 1, "[4,6]": 0} {
		conn := r.greeted(t)
		write(t, conn, `{"op":2,"d":{"shard":`+shard+`}}`)
		pods[want].session(t)
	}
	// Anyone else goes where there is room: both have two clients now, so two more are spread.
	for _, shard := range []string{"null", "[1,3]"} {
		conn := r.greeted(t)
		write(t, conn, `{"op":2,"d":{"shard":`+shard+`}}`)
		waitFor(t, func() bool {
			return r.proxy.table.Connections("gateway-0-0")+r.proxy.table.Connections("gateway-1-0") >= 5
		})
	}
	pods[0].session(t)
	pods[1].session(t)
}

func TestNewNumberOfShardsTakesEffectAtOnce(t *testing.T) {
	t.Parallel()
	pods := []*pod{newPod(t, 0, "gateway-0-0"), newPod(t, 1, "gateway-1-0"), newPod(t, 2, "gateway-2-0")}
	var shards atomic.Int64
	shards.Store(2)
	r := newRig(t, placement.Static{pods[0].Pod, pods[1].Pod, pods[2].Pod}, func(c *Config) {
		c.Shards = func() int { return int(shards.Load()) }
	})
	for _, c := range []struct{ shards, want int }{{2, 0}, {4, 2}, {2, 0}} {
		shards.Store(int64(c.shards))
		conn := r.greeted(t)
		write(t, conn, `{"op":2,"d":{"shard":[2,4]}}`)
		pods[c.want].session(t)
	}
}

func TestResumeGoesToThePodOfTheSession(t *testing.T) {
	t.Parallel()
	pods := map[string]*pod{}
	var all placement.Static
	for _, name := range []string{"gateway-0-0", "gateway-0-1", "gateway-1-0"} {
		shard := 0
		if strings.HasPrefix(name, "gateway-1") {
			shard = 1
		}
		pods[name] = newPod(t, shard, name)
		all = append(all, pods[name].Pod)
	}
	r := newRig(t, all, nil)
	for _, name := range []string{"gateway-1-0", "gateway-0-1", "gateway-0-1", "gateway-0-1", "gateway-1-0"} {
		conn := r.greeted(t)
		resume := fmt.Sprintf(`{"op":6,"d":{"token":"x","session_id":%q,"seq":5}}`, r.keys.NewSessionID(name))
		write(t, conn, resume)
		if s := pods[name].session(t); s.opening != resume {
			t.Errorf("opening %s", s.opening)
		}
	}
	if n := len(pods["gateway-0-0"].sessions); n != 0 {
		t.Errorf("%d clients on a pod that holds no session", n)
	}
}

func TestResumeOfAnUnknownSessionIsAnsweredByAnyPod(t *testing.T) {
	t.Parallel()
	p, r := podFor(t, nil)
	forged := strings.Replace(r.keys.NewSessionID("gateway-0-0"), "gateway-0-0", "gateway-0-1", 1)
	for _, id := range []string{"", "garbage", forged, r.keys.NewSessionID("gone-0")} {
		conn := r.greeted(t)
		write(t, conn, fmt.Sprintf(`{"op":6,"d":{"session_id":%q}}`, id))
		p.session(t)
	}
}

func TestPodThatIsDownIsReplacedByAnother(t *testing.T) {
	t.Parallel()
	live := newPod(t, 0, "gateway-0-1")
	other := newPod(t, 1, "gateway-1-0")
	for name, bad := range map[string]placement.Pod{
		"dead": deadPod(t, 0, "gateway-0-0"),
		// A pod that answers, but not with 101: here, because it is no pod at all.
		"refusing": {Shard: 0, Name: "gateway-0-0", Addr: newRig(t, nil, nil).addr},
	} {
		r := newRig(t, placement.Static{bad, live.Pod, other.Pod}, nil)
		for range 4 {
			conn := r.greeted(t)
			write(t, conn, `{"op":2,"d":{"shard":[0,2]}}`)
			live.session(t)
		}
		if got := r.metric(t, "guildhall_router_dial_failures_total", "0"); got < 1 || got > 4 {
			t.Errorf("%s: counted %v failed dials for 4 clients", name, got)
		}
	}
	r := newRig(t, placement.Static{deadPod(t, 0, "gateway-0-0"), other.Pod}, nil)
	conn := r.greeted(t)
	write(t, conn, `{"op":2,"d":{"shard":[0,2]}}`)
	other.session(t)
}

func TestPodThatHangsIsGivenUp(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0") // accepts in the kernel, never answers
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	live := newPod(t, 1, "gateway-1-0")
	hanging := placement.Pod{Shard: 0, Name: "gateway-0-0", Addr: listener.Addr().String()}
	r := newRig(t, placement.Static{hanging, live.Pod}, func(c *Config) { c.Limits.Dial = 50 * time.Millisecond })
	conn := r.greeted(t)
	write(t, conn, `{"op":2,"d":{"shard":[0,2]}}`)
	live.session(t)
}
