package codec_test

import (
	"bytes"
	stdzlib "compress/zlib"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/klauspost/compress/zlib"
	"github.com/klauspost/compress/zstd"

	"guildhall.chat/guildhall/internal/codec"
	"guildhall.chat/guildhall/internal/discord"
)

// message is one that a connection gets, as it goes over the wire and as the client must find it.
type message struct{ wire, plain []byte }

// events returns dispatches of all sizes, from next to nothing to several windows of either compression: text that
// compresses well, badly and not at all, alike and unlike each other.
func events(r *rand.Rand) []*codec.Shared {
	sizes := []int{0, 1, 20, 300, 300, 1200, 1200, 1200, 1200, 5000, 5000, 40_000}
	var list []*codec.Shared
	for i := range 200 {
		size := sizes[i%len(sizes)]
		switch i {
		case 50, 100:
			size = 150_000
		case 150:
			size = 900_000
		}
		list = append(list, codec.NewDispatch("MESSAGE_CREATE", document(r, size)))
	}
	return list
}

func document(r *rand.Rand, size int) json.RawMessage {
	if size == 0 {
		return nil
	}
	var text strings.Builder
	kind := r.IntN(4)
	for text.Len() < size {
		switch {
		case kind == 0 || kind == 1 && r.IntN(2) == 0:
			fmt.Fprintf(&text, "%016x", r.Uint64())
		case kind == 2:
			text.WriteString(strings.Repeat(string(rune('a'+r.IntN(26))), 1+r.IntN(40)))
		default:
			text.WriteString([]string{"the caterpillar ", "and alice ", "looked at each other ", "for some time ", "in silence "}[r.IntN(5)])
		}
	}
	data, err := json.Marshal(map[string]any{
		"id": fmt.Sprint(r.Uint64()), "content": text.String(), "type": r.IntN(3), "pinned": false, "nonce": nil, "embeds": []any{},
	})
	if err != nil {
		panic(err)
	}
	return data
}

// connection returns the messages of one connection among those that get the events: mostly in the order given, as in a
// channel that all watch, but with others and payloads of its own in between.
func connection(t *testing.T, r *rand.Rand, params codec.Params, shared []*codec.Shared, order []int) []message {
	t.Helper()
	plain := codec.NewEncoder(codec.Params{Encoding: params.Encoding}, false)
	e := codec.NewEncoder(params, false)
	var list []message
	control := func() {
		op, d := discord.OpHeartbeatACK, any(nil)
		if r.IntN(8) == 0 {
			op, d = discord.OpHello, document(r, 1+r.IntN(200_000))
		}
		var m message
		var errs [2]error
		m.wire, _, errs[0] = e.Append(nil, op, d)
		m.plain, _, errs[1] = plain.Append(nil, op, d)
		if errs != [2]error{} {
			t.Fatal(errs)
		}
		list = append(list, m)
	}
	control()
	var seq int64
	for _, i := range order {
		switch r.IntN(20) {
		case 0:
			control()
		case 1:
			i = r.IntN(len(shared))
		case 2:
			seq += r.Int64N(1 << r.IntN(40))
		}
		seq++
		var m message
		m.wire, _ = e.AppendDispatch(nil, seq, shared[i])
		m.plain, _ = plain.AppendDispatch(nil, seq, shared[i])
		list = append(list, m)
	}
	return list
}

// eachConnection runs the test on the last connections with each encoding of many that get the same events.
func eachConnection(t *testing.T, compression codec.Compression, test func(t *testing.T, messages []message)) {
	t.Helper()
	r := rand.New(rand.NewPCG(31, uint64(compression)))
	shared := events(r)
	order := make([]int, 600)
	for i := range order {
		order[i] = r.IntN(len(shared))
	}
	const before = 15
	for _, encoding := range []codec.Encoding{codec.JSON, codec.ETF} {
		params := codec.Params{Encoding: encoding, Compression: compression}
		for range before {
			connection(t, r, params, shared, order)
		}
		for i := range 2 {
			messages := connection(t, r, params, shared, order)
			t.Run(fmt.Sprintf("%s-%d", encoding, i), func(t *testing.T) { test(t, messages) })
		}
	}
}

// decodedBy has the program decode a connection.
func decodedBy(p program) func(*testing.T, []message) {
	return func(t *testing.T, messages []message) {
		var sent [][]byte
		for _, m := range messages {
			sent = append(sent, m.wire)
		}
		for i, got := range p.answers(t, sent) {
			sum := sha256.Sum256(messages[i].plain)
			if got != hex.EncodeToString(sum[:]) {
				t.Fatalf("message %d of %d bytes comes out otherwise", i, len(messages[i].plain))
			}
		}
	}
}

// decodedAsOne has a reader decode a connection's messages joined.
func decodedAsOne(open func(io.Reader) (io.Reader, error)) func(*testing.T, []message) {
	return func(t *testing.T, messages []message) {
		var sent bytes.Buffer
		for _, m := range messages {
			sent.Write(m.wire)
		}
		reader, err := open(&sent)
		if err != nil {
			t.Fatal(err)
		}
		for i, m := range messages {
			got := make([]byte, len(m.plain))
			if _, err := io.ReadFull(reader, got); err != nil || !bytes.Equal(got, m.plain) {
				t.Fatalf("message %d of %d bytes comes out otherwise (%v)", i, len(m.plain), err)
			}
		}
	}
}

func TestZlibStream(t *testing.T) {
	for _, p := range []program{nodeZlib, zlibSync, pythonZlib} {
		t.Run(p.name, func(t *testing.T) { eachConnection(t, codec.ZlibStream, decodedBy(p)) })
	}
	t.Run("compress-zlib", func(t *testing.T) {
		eachConnection(t, codec.ZlibStream, decodedAsOne(func(r io.Reader) (io.Reader, error) { return stdzlib.NewReader(r) }))
	})
	t.Run("klauspost", func(t *testing.T) {
		eachConnection(t, codec.ZlibStream, decodedAsOne(func(r io.Reader) (io.Reader, error) { return zlib.NewReader(r) }))
	})
}

func TestZstdStream(t *testing.T) {
	for _, p := range []program{pythonZstd, nodeZstd, fzstd} {
		t.Run(p.name, func(t *testing.T) { eachConnection(t, codec.ZstdStream, decodedBy(p)) })
	}
	t.Run("klauspost", func(t *testing.T) {
		eachConnection(t, codec.ZstdStream, decodedAsOne(func(r io.Reader) (io.Reader, error) { return zstd.NewReader(r) }))
	})
}
