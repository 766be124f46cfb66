// Package gatewayclient is a small gateway client for the suites. Conn is one WebSocket, with which a test can also say
// what no library would; Session is a client that stays connected whatever happens: it identifies, beats, resumes after
// every drop and identifies anew when it is told that its session is gone, and hands each dispatch to its owner with
// what is needed to judge whether anything was lost, repeated or out of order.
package gatewayclient

import (
	"compress/zlib"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"sync"
	"time"

	"github.com/gorilla/websocket"
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
	socket      *websocket.Conn
	compression string        // of the transport: "" or "zlib-stream"
	decoder     *json.Decoder // of the decompressed stream
	binary      int           // messages that came in binary frames
	writing     sync.Mutex
}

// Dial connects with the given query on top of v=10&encoding=json. With compress=zlib-stream it inflates.
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
	dialer := websocket.Dialer{HandshakeTimeout: 10 * time.Second}
	socket, _, err := dialer.DialContext(ctx, target.String(), nil)
	if err != nil {
		return nil, fmt.Errorf("dial %s: %w", target, err)
	}
	return &Conn{socket: socket, compression: q.Get("compress")}, nil
}

// Read waits for the next payload until the deadline.
func (c *Conn) Read(deadline time.Time) (Frame, error) {
	var f Frame
	if err := c.socket.SetReadDeadline(deadline); err != nil {
		return f, err
	}
	if c.compression != "" {
		return c.readStream()
	}
	kind, reader, err := c.socket.NextReader()
	if err != nil {
		return f, err
	}
	if kind == websocket.BinaryMessage { // Identify asked for payload compression: each is a stream of its own
		c.binary++
		stream, err := zlib.NewReader(reader)
		if err != nil {
			return f, fmt.Errorf("binary frame: %w", err)
		}
		reader = stream
	}
	return f, json.NewDecoder(reader).Decode(&f)
}

func (c *Conn) readStream() (Frame, error) {
	var f Frame
	if c.decoder == nil {
		messages := &messages{conn: c}
		stream, err := zlib.NewReader(messages)
		if err != nil {
			return f, err
		}
		c.decoder = json.NewDecoder(stream)
	}
	return f, c.decoder.Decode(&f)
}

// Binary counts the messages that came in binary frames, as compressed ones do.
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
	return c.WriteRaw(websocket.TextMessage, data)
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

// messages is the compressed stream of a connection: the contents of its binary messages, one after the other.
type messages struct {
	conn    *Conn
	message io.Reader
}

func (m *messages) Read(p []byte) (int, error) {
	for {
		if m.message == nil {
			kind, message, err := m.conn.socket.NextReader()
			if err != nil {
				return 0, err
			}
			if kind != websocket.BinaryMessage {
				return 0, fmt.Errorf("a text message on a connection with %s", m.conn.compression)
			}
			m.conn.binary++
			m.message = message
		}
		n, err := m.message.Read(p)
		if errors.Is(err, io.EOF) {
			m.message, err = nil, nil
		}
		if n > 0 || err != nil {
			return n, err
		}
	}
}
