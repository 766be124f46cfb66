package proxy

import (
	"context"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"guildhall.chat/guildhall/shard-router/placement"
)

// joined returns a client and its session on a pod.
func joined(t testing.TB, configure func(*Config)) (*websocket.Conn, *podSession, *rig) {
	t.Helper()
	p, r := podFor(t, configure)
	conn := r.greeted(t)
	write(t, conn, identify)
	return conn, p.session(t), r
}

// gone waits until the router has forgotten all connections.
func gone(t testing.TB, r *rig) {
	t.Helper()
	waitFor(t, func() bool {
		return r.metric(t, "guildhall_router_connections", "") == 0 && r.proxy.table.Connections("gateway-0-0") == 0
	})
}

func TestCloseOfThePodReachesTheClient(t *testing.T) {
	t.Parallel()
	conn, s, r := joined(t, nil)
	body := websocket.FormatCloseMessage(4004, "Authentication failed.")
	if err := s.WriteControl(websocket.CloseMessage, body, time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	_ = s.Close() // without waiting for the reply
	if got := closing(t, conn); got.Code != 4004 || got.Text != "Authentication failed." {
		t.Errorf("got %v", got)
	}
	_ = conn.Close()
	gone(t, r)
}

func TestCloseOfThePodReachesATalkativeClient(t *testing.T) {
	t.Parallel()
	conn, s, _ := joined(t, nil)
	// What the pod never reads resets its connection when it closes; the client must not be reset for that.
	for range 50 {
		write(t, conn, `{"op":1,"d":"`+strings.Repeat("x", 10_000)+`"}`)
	}
	body := websocket.FormatCloseMessage(4008, "Rate limited.")
	if err := s.WriteControl(websocket.CloseMessage, body, time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	_ = s.Close()
	if got := closing(t, conn); got.Code != 4008 {
		t.Errorf("got %v", got)
	}
}

func TestCloseOfTheClientReachesThePod(t *testing.T) {
	t.Parallel()
	conn, s, r := joined(t, nil)
	body := websocket.FormatCloseMessage(websocket.CloseNormalClosure, "")
	if err := conn.WriteControl(websocket.CloseMessage, body, time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	if got := closing(t, s.Conn); got.Code != websocket.CloseNormalClosure {
		t.Errorf("the pod got %v", got)
	}
	_ = s.Close()
	if got := closing(t, conn); got.Code != websocket.CloseNormalClosure {
		t.Errorf("the client got %v", got)
	}
	gone(t, r)
}

func TestLostClientIsLostForThePod(t *testing.T) {
	t.Parallel()
	conn, s, r := joined(t, nil)
	_ = conn.Close()
	if _, _, err := s.ReadMessage(); err == nil {
		t.Error("the pod is not told")
	}
	_ = s.Close()
	gone(t, r)
}

func TestPodThatDoesNotGoIsLeftBehind(t *testing.T) {
	t.Parallel()
	conn, _, r := joined(t, func(c *Config) { c.Limits.Linger = 20 * time.Millisecond })
	_ = conn.Close()
	gone(t, r) // although the pod never closes its side
}

func TestClientThatReadsNothingIsDropped(t *testing.T) {
	t.Parallel()
	_, s, r := joined(t, func(c *Config) { c.Limits.Write, c.Limits.Linger = 50*time.Millisecond, 20*time.Millisecond })
	data := []byte(strings.Repeat("x", 1<<20))
	for range 1000 { // more than the sockets' buffers hold
		if err := s.SetWriteDeadline(time.Now().Add(patience)); err != nil {
			t.Fatal(err)
		}
		if s.WriteMessage(websocket.BinaryMessage, data) != nil {
			gone(t, r)
			return
		}
	}
	t.Error("the pod could write without end")
}

// The pod, which alone knows where a frame ends, tells the client to connect anew, also one that goes on talking.
func TestDrainHasThePodPartWithTheClient(t *testing.T) {
	t.Parallel()
	conn, s, r := joined(t, nil)
	drained := make(chan struct{})
	go func() {
		defer close(drained)
		r.proxy.Drain(context.Background(), 20*time.Millisecond)
	}()
	if _, _, err := s.ReadMessage(); !websocket.IsCloseError(err, websocket.CloseAbnormalClosure) {
		t.Errorf("the pod got %v, want the end of what comes", err)
	}
	for range 50 {
		write(t, conn, `{"op":1,"d":"`+strings.Repeat("x", 10_000)+`"}`)
	}
	write(t, s.Conn, reconnect)
	body := websocket.FormatCloseMessage(4000, "Unknown error.")
	if err := s.WriteControl(websocket.CloseMessage, body, time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	_ = s.Close()
	if got := read(t, conn); got != reconnect {
		t.Errorf("the client got %s", got)
	}
	if got := closing(t, conn); got.Code != 4000 {
		t.Errorf("the client got %v", got)
	}
	_ = conn.Close()
	<-drained
	gone(t, r)
}

const reconnect = `{"op":7,"d":null}`

func TestDrainCutsWhoeverThePodDoesNotPartWith(t *testing.T) {
	t.Parallel()
	conn, s, r := joined(t, func(c *Config) { c.Limits.Linger = 20 * time.Millisecond })
	pending := r.greeted(t)
	if err := r.proxy.Ready(t.Context()); err != nil {
		t.Fatalf("not ready: %v", err)
	}
	drained := make(chan struct{})
	go func() {
		defer close(drained)
		r.proxy.Drain(context.Background(), 20*time.Millisecond)
	}()
	for name, c := range map[string]*websocket.Conn{"placed": conn, "pending": pending, "pod's": s.Conn} {
		if _, _, err := c.ReadMessage(); err == nil || websocket.IsUnexpectedCloseError(err, websocket.CloseAbnormalClosure) {
			t.Errorf("%s: got %v, want a lost connection, which clients resume", name, err)
		}
		_ = c.Close()
	}
	<-drained
	if err := r.proxy.Ready(t.Context()); err == nil {
		t.Error("still ready")
	}
	_, response, err := websocket.DefaultDialer.DialContext(t.Context(), "ws://"+r.addr, nil)
	if err == nil || response == nil || response.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("a new client got %v, %v", response, err)
	}
}

func TestDrainEndsWithItsContext(t *testing.T) {
	t.Parallel()
	conn, _, r := joined(t, nil)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	r.proxy.Drain(ctx, time.Hour)
	if _, _, err := conn.ReadMessage(); err == nil {
		t.Error("the connection stays")
	}
}

func TestDrainEndsAClientThatIsBeingPlaced(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0") // never answers
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	hanging := placement.Static{{Name: "gateway-0-0", Addr: listener.Addr().String()}}
	r := newRig(t, hanging, func(c *Config) { c.Limits.Dial, c.Limits.Place = time.Hour, time.Hour })
	write(t, r.greeted(t), identify)
	accepted, err := listener.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = accepted.Close() }()
	r.proxy.Drain(context.Background(), 0)
	if r.metric(t, "guildhall_router_dial_failures_total", "") != 0 {
		t.Error("the pod is blamed for it")
	}
}
