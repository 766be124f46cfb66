package socket

import (
	"errors"
	"log/slog"
	"net"
	"net/http"
	"time"

	"github.com/gorilla/websocket"

	"guildhall.chat/guildhall/internal/auth"
	"guildhall.chat/guildhall/internal/codec"
	"guildhall.chat/guildhall/internal/tracing"
)

// Opening is what there is to know of a connection when it is accepted.
type Opening struct {
	Params codec.Params
	IP     string // of the client, as far as it is known
	// Greeted says that the router has sent HELLO; Frames, how many frames the client has sent it so far.
	Greeted bool
	Frames  int
	HelloAt time.Time // zero unless Greeted
	Trace   string    // what tracing.Follow wants, if the router traces the connection
}

// Options say how Handler accepts connections.
type Options struct {
	Keys *auth.Keys // verify the router's word
	Log  *slog.Logger
	// MaxConnections bounds the open connections; more are refused with 503.
	MaxConnections int
	// Draining has routers refused, so that they take their clients elsewhere; nil: never.
	Draining func() bool
	// Open makes the protocol of a new connection, and may already send.
	Open func(*Conn, Opening) Protocol
}

type acceptor struct {
	Options
	loops loops
}

// upgrader has small buffers, for it only shakes hands. The token in IDENTIFY says who the client is, not a cookie, so
// pages of any origin may connect. permessage-deflate is never negotiated: the gateway has its own compression.
var upgrader = websocket.Upgrader{
	ReadBufferSize:   512,
	WriteBufferSize:  512,
	HandshakeTimeout: 10 * time.Second,
	CheckOrigin:      func(*http.Request) bool { return true },
}

// Handler serves clients at / and routers at /internal/session.
func Handler(o Options) http.Handler {
	a := &acceptor{Options: o, loops: loops{max: o.MaxConnections}}
	maxConnections.Set(float64(o.MaxConnections))
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
		refused(refusedNotRouter)
		a.Log.Warn("connection without the word of a router", "remote", r.RemoteAddr)
		http.Error(w, "forbidden", http.StatusForbidden)
		return
	}
	if a.Draining != nil && a.Draining() {
		refused(refusedDraining)
		http.Error(w, "draining", http.StatusServiceUnavailable)
		return
	}
	a.accept(w, r, Opening{
		IP: word.IP, Greeted: true, Frames: word.Frames, HelloAt: time.UnixMilli(word.HelloAt),
		Trace: tracing.Carried(r.Header),
	}, word.Stream)
}

func (a *acceptor) accept(w http.ResponseWriter, r *http.Request, o Opening, streaming bool) {
	params, err := codec.Parse(r.URL.Query())
	var bad *codec.ParamsError
	if errors.As(err, &bad) && bad.Close == 0 {
		refused(refusedParameters)
		http.Error(w, bad.Reason, http.StatusBadRequest)
		return
	}
	loop, err := a.loops.enter()
	if err != nil {
		refused(refusedFull)
		w.Header().Set("Retry-After", "5")
		http.Error(w, "too many connections", http.StatusServiceUnavailable)
		return
	}
	ws, err := upgrader.Upgrade(w, r, nil)
	if err != nil {
		// The upgrader has answered.
		loop.leave()
		refused(refusedUpgrade)
		return
	}
	c, err := newConn(ws.NetConn(), loop, codec.NewEncoder(params, streaming))
	if err != nil {
		loop.leave()
		refused(refusedDescriptor)
		a.Log.Error("connection can't be watched", "remote", r.RemoteAddr, "error", err)
		return
	}
	connections.Inc()
	if bad != nil {
		c.Close(bad.Close, bad.Reason)
		c.protocol = deaf{}
	} else {
		o.Params = params
		c.protocol = a.Open(c, o)
	}
	// The handler returns: staying in it would keep the HTTP server's buffers while messages are handled.
	go c.read()
}

// deaf is the protocol of a connection that is only there to be closed.
type deaf struct{}

func (deaf) Message([]byte) {}
func (deaf) Ping()          {}
func (deaf) HalfClosed()    {}
func (deaf) Closed(int)     {}
