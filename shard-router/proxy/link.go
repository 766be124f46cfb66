package proxy

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"sync"
	"time"

	"github.com/gobwas/ws"
	"go.opentelemetry.io/otel/trace"

	"guildhall.chat/guildhall/internal/codec"
	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/tracing"
)

// link is one client's connection, from the upgrade to its end.
type link struct {
	limits   *Limits
	query    string // as the client sent it
	addr     netip.Addr
	encoder  *codec.Encoder
	encoding codec.Encoding
	helloAt  time.Time

	// ctx ends when the link is cut.
	ctx    context.Context
	cancel context.CancelFunc

	span    trace.Span // of the way to a pod; until the hand-over, like
	frames  *frameReader
	mu      sync.Mutex
	client  *net.TCPConn // nil before the upgrade
	placed  bool         // a pod has it
	leaving bool         // its pod is told that no more comes
}

func newLink(p *Proxy, r *http.Request, params codec.Params) *link {
	l := &link{
		limits:   &p.config.Limits,
		query:    r.URL.RawQuery,
		addr:     clientAddr(r, p.config.TrustedProxies),
		encoder:  codec.NewEncoder(params, false),
		encoding: params.Encoding,
	}
	l.ctx, l.cancel = context.WithCancel(context.Background())
	_, l.span = tracing.Request(context.Background(), r.Header, "connect client")
	return l
}

// start gives the link its connection and what the HTTP server has already read of it.
func (l *link) start(client *net.TCPConn, buffered *bufio.Reader) {
	l.frames = &frameReader{in: buffered}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.client = client
	if l.ctx.Err() != nil {
		_ = client.Close()
	}
}

// cut ends the link, whatever it does, without a word to the client.
func (l *link) cut() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.end()
}

// end is cut with the lock held.
func (l *link) end() {
	l.cancel()
	if l.client != nil {
		_ = l.client.Close()
	}
}

// dismiss has the client told to connect anew: nothing of it is passed on any more, and its pod, which sees the end of what
// comes, says so and closes. A client that no pod has is cut.
func (l *link) dismiss() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.placed && l.client.SetReadDeadline(time.Now()) == nil {
		l.leaving = true
		return
	}
	l.end()
}

// handOver marks the link as placed.
func (l *link) handOver() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.placed = true
}

func (l *link) isLeaving() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.leaving
}

// send writes a payload to the client.
func (l *link) send(op discord.Opcode, d any) error {
	payload, binary, err := l.encoder.Append(nil, op, d)
	if err != nil {
		return err
	}
	opcode := ws.OpText
	if binary {
		opcode = ws.OpBinary
	}
	return l.write(ws.NewFrame(opcode, true, payload))
}

// write writes a frame in one system call.
func (l *link) write(frame ws.Frame) error {
	data, err := ws.CompileFrame(frame)
	if err != nil {
		return fmt.Errorf("compile frame: %w", err)
	}
	if err := l.client.SetWriteDeadline(time.Now().Add(l.limits.Write)); err != nil {
		return err
	}
	_, err = l.client.Write(data)
	return err
}
