package codec

import (
	"bytes"
	"compress/zlib"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"

	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/test/wire"
)

// sent is one message as made by an Encoder, and the JSON that a client must get out of it.
type sent struct {
	message []byte
	plain   string
}

// randomData returns JSON of about size bytes, half of it compressible.
func randomData(r *rand.Rand, size int) json.RawMessage {
	var b strings.Builder
	b.WriteString(`{"content":"`)
	for b.Len() < size {
		if r.IntN(2) == 0 {
			b.WriteString("Down, down, down. Would the fall never come to an end? ")
		} else {
			fmt.Fprintf(&b, "%016x", r.Uint64())
		}
	}
	b.WriteString(`"}`)
	return json.RawMessage(b.String())
}

// randomMessages has e make n messages, dispatches and others mixed, of all sizes up to several stored blocks.
func randomMessages(t testing.TB, r *rand.Rand, e *Encoder, n int) []sent {
	t.Helper()
	sizes := []int{0, 10, 300, 300, 1200, 1200, 1200, 5000, 40_000, 200_000}
	out := make([]sent, 0, n)
	for seq := int64(1); len(out) < n; seq++ {
		if r.IntN(4) == 0 {
			op := discord.OpHeartbeatACK
			var d any
			data := "null"
			if r.IntN(2) == 0 {
				op, data = discord.OpInvalidSession, string(randomData(r, r.IntN(100_000)))
				d = json.RawMessage(data)
			}
			message, _, err := e.Append(nil, op, d)
			if err != nil {
				t.Fatal(err)
			}
			out = append(out, sent{message, fmt.Sprintf(`{"op":%d,"s":null,"t":null,"d":%s}`, op, data)})
			continue
		}
		data := randomData(r, sizes[r.IntN(len(sizes))])
		message, _ := e.AppendDispatch(nil, seq, NewDispatch("MESSAGE_CREATE", data))
		out = append(out, sent{message, fmt.Sprintf(`{"op":0,"s":%d,"t":"MESSAGE_CREATE","d":%s}`, seq, data)})
	}
	return out
}

func TestPlainDispatch(t *testing.T) {
	t.Parallel()
	e := NewEncoder(Params{}, false)
	message, binary := e.AppendDispatch([]byte("kept "), 42, NewDispatch("TYPING_START", json.RawMessage(`{"a":1}`)))
	if want := `kept {"op":0,"s":42,"t":"TYPING_START","d":{"a":1}}`; string(message) != want || binary {
		t.Errorf("got %s, binary %v; want %s in a text frame", message, binary, want)
	}
}

func TestDispatchWithoutDataIsNull(t *testing.T) {
	t.Parallel()
	message, _ := NewEncoder(Params{}, false).AppendDispatch(nil, 1, NewDispatch("X", nil))
	if want := `{"op":0,"s":1,"t":"X","d":null}`; string(message) != want {
		t.Errorf("got %s, want %s", message, want)
	}
}

func TestControlPayloadsHaveNullSequenceAndName(t *testing.T) {
	t.Parallel()
	message, binary, err := NewEncoder(Params{}, false).Append(nil, discord.OpHeartbeatACK, nil)
	if err != nil {
		t.Fatal(err)
	}
	if want := `{"op":11,"s":null,"t":null,"d":null}`; string(message) != want || binary {
		t.Errorf("got %s, binary %v; want %s in a text frame", message, binary, want)
	}
}

func TestControlPayloadThatCannotBeMarshalledIsAnError(t *testing.T) {
	t.Parallel()
	e := NewEncoder(Params{Compression: ZlibStream}, false)
	message, _, err := e.Append([]byte("kept"), discord.OpHello, func() {})
	if err == nil || string(message) != "kept" || e.Started() {
		t.Errorf("got %q, %v, started %v; want dst untouched and an error", message, err, e.Started())
	}
}

// modes are all that a client can choose.
var modes = []Params{
	{},
	{Compression: ZlibStream},
	{Compression: ZstdStream},
	{Encoding: ETF},
	{Encoding: ETF, Compression: ZlibStream},
	{Encoding: ETF, Compression: ZstdStream},
}

func (p Params) name() string { return p.Encoding.String() + " " + p.Compression.String() }

// client returns the reader of a client's end of a connection.
func client(t testing.TB, p Params) *wire.Reader {
	t.Helper()
	compress := ""
	if p.Compression != NoCompression {
		compress = p.Compression.String()
	}
	reader, err := wire.NewReader(p.Encoding.String(), compress)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(reader.Close)
	return reader
}

func TestEachMessageIsOnePayload(t *testing.T) {
	t.Parallel()
	for _, params := range modes {
		t.Run(params.name(), func(t *testing.T) {
			t.Parallel()
			r := rand.New(rand.NewPCG(1, 2))
			reader := client(t, params)
			for i, s := range randomMessages(t, r, NewEncoder(params, false), 120) {
				got, err := reader.Payload(s.message)
				if err != nil || string(got) != s.plain {
					t.Fatalf("message %d: got %.200s, want %.200s (%v)", i, got, s.plain, err)
				}
			}
		})
	}
}

func TestFramesAreBinaryUnlessPlainJSON(t *testing.T) {
	t.Parallel()
	for _, params := range modes {
		e := NewEncoder(params, false)
		_, dispatch := e.AppendDispatch(nil, 1, NewDispatch("X", nil))
		_, control, err := e.Append(nil, discord.OpHeartbeatACK, nil)
		if want := params != (Params{}); err != nil || dispatch != want || control != want {
			t.Errorf("%s: binary %v and %v, want %v (%v)", params.name(), dispatch, control, want, err)
		}
	}
}

func TestStreamGoesOnInAnotherEncoder(t *testing.T) {
	t.Parallel()
	for _, params := range modes {
		reader := client(t, params)
		router := NewEncoder(params, false)
		hello, _, err := router.Append(nil, discord.OpHello, discord.Hello{HeartbeatInterval: 41250, Trace: []string{}})
		if err != nil {
			t.Fatal(err)
		}
		if want := params.Compression != NoCompression; router.Started() != want {
			t.Errorf("%s: started %v, want %v", params.name(), router.Started(), want)
		}
		gateway := NewEncoder(params, router.Started())
		ready, _ := gateway.AppendDispatch(nil, 1, NewDispatch("READY", json.RawMessage(`{"v":10}`)))
		ack, _, err := gateway.Append(nil, discord.OpHeartbeatACK, nil)
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range []sent{
			{hello, `{"op":10,"s":null,"t":null,"d":{"heartbeat_interval":41250,"_trace":[]}}`},
			{ready, `{"op":0,"s":1,"t":"READY","d":{"v":10}}`},
			{ack, `{"op":11,"s":null,"t":null,"d":null}`},
		} {
			if got, err := reader.Payload(s.message); err != nil || string(got) != s.plain {
				t.Errorf("%s: got %s, want %s (%v)", params.name(), got, s.plain, err)
			}
		}
	}
}

func TestPayloadCompressionIsACompleteStreamAMessage(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(5, 6))
	e := NewEncoder(Params{}, false)
	e.CompressPayloads()
	for seq := int64(1); seq < 200; seq++ {
		data := randomData(r, 1+r.IntN(100_000))
		message, binary := e.AppendDispatch(nil, seq, NewDispatch("GUILD_CREATE", data))
		want := fmt.Sprintf(`{"op":0,"s":%d,"t":"GUILD_CREATE","d":%s}`, seq, data)
		if !binary {
			if len(want) > 2*compressFrom || string(message) != want {
				t.Fatalf("text frame of %d bytes: %.100s", len(message), message)
			}
			continue
		}
		inflated, err := zlib.NewReader(bytes.NewReader(message))
		if err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(inflated) // checks the Adler-32
		if err != nil || string(got) != want {
			t.Fatalf("seq %d: got %.100s, want %.100s (%v)", seq, got, want, err)
		}
	}
}

func TestPayloadCompressionLeavesSmallPayloadsAsText(t *testing.T) {
	t.Parallel()
	e := NewEncoder(Params{}, false)
	e.CompressPayloads()
	message, binary := e.AppendDispatch(nil, 1, NewDispatch("RESUMED", json.RawMessage(`{}`)))
	if binary || !json.Valid(message) {
		t.Errorf("got %q, binary %v", message, binary)
	}
}

func TestPayloadCompressionIsForPlainJSONOnly(t *testing.T) {
	t.Parallel()
	sh := NewDispatch("X", randomData(rand.New(rand.NewPCG(7, 8)), 4*compressFrom))
	for _, params := range modes[1:] {
		e := NewEncoder(params, true)
		e.CompressPayloads()
		message, _ := e.AppendDispatch(nil, 1, sh)
		want, _ := NewEncoder(params, true).AppendDispatch(nil, 1, sh)
		if !bytes.Equal(message, want) {
			t.Errorf("%s: payload compression changes what is sent", params.name())
		}
	}
}

func TestSharedServesManyConnectionsAtOnce(t *testing.T) {
	t.Parallel()
	data := randomData(rand.New(rand.NewPCG(9, 10)), 3000)
	sh := NewDispatch("MESSAGE_CREATE", data)
	var wg sync.WaitGroup
	for seq := range int64(60) {
		params := modes[seq%int64(len(modes))]
		reader := client(t, params)
		wg.Go(func() {
			message, _ := NewEncoder(params, false).AppendDispatch(nil, seq, sh)
			want := fmt.Sprintf(`{"op":0,"s":%d,"t":"MESSAGE_CREATE","d":%s}`, seq, data)
			if got, err := reader.Payload(message); err != nil || string(got) != want {
				t.Errorf("%s, seq %d: got %.100s (%v)", params.name(), seq, got, err)
			}
		})
	}
	wg.Wait()
}

func TestAppendDispatchDoesNotAllocate(t *testing.T) {
	sh := NewDispatch("MESSAGE_CREATE", randomData(rand.New(rand.NewPCG(13, 14)), 3000))
	run := func(name string, e *Encoder) {
		dst, _ := e.AppendDispatch(nil, 1<<40, sh)
		if n := testing.AllocsPerRun(100, func() { dst, _ = e.AppendDispatch(dst[:0], 1<<40, sh) }); n != 0 {
			t.Errorf("%s: %v allocations", name, n)
		}
	}
	for _, params := range modes {
		run(params.name(), NewEncoder(params, true))
	}
	payloads := NewEncoder(Params{}, false)
	payloads.CompressPayloads()
	run("payloads", payloads)
}

func TestHeldCountsEachFormOnce(t *testing.T) {
	t.Parallel()
	sh := NewDispatch("MESSAGE_CREATE", randomData(rand.New(rand.NewPCG(15, 16)), 3000))
	if sh.Held() != sh.Len() {
		t.Errorf("holds %d bytes of %d", sh.Held(), sh.Len())
	}
	want := sh.Len()
	for i, params := range modes {
		message, _ := NewEncoder(params, true).AppendDispatch(nil, 1, sh)
		if i == 0 {
			continue
		}
		prefix := 0
		for e := range 2 { // the second time nothing is made
			prefix = len(message)
			message, _ = NewEncoder(params, true).AppendDispatch(message, int64(e), sh)
			prefix = len(message) - prefix
		}
		want += prefix - overhead(params)
		if got := sh.Held(); got != want {
			t.Errorf("%s: %d bytes held, want %d", params.name(), got, want)
		}
	}
}

// overhead returns the bytes of a message that are the connection's own, for a sequence number of one digit.
func overhead(p Params) int {
	n := len(jsonPrefix) + len("1,")
	if p.Encoding == ETF {
		n = len(etfPrefix) + len("a\x01")
	}
	switch p.Compression {
	case ZlibStream:
		n += 5
	case ZstdStream:
		n += blockHeaderLen
	case NoCompression:
	}
	return n
}

func TestNewDispatchCopiesItsData(t *testing.T) {
	t.Parallel()
	data := json.RawMessage(`{"a":1}`)
	sh := NewDispatch("X", data)
	copy(data, `garbage`)
	message, _ := NewEncoder(Params{}, false).AppendDispatch(nil, 1, sh)
	if want := `{"op":0,"s":1,"t":"X","d":{"a":1}}`; string(message) != want {
		t.Errorf("got %s, want %s", message, want)
	}
}
