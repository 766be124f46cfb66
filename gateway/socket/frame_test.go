package socket

import (
	"bytes"
	"net"
	"strings"
	"testing"

	"github.com/gorilla/websocket"
)

// Frames of all sizes around the bounds of the header's forms are what another implementation reads.
func TestFramesAreReadable(t *testing.T) {
	t.Parallel()
	sizes := []int{0, 1, 125, 126, 127, 1000, 65535, 65536, 200_000}
	var stream []byte
	for i, size := range sizes {
		first := byte(frameText)
		if i%2 == 1 {
			first = frameBinary
		}
		stream = appendFrame(stream, first, bytes.Repeat([]byte{'a' + byte(i)}, size))
	}
	stream = appendClose(stream, 4008, strings.Repeat("long reason ", 20))
	ours, theirs := net.Pipe()
	go func() {
		_, _ = ours.Write(stream)
		_ = ours.Close()
	}()
	ws := clientOver(t, theirs)
	for i, size := range sizes {
		kind, data, err := ws.ReadMessage()
		if err != nil {
			t.Fatalf("frame of %d bytes: %v", size, err)
		}
		want := websocket.TextMessage
		if i%2 == 1 {
			want = websocket.BinaryMessage
		}
		if kind != want || !bytes.Equal(data, bytes.Repeat([]byte{'a' + byte(i)}, size)) {
			t.Errorf("frame of %d bytes: kind %d, %d bytes", size, kind, len(data))
		}
	}
	_, _, err := ws.ReadMessage()
	if !websocket.IsCloseError(err, 4008) {
		t.Errorf("close frame read as %v", err)
	}
}

// clientOver makes a client's connection of one end of a pipe, as if it had upgraded.
func clientOver(t *testing.T, conn net.Conn) *websocket.Conn {
	t.Helper()
	t.Cleanup(func() { _ = conn.Close() })
	return websocketClient(conn)
}
