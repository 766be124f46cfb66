package session

import (
	"context"
	"encoding/json"
	"errors"
	"sync"
	"time"

	"guildhall.chat/guildhall/internal/codec"
	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/tracing"
)

// Limits of a connection.
// https://discord.com/developers/docs/events/gateway#rate-limiting
const (
	maxFrames      = 120
	frameWindow    = time.Minute
	maxPresences   = 5
	presenceWindow = 20 * time.Second
	// strangerTimeout is how long a connection may be without a session.
	strangerTimeout = time.Minute
)

// Client is the protocol of one connection. It implements socket.Protocol, whose calls come one at a time; what takes long
// runs beside them.
type Client struct {
	server *Server
	conn   Transport
	params codec.Params
	trace  string // of the way here, for tracing.Follow

	// Of the reader.
	frames        window
	presences     window
	strangerUntil time.Time
	lastBeat      time.Duration // by the server's clock; at first, when the connection was opened

	mu      sync.Mutex
	attempt context.Context // of the IDENTIFY or RESUME that is under way, nil without; it ends with the connection
	abandon context.CancelFunc
	link    *link // of the session; nil before
	closed  bool
	left    bool // the client closed with a code that ends the session
}

// Message implements socket.Protocol.
func (c *Client) Message(data []byte) {
	now := time.Now()
	if !c.frames.take(now) {
		c.conn.CloseWith(discord.CloseRateLimited)
		return
	}
	op, d, err := c.params.Encoding.DecodeFrame(data)
	if err != nil {
		c.conn.CloseWith(discord.CloseDecodeError)
		return
	}
	switch op {
	case discord.OpHeartbeat:
		err = c.beat(parseBeat(d))
	case discord.OpQoSHeartbeat:
		err = c.beat(parseQoSBeat(d))
	case discord.OpIdentify:
		err = c.identify(d)
	case discord.OpResume:
		err = c.resume(d)
	default:
		err = c.request(op, d)
	}
	c.fail(err)
}

// Ping implements socket.Protocol: a ping counts as a frame.
func (c *Client) Ping() {
	if !c.frames.take(time.Now()) {
		c.conn.CloseWith(discord.CloseRateLimited)
	}
}

// fail tells the client of an error, if there is one.
func (c *Client) fail(err error) {
	var code closeError
	switch {
	case err == nil:
	case errors.As(err, &code):
		c.conn.CloseWith(discord.CloseCode(code))
	case errors.Is(err, errPayload):
		c.conn.CloseWith(discord.CloseDecodeError)
	default:
		c.conn.Send(discord.OpInvalidSession, errors.Is(err, errLater))
	}
}

// beat acknowledges a heartbeat. It is answered before IDENTIFY, too: discord.py beats at once.
func (c *Client) beat(seq int64, known bool, err error) error {
	if err != nil {
		return err
	}
	c.conn.Send(discord.OpHeartbeatACK, nil)
	now := time.Now()
	heartbeatLateness.Observe(max(0, now.Sub(c.server.began)-c.lastBeat-c.server.config.HeartbeatInterval).Seconds())
	session := c.session()
	if session == nil {
		if !c.isOpening() && now.After(c.strangerUntil) {
			return closeError(discord.CloseSessionTimedOut)
		}
	} else {
		c.strangerUntil = now.Add(strangerTimeout)
		if known {
			session.acknowledge(seq)
		}
	}
	c.expectBeat(now)
	return nil
}

// expectBeat sets when the next heartbeat must have come, with half an interval to spare.
func (c *Client) expectBeat(now time.Time) {
	interval := c.server.config.HeartbeatInterval
	c.lastBeat = now.Sub(c.server.began)
	c.conn.Expect(now.Add(interval + interval/2))
}

// session returns the connection's live session, or nil.
func (c *Client) session() *Session {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.link == nil || !c.link.live() {
		return nil
	}
	return c.link.session
}

func (c *Client) isOpening() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.attempt != nil
}

// begin runs open beside the reader, unless the connection has a session or is about to.
func (c *Client) begin(open func(context.Context) error) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.attempt != nil || c.link != nil && c.link.live() {
		return closeError(discord.CloseAlreadyAuthenticated)
	}
	if c.closed || c.server.stopping.Load() {
		return nil // op 7 is on its way
	}
	c.attempt, c.abandon = context.WithCancel(c.server.ctx)
	attempt, span := tracing.Follow(c.attempt, c.trace, "open session")
	c.attempt = attempt
	c.server.spawn(func() {
		defer span.End()
		ctx, cancel := context.WithTimeout(c.attempt, c.server.config.OpenTimeout)
		defer cancel()
		err := open(ctx)
		c.mu.Lock()
		c.abandon()
		c.attempt, c.abandon = nil, nil
		c.server.openings.Add(1)
		c.mu.Unlock()
		c.fail(err)
	})
	return nil
}

// take makes l the connection's link, and has the connection send from it.
func (c *Client) take(l *link) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.link = l
	switch {
	case c.closed && c.left:
		c.server.spawn(func() { l.session.leave(l) })
	case c.closed:
		c.server.spawn(func() { l.session.disconnected(l) })
	default:
		c.conn.Attach(l)
	}
}

// HalfClosed implements socket.Protocol: the shard router that the client is connected to stops.
func (c *Client) HalfClosed() { c.dismiss() }

// Closed implements socket.Protocol. Only a client that closes with 1000 or 1001 ends its session.
func (c *Client) Closed(code int) {
	c.server.forget(c)
	c.mu.Lock()
	if c.abandon != nil {
		c.abandon()
	}
	c.closed, c.left = true, code == 1000 || code == 1001
	l, left := c.link, c.left
	c.mu.Unlock()
	switch {
	case l == nil:
	case left:
		l.session.leave(l)
	default:
		l.session.disconnected(l)
	}
}

// dismiss asks the client to connect anew, and closes the connection.
func (c *Client) dismiss() {
	c.conn.Send(discord.OpReconnect, json.RawMessage("null"))
	c.conn.CloseWith(discord.CloseUnknownError)
}
