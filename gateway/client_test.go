package main

import (
	"bytes"
	"compress/zlib"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/snowflake"
)

// patience is how long a test waits for what must come.
const patience = time.Minute

// client is a gateway client. It reads on the test's goroutine.
type client struct {
	t      testing.TB
	ws     *websocket.Conn
	stream *streamReader // of zlib-stream
	seq    int64         // last seen
	id     string        // of the session
}

// frame is a payload from the gateway.
type frame struct {
	Op discord.Opcode  `json:"op"`
	D  json.RawMessage `json:"d"`
	S  *int64          `json:"s"`
	T  *string         `json:"t"`
}

func (w *world) dial(query string) *client {
	return w.dialPod(w.pod, "/?v=10&encoding=json"+query, nil)
}

func (w *world) dialPod(p *pod, path string, header http.Header) *client {
	w.t.Helper()
	ws, _, err := websocket.DefaultDialer.Dial(p.url+path, header)
	w.must(err)
	w.t.Cleanup(func() { _ = ws.Close() })
	return &client{t: w.t, ws: ws}
}

// greeted dials and reads HELLO.
func (w *world) greeted(query string) *client {
	w.t.Helper()
	c := w.dial(query)
	if query == "&compress=zlib-stream" {
		c.stream = &streamReader{ws: c.ws}
	}
	if f := c.read(); f.Op != discord.OpHello {
		w.t.Fatalf("first frame has op %d", f.Op)
	}
	return c
}

// connect dials and identifies a bot; it returns after READY.
func (w *world) connect(a account, intents discord.Intents) *client {
	w.t.Helper()
	c := w.greeted("")
	c.identify(a, map[string]any{"intents": intents})
	c.ready()
	return c
}

func (c *client) identify(a account, more map[string]any) {
	c.t.Helper()
	d := map[string]any{"token": a.token, "properties": map[string]string{"os": "linux", "browser": "test", "device": "test"}}
	for k, v := range more {
		d[k] = v
	}
	c.send(discord.OpIdentify, d)
}

func (c *client) ready() discord.Ready {
	c.t.Helper()
	var ready discord.Ready
	c.decode(c.dispatch(discord.EventReady), &ready)
	c.id = ready.SessionID
	return ready
}

func (c *client) send(op discord.Opcode, d any) {
	c.t.Helper()
	data, err := json.Marshal(map[string]any{"op": op, "d": d})
	if err != nil {
		c.t.Fatal(err)
	}
	c.sendRaw(string(data))
}

func (c *client) sendRaw(data string) {
	c.t.Helper()
	if err := c.ws.WriteMessage(websocket.TextMessage, []byte(data)); err != nil {
		c.t.Fatal(err)
	}
}

// read returns the next payload.
func (c *client) read() frame {
	c.t.Helper()
	f, err := c.tryRead()
	if err != nil {
		c.t.Fatalf("read: %v", err)
	}
	return f
}

func (c *client) tryRead() (f frame, err error) {
	_ = c.ws.SetReadDeadline(time.Now().Add(patience))
	if c.stream != nil {
		err = c.stream.decode(&f)
	} else {
		var kind int
		var data []byte
		if kind, data, err = c.ws.ReadMessage(); err != nil {
			return f, err
		}
		if kind == websocket.BinaryMessage {
			if data, err = inflate(data); err != nil {
				return f, err
			}
		}
		err = json.Unmarshal(data, &f)
	}
	if err == nil && f.S != nil {
		if *f.S <= c.seq {
			c.t.Errorf("seq %d after %d", *f.S, c.seq)
		}
		c.seq = *f.S
	}
	return f, err
}

// inflate undoes payload compression.
func inflate(data []byte) ([]byte, error) {
	r, err := zlib.NewReader(bytes.NewReader(data))
	if err != nil {
		return nil, err
	}
	return io.ReadAll(r)
}

// streamReader undoes zlib-stream: one stream over all messages.
type streamReader struct {
	ws      *websocket.Conn
	message io.Reader
	decoder *json.Decoder
}

func (s *streamReader) decode(f *frame) error {
	if s.decoder == nil {
		r, err := zlib.NewReader(s)
		if err != nil {
			return err
		}
		s.decoder = json.NewDecoder(r)
	}
	return s.decoder.Decode(f)
}

func (s *streamReader) Read(p []byte) (int, error) {
	for {
		if s.message == nil {
			kind, message, err := s.ws.NextReader()
			if err != nil {
				return 0, err
			}
			if kind != websocket.BinaryMessage {
				return 0, errors.New("text message in a compressed stream")
			}
			s.message = message
		}
		n, err := s.message.Read(p)
		if errors.Is(err, io.EOF) {
			s.message, err = nil, nil
		}
		if n > 0 || err != nil {
			return n, err
		}
	}
}

// dispatch returns the data of the next dispatch, which must be of the type.
func (c *client) dispatch(event string) json.RawMessage {
	c.t.Helper()
	f := c.read()
	if f.Op != discord.OpDispatch || *f.T != event {
		c.t.Fatalf("got op %d %s %s, want %s", f.Op, deref(f.T), f.D, event)
	}
	return f.D
}

// until reads on until a dispatch of the type comes.
func (c *client) until(event string) json.RawMessage {
	c.t.Helper()
	for {
		if f := c.read(); f.Op == discord.OpDispatch && *f.T == event {
			return f.D
		}
	}
}

// untilOp reads on until a payload with the op comes.
func (c *client) untilOp(op discord.Opcode) frame {
	c.t.Helper()
	for {
		if f := c.read(); f.Op == op {
			return f
		}
	}
}

// closed reads on until the gateway closes, which it must do with the code.
func (c *client) closed(want discord.CloseCode) {
	c.t.Helper()
	for {
		_, err := c.tryRead()
		if err == nil {
			continue
		}
		var closed *websocket.CloseError
		if !errors.As(err, &closed) {
			c.t.Fatalf("connection ended with %v, want a close frame with %d", err, want)
		}
		if closed.Code != int(want) {
			c.t.Fatalf("closed with %d %q, want %d", closed.Code, closed.Text, want)
		}
		return
	}
}

// beat sends a heartbeat and waits for its acknowledgement: the gateway has then read all that was sent before.
func (c *client) beat() {
	c.t.Helper()
	c.send(discord.OpHeartbeat, c.seq)
	c.untilOp(discord.OpHeartbeatACK)
}

// cut drops the connection as a lost network does.
func (c *client) cut() { _ = c.ws.NetConn().Close() }

func (c *client) decode(data json.RawMessage, to any) {
	c.t.Helper()
	if err := json.Unmarshal(data, to); err != nil {
		c.t.Fatalf("decode %s: %v", data, err)
	}
}

// messageOf returns what a MESSAGE_CREATE says.
func (c *client) messageOf(data json.RawMessage) (id snowflake.ID, content string) {
	c.t.Helper()
	var m discord.Message
	c.decode(data, &m)
	return m.ID, m.Content
}

func deref(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}
