package journal

import (
	"bytes"
	"errors"
	"math"
	"math/rand/v2"
	"reflect"
	"testing"

	"guildhall.chat/guildhall/internal/snowflake"
)

// randomEntries returns n entries above a position, of all kinds.
func randomEntries(rng *rand.Rand, position int64, n int) []Entry {
	entries := make([]Entry, n)
	for i := range entries {
		position += 1 + rng.Int64N(3)
		e := Entry{Position: position, Kind: Kind(1 + rng.IntN(int(Tick))), Log: snowflake.ID(1 + rng.Uint64N(20))}
		switch e.Kind {
		case Event, Opened:
			e.Seq = 1 + rng.Int64N(1000)
		case Entered, Left, Answered:
			e.Session = 1 + rng.Uint64N(5)
		case Asked:
			e.Session, e.Data = 1+rng.Uint64N(5), []byte(`{"query":""}`)
		case Tick:
			e.Log = 0
		}
		entries[i] = e
	}
	return entries
}

func TestPayloadRoundTrip(t *testing.T) {
	t.Parallel()
	rng := rand.New(rand.NewPCG(1, 2))
	extreme := []Entry{
		{Position: 1, Kind: Event, Log: math.MaxUint64, Seq: math.MaxInt64},
		{Position: 2, Kind: Opened, Log: 0, Seq: -1},
		{Position: math.MaxInt64 - 1, Kind: maxKind, Log: 1 << 63, Session: math.MaxUint64, Data: make([]byte, MaxData)},
		{Position: math.MaxInt64, Kind: Tick},
	}
	batches := [][]Entry{nil, extreme}
	for n := range 200 {
		batches = append(batches, randomEntries(rng, 7, n))
	}
	for _, want := range batches {
		prev := int64(0)
		if len(want) > 0 {
			prev = want[0].Position - 1
		}
		payload, err := encode(prev, want)
		if err != nil {
			t.Fatal(err)
		}
		before := Entry{Position: 3, Kind: Tick}
		got, gotPrev, last, err := decode([]Entry{before}, payload)
		wantLast := prev
		if len(want) > 0 {
			wantLast = want[len(want)-1].Position
		}
		if err != nil || gotPrev != prev || last != wantLast {
			t.Fatalf("prev %d, last %d, %v; want %d, %d", gotPrev, last, err, prev, wantLast)
		}
		if !reflect.DeepEqual(got, append([]Entry{before}, want...)) {
			t.Fatalf("got %+v, want %+v", got[1:], want)
		}
		for n := range min(len(payload), 200) {
			if _, _, _, err := decode(nil, payload[:n]); err == nil {
				t.Fatalf("%d bytes of %d are accepted", n, len(payload))
			}
		}
		if _, _, _, err := decode(nil, append(payload, 0)); !errors.Is(err, errMalformed) {
			t.Fatalf("a byte too many: %v", err)
		}
	}
}

func TestEncodeRefusesWhatCanNotBeRead(t *testing.T) {
	t.Parallel()
	for name, entries := range map[string][]Entry{
		"not above prev": {{Position: 5, Kind: Event}},
		"out of order":   {{Position: 7, Kind: Event}, {Position: 7, Kind: Event}},
		"no kind":        {{Position: 7}},
		"kind too high":  {{Position: 7, Kind: maxKind + 1}},
		"data too long":  {{Position: 7, Kind: Asked, Data: make([]byte, MaxData+1)}},
	} {
		if _, err := encode(5, entries); !errors.Is(err, errEntry) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// A dispatch of a busy guild takes a few bytes.
func TestPayloadIsSmall(t *testing.T) {
	t.Parallel()
	var entries []Entry
	for i := range int64(100) {
		entries = append(entries, Entry{Position: 1<<33 + i, Kind: Event, Log: 1 << 60, Seq: 5000 + i})
	}
	payload, err := encode(entries[0].Position-1, entries)
	if err != nil || len(payload) > 600 {
		t.Errorf("100 events take %d bytes, %v", len(payload), err)
	}
}

func FuzzDecode(f *testing.F) {
	rng := rand.New(rand.NewPCG(3, 4))
	for n := range 10 {
		payload, err := encode(9, randomEntries(rng, 9, n))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(payload)
	}
	f.Fuzz(func(t *testing.T, payload []byte) {
		entries, prev, last, err := decode(nil, payload)
		if err != nil {
			return
		}
		if len(entries) > len(payload)/minEntry || prev < 0 || last < prev {
			t.Fatalf("%d entries of %d bytes, prev %d, last %d", len(entries), len(payload), prev, last)
		}
		again, err := encode(prev, entries)
		if err != nil {
			t.Fatal(err)
		}
		got, _, _, err := decode(nil, again)
		if err != nil || !reflect.DeepEqual(got, entries) {
			t.Fatalf("%x becomes %x: %v", payload, again, err)
		}
	})
}

func FuzzDecodeIDs(f *testing.F) {
	f.Add(encodeIDs([]snowflake.ID{5, 1 << 60, math.MaxUint64}))
	f.Fuzz(func(t *testing.T, text []byte) {
		ids, err := decodeIDs(string(text))
		if err != nil {
			return
		}
		if len(ids) > len(text) {
			t.Fatalf("%d ids of %d bytes", len(ids), len(text))
		}
		again, err := decodeIDs(string(encodeIDs(ids)))
		if err != nil || !reflect.DeepEqual(again, ids) && !bytes.Equal(text, nil) {
			t.Fatalf("%v becomes %v, %v", ids, again, err)
		}
	})
}
