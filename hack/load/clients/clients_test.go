package clients

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"
	"go.uber.org/goleak"

	"guildhall.chat/guildhall/hack/load/control"
	"guildhall.chat/guildhall/hack/load/payload"
	"guildhall.chat/guildhall/internal/codec"
	"guildhall.chat/guildhall/internal/config"
	"guildhall.chat/guildhall/internal/discord"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const heartbeat = 2 * time.Second

// server speaks the opening of the gateway's protocol with whoever connects, and then plays its script.
type server struct {
	*httptest.Server
	t *testing.T
}

// line is one client's connection at the server.
type line struct {
	t       *testing.T
	ws      *websocket.Conn
	encoder *codec.Encoder
	seq     int64
}

func serve(t *testing.T, script func(*line)) *server {
	t.Helper()
	upgrader := websocket.Upgrader{}
	s := &server{t: t}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		params, err := codec.Parse(r.URL.Query())
		if err != nil {
			t.Error(err)
		}
		ws, err := upgrader.Upgrade(w, r, nil)
		if err != nil {
			t.Error(err)
			return
		}
		defer func() { _ = ws.Close() }()
		l := &line{t: t, ws: ws, encoder: codec.NewEncoder(params, false)}
		l.control(discord.OpHello, map[string]int64{"heartbeat_interval": heartbeat.Milliseconds()})
		if _, _, err := ws.ReadMessage(); err != nil { // IDENTIFY
			t.Error(err)
		}
		script(l)
		for {
			if _, _, err := ws.ReadMessage(); err != nil {
				return
			}
			l.control(discord.OpHeartbeatACK, nil)
		}
	}))
	t.Cleanup(s.Close)
	return s
}

func (l *line) write(message []byte, binary bool) {
	kind := websocket.TextMessage
	if binary {
		kind = websocket.BinaryMessage
	}
	if err := l.ws.WriteMessage(kind, message); err != nil {
		l.t.Error(err)
	}
}

func (l *line) control(op discord.Opcode, d any) {
	message, binary, err := l.encoder.Append(nil, op, d)
	if err != nil {
		l.t.Error(err)
	}
	l.write(message, binary)
}

func (l *line) dispatch(sh *codec.Shared) {
	l.seq++
	l.write(l.encoder.AppendDispatch(nil, l.seq, sh))
}

var readyEvent = codec.NewDispatch(discord.EventReady, json.RawMessage(`{"session_id":"s","guilds":[{"unavailable":false}]}`))

// messages are as all connections get them.
func messages(n int) []*codec.Shared {
	all := make([]*codec.Shared, n)
	for i := range all {
		d, _ := json.Marshal(map[string]any{"id": fmt.Sprint(1000 + i), "content": payload.Content(i)})
		all[i] = codec.NewDispatch(discord.EventMessageCreate, d)
	}
	return all
}

// run connects clients to the server and hands their reports to hear until that returns false.
func run(t *testing.T, fleet control.Fleet, hear func(l *loop, r control.Report) bool) {
	t.Helper()
	secrets := t.TempDir()
	key := base64.StdEncoding.EncodeToString(bytes.Repeat([]byte("k"), config.MinSigningKey))
	if err := os.WriteFile(filepath.Join(secrets, config.SigningKeysFile), []byte(key+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	fleet.Secrets, fleet.Heartbeat, fleet.FirstUser = secrets, heartbeat, 1
	reports := make(chan control.Report, 10_000)
	l, err := newLoop(fleet, reports)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- l.run(ctx) }()
	deadline := time.After(time.Minute)
	for more := true; more; {
		select {
		case r := <-reports:
			more = hear(l, r)
		case <-deadline:
			t.Error("the clients hang")
			more = false
		}
	}
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

func addr(s *server) []string { return []string{strings.TrimPrefix(s.URL, "http://")} }

func TestEveryMessageIsVerifiedInEveryCompression(t *testing.T) {
	t.Parallel()
	const clients, count = 30, 40
	for _, compress := range []string{"", "zlib-stream", "zstd-stream"} {
		t.Run("compress="+compress, func(t *testing.T) {
			t.Parallel()
			begin := make(chan struct{})
			all := messages(count)
			s := serve(t, func(l *line) {
				l.dispatch(readyEvent)
				<-begin
				for _, m := range all {
					l.dispatch(m)
				}
			})
			have := 0
			run(t, control.Fleet{Protocol: control.Gateway, Targets: addr(s), Clients: clients, Compress: compress}, func(l *loop, r control.Report) bool {
				switch r.Is {
				case control.Ready:
					close(begin)
				case control.Have:
					if have += len(r.Messages); have == count {
						l.order(control.Order{Do: control.Tell})
					}
				case control.Fault:
					t.Error(r.Text)
				case control.Totals:
					if c := *r.Totals; c.Delivered != clients*count || c.Wrong() != "" || c.Failed+c.Dropped > 0 {
						t.Errorf("%+v", c)
					}
					l.order(control.Order{Do: control.Leave})
				case control.Left:
					return false
				}
				return true
			})
		})
	}
}

func TestFaultsAreNoticed(t *testing.T) {
	t.Parallel()
	all := messages(6)
	other, err := json.Marshal(map[string]any{"id": "9", "content": payload.Content(2)})
	if err != nil {
		t.Fatal(err)
	}
	broken := codec.NewDispatch(discord.EventMessageCreate, json.RawMessage(`{"content":"message 00000002 and something else"}`))
	for name, c := range map[string]struct {
		second []*codec.Shared // what the second client gets; the first gets all
		want   func(control.Counts) bool
	}{
		"lost":       {[]*codec.Shared{all[0], all[2], all[3], all[4], all[5]}, func(c control.Counts) bool { return c.Lost == 1 && c.Delivered == 11 }},
		"duplicated": {[]*codec.Shared{all[0], all[1], all[1], all[2], all[3], all[4], all[5]}, func(c control.Counts) bool { return c.Duplicated == 1 && c.Delivered == 12 }},
		"disordered": {[]*codec.Shared{all[0], all[2], all[1], all[3], all[4], all[5]}, func(c control.Counts) bool { return c.Lost == 1 && c.Duplicated == 1 }},
		"damaged":    {[]*codec.Shared{all[0], all[1], broken, all[3], all[4], all[5]}, func(c control.Counts) bool { return c.Damaged == 1 && c.Lost == 1 }},
		"differs":    {[]*codec.Shared{all[0], all[1], codec.NewDispatch(discord.EventMessageCreate, other)}, func(c control.Counts) bool { return c.Damaged == 1 }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			turn, first := make(chan int, 2), make(chan struct{})
			turn <- 0
			turn <- 1
			begin := make(chan struct{})
			s := serve(t, func(l *line) {
				me := <-turn
				l.dispatch(readyEvent)
				<-begin
				script := all
				if me == 1 {
					<-first
					script = c.second
				}
				for _, m := range script {
					l.dispatch(m)
				}
				if me == 1 {
					l.control(discord.OpInvalidSession, false) // so that the end is seen
				}
			})
			run(t, control.Fleet{Protocol: control.Gateway, Targets: addr(s), Clients: 2}, func(_ *loop, r control.Report) bool {
				switch r.Is {
				case control.Ready:
					close(begin)
				case control.Progress:
					if r.Totals.Delivered == len(all) && r.Totals.Invalid == 0 {
						select {
						case <-first:
						default:
							close(first)
						}
					}
					if r.Totals.Invalid > 0 {
						if !c.want(*r.Totals) {
							t.Errorf("%+v", *r.Totals)
						}
						return false
					}
				}
				return true
			})
		})
	}
}

func TestLostConnectionsResume(t *testing.T) {
	t.Parallel()
	all := messages(4)
	var times = make(chan int, 2)
	times <- 0
	times <- 1
	returned := make(chan struct{})
	s := serve(t, func(l *line) {
		if <-times == 0 {
			l.dispatch(readyEvent)
			l.dispatch(all[0])
			<-returned
			_ = l.ws.Close()
			return
		}
		l.seq = 2
		l.dispatch(all[1])
		l.dispatch(codec.NewDispatch(discord.EventResumed, json.RawMessage(`{}`)))
		l.dispatch(all[2])
	})
	readies, have := 0, 0
	run(t, control.Fleet{Protocol: control.Gateway, Targets: addr(s), Clients: 1}, func(l *loop, r control.Report) bool {
		switch r.Is {
		case control.Ready:
			if readies++; readies == 1 {
				l.order(control.Order{Do: control.Return, Targets: addr(s)})
				l.order(control.Order{Do: control.Tell})
			}
		case control.Have:
			have += len(r.Messages)
		case control.Totals:
			close(returned)
		case control.Progress:
			if have == 3 {
				if c := *r.Totals; c.Resumed != 1 || c.Dropped != 1 || c.Wrong() != "" {
					t.Errorf("%+v", c)
				}
				return false
			}
		}
		return true
	})
	if readies != 2 {
		t.Errorf("ready %d times", readies)
	}
}

func TestFrames(t *testing.T) {
	t.Parallel()
	for _, size := range []int{0, 1, 125, 126, 65535, 65536, 200_000} {
		body := bytes.Repeat([]byte("x"), size)
		whole := serverFrame(frame{op: opText, payload: body})
		for _, cut := range []int{0, 1, 3, len(whole) - 1} {
			if cut >= len(whole) {
				continue
			}
			if f, need, bad := parseFrame(whole[:cut]); bad || need <= cut || need > len(whole) || f.payload != nil {
				t.Errorf("%d bytes of a frame of %d: need %d, bad %v", cut, len(whole), need, bad)
			}
		}
		f, need, bad := parseFrame(append(whole, 1, 2, 3))
		if bad || need != 0 || f.op != opText || f.size != len(whole) || !bytes.Equal(f.payload, body) {
			t.Errorf("size %d: op %d, %d bytes, need %d, bad %v", size, f.op, f.size, need, bad)
		}
	}
	for _, b := range [][]byte{{0x01, 0}, {0x80, 0}, {0xc1, 0}, {0x81, 0x80}, {0x82, 127, 255, 0, 0, 0, 0, 0, 0, 0}} {
		if _, _, bad := parseFrame(b); !bad {
			t.Errorf("% x passed", b)
		}
	}
}

func FuzzParseFrame(f *testing.F) {
	f.Add([]byte{0x81, 1, 'x'})
	f.Add([]byte{0x82, 126, 0, 2, 1, 2})
	f.Fuzz(func(t *testing.T, b []byte) {
		got, need, bad := parseFrame(b)
		if !bad && need == 0 && (got.size > len(b) || len(got.payload) > got.size) {
			t.Errorf("%+v of %d bytes", got, len(b))
		}
		if need > 0 && need <= len(b) {
			t.Errorf("needs %d, has %d", need, len(b))
		}
	})
}
