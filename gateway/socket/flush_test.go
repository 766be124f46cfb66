package socket

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/gorilla/websocket"

	"guildhall.chat/guildhall/internal/codec"
)

// A client that does not read takes nobody's time, and has everything in order once it reads.
func TestFlushDoesNotBlock(t *testing.T) {
	t.Parallel()
	url, opened := serve(t, 10)
	ws := dial(t, url)
	r := <-opened
	source := &list{}
	r.conn.Attach(source)
	shared := codec.NewDispatch("X", json.RawMessage(`"`+strings.Repeat("x", 10_000)+`"`))
	const n = 2000 // more than the socket's buffers hold
	for i := int64(1); i <= n; i++ {
		source.add(Dispatch{i, shared})
		r.conn.Flush()
	}
	expectDispatches(t, ws, n)
}

// Flush and Wake from many goroutines lose, repeat and disorder nothing.
func TestFlushAndWakeTogether(t *testing.T) {
	t.Parallel()
	url, opened := serve(t, 10)
	ws := dial(t, url)
	r := <-opened
	source := &list{}
	r.conn.Attach(source)
	shared := codec.NewDispatch("X", json.RawMessage(`{}`))
	const n = 20_000
	go func() {
		for i := int64(1); i <= n; i++ {
			source.add(Dispatch{i, shared})
			if i%3 == 0 {
				r.conn.Wake()
			} else {
				r.conn.Flush()
			}
		}
	}()
	expectDispatches(t, ws, n)
}

// expectDispatches reads the dispatches 1 to n.
func expectDispatches(t *testing.T, ws *websocket.Conn, n int64) {
	t.Helper()
	for want := int64(1); want <= n; want++ {
		var f struct {
			S int64 `json:"s"`
		}
		if err := ws.ReadJSON(&f); err != nil {
			t.Fatalf("after %d: %v", want-1, err)
		}
		if f.S != want {
			t.Fatalf("seq %d, want %d", f.S, want)
		}
	}
}
