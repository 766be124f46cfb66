package codec

import (
	"bytes"
	"compress/zlib"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"sync"
	"testing"
)

func TestTailsFollowWhatIsOwn(t *testing.T) {
	t.Parallel()
	for _, params := range modes {
		t.Run(params.name(), func(t *testing.T) {
			t.Parallel()
			r := rand.New(rand.NewPCG(11, 12))
			reader, e := client(t, params), NewEncoder(params, false)
			for i := range int64(40) {
				shared := randomData(r, 10+r.IntN(100_000))
				tail := NewTail(json.RawMessage(fmt.Sprintf(`{"shared":%s,"n":null}`, shared)))
				for _, size := range []int{0, 500, 5000, 100_000} {
					own := randomData(r, size)
					d := NewDispatchWith("GUILD_CREATE", json.RawMessage(fmt.Sprintf(`{"own":%s}`, own)), tail)
					message, _ := e.AppendDispatch(nil, i, d)
					want := fmt.Sprintf(`{"op":0,"s":%d,"t":"GUILD_CREATE","d":{"own":%s,"shared":%s,"n":null}}`, i, own, shared)
					got, err := reader.Payload(message)
					if err != nil || string(got) != want {
						t.Fatalf("got %.200s, want %.200s (%v)", got, want, err)
					}
					if prefix := fmt.Sprintf(`{"op":0,"s":%d,`, i); d.Len() != len(want)-len(prefix) {
						t.Fatalf("length %d, want %d", d.Len(), len(want)-len(prefix))
					}
					// A dispatch without one may come next.
					message, _ = e.AppendDispatch(nil, i, NewDispatch("X", own))
					if got, err := reader.Payload(message); err != nil || string(got) != fmt.Sprintf(`{"op":0,"s":%d,"t":"X","d":%s}`, i, own) {
						t.Fatalf("after a tail: %.200s (%v)", got, err)
					}
				}
			}
		})
	}
}

func TestTailOfACompressedPayload(t *testing.T) {
	t.Parallel()
	e := NewEncoder(Params{}, false)
	e.CompressPayloads()
	tail := NewTail(json.RawMessage(`{"b":"` + string(bytes.Repeat([]byte("x"), 5000)) + `"}`))
	message, binary := e.AppendDispatch(nil, 7, NewDispatchWith("X", json.RawMessage(`{"a":1}`), tail))
	inflated, err := zlib.NewReader(bytes.NewReader(message))
	if err != nil || !binary {
		t.Fatalf("binary %v, %v", binary, err)
	}
	got, err := io.ReadAll(inflated) // checks the Adler-32
	want := `{"op":0,"s":7,"t":"X","d":` + string(tail.JSON(json.RawMessage(`{"a":1}`))) + `}`
	if err != nil || string(got) != want || !json.Valid(got) {
		t.Errorf("%d bytes: %.100s (%v)", len(got), got, err)
	}
}

func TestTailServesManyConnectionsAtOnce(t *testing.T) {
	t.Parallel()
	shared := randomData(rand.New(rand.NewPCG(13, 14)), 20_000)
	tail := NewTail(json.RawMessage(fmt.Sprintf(`{"shared":%s}`, shared)))
	var wg sync.WaitGroup
	for i := range 60 {
		params := modes[i%len(modes)]
		reader := client(t, params)
		wg.Go(func() {
			d := NewDispatchWith("X", json.RawMessage(fmt.Sprintf(`{"own":%d}`, i)), tail)
			message, _ := NewEncoder(params, false).AppendDispatch(nil, 1, d)
			got, err := reader.Payload(message)
			if want := fmt.Sprintf(`{"op":0,"s":1,"t":"X","d":{"own":%d,"shared":%s}}`, i, shared); err != nil || string(got) != want {
				t.Errorf("got %.200s (%v)", got, err)
			}
		})
	}
	wg.Wait()
	// JSON and ETF, and both in two compressions.
	if held := tail.Held(); held < 2*len(shared) || held > 6*len(shared) {
		t.Errorf("%d bytes are held of %d", held, len(shared))
	}
}
