package proxy

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"
	"go.uber.org/goleak"

	"guildhall.chat/guildhall/internal/auth"
	"guildhall.chat/guildhall/internal/codec"
	"guildhall.chat/guildhall/internal/metrics"
	"guildhall.chat/guildhall/shard-router/placement"
)

// patience is how long a test waits for what has to happen.
const patience = time.Minute

func TestMain(m *testing.M) {
	if role := os.Getenv(benchRole); role != "" {
		if err := runBenchProxy(role, os.Getenv(benchPod)); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	goleak.VerifyTestMain(m)
}

// rig is a router on a real port, before pods that the test plays.
type rig struct {
	proxy    *Proxy
	addr     string
	keys     *auth.Keys
	registry *metrics.Registry
}

// newRig starts a router of two shards before the pods. configure may change its configuration.
func newRig(t testing.TB, pods placement.Static, configure func(*Config)) *rig {
	t.Helper()
	keys, err := auth.NewKeys([][]byte{bytes.Repeat([]byte("k"), 32)})
	if err != nil {
		t.Fatal(err)
	}
	config := Config{Shards: func() int { return 2 }, HeartbeatInterval: 41250 * time.Millisecond, Limits: DefaultLimits()}
	if configure != nil {
		configure(&config)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	registry := metrics.New()
	log := slog.New(slog.DiscardHandler)
	r := &rig{
		proxy:    New(config, placement.NewTable(pods, 100), keys, NewMetrics(registry), log),
		addr:     listener.Addr().String(),
		keys:     keys,
		registry: registry,
	}
	server := r.proxy.Server()
	server.ErrorLog = slog.NewLogLogger(log.Handler(), slog.LevelError)
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	t.Cleanup(func() {
		r.proxy.Drain(t.Context(), 0)
		_ = server.Close()
		if err := <-served; !errors.Is(err, http.ErrServerClosed) {
			t.Error(err)
		}
		if n := r.metric(t, "guildhall_router_connections", ""); n != 0 {
			t.Errorf("%v connections are still counted", n)
		}
	})
	return r
}

// metric returns the sum of a metric's values over the series that have the label value, or over all if it is empty.
func (r *rig) metric(t testing.TB, name, label string) float64 {
	t.Helper()
	families, err := r.registry.Gatherer().Gather()
	if err != nil {
		t.Fatal(err)
	}
	var sum float64
	for _, family := range families {
		if family.GetName() != name {
			continue
		}
		for _, m := range family.GetMetric() {
			if label == "" || m.GetLabel()[0].GetValue() == label {
				sum += m.GetCounter().GetValue() + m.GetGauge().GetValue()
			}
		}
	}
	return sum
}

// dial connects a client with the query.
func (r *rig) dial(t testing.TB, query string) *websocket.Conn {
	t.Helper()
	conn, _, err := websocket.DefaultDialer.DialContext(t.Context(), "ws://"+r.addr+"/?"+query, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	if err := conn.SetReadDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	return conn
}

// greeted connects a client and reads HELLO.
func (r *rig) greeted(t testing.TB) *websocket.Conn {
	t.Helper()
	conn := r.dial(t, "v=10&encoding=json")
	if got := read(t, conn); !strings.HasPrefix(got, `{"op":10,`) {
		t.Fatalf("first message is %s", got)
	}
	return conn
}

func read(t testing.TB, conn *websocket.Conn) string {
	t.Helper()
	_, data, err := conn.ReadMessage()
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func write(t testing.TB, conn *websocket.Conn, text string) {
	t.Helper()
	if err := conn.WriteMessage(websocket.TextMessage, []byte(text)); err != nil {
		t.Fatal(err)
	}
}

// closing returns the close frame that the client reads next.
func closing(t testing.TB, conn *websocket.Conn) *websocket.CloseError {
	t.Helper()
	_, data, err := conn.ReadMessage()
	var closed *websocket.CloseError
	if !errors.As(err, &closed) {
		t.Fatalf("got %q, %v, want a close frame", data, err)
	}
	return closed
}

// pod plays a gateway pod: it takes the router's connection and reads the client's opening message.
type pod struct {
	placement.Pod
	sessions chan *podSession
}

// podSession is a client as a pod sees it after the opening message.
type podSession struct {
	*websocket.Conn
	query     string
	forwarded auth.Forwarded
	opening   string
}

// newPod starts a pod of the shard. Its router is one of a rig: they share the keys.
func newPod(t testing.TB, shard int, name string) *pod {
	t.Helper()
	keys, err := auth.NewKeys([][]byte{bytes.Repeat([]byte("k"), 32)})
	if err != nil {
		t.Fatal(err)
	}
	p := &pod{sessions: make(chan *podSession, 100)}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		forwarded, err := keys.OpenForwarded(r.Header.Get(auth.ForwardedHeader), time.Now())
		if err != nil || r.URL.Path != sessionPath {
			w.WriteHeader(http.StatusForbidden)
			return
		}
		conn, err := new(websocket.Upgrader).Upgrade(w, r, nil)
		if err != nil {
			return
		}
		_, opening, err := conn.ReadMessage()
		if err != nil {
			_ = conn.Close()
			return
		}
		p.sessions <- &podSession{conn, r.URL.RawQuery, forwarded, string(opening)}
	}))
	p.Pod = placement.Pod{Shard: shard, Name: name, Addr: server.Listener.Addr().String()}
	t.Cleanup(func() {
		server.Close()
		for {
			select {
			case s := <-p.sessions:
				_ = s.Close()
			default:
				return
			}
		}
	})
	return p
}

// session returns the next client that was placed on the pod.
func (p *pod) session(t testing.TB) *podSession {
	t.Helper()
	select {
	case s := <-p.sessions:
		t.Cleanup(func() { _ = s.Close() })
		if err := s.SetReadDeadline(time.Now().Add(patience)); err != nil {
			t.Fatal(err)
		}
		return s
	case <-time.After(patience):
		t.Fatalf("no client reaches %s", p.Name)
		return nil
	}
}

// deadPod is a pod on a port that nobody listens on.
func deadPod(t testing.TB, shard int, name string) placement.Pod {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := listener.Addr().String()
	if err := listener.Close(); err != nil {
		t.Fatal(err)
	}
	return placement.Pod{Shard: shard, Name: name, Addr: addr}
}

// encoder returns the encoder that a pod goes on with.
func (s *podSession) encoder(params codec.Params) *codec.Encoder {
	return codec.NewEncoder(params, s.forwarded.Stream)
}
