package socket

import (
	"crypto/sha1"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"guildhall.chat/guildhall/internal/auth"
	"guildhall.chat/guildhall/internal/codec"
	"guildhall.chat/guildhall/internal/discord"
)

const patience = time.Minute

// websocketClient makes a client of a connection on which the handshake is over.
func websocketClient(conn net.Conn) *websocket.Conn {
	dialer := websocket.Dialer{NetDial: func(string, string) (net.Conn, error) { return &upgraded{Conn: conn}, nil }}
	ws, _, err := dialer.Dial("ws://pipe/", nil)
	if err != nil {
		panic(err)
	}
	return ws
}

// upgraded answers a client's handshake itself, before what the other end says.
type upgraded struct {
	net.Conn
	answer *strings.Reader
}

func (u *upgraded) Write(p []byte) (int, error) {
	if u.answer != nil {
		return len(p), nil
	}
	request := string(p)
	key := request[strings.Index(request, "Sec-WebSocket-Key: ")+len("Sec-WebSocket-Key: "):]
	key = key[:strings.Index(key, "\r\n")]
	u.answer = strings.NewReader("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: " +
		acceptKey(key) + "\r\n\r\n")
	return len(p), nil
}

func (u *upgraded) Read(p []byte) (int, error) {
	if u.answer.Len() > 0 {
		return u.answer.Read(p)
	}
	return u.Conn.Read(p)
}

// acceptKey is the answer to a client's key. RFC 6455, section 4.2.2.
func acceptKey(key string) string {
	sum := sha1.Sum([]byte(key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"))
	return base64.StdEncoding.EncodeToString(sum[:])
}

// recorder is a protocol that keeps what it gets.
type recorder struct {
	conn     *Conn
	messages chan string
	pings    chan struct{}
	closed   chan int
}

func (r *recorder) Message(data []byte) { r.messages <- string(data) }
func (r *recorder) Ping()               { r.pings <- struct{}{} }
func (r *recorder) HalfClosed()         {}
func (r *recorder) Closed(code int)     { r.closed <- code }

// serve starts a server and returns where it is and each connection's recorder.
func serve(t *testing.T, maxConnections int) (url string, opened chan *recorder) {
	t.Helper()
	keys, err := auth.NewKeys([][]byte{[]byte("a signing key for tests, 32 bytes or more")})
	if err != nil {
		t.Fatal(err)
	}
	opened = make(chan *recorder, 100)
	server := httptest.NewServer(Handler(Options{
		Keys: keys, Log: slog.New(slog.DiscardHandler), MaxConnections: maxConnections,
		Open: func(c *Conn, _ Opening) Protocol {
			r := &recorder{c, make(chan string, 100), make(chan struct{}, 100), make(chan int, 1)}
			opened <- r
			return r
		},
	}))
	t.Cleanup(server.Close)
	return "ws" + strings.TrimPrefix(server.URL, "http"), opened
}

func dial(t *testing.T, url string) *websocket.Conn {
	t.Helper()
	ws, _, err := websocket.DefaultDialer.Dial(url+"/?v=10&encoding=json", nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = ws.Close() })
	_ = ws.SetReadDeadline(time.Now().Add(patience))
	return ws
}

// list is a source that others add to.
type list struct {
	mu    sync.Mutex
	items []Dispatch
}

func (l *list) add(d Dispatch) {
	l.mu.Lock()
	l.items = append(l.items, d)
	l.mu.Unlock()
}

func (l *list) Next(batch []Dispatch) []Dispatch {
	l.mu.Lock()
	defer l.mu.Unlock()
	n := min(len(l.items), 7)
	batch = append(batch, l.items[:n]...)
	l.items = l.items[n:]
	return batch
}

// However calls to Wake and the writer's runs interleave, everything is sent, in order.
func TestNothingIsForgottenBetweenWakes(t *testing.T) {
	t.Parallel()
	url, opened := serve(t, 10)
	ws := dial(t, url)
	r := <-opened
	source := &list{}
	r.conn.Attach(source)
	const n = 20_000
	shared := codec.NewDispatch("X", json.RawMessage(`{}`))
	go func() {
		for i := int64(1); i <= n; i++ {
			source.add(Dispatch{i, shared})
			r.conn.Wake()
		}
	}()
	expectDispatches(t, ws, n)
}

func TestCloseIsReadByAClientThatSends(t *testing.T) {
	t.Parallel()
	url, opened := serve(t, 10)
	for range 20 {
		ws := dial(t, url)
		r := <-opened
		// Unread data at the time of the close must not cost the client the reason.
		for range 50 {
			if err := ws.WriteMessage(websocket.TextMessage, []byte(strings.Repeat("x", 4000))); err != nil {
				t.Fatal(err)
			}
		}
		r.conn.Send(discord.OpReconnect, nil)
		r.conn.Close(4008, "reason")
		_, data, err := ws.ReadMessage()
		if err != nil || !strings.Contains(string(data), `"op":7`) {
			t.Fatalf("before the close frame: %s, %v", data, err)
		}
		_, _, err = ws.ReadMessage()
		var closed *websocket.CloseError
		if !errors.As(err, &closed) || closed.Code != 4008 || closed.Text != "reason" {
			t.Fatalf("closed with %v", err)
		}
		<-r.closed
	}
}

func TestClientCloses(t *testing.T) {
	t.Parallel()
	url, opened := serve(t, 10)
	tests := map[string]struct {
		do   func(*websocket.Conn)
		want int
	}{
		"1000": {func(ws *websocket.Conn) {
			_ = ws.WriteControl(websocket.CloseMessage, websocket.FormatCloseMessage(1000, ""), time.Now().Add(patience))
		}, 1000},
		"4000": {func(ws *websocket.Conn) {
			_ = ws.WriteControl(websocket.CloseMessage, websocket.FormatCloseMessage(4000, ""), time.Now().Add(patience))
		}, 4000},
		"no status": {func(ws *websocket.Conn) {
			_ = ws.WriteControl(websocket.CloseMessage, nil, time.Now().Add(patience))
		}, 1005},
		"connection lost": {func(ws *websocket.Conn) { _ = ws.NetConn().Close() }, 0},
		"bad frame":       {func(ws *websocket.Conn) { _, _ = ws.NetConn().Write([]byte{0xff, 0xff, 0xff, 0xff}) }, 0},
	}
	for name, tt := range tests {
		ws := dial(t, url)
		r := <-opened
		tt.do(ws)
		if code := <-r.closed; code != tt.want {
			t.Errorf("%s: closed with %d, want %d", name, code, tt.want)
		}
	}
}

func TestPingIsAnswered(t *testing.T) {
	t.Parallel()
	url, opened := serve(t, 10)
	ws := dial(t, url)
	r := <-opened
	pong := make(chan string, 1)
	ws.SetPongHandler(func(data string) error {
		pong <- data
		return nil
	})
	if err := ws.WriteControl(websocket.PingMessage, []byte("are you there"), time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	go func() { _, _, _ = ws.ReadMessage() }()
	<-r.pings
	if data := <-pong; data != "are you there" {
		t.Errorf("pong %q", data)
	}
}

func TestFragmentsAreOneMessage(t *testing.T) {
	t.Parallel()
	url, opened := serve(t, 10)
	ws := dial(t, url)
	r := <-opened
	w, err := ws.NextWriter(websocket.TextMessage)
	if err != nil {
		t.Fatal(err)
	}
	long := strings.Repeat("fragment ", 1500)
	if _, err := fmt.Fprint(w, long); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if got := <-r.messages; got != long {
		t.Errorf("%d bytes, want %d", len(got), len(long))
	}
}

func TestExpectedTooLong(t *testing.T) {
	t.Parallel()
	url, opened := serve(t, 10)
	ws := dial(t, url)
	r := <-opened
	r.conn.Expect(time.Now().Add(10 * time.Millisecond))
	if _, _, err := ws.ReadMessage(); !websocket.IsCloseError(err, int(discord.CloseSessionTimedOut)) {
		t.Errorf("closed with %v", err)
	}
}

func TestConnectionsAreBounded(t *testing.T) {
	t.Parallel()
	url, opened := serve(t, 1)
	first := dial(t, url)
	r := <-opened
	_, answer, err := websocket.DefaultDialer.Dial(url, nil)
	if err == nil || answer == nil || answer.StatusCode != http.StatusServiceUnavailable {
		t.Fatalf("second connection: %v", err)
	}
	_ = first.Close()
	<-r.closed
	for deadline := time.Now().Add(patience); ; time.Sleep(time.Millisecond) {
		ws, _, err := websocket.DefaultDialer.Dial(url, nil)
		if err == nil {
			_ = ws.Close()
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("after the first has gone: %v", err)
		}
	}
}

// A client that does not read is given up, whatever is said to it.
func TestControlPayloadsAreBounded(t *testing.T) {
	t.Parallel()
	url, opened := serve(t, 10)
	dial(t, url)
	r := <-opened
	payload := strings.Repeat("x", 64<<10)
	for sent := 0; !r.conn.isClosing(); sent++ {
		if sent > 100*maxControls {
			t.Fatal("the connection is still open")
		}
		r.conn.Send(discord.OpReconnect, payload)
	}
	<-r.closed
}
