package codec

import (
	"bufio"
	"bytes"
	"compress/zlib"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"os/exec"
	"strings"
	"sync"
	"testing"

	"guildhall.chat/guildhall/internal/discord"
)

// payload is what a client must see of one message.
type payload struct {
	Op int             `json:"op"`
	S  *int64          `json:"s"`
	T  *string         `json:"t"`
	D  json.RawMessage `json:"d"`
}

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

func TestZlibStreamIsOneStreamWithEachMessageComplete(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(1, 2))
	e := NewEncoder(Params{Compression: ZlibStream}, false)
	var wire bytes.Buffer
	var inflated io.Reader
	for i, s := range randomMessages(t, r, e, 500) {
		if !bytes.HasSuffix(s.message, []byte("\x00\x00\xff\xff")) {
			t.Fatalf("message %d ends with % x", i, s.message[len(s.message)-4:])
		}
		wire.Write(s.message)
		if inflated == nil {
			var err error
			if inflated, err = zlib.NewReader(&wire); err != nil {
				t.Fatal(err)
			}
		}
		got := make([]byte, len(s.plain))
		if _, err := io.ReadFull(inflated, got); err != nil {
			t.Fatalf("message %d is not complete in itself: %v", i, err)
		}
		if string(got) != s.plain {
			t.Fatalf("message %d: got %.200s, want %.200s", i, got, s.plain)
		}
	}
}

func TestZlibStreamGoesOnInAnotherEncoder(t *testing.T) {
	t.Parallel()
	params := Params{Compression: ZlibStream}
	router := NewEncoder(params, false)
	wire, binary, err := router.Append(nil, discord.OpHello, discord.Hello{HeartbeatInterval: 41250})
	if err != nil || !binary {
		t.Fatalf("HELLO: binary %v, %v", binary, err)
	}
	gateway := NewEncoder(params, router.Started())
	wire, _ = gateway.AppendDispatch(wire, 1, NewDispatch("READY", json.RawMessage(`{"v":10}`)))

	inflated, err := zlib.NewReader(bytes.NewReader(wire))
	if err != nil {
		t.Fatal(err)
	}
	decoder := json.NewDecoder(inflated)
	var hello, ready payload
	if err := decoder.Decode(&hello); err != nil || hello.Op != 10 {
		t.Fatalf("first payload: %+v, %v", hello, err)
	}
	if err := decoder.Decode(&ready); err != nil || ready.Op != 0 || *ready.S != 1 || *ready.T != "READY" {
		t.Fatalf("second payload: %+v, %v", ready, err)
	}
}

func TestNodeInflatesZlibStreamMessageByMessage(t *testing.T) {
	t.Parallel()
	node, err := exec.LookPath("node")
	if err != nil {
		t.Skip("node is not installed: the zlib of discord.js is not tried")
	}
	r := rand.New(rand.NewPCG(3, 4))
	messages := randomMessages(t, r, NewEncoder(Params{Compression: ZlibStream}, false), 300)
	var in bytes.Buffer
	for _, s := range messages {
		in.WriteString(base64.StdEncoding.EncodeToString(s.message) + "\n")
	}
	cmd := exec.CommandContext(t.Context(), node, "testdata/inflate.js")
	cmd.Stdin = &in
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v: %s", err, stderr.Bytes())
	}
	lines := bufio.NewReader(bytes.NewReader(out))
	for i, s := range messages {
		line, err := lines.ReadString('\n')
		if err != nil {
			t.Fatalf("node gave %d of %d messages", i, len(messages))
		}
		got, err := base64.StdEncoding.DecodeString(strings.TrimSpace(line))
		if err != nil || string(got) != s.plain {
			t.Fatalf("message %d: got %.200s, want %.200s (%v)", i, got, s.plain, err)
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

func TestTransportCompressionTakesPrecedence(t *testing.T) {
	t.Parallel()
	e := NewEncoder(Params{Compression: ZlibStream}, true)
	e.CompressPayloads()
	message, _ := e.AppendDispatch(nil, 1, NewDispatch("X", randomData(rand.New(rand.NewPCG(7, 8)), 4*compressFrom)))
	if bytes.HasPrefix(message, []byte(zlibHeader)) {
		t.Error("payload was compressed alone inside the connection's stream")
	}
}

func TestSharedServesManyConnectionsAtOnce(t *testing.T) {
	t.Parallel()
	data := randomData(rand.New(rand.NewPCG(9, 10)), 3000)
	sh := NewDispatch("MESSAGE_CREATE", data)
	var wg sync.WaitGroup
	for seq := range int64(50) {
		wg.Go(func() {
			message, _ := NewEncoder(Params{Compression: ZlibStream}, false).AppendDispatch(nil, seq, sh)
			inflated, err := zlib.NewReader(bytes.NewReader(message))
			if err != nil {
				t.Error(err)
				return
			}
			var p payload
			if err := json.NewDecoder(inflated).Decode(&p); err != nil || *p.S != seq || !bytes.Equal(p.D, data) {
				t.Errorf("seq %d: %v", seq, err)
			}
		})
	}
	wg.Wait()
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
