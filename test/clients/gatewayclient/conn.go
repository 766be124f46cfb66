// Package gatewayclient is a small gateway client for the suites. Conn is one WebSocket, with which a test can also say
// what no library would; Session is a client that stays connected whatever happens: it identifies, beats, resumes after
// every drop and identifies anew when it is told that its session is gone, and hands each dispatch to its owner with
// what is needed to judge whether anything was lost, repeated or out of order.
package gatewayclient

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/url"
	"sync"
	"time"

	"github.com/gorilla/websocket"

	"guildhall.chat/guildhall/test/wire"
)

// Gateway opcodes.
// https://discord.com/developers/docs/topics/opcodes-and-status-codes#gateway-gateway-opcodes
const (
	OpDispatch       = 0
	OpHeartbeat      = 1
	OpIdentify       = 2
	OpPresence       = 3
	OpVoiceState     = 4
	OpResume         = 6
	OpReconnect      = 7
	OpRequestMembers = 8
	OpInvalidSession = 9
	OpHello          = 10
	OpHeartbeatAck   = 11
)

// Intents that the suites ask for.
// https://discord.com/developers/docs/topics/gateway#gateway-intents
const (
	IntentGuilds         = 1 << 0
	IntentGuildMembers   = 1 << 1
	IntentGuildPresences = 1 << 8
	IntentGuildMessages  = 1 << 9
	IntentDirectMessages = 1 << 12
	IntentMessageContent = 1 << 15
	IntentsAll           = 53608447 // the union of the documented ones
)

// Frame is one gateway payload. S and T are set in dispatches only.
type Frame struct {
	Op int             `json:"op"`
	D  json.RawMessage `json:"d"`
	S  *int64          `json:"s"`
	T  *string         `json:"t"`
}

// Conn is one connection. One goroutine may read while others write.
type Conn struct {
	socket   *websocket.Conn
	encoding string
	reader   *wire.Reader
	binary   int // messages that came in binary frames
	writing  sync.Mutex
}

// Dial connects with the given query on top of v=10&encoding=json, and reads and writes as the query's encoding and compress
// say, plain JSON if it says what there is not.
func Dial(ctx context.Context, gateway string, query url.Values) (*Conn, error) {
	target, err := url.Parse(gateway)
	if err != nil {
		return nil, fmt.Errorf("gateway URL: %w", err)
	}
	q := url.Values{"v": {"10"}, "encoding": {"json"}}
	for key, values := range query {
		q[key] = values
	}
	target.RawQuery = q.Encode()
	if target.Path == "" {
		target.Path = "/"
	}
	reader, err := wire.NewReader(q.Get("encoding"), q.Get("compress"))
	if err != nil {
		if reader, err = wire.NewReader("json", ""); err != nil {
			return nil, err
		}
	}
	dialer := websocket.Dialer{HandshakeTimeout: 10 * time.Second}
	socket, _, err := dialer.DialContext(ctx, target.String(), nil)
	if err != nil {
		return nil, fmt.Errorf("dial %s: %w", target, err)
	}
	return &Conn{socket: socket, encoding: q.Get("encoding"), reader: reader}, nil
}

// Read waits for the next payload until the deadline.
func (c *Conn) Read(deadline time.Time) (Frame, error) {
	var f Frame
	if err := c.socket.SetReadDeadline(deadline); err != nil {
		return f, err
	}
	kind, message, err := c.socket.ReadMessage()
	if err != nil {
		c.reader.Close()
		return f, err
	}
	if kind == websocket.BinaryMessage {
		c.binary++
	}
	payload, err := c.reader.Payload(message)
	if err != nil {
		return f, err
	}
	return f, json.Unmarshal(payload, &f)
}

// Binary counts the messages that came in binary frames, as those do that are compressed or ETF.
func (c *Conn) Binary() int { return c.binary }

// ReadOp reads on until a payload with the given opcode comes. Others are dropped.
func (c *Conn) ReadOp(op int, deadline time.Time) (Frame, error) {
	for {
		f, err := c.Read(deadline)
		if err != nil || f.Op == op {
			return f, err
		}
	}
}

// Write sends a payload.
func (c *Conn) Write(op int, d any) error {
	data, err := json.Marshal(map[string]any{"op": op, "d": d})
	if err != nil {
		return err
	}
	kind := websocket.TextMessage
	if c.encoding == "etf" {
		kind = websocket.BinaryMessage
	}
	if data, err = wire.Encode(c.encoding, data); err != nil {
		return err
	}
	return c.WriteRaw(kind, data)
}

// WriteRaw sends one frame of the given kind as it is.
func (c *Conn) WriteRaw(kind int, data []byte) error {
	c.writing.Lock()
	defer c.writing.Unlock()
	if err := c.socket.SetWriteDeadline(time.Now().Add(10 * time.Second)); err != nil {
		return err
	}
	return c.socket.WriteMessage(kind, data)
}

// NetConn is the TCP connection below, for writing bytes that aren't WebSocket frames.
func (c *Conn) NetConn() net.Conn { return c.socket.NetConn() }

// Cut drops the TCP connection without a close frame, as a lost network does. The session stays resumable.
func (c *Conn) Cut() { _ = c.socket.NetConn().Close() }

// Leave closes with code 1000, which ends the session.
func (c *Conn) Leave() {
	c.writing.Lock()
	defer c.writing.Unlock()
	_ = c.socket.WriteControl(websocket.CloseMessage, websocket.FormatCloseMessage(websocket.CloseNormalClosure, ""),
		time.Now().Add(time.Second)) // the connection may be gone already
	_ = c.socket.Close()
}

// CloseCode is the code with which the server closed, or 0 when the connection ended otherwise.
func CloseCode(err error) int {
	var closed *websocket.CloseError
	if errors.As(err, &closed) && closed.Code != websocket.CloseAbnormalClosure {
		return closed.Code
	}
	return 0
}
