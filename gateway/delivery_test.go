package main

import (
	"context"
	"encoding/json"
	"io"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/events"
)

// BenchmarkDelivery delivers messages of 1 KB through real sockets to 1,000 sessions of one guild, whose clients run in
// this process, too. It also tells what an idle session and its connection take.
func BenchmarkDelivery(b *testing.B) {
	const users, sessions = 20, 50
	w := newWorld(b)
	people := make([]account, users)
	for i := range people {
		people[i] = w.user()
	}
	g := w.guild(people[0], people[1:]...)

	before := heap()
	var received sync.WaitGroup
	for _, a := range people {
		for range sessions {
			c := w.greeted("")
			c.identify(a, map[string]any{"intents": discord.IntentGuildMessages})
			c.ready()
			go count(c.ws, &received)
		}
	}
	perSession := float64(heap()-before) / (users * sessions)

	publisher := w.publisher()
	data, err := json.Marshal(messageData(1, g, people[0], strings.Repeat("word ", 120)))
	w.must(err)
	message := events.Event{Log: g.id, Head: events.Header{Type: discord.EventMessageCreate, Guild: g.id, Channel: g.channel}, Data: data}
	const burst = 20 // events that are on their way at once
	b.ResetTimer()
	for range b.N {
		received.Add(burst * users * sessions)
		for range burst {
			w.must(publisher.Ephemeral(context.Background(), message))
		}
		received.Wait()
	}
	b.ReportMetric(float64(burst*users*sessions*b.N)/b.Elapsed().Seconds(), "deliveries/s")
	b.ReportMetric(perSession, "B/session-and-client")
}

// count marks each message as received until the connection ends.
func count(ws *websocket.Conn, received *sync.WaitGroup) {
	for {
		_ = ws.SetReadDeadline(time.Time{})
		_, r, err := ws.NextReader()
		if err != nil {
			return
		}
		if _, err := io.Copy(io.Discard, r); err != nil {
			return
		}
		received.Done()
	}
}

func heap() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc + m.StackInuse
}
