package socket

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gobwas/ws"
	"github.com/gorilla/websocket"

	"guildhall.chat/guildhall/internal/codec"
)

// masked returns a client's frame.
func masked(fin bool, op ws.OpCode, payload string) []byte {
	f := ws.NewFrame(op, fin, []byte(payload))
	return ws.MustCompileFrame(ws.MaskFrameWith(f, [4]byte{0xA5, 0, 0x5A, 0xFF}))
}

// said is what came of a client's bytes: messages, pings and the close code as text, and the error that ended it.
type said struct {
	what []string
	err  error
}

// feed gives the bytes to the parser in pieces of at most size bytes, as the reader does.
func feed(stream []byte, size int) (s said) {
	var in inbound
	var data []byte
	for piece := range slices.Chunk(stream, size) {
		data = append(data, piece...)
		for {
			f, n, err := in.next(data)
			if err != nil {
				return said{s.what, err}
			}
			if n == 0 {
				break
			}
			switch f.op {
			case ws.OpText, ws.OpBinary:
				s.what = append(s.what, "message "+string(f.payload))
			case ws.OpPing:
				s.what = append(s.what, "ping "+string(f.payload))
			case ws.OpClose:
				_, err := closeCode(f.payload)
				if err == nil {
					s.what = append(s.what, "close")
					err = io.EOF
				}
				return said{s.what, err}
			}
			data = data[n:]
		}
	}
	return s
}

func TestInbound(t *testing.T) {
	t.Parallel()
	large := strings.Repeat("x", codec.MaxInbound)
	unmasked := ws.MustCompileFrame(ws.NewTextFrame([]byte("x")))
	reserved := masked(true, ws.OpText, "x")
	reserved[0] |= 0x40
	negative := []byte{0x82, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0, 0, 0, 0}
	join := func(frames ...[]byte) []byte { return bytes.Join(frames, nil) }
	tests := map[string]struct {
		stream []byte
		want   []string
		err    error
	}{
		"text, binary and nothing": {
			join(masked(true, ws.OpText, "one"), masked(true, ws.OpBinary, "two"), masked(true, ws.OpText, "")),
			[]string{"message one", "message two", "message "}, nil,
		},
		"lengths of 16 bits":   {masked(true, ws.OpText, large[:126]), []string{"message " + large[:126]}, nil},
		"the largest message":  {masked(true, ws.OpText, large), []string{"message " + large}, nil},
		"a larger one":         {masked(true, ws.OpText, large+"x"), nil, codec.ErrTooLarge},
		"a much larger one":    {masked(true, ws.OpText, large)[:2], nil, nil},
		"a length without end": {negative, nil, codec.ErrTooLarge},
		"fragments with a ping between": {
			join(masked(false, ws.OpText, "o"), masked(true, ws.OpPing, "?"), masked(false, ws.OpContinuation, ""),
				masked(true, ws.OpContinuation, "ne"), masked(true, ws.OpText, "two")),
			[]string{"ping ?", "message one", "message two"}, nil,
		},
		"fragments that are too large together": {
			join(masked(false, ws.OpText, large), masked(true, ws.OpContinuation, "x")), nil, codec.ErrTooLarge,
		},
		"pongs are ignored":                 {join(masked(true, ws.OpPong, "!"), masked(true, ws.OpText, "x")), []string{"message x"}, nil},
		"close with a code":                 {masked(true, ws.OpClose, "\x0f\xa0bye"), []string{"close"}, io.EOF},
		"close without":                     {masked(true, ws.OpClose, ""), []string{"close"}, io.EOF},
		"close with half a code":            {masked(true, ws.OpClose, "\x0f"), nil, ws.ErrProtocolStatusCodeUnknown},
		"close with a code nobody may send": {masked(true, ws.OpClose, "\x03\xee"), nil, ws.ErrProtocolStatusCodeApplicationLevel},
		"close with a code beyond all":      {masked(true, ws.OpClose, "\x13\x88"), nil, ws.ErrProtocolStatusCodeUnknown},
		"close with bad text":               {masked(true, ws.OpClose, "\x0f\xa0\xff"), nil, ws.ErrProtocolInvalidUTF8},
		"not masked":                        {unmasked, nil, ws.ErrProtocolMaskRequired},
		"reserved bits":                     {reserved, nil, ws.ErrProtocolNonZeroRsv},
		"reserved opcode":                   {masked(true, 3, "x"), nil, ws.ErrProtocolOpCodeReserved},
		"continuation of nothing":           {masked(true, ws.OpContinuation, "x"), nil, ws.ErrProtocolContinuationUnexpected},
		"message in a message":              {join(masked(false, ws.OpText, "x"), masked(true, ws.OpText, "y")), nil, ws.ErrProtocolContinuationExpected},
		"fragmented ping":                   {masked(false, ws.OpPing, "x"), nil, ws.ErrProtocolControlNotFinal},
		"long ping":                         {masked(true, ws.OpPing, large[:126]), nil, ws.ErrProtocolControlPayloadOverflow},
	}
	for name, tt := range tests {
		for _, size := range []int{1, 2, 3, 7, 1000, 1 << 20} {
			got := feed(bytes.Clone(tt.stream), size)
			if !slices.Equal(got.what, tt.want) || !errors.Is(got.err, tt.err) {
				t.Errorf("%s, in pieces of %d: %.60q, %v; want %.60q, %v", name, size, got.what, got.err, tt.want, tt.err)
			}
		}
	}
}

// What gorilla/websocket reads of a client's bytes is what the parser does, however they are cut.
func FuzzInbound(f *testing.F) {
	f.Add([]byte{}, 1)
	f.Add(masked(true, ws.OpText, "hello"), 3)
	f.Add(slices.Concat(masked(false, ws.OpText, "he"), masked(true, ws.OpPing, "x"), masked(true, ws.OpContinuation, "llo"),
		masked(true, ws.OpClose, "\x03\xe8bye")), 5)
	f.Add(masked(true, ws.OpBinary, strings.Repeat("x", 300)), 100)
	f.Add([]byte{0x81, 0xFF, 0, 0, 0, 0, 0, 0, 0, 1, 1, 2, 3, 4, 5}, 4)
	f.Fuzz(func(t *testing.T, stream []byte, size int) {
		got := feed(bytes.Clone(stream), min(max(size, 1), 1<<20))
		want := readByGorilla(t, stream)
		if errors.Is(want.err, websocket.ErrReadLimit) && got.err == nil {
			want.err = nil // gorilla says so before it has the mask
		}
		// Codes 1012 to 1014 came after RFC 6455, and not all know them.
		var code ws.ProtocolError
		newer := errors.As(got.err, &code) && code == ws.ErrProtocolStatusCodeUnknown
		if !slices.Equal(got.what, want.what) && !newer || (got.err == nil) != (want.err == nil) {
			t.Errorf("%q: %q, %v; gorilla: %q, %v", stream, got.what, got.err, want.what, want.err)
		}
	})
}

// readByGorilla is feed by gorilla/websocket. That the stream ends is no error.
func readByGorilla(t *testing.T, stream []byte) (s said) {
	end := &connOf{in: bytes.NewReader(stream)}
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	r.Header = http.Header{
		"Connection": {"Upgrade"}, "Upgrade": {"websocket"}, "Sec-Websocket-Version": {"13"},
		"Sec-Websocket-Key": {"dGhlIHNhbXBsZSBub25jZQ=="},
	}
	conn, err := (&websocket.Upgrader{}).Upgrade(hijacked{httptest.NewRecorder(), end}, r, nil)
	if err != nil {
		t.Fatal(err)
	}
	conn.SetReadLimit(codec.MaxInbound)
	conn.SetPingHandler(func(data string) error {
		s.what = append(s.what, "ping "+data)
		return nil
	})
	for {
		_, data, err := conn.ReadMessage()
		var closed *websocket.CloseError
		switch {
		case err == nil:
			s.what = append(s.what, "message "+string(data))
			continue
		case errors.Is(err, io.ErrUnexpectedEOF), errors.As(err, &closed) && closed.Code == websocket.CloseAbnormalClosure:
		case closed != nil:
			s.what = append(s.what, "close")
			s.err = io.EOF
		default:
			s.err = err
		}
		return s
	}
}

// connOf is a connection that reads what it is given.
type connOf struct{ in io.Reader }

func (c *connOf) Read(p []byte) (int, error)       { return c.in.Read(p) }
func (c *connOf) Write(p []byte) (int, error)      { return len(p), nil }
func (c *connOf) Close() error                     { return nil }
func (c *connOf) LocalAddr() net.Addr              { return nil }
func (c *connOf) RemoteAddr() net.Addr             { return nil }
func (c *connOf) SetDeadline(time.Time) error      { return nil }
func (c *connOf) SetReadDeadline(time.Time) error  { return nil }
func (c *connOf) SetWriteDeadline(time.Time) error { return nil }

// hijacked gives away its connection.
type hijacked struct {
	http.ResponseWriter
	conn net.Conn
}

func (h hijacked) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	return h.conn, bufio.NewReadWriter(bufio.NewReader(h.conn), bufio.NewWriter(h.conn)), nil
}
