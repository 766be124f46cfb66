package socket

import (
	"fmt"
	"log/slog"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gobwas/ws"
	"github.com/gorilla/websocket"

	"guildhall.chat/guildhall/internal/codec"
	"guildhall.chat/guildhall/internal/discord"
)

// pass makes the connection's deadlines believe that d has passed.
func (r *recorder) pass(d time.Duration) {
	deadlines := r.conn.loop.deadlines
	deadlines.pass(deadlines.at(time.Now().Add(d + 2*tick)))
}

// expectGone waits until nothing is left of the connection.
func (r *recorder) expectGone(t *testing.T) {
	t.Helper()
	for deadline := time.Now().Add(patience); ; time.Sleep(time.Millisecond) {
		r.conn.mu.Lock()
		gone := r.conn.gone
		r.conn.mu.Unlock()
		if gone {
			return
		}
		if time.Now().After(deadline) {
			t.Fatal("the connection is still there")
		}
	}
}

func writeRaw(t *testing.T, client *websocket.Conn, data []byte) {
	t.Helper()
	if _, err := client.NetConn().Write(data); err != nil {
		t.Fatal(err)
	}
}

// However a client's bytes are cut, its messages come whole, in order and one at a time.
func TestMessagesComeOneAtATime(t *testing.T) {
	t.Parallel()
	var busy atomic.Bool
	const n = 3000
	done := make(chan error, 1)
	next := 0
	url := serveProtocol(t, func(*Conn) Protocol {
		return onMessage(func(data []byte) {
			if !busy.CompareAndSwap(false, true) {
				t.Error("a message came while another was there")
			}
			defer busy.Store(false)
			if got, want := string(data), message(next); got != want {
				t.Errorf("message %d is %.20q, want %.20q", next, got, want)
			}
			if next++; next == n {
				close(done)
			}
		})
	})
	client := dial(t, url)
	var stream []byte
	for i := range n {
		text := message(i)
		cut := rand.IntN(len(text) + 1)
		stream = append(stream, masked(false, ws.OpText, text[:cut])...)
		stream = append(stream, masked(true, ws.OpPong, "")...)
		stream = append(stream, masked(true, ws.OpContinuation, text[cut:])...)
	}
	for len(stream) > 0 {
		size := min(len(stream), 1+rand.IntN(2000))
		writeRaw(t, client, stream[:size])
		stream = stream[size:]
	}
	<-done
}

func message(i int) string { return fmt.Sprintf("%d%s", i, strings.Repeat(" ", i*i%700)) }

// onMessage is a protocol that is interested in messages only.
type onMessage func([]byte)

func (f onMessage) Message(data []byte) { f(data) }
func (onMessage) Ping()                 {}
func (onMessage) HalfClosed()           {}
func (onMessage) Closed(int)            {}

// serveProtocol starts a server of another protocol than a recorder.
func serveProtocol(t *testing.T, open func(*Conn) Protocol) (url string) {
	t.Helper()
	server := httptest.NewServer(Handler(Options{
		Log: slog.New(slog.DiscardHandler), MaxConnections: 100,
		Open: func(c *Conn, _ Opening) Protocol { return open(c) },
	}))
	t.Cleanup(server.Close)
	return "ws" + strings.TrimPrefix(server.URL, "http")
}

func TestWhatIsNotTheProtocolIsRefused(t *testing.T) {
	t.Parallel()
	url, opened := serve(t, 100)
	tests := map[string]struct {
		sent []byte
		code int
	}{
		"not masked":      {ws.MustCompileFrame(ws.NewTextFrame([]byte("x"))), 1002},
		"reserved opcode": {masked(true, 5, "x"), 1002},
		"bad close code":  {masked(true, ws.OpClose, "\x03\xee"), 1002},
		"too large":       {masked(true, ws.OpText, strings.Repeat("x", codec.MaxInbound+1))[:100], 4002},
	}
	for name, tt := range tests {
		client := dial(t, url)
		r := <-opened
		writeRaw(t, client, masked(true, ws.OpText, "before"))
		writeRaw(t, client, append(tt.sent, masked(true, ws.OpText, "behind")...))
		if got := <-r.messages; got != "before" {
			t.Errorf("%s: message %q", name, got)
		}
		if code := <-r.closed; code != 0 {
			t.Errorf("%s: the protocol was told of code %d", name, code)
		}
		if _, _, err := client.ReadMessage(); !websocket.IsCloseError(err, tt.code) {
			t.Errorf("%s: closed with %v", name, err)
		}
		_ = client.Close()
		r.expectGone(t)
		if len(r.messages) > 0 {
			t.Errorf("%s: there was a message behind", name)
		}
	}
}

func TestHalfClosed(t *testing.T) {
	t.Parallel()
	url, opened := serve(t, 10)
	client := dial(t, url)
	r := <-opened
	half, ok := client.NetConn().(*net.TCPConn)
	if !ok {
		t.Fatalf("client's connection is %T", client.NetConn())
	}
	if err := half.CloseWrite(); err != nil {
		t.Fatal(err)
	}
	if code := <-r.closed; code != 0 {
		t.Errorf("closed with %d", code)
	}
	r.expectGone(t)
}

// lastWord is a protocol that closes when the other side says no more.
type lastWord struct {
	onMessage
	conn   *Conn
	closed chan int
}

func (l lastWord) HalfClosed() {
	l.conn.Send(discord.OpReconnect, nil)
	l.conn.CloseWith(discord.CloseUnknownError)
}
func (l lastWord) Closed(code int) { l.closed <- code }

// A router that stops still passes on what its clients are told with the close.
func TestLastWordAfterHalfClose(t *testing.T) {
	t.Parallel()
	closed := make(chan int, 1)
	client := dial(t, serveProtocol(t, func(c *Conn) Protocol { return lastWord{func([]byte) {}, c, closed} }))
	// Amid a frame, which is never told.
	writeRaw(t, client, masked(true, ws.OpText, "lost")[:3])
	half, ok := client.NetConn().(*net.TCPConn)
	if !ok {
		t.Fatalf("client's connection is %T", client.NetConn())
	}
	if err := half.CloseWrite(); err != nil {
		t.Fatal(err)
	}
	if _, data, err := client.ReadMessage(); err != nil || !strings.Contains(string(data), `"op":7`) {
		t.Errorf("got %s, %v", data, err)
	}
	if _, _, err := client.ReadMessage(); !websocket.IsCloseError(err, 4000) {
		t.Errorf("closed with %v", err)
	}
	if code := <-closed; code != 0 {
		t.Errorf("the protocol was told of code %d", code)
	}
}

func TestCloseFrameIsNotAnswered(t *testing.T) {
	t.Parallel()
	url, opened := serve(t, 10)
	dial(t, url)
	r := <-opened
	r.conn.Close(4000, "")
	r.pass(linger)
	if code := <-r.closed; code != 0 {
		t.Errorf("closed with %d", code)
	}
	r.expectGone(t)
}

// A client that goes on sending after it was refused is read for a while, but not for ever.
func TestSendsOnAfterTheEnd(t *testing.T) {
	t.Parallel()
	url, opened := serve(t, 10)
	client := dial(t, url)
	r := <-opened
	writeRaw(t, client, []byte{0xFF, 0xFF})
	if code := <-r.closed; code != 0 {
		t.Errorf("closed with %d", code)
	}
	for rest := make([]byte, 64<<10); ; {
		if _, err := client.NetConn().Write(rest); err != nil {
			break
		}
	}
	r.expectGone(t)
}

// A client that pings without end and does not read is given up.
func TestPingFlood(t *testing.T) {
	t.Parallel()
	url, opened := serve(t, 10)
	client := dial(t, url)
	r := <-opened
	go func() {
		for range r.pings {
		}
	}()
	defer close(r.pings)
	for ping := masked(true, ws.OpPing, strings.Repeat("?", 125)); ; {
		if _, err := client.NetConn().Write(ping); err != nil {
			break
		}
	}
	<-r.closed
	r.expectGone(t)
}

// Connections that end all at once, in all the ways there are, leave nothing behind.
func TestAllCloseAtOnce(t *testing.T) {
	t.Parallel()
	const n = 1000
	url, opened := serve(t, n)
	clients := make([]*websocket.Conn, n)
	recorders := make([]*recorder, n)
	for i := range n {
		clients[i] = dial(t, url)
		recorders[i] = <-opened
		recorders[i].conn.Expect(time.Now().Add(time.Minute))
	}
	for i, c := range clients {
		go func() {
			switch i % 5 {
			case 0:
				_ = c.Close()
			case 1:
				_ = c.WriteControl(websocket.CloseMessage, websocket.FormatCloseMessage(1000, ""), time.Now().Add(patience))
			case 2:
				recorders[i].conn.CloseWith(discord.CloseUnknownError)
				_, _, _ = c.ReadMessage() // answers
			case 3:
				_, _ = c.NetConn().Write([]byte{0xFF, 0xFF})
				_ = c.Close()
			case 4:
				recorders[i].conn.abort()
			}
		}()
	}
	for _, r := range recorders {
		<-r.closed
		r.expectGone(t)
	}
	loops := recorders[0].conn.loop.of
	for deadline := time.Now().Add(patience); ; time.Sleep(time.Millisecond) {
		loops.mu.Lock()
		open, ended := loops.open, loops.loop == nil
		loops.mu.Unlock()
		if open == 0 && ended {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%d connections are counted; the loop has ended: %t", open, ended)
		}
	}
}

// What has no descriptor can't be watched, and is closed.
func TestNoDescriptor(t *testing.T) {
	t.Parallel()
	server := httptest.NewTLSServer(Handler(Options{
		Log: slog.New(slog.DiscardHandler), MaxConnections: 1,
		Open: func(*Conn, Opening) Protocol {
			t.Error("opened")
			return deaf{}
		},
	}))
	defer server.Close()
	transport, ok := server.Client().Transport.(*http.Transport)
	if !ok {
		t.Fatalf("client's transport is %T", server.Client().Transport)
	}
	for range 2 { // the first takes no one's place
		dialer := websocket.Dialer{TLSClientConfig: transport.TLSClientConfig}
		client, _, err := dialer.Dial("wss"+strings.TrimPrefix(server.URL, "https"), nil)
		if err != nil {
			t.Fatal(err)
		}
		_ = client.SetReadDeadline(time.Now().Add(patience))
		if _, _, err := client.ReadMessage(); !websocket.IsCloseError(err, websocket.CloseAbnormalClosure) {
			t.Errorf("read %v", err)
		}
		_ = client.Close()
	}
}
