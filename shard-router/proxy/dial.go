package proxy

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"time"

	"github.com/gobwas/ws"
	"go.opentelemetry.io/otel/trace"

	"guildhall.chat/guildhall/internal/auth"
	"guildhall.chat/guildhall/internal/tracing"
	"guildhall.chat/guildhall/shard-router/placement"
)

// sessionPath is where pods take connections from routers.
const sessionPath = "/internal/session"

// maxAttempts bounds the pods that are tried for one client.
const maxAttempts = 4

// place is a pod that has taken over a client.
type place struct {
	conn  *net.TCPConn
	ahead []byte // what the pod has said before the copying began
	lease *placement.Lease
}

// place finds a pod that takes the link, and sends it the opening frames as they came with all that followed them.
func (p *Proxy) place(l *link, want placement.Want) (*place, error) {
	opening, err := l.frames.rest()
	if err != nil {
		return nil, err
	}
	begun := time.Now()
	ctx, cancel := context.WithTimeout(l.ctx, p.config.Limits.Place)
	defer cancel()
	var tried []string
	for len(tried) < maxAttempts && ctx.Err() == nil {
		lease, ok := p.table.Place(want, tried)
		if !ok {
			break
		}
		tried = append(tried, lease.Pod.Name)
		conn, ahead, err := p.dial(ctx, l, lease.Pod, opening)
		if err == nil {
			p.metrics.placed(lease.Pod.Shard)
			p.metrics.placing.Observe(time.Since(begun).Seconds())
			return &place{conn, ahead, lease}, nil
		}
		if err := l.ctx.Err(); err != nil {
			lease.Release() // cut: not the pod's fault
			return nil, err
		}
		lease.Failed()
		p.metrics.dialFailed(lease.Pod.Shard)
		p.log.Warn("gateway pod does not take a connection", "pod", lease.Pod.Name, "addr", lease.Pod.Addr, "error", err)
	}
	return nil, errNoPod
}

// dial opens the internal upgrade to a pod and sends it the opening frames. It returns what the pod sent behind its answer.
func (p *Proxy) dial(ctx context.Context, l *link, pod placement.Pod, opening []byte) (*net.TCPConn, []byte, error) {
	if l.span.IsRecording() {
		ctx = trace.ContextWithSpan(ctx, l.span)
	}
	ctx, span := tracing.Begin(ctx, "dial pod", trace.WithSpanKind(trace.SpanKindClient))
	defer span.End()
	header := http.Header{auth.ForwardedHeader: {p.keys.SealForwarded(l.forwarded())}}
	tracing.CarryIn(ctx, header)
	dialer := ws.Dialer{Timeout: p.config.Limits.Dial, Header: ws.HandshakeHeaderHTTP(header)}
	target := url.URL{Scheme: "ws", Host: pod.Addr, Path: sessionPath, RawQuery: l.query}
	conn, buffered, _, err := dialer.Dial(ctx, target.String())
	if err != nil {
		return nil, nil, err
	}
	var ahead []byte
	if buffered != nil {
		ahead, _ = io.ReadAll(io.LimitReader(buffered, int64(buffered.Buffered())))
		ws.PutReader(buffered)
	}
	tcp, ok := conn.(*net.TCPConn)
	if !ok {
		return nil, nil, errors.Join(fmt.Errorf("pod connection is a %T, not TCP", conn), conn.Close())
	}
	if err := writeAll(tcp, opening, p.config.Limits.Dial); err != nil {
		_ = tcp.Close()
		return nil, nil, err
	}
	return tcp, ahead, nil
}

// forwarded is what a pod has to know of the client. The opening frames are not counted: the pod reads them itself.
func (l *link) forwarded() auth.Forwarded {
	return auth.Forwarded{
		IP:      l.addr.String(),
		HelloAt: l.helloAt.UnixMilli(),
		Frames:  l.frames.count - l.frames.parts,
		Stream:  l.encoder.Started(),
		At:      time.Now().UnixMilli(),
	}
}
