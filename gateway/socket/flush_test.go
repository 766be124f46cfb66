package socket

import (
	"compress/zlib"
	"encoding/hex"
	"encoding/json"
	"io"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"guildhall.chat/guildhall/internal/codec"
	"guildhall.chat/guildhall/internal/discord"
)

// bulky is a dispatch of so many bytes or more.
func bulky(size int) *codec.Shared {
	return codec.NewDispatch("X", json.RawMessage(`"`+strings.Repeat("x", size)+`"`))
}

// A client that does not read takes nobody's time, and has everything in order once it reads.
func TestFlushDoesNotBlock(t *testing.T) {
	t.Parallel()
	url, opened := serve(t, 10)
	ws := dial(t, url)
	r := <-opened
	source := &list{}
	r.conn.Attach(source)
	const n = 2000 // more than the socket's buffers hold
	for i := int64(1); i <= n; i++ {
		source.add(Dispatch{i, bulky(10_000)})
		r.conn.Flush()
	}
	expectDispatches(t, ws, n)
}

// A dispatch that is larger than all buffers gets through, too.
func TestLargeDispatch(t *testing.T) {
	t.Parallel()
	url, opened := serve(t, 10)
	ws := dial(t, url)
	r := <-opened
	source := &list{}
	r.conn.Attach(source)
	source.add(Dispatch{1, bulky(8 << 20)})
	source.add(Dispatch{2, bulky(1)})
	r.conn.Flush()
	expectDispatches(t, ws, 2)
}

// A lane serves those who read while another does not, who is given up when its time is over.
func TestSlowReaderHoldsNobodyUp(t *testing.T) {
	t.Parallel()
	url, opened := serve(t, 10)
	dial(t, url)
	slow := <-opened
	fast := dial(t, url)
	r := <-opened
	var slowSource, fastSource list
	slow.conn.Attach(&slowSource)
	r.conn.Attach(&fastSource)
	const n = 3000
	go func() {
		shared := bulky(10_000)
		for i := int64(1); i <= n; i++ {
			slowSource.add(Dispatch{i, shared})
			slow.conn.Flush()
			fastSource.add(Dispatch{i, shared})
			r.conn.Flush()
		}
	}()
	expectDispatches(t, fast, n)
	slow.pass(writeTimeout)
	if code := <-slow.closed; code != 0 {
		t.Errorf("slow reader closed with %d", code)
	}
	slow.expectGone(t)
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

// A compressed stream is whole however the kernel takes it: the client reads late, and control payloads come between.
func TestCompressedStreamIsWhole(t *testing.T) {
	t.Parallel()
	url, opened := serve(t, 10)
	ws, _, err := websocket.DefaultDialer.Dial(url+"/?v=10&compress=zlib-stream", nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = ws.Close() }()
	_ = ws.SetReadDeadline(time.Now().Add(patience))
	r := <-opened
	source := &list{}
	r.conn.Attach(source)
	const n, beats = 500, 50
	noise := rand.NewChaCha8([32]byte{})
	for i := range int64(n) {
		data := make([]byte, noise.Uint64()%20_000) // hardly to be compressed
		_, _ = noise.Read(data)
		shared := codec.NewDispatch("X", json.RawMessage(`"`+hex.EncodeToString(data)+`"`))
		source.add(Dispatch{i + 1, shared})
		if i%(n/beats) == 0 {
			r.conn.Send(discord.OpHeartbeatACK, nil)
		}
		r.conn.Flush()
	}
	compressed, stream := io.Pipe()
	defer func() { _ = compressed.Close() }()
	go func() {
		for {
			_, data, err := ws.ReadMessage()
			if err == nil {
				_, err = stream.Write(data)
			}
			if err != nil {
				_ = stream.CloseWithError(err)
				return
			}
		}
	}()
	plain, err := zlib.NewReader(compressed)
	if err != nil {
		t.Fatal(err)
	}
	seq, acks := int64(0), 0
	for in := json.NewDecoder(plain); seq < n || acks < beats; {
		var f struct {
			Op discord.Opcode
			S  int64
		}
		if err := in.Decode(&f); err != nil {
			t.Fatalf("after %d: %v", seq, err)
		}
		switch {
		case f.Op == discord.OpHeartbeatACK:
			acks++
		case f.S != seq+1:
			t.Fatalf("seq %d after %d", f.S, seq)
		default:
			seq++
		}
	}
}

// A close frame comes behind whole dispatches, and nothing behind it.
func TestCloseDuringFlush(t *testing.T) {
	t.Parallel()
	url, opened := serve(t, 10)
	for range 50 {
		ws := dial(t, url)
		r := <-opened
		source := &list{}
		r.conn.Attach(source)
		begun := make(chan struct{})
		var lane sync.WaitGroup
		lane.Go(func() {
			for i := int64(1); i <= 300; i++ {
				source.add(Dispatch{i, bulky(3000)})
				r.conn.Flush()
				if i == 20 {
					close(begun)
				}
			}
		})
		lane.Go(func() {
			<-begun
			r.conn.Close(4000, "enough")
		})
		for seq := int64(0); ; seq++ {
			var f struct{ S int64 }
			err := ws.ReadJSON(&f)
			if websocket.IsCloseError(err, 4000) {
				break
			}
			if err != nil || f.S != seq+1 {
				t.Fatalf("seq %d after %d, %v", f.S, seq, err)
			}
		}
		lane.Wait()
		_ = ws.Close()
		<-r.closed
		r.expectGone(t)
	}
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
