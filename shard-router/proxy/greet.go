package proxy

import (
	"errors"
	"io"
	"os"
	"time"

	"github.com/gobwas/ws"

	"guildhall.chat/guildhall/internal/auth"
	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/shard-router/placement"
)

// hello begins the gateway protocol. With a compressed stream this also begins the stream, which the pod goes on with.
func (l *link) hello(interval time.Duration) error {
	l.helloAt = time.Now()
	return l.send(discord.OpHello, discord.Hello{HeartbeatInterval: interval.Milliseconds(), Trace: []string{"router"}})
}

// greet answers heartbeats until the client's first IDENTIFY or RESUME, and tells where that belongs. The error is a
// *refusal, or the connection's; io.EOF if the client has closed.
func (l *link) greet(shards func() int, keys *auth.Keys) (placement.Want, error) {
	if err := l.client.SetReadDeadline(l.helloAt.Add(l.limits.Identify)); err != nil {
		return placement.Want{}, err
	}
	for {
		m, err := l.frames.next()
		if errors.Is(err, os.ErrDeadlineExceeded) {
			err = refuse(refusedTimeout, discord.CloseSessionTimedOut)
		}
		if err != nil {
			return placement.Want{}, err
		}
		switch m.op {
		case ws.OpPing:
			err = l.write(ws.NewPongFrame(m.payload))
		case ws.OpPong:
		case ws.OpClose:
			// The client knows why it closes; it needs no more than the reply.
			_ = l.write(ws.NewCloseFrame(ws.NewCloseFrameBody(ws.StatusNormalClosure, "")))
			err = io.EOF
		default:
			want, done, openErr := l.receive(m.payload, shards, keys)
			if done {
				return want, l.client.SetReadDeadline(time.Time{})
			}
			err = openErr
		}
		if err != nil {
			return placement.Want{}, err
		}
	}
}

// receive handles one payload. It is done when the payload says where the client belongs.
func (l *link) receive(payload []byte, shards func() int, keys *auth.Keys) (want placement.Want, done bool, err error) {
	op, d, err := l.encoding.DecodeFrame(payload)
	if err != nil {
		return want, false, refuseDecode(err)
	}
	switch {
	case op == discord.OpHeartbeat || op == discord.OpQoSHeartbeat:
		return want, false, l.send(discord.OpHeartbeatACK, nil)
	case op == discord.OpIdentify:
		want, err = identifyWant(d, shards())
		return want, err == nil, err
	case op == discord.OpResume:
		want, err = resumeWant(d, keys)
		return want, err == nil, err
	case op < 0 || op > lastOpcode:
		return want, false, refuse(refusedOpcode, discord.CloseUnknownOpcode)
	default:
		return want, false, refuse(refusedEarly, discord.CloseNotAuthenticated)
	}
}

// close tells the client why, and waits for it to go for a short time: closing at once would reset the connection, and
// the client might never read the reason.
func (l *link) close(r *refusal) {
	if l.write(ws.NewCloseFrame(ws.NewCloseFrameBody(r.code, r.reason))) != nil || l.client.CloseWrite() != nil {
		return
	}
	if l.client.SetReadDeadline(time.Now().Add(l.limits.Linger)) == nil {
		_, _ = io.CopyN(io.Discard, l.client, maxDiscard)
	}
}

// maxDiscard bounds what is read of a client that goes on sending after it was refused, in bytes.
const maxDiscard = 1 << 20
