package codec

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/klauspost/compress/zlib"
	"github.com/klauspost/compress/zstd"
)

// messages returns the dispatches of a busy channel: alike in shape, each with its own ids, author and words.
func messages() []*Shared {
	r := rand.New(rand.NewPCG(11, 12))
	words := strings.Fields("down would the fall never come to an end wonder how many miles have fallen by this time said " +
		"aloud must be getting somewhere near centre of earth let me see that four thousand think for you learnt several " +
		"things sort in her lessons schoolroom though was not very good opportunity showing off knowledge")
	out := make([]*Shared, 256)
	for i := range out {
		var content strings.Builder
		for range 5 + r.IntN(120) {
			content.WriteString(words[r.IntN(len(words))] + " ")
		}
		id, author := uint64(1318274650912374784)+r.Uint64N(1<<40), uint64(1318274650912370000)+r.Uint64N(50)
		out[i] = NewDispatch("MESSAGE_CREATE", json.RawMessage(fmt.Sprintf(`{"id":"%d","channel_id":"1318274650912374001",`+
			`"guild_id":"1318274650912374000","author":{"id":"%d","username":"user%d","global_name":"User %d",`+
			`"avatar":"%032x","discriminator":"0","public_flags":0,"bot":false,"banner":null},"content":"%s",`+
			`"timestamp":"2026-08-06T12:%02d:%02d.%03d000+00:00","edited_timestamp":null,"tts":false,"mention_everyone":false,`+
			`"mentions":[],"mention_roles":[],"attachments":[],"embeds":[],"nonce":"%d","pinned":false,"type":0,"flags":0,`+
			`"components":[],"member":{"roles":["1318274650912374010","1318274650912374011"],"nick":null,"avatar":null,`+
			`"joined_at":"2025-08-06T12:34:56.789000+00:00","deaf":false,"mute":false,"flags":0}}`,
			id, author, author%50, author%50, author*author, content.String(), i/60%60, i%60, r.IntN(1000), r.Uint64())))
	}
	return out
}

// BenchmarkAppendDispatch is the cost of one more connection that gets an event: one that has got the same events as many
// others, or, apart, in an order of its own.
func BenchmarkAppendDispatch(b *testing.B) {
	run := func(name string, e *Encoder, apart bool) {
		b.Run(name, func(b *testing.B) {
			shared := messages()
			r := rand.New(rand.NewPCG(17, 18))
			var dst []byte
			var total, n, next int
			deliver := func() {
				dst, _ = e.AppendDispatch(dst[:0], int64(1<<30+n), shared[next])
				total += len(dst)
				n++
				if next = n % len(shared); apart {
					next = r.IntN(len(shared))
				}
			}
			for range (votesForSequel + 2) * len(shared) { // what is made once per event is BenchmarkNewDispatch's
				deliver()
			}
			total, n = 0, 0
			b.ReportAllocs()
			for b.Loop() {
				deliver()
			}
			b.ReportMetric(float64(total)/float64(n), "wire-B/op")
		})
	}
	for _, params := range modes {
		name := params.Compression.String()
		if params.Encoding != JSON {
			name = params.Encoding.String() + "-" + name
		}
		run(name, NewEncoder(params, true), false)
		if params.Compression != NoCompression {
			run(name+"-apart", NewEncoder(params, true), true)
		}
	}
	payloads := NewEncoder(Params{}, false)
	payloads.CompressPayloads()
	run("payload-zlib", payloads, false)
}

// flusher is a compressor that belongs to one connection.
type flusher interface {
	Write([]byte) (int, error)
	Flush() error
}

// perConnection measures what a connection costs that has a compressor of its own, as servers of this protocol usually
// give it: the peer of AppendDispatch.
func perConnection(b *testing.B, wire *bytes.Buffer, w flusher) {
	shared := messages()
	plain := NewEncoder(Params{}, false)
	var buf []byte
	var total, n int
	next := func() {
		wire.Reset()
		buf, _ = plain.AppendDispatch(buf[:0], int64(1<<30+n), shared[n%len(shared)])
		if _, err := w.Write(buf); err != nil {
			b.Fatal(err)
		}
		if err := w.Flush(); err != nil {
			b.Fatal(err)
		}
		total += wire.Len()
		n++
	}
	next() // with it the stream's header and the compressor's buffers
	total, n = 0, 1
	b.ReportAllocs()
	for b.Loop() {
		next()
	}
	b.ReportMetric(float64(total)/float64(n-1), "wire-B/op")
}

// BenchmarkCompressorPerConnection is the peer of AppendDispatch/zlib-stream.
func BenchmarkCompressorPerConnection(b *testing.B) {
	var wire bytes.Buffer
	w, err := zlib.NewWriterLevel(&wire, level)
	if err != nil {
		b.Fatal(err)
	}
	perConnection(b, &wire, w)
}

// BenchmarkZstdPerConnection is the peer of AppendDispatch/zstd-stream.
func BenchmarkZstdPerConnection(b *testing.B) {
	var wire bytes.Buffer
	w, err := zstd.NewWriter(&wire, zstd.WithEncoderLevel(zstd.SpeedDefault), zstd.WithWindowSize(zstdWindow),
		zstd.WithEncoderConcurrency(1))
	if err != nil {
		b.Fatal(err)
	}
	perConnection(b, &wire, w)
}

// BenchmarkNewDispatch is the cost of an event, whatever the number of connections, with the form of each mode.
func BenchmarkNewDispatch(b *testing.B) {
	data := messages()[0].json.plain
	data = data[bytes.IndexByte(data, '{') : len(data)-1]
	for _, params := range modes {
		b.Run(params.Encoding.String()+"-"+params.Compression.String(), func(b *testing.B) {
			e := NewEncoder(params, true)
			var dst []byte
			b.ReportAllocs()
			for b.Loop() {
				dst, _ = e.AppendDispatch(dst[:0], 1, NewDispatch("MESSAGE_CREATE", data))
			}
		})
	}
}

// BenchmarkSequel is the cost of an event beside NewDispatch's, once for many connections alike.
func BenchmarkSequel(b *testing.B) {
	shared := messages()
	for _, c := range []Compression{ZlibStream, ZstdStream} {
		b.Run(c.String(), func(b *testing.B) {
			n := 0
			b.ReportAllocs()
			for b.Loop() {
				compressBehind(c, shared[n%len(shared)].json.plain, 22, shared[(n+1)%len(shared)].json.plain)
				n++
			}
		})
	}
}
