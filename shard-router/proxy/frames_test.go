package proxy

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"testing"
	"testing/iotest"

	"github.com/gobwas/ws"

	"guildhall.chat/guildhall/internal/codec"
)

// Whatever a client sends, in whatever pieces: reading ends, within the bounds, and what is forwarded of a message is a
// run of whole frames that carries the message.
func FuzzFrameReader(f *testing.F) {
	f.Add(frame(ws.OpText, true, identify))
	f.Add(bytes.Join([][]byte{
		frame(ws.OpText, false, `{"op"`), frame(ws.OpPing, true, "x"), frame(ws.OpContinuation, true, `:1}`),
		frame(ws.OpBinary, true, ""), frame(ws.OpClose, true, "\x03\xe8"),
	}, nil))
	f.Add([]byte{0x81, 0xff, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0})
	f.Fuzz(func(t *testing.T, stream []byte) {
		reader := &frameReader{in: bufio.NewReader(iotest.OneByteReader(bytes.NewReader(stream)))}
		for n := 0; ; n++ {
			m, err := reader.next()
			var refused *refusal
			switch {
			case errors.As(err, &refused):
				if refused.code < 1000 || refused.reason == "" || len(refused.reason) > 123 {
					t.Errorf("refused with %d %q", refused.code, refused.reason)
				}
				return
			case errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF):
				return
			case err != nil:
				t.Fatal(err)
			}
			if n >= maxFrames || len(m.payload) > codec.MaxInbound {
				t.Fatalf("message %d of %d bytes", n, len(m.payload))
			}
			if m.op.IsControl() {
				continue
			}
			raw := reader.raw.Bytes()
			if !bytes.Equal(payloadOf(t, raw), m.payload) {
				t.Fatalf("message %q would be forwarded as %x", m.payload, raw)
			}
		}
	})
}

// payloadOf reads a message out of its frames.
func payloadOf(t *testing.T, raw []byte) []byte {
	t.Helper()
	in := bytes.NewReader(raw)
	var payload []byte
	for {
		header, err := ws.ReadHeader(in)
		if err != nil || header.OpCode.IsControl() {
			t.Fatalf("%x: frame %+v, %v", raw, header, err)
		}
		part := make([]byte, header.Length)
		if _, err := io.ReadFull(in, part); err != nil {
			t.Fatalf("%x: %v", raw, err)
		}
		ws.Cipher(part, header.Mask, 0)
		payload = append(payload, part...)
		if header.Fin {
			break
		}
	}
	if in.Len() != 0 {
		t.Fatalf("%x: more than one message", raw)
	}
	return payload
}
