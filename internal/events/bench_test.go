package events_test

import (
	"strings"
	"sync/atomic"
	"testing"

	"guildhall.chat/guildhall/internal/events"
	"guildhall.chat/guildhall/internal/snowflake"
)

// numbered makes events of a log from a seq on, about the size of a short message's.
func numbered(tb testing.TB, log snowflake.ID, from, n int) []events.Event {
	tb.Helper()
	evs := make([]events.Event, n)
	data := map[string]string{"content": strings.Repeat("x", 700)}
	for i := range evs {
		e, err := events.New(log, events.Header{Type: "MESSAGE_CREATE", Guild: log, Channel: log + 1, User: 5}, data)
		if err != nil {
			tb.Fatal(err)
		}
		e.Seq = int64(from + i)
		evs[i] = e
	}
	return evs
}

// BenchmarkPublish sends one event a call, as a request does, to as many logs as there are senders.
func BenchmarkPublish(b *testing.B) {
	w := newWorld(b)
	var sender atomic.Uint64
	b.SetParallelism(16)
	b.ReportAllocs()
	b.ResetTimer()
	b.RunParallel(func(pb *testing.PB) {
		log := snowflake.ID(sender.Add(1))<<40 + w.store.NewID()>>24
		e := numbered(b, log, 1, 1)
		for pb.Next() {
			w.pub.Publish(b.Context(), e)
			e[0].Seq++
		}
	})
}

// BenchmarkFeed measures events through Redis to a handler, published a hundred a call so that the publisher is not
// what is measured.
func BenchmarkFeed(b *testing.B) {
	w := newWorld(b)
	log := w.store.NewID()
	_, got := w.open(w.feeds(w.store), log, 0)
	b.ReportAllocs()
	b.ResetTimer()
	const batch = 100
	for sent := 0; sent < b.N; {
		n := min(batch, b.N-sent)
		b.StopTimer()
		evs := numbered(b, log, sent+1, n)
		b.StartTimer()
		w.pub.Publish(b.Context(), evs)
		sent += n
		// At most a few batches ahead, so that nothing has to be read again.
		got.until(b, "the batch before", func() bool { return got.last >= int64(sent-4*batch) })
	}
	got.reaches(b, int64(b.N))
}
