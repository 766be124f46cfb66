package codec

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/klauspost/compress/zlib"

	"guildhall.chat/guildhall/internal/discord"
)

// streamModes are the modes that have sequels.
func streamModes() []Params {
	var list []Params
	for _, params := range modes {
		if params.Compression != NoCompression {
			list = append(list, params)
		}
	}
	return list
}

// Connections that get the same dispatches share more than the dispatches themselves.
func TestConnectionsAlikeShareSequels(t *testing.T) {
	t.Parallel()
	for _, params := range streamModes() {
		shared := messages()[:40]
		sizes := make([]int, 2*votesForSequel)
		for i := range sizes {
			reader := client(t, params)
			e := NewEncoder(params, false)
			plain := NewEncoder(Params{Encoding: params.Encoding}, false)
			for j, sh := range shared {
				seq := int64(1000 + 100*i + j)
				message, _ := e.AppendDispatch(nil, seq, sh)
				want, _ := plain.AppendDispatch(nil, seq, sh)
				if got, err := reader.Plain(message); err != nil || !bytes.Equal(got, want) {
					t.Fatalf("%s, connection %d, dispatch %d: got %.100q (%v)", params.name(), i, j, got, err)
				}
				sizes[i] += len(message)
			}
		}
		if first, last := sizes[0], sizes[len(sizes)-1]; last*3 > first*2 {
			t.Errorf("%s: the first connection gets %d bytes, the last %d", params.name(), first, last)
		}
	}
}

// Connections are led apart by what each gets beside the others: control payloads, dispatches of their own, dispatches left
// out, long ones, prefixes of another length.
func TestConnectionsApartAreRight(t *testing.T) {
	t.Parallel()
	for _, params := range streamModes() {
		r := rand.New(rand.NewPCG(51, uint64(params.Compression)))
		shared := messages()[:30]
		shared[7] = NewDispatch("GUILD_CREATE", randomData(r, maxSequel+1))
		shared[12] = NewDispatch("X", []byte(`[-1,0.1,255,1]`)) // has strangers in ETF
		for i := range 3 * votesForSequel {
			reader := client(t, params)
			e := NewEncoder(params, false)
			plain := NewEncoder(Params{Encoding: params.Encoding}, false)
			check := func(message, want []byte) {
				t.Helper()
				if got, err := reader.Plain(message); err != nil || !bytes.Equal(got, want) {
					t.Fatalf("%s, connection %d: got %.100q, want %.100q (%v)", params.name(), i, got, want, err)
				}
			}
			seq := int64(1)
			for _, sh := range shared {
				seq += r.Int64N(1 << r.IntN(12))
				switch r.IntN(20) {
				case 0:
					message, _, _ := e.Append(nil, discord.OpHeartbeatACK, nil)
					want, _, _ := plain.Append(nil, discord.OpHeartbeatACK, nil)
					check(message, want)
				case 1:
					continue
				case 2:
					own := NewDispatch("OWN", randomData(r, 500))
					message, _ := e.AppendDispatch(nil, seq, own)
					want, _ := plain.AppendDispatch(nil, seq, own)
					check(message, want)
				}
				message, _ := e.AppendDispatch(nil, seq, sh)
				want, _ := plain.AppendDispatch(nil, seq, sh)
				check(message, want)
			}
		}
	}
}

func TestSequelIsMadeForAMajorityOnly(t *testing.T) {
	t.Parallel()
	p := new(pack)
	for key := range uint64(10_000) {
		if p.sequel(key+1) != nil {
			t.Fatal("a sequel that one connection wants is made")
		}
	}
	wanted := 0
	for i := range uint64(300) {
		if i%3 == 0 { // every third wants another
			p.sequel(20_000 + i)
		} else if p.sequel(7) != nil {
			wanted++
		}
	}
	if wanted < 150 {
		t.Errorf("the sequel that 200 connections want serves %d of them", wanted)
	}
}

func TestIdleConnectionHoldsNoDispatch(t *testing.T) {
	t.Parallel()
	e := NewEncoder(Params{Compression: ZlibStream}, false)
	e.AppendDispatch(nil, 1, NewDispatch("GUILD_CREATE", randomData(rand.New(rand.NewPCG(53, 54)), maxSequel)))
	if e.last != nil {
		t.Error("a long dispatch is held")
	}
	e.AppendDispatch(nil, 2, NewDispatch("X", nil))
	if e.last == nil {
		t.Fatal("the last dispatch is forgotten")
	}
	if _, _, err := e.Append(nil, discord.OpHeartbeatACK, nil); err != nil || e.last != nil {
		t.Errorf("a dispatch is held over a heartbeat (%v)", err)
	}
}

// Whatever two dispatches are, the blocks of the second are right behind the first and any prefix.
func FuzzCompressBehind(f *testing.F) {
	list := messages()
	f.Add(list[0].json.plain, list[1].json.plain, int64(42))
	f.Add(list[0].form(ETF).plain, list[1].form(ETF).plain, int64(1<<40))
	f.Add([]byte("abcdabcd"), []byte("abcdabcdabcdabcdabcdabcdabcdabcdabcd"), int64(-1))
	f.Add([]byte(`}`), []byte(strings.Repeat("{", 1000)), int64(7))
	f.Fuzz(func(t *testing.T, before, data []byte, seq int64) {
		const longest = 64 << 10
		if len(data) == 0 || len(data) > longest || len(before) > longest {
			return
		}
		prefix := NewEncoder(Params{Encoding: Encoding(seq & 1)}, false).appendPrefix(nil, seq)
		want := append(append(bytes.Clone(before), prefix...), data...)
		for _, c := range []Compression{ZlibStream, ZstdStream} {
			blocks := compressBehind(c, before, len(prefix), data)
			if blocks == nil {
				if bytes.IndexByte(data, stranger) < 0 {
					t.Fatalf("%s: nothing made", c)
				}
				continue
			}
			var got []byte
			var err error
			if c == ZlibStream {
				got, err = inflateStream(append(appendStored(appendStored([]byte(zlibHeader), before), prefix), blocks...), len(want))
			} else {
				got, err = decodeAll(append(appendRaw(appendRaw(aftermath(), before), prefix), blocks...))
				got = got[min(zstdWindow+9, len(got)):]
			}
			if err != nil || !bytes.Equal(got, want) {
				t.Fatalf("%s: got %.200q, want %.200q (%v)", c, got, want, err)
			}
		}
	})
}

// inflateStream reads n bytes of a stream that has not ended.
func inflateStream(stream []byte, n int) ([]byte, error) {
	reader, err := zlib.NewReader(bytes.NewReader(stream))
	if err != nil {
		return nil, err
	}
	got := make([]byte, n+1)
	m, err := io.ReadFull(reader, got)
	if !errors.Is(err, io.ErrUnexpectedEOF) {
		return nil, fmt.Errorf("the stream ends with %w", err)
	}
	return got[:m], nil
}
