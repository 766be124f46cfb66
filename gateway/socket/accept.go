package socket

import (
	"errors"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/gorilla/websocket"

	"guildhall.chat/guildhall/internal/auth"
	"guildhall.chat/guildhall/internal/codec"
)

// Opening is what there is to know of a connection when it is accepted.
type Opening struct {
	Params codec.Params
	IP     string // of the client, as far as it is known
	// Greeted says that the router has sent HELLO; Frames, how many frames the client has sent it so far.
	Greeted bool
	Frames  int
	HelloAt time.Time // zero unless Greeted
}

// Options say how Handler accepts connections.
type Options struct {
	Keys *auth.Keys // verify the router's word
	Log  *slog.Logger
	// MaxConnections bounds the open connections; more are refused with 503.
	MaxConnections int
	// Open makes the protocol of a new connection, and may already send.
	Open func(*Conn, Opening) Protocol
}

type acceptor struct {
	Options
	open atomic.Int64
}

// upgrader reads with a small buffer, and takes one for writing only while gorilla writes, which is at protocol errors.
// The token in IDENTIFY says who the client is, not a cookie, so pages of any origin may connect. permessage-deflate is
// never negotiated: the gateway has its own compression.
var upgrader = websocket.Upgrader{
	ReadBufferSize:   512,
	WriteBufferSize:  512,
	WriteBufferPool:  &sync.Pool{},
	HandshakeTimeout: 10 * time.Second,
	CheckOrigin:      func(*http.Request) bool { return true },
}

// Handler serves clients at / and routers at /internal/session.
func Handler(o Options) http.Handler {
	a := &acceptor{Options: o}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /internal/session", a.forwarded)
	mux.HandleFunc("GET /{$}", a.direct)
	return mux
}

// direct accepts a client that connects without a router.
func (a *acceptor) direct(w http.ResponseWriter, r *http.Request) {
	ip, _, _ := net.SplitHostPort(r.RemoteAddr)
	a.accept(w, r, Opening{IP: ip}, false)
}

// forwarded accepts a client that the router has greeted.
func (a *acceptor) forwarded(w http.ResponseWriter, r *http.Request) {
	word, err := a.Keys.OpenForwarded(r.Header.Get(auth.ForwardedHeader), time.Now())
	if err != nil {
		refusedConnections.WithLabelValues("not_a_router").Inc()
		a.Log.Warn("connection without the word of a router", "remote", r.RemoteAddr)
		http.Error(w, "forbidden", http.StatusForbidden)
		return
	}
	a.accept(w, r, Opening{
		IP: word.IP, Greeted: true, Frames: word.Frames, HelloAt: time.UnixMilli(word.HelloAt),
	}, word.Stream)
}

func (a *acceptor) accept(w http.ResponseWriter, r *http.Request, o Opening, streaming bool) {
	params, err := codec.Parse(r.URL.Query())
	var bad *codec.ParamsError
	if errors.As(err, &bad) && bad.Close == 0 {
		refusedConnections.WithLabelValues("parameters").Inc()
		http.Error(w, bad.Reason, http.StatusBadRequest)
		return
	}
	if a.open.Add(1) > int64(a.MaxConnections) {
		a.open.Add(-1)
		refusedConnections.WithLabelValues("full").Inc()
		w.Header().Set("Retry-After", "5")
		http.Error(w, "too many connections", http.StatusServiceUnavailable)
		return
	}
	ws, err := upgrader.Upgrade(w, r, nil)
	if err != nil {
		// The upgrader has answered.
		a.open.Add(-1)
		refusedConnections.WithLabelValues("upgrade").Inc()
		return
	}
	o.Params = params
	c := newConn(ws, codec.NewEncoder(params, streaming))
	// The handler returns: staying in it would keep the HTTP server's buffers for as long as the connection lives.
	go func() {
		defer a.open.Add(-1)
		if bad != nil {
			c.Close(bad.Close, bad.Reason)
			c.serve(deaf{})
			return
		}
		c.serve(a.Open(c, o))
	}()
}

// deaf is the protocol of a connection that is only there to be closed.
type deaf struct{}

func (deaf) Message([]byte) {}
func (deaf) Ping()          {}
func (deaf) Closed(int)     {}
