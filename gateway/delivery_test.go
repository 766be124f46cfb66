package main

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
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
	b.ReportMetric(float64(b.Elapsed())/float64(burst*users*sessions*b.N), "ns/delivery")
	b.ReportMetric(perSession, "B/session-and-client")
}

// BenchmarkBareWriter is the limit of BenchmarkDelivery: one goroutine writes the same frame, ready made and one a call,
// to as many sockets, read by the same clients.
func BenchmarkBareWriter(b *testing.B) {
	const sockets = 1000
	accepted := make(chan net.Conn, sockets)
	upgrader := websocket.Upgrader{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ws, err := upgrader.Upgrade(w, r, nil)
		if err != nil {
			b.Error(err)
			return
		}
		accepted <- ws.NetConn()
	}))
	b.Cleanup(server.Close)
	var received sync.WaitGroup
	conns := make([]net.Conn, sockets)
	for i := range conns {
		ws, response, err := websocket.DefaultDialer.Dial("ws"+strings.TrimPrefix(server.URL, "http"), nil)
		if err != nil {
			b.Fatal(err)
		}
		_ = response.Body.Close()
		b.Cleanup(func() { _ = ws.Close() })
		conns[i] = <-accepted
		go count(ws, &received)
	}
	payload := bytes.Repeat([]byte("x"), 1024)
	frame := append([]byte{0x81, 126, 1024 >> 8, 1024 & 0xff}, payload...) // RFC 6455 section 5.2: a text frame of 1,024 bytes
	const burst = 20
	b.ResetTimer()
	for range b.N {
		received.Add(burst * sockets)
		for range burst {
			for _, conn := range conns {
				if _, err := conn.Write(frame); err != nil {
					b.Fatal(err)
				}
			}
		}
		received.Wait()
	}
	b.ReportMetric(float64(b.Elapsed())/float64(burst*sockets*b.N), "ns/delivery")
}

// BenchmarkIdentify opens a session up to its READY and ends it.
func BenchmarkIdentify(b *testing.B) {
	w := newWorld(b)
	user := w.user()
	w.guild(user)
	b.ResetTimer()
	for range b.N {
		c := w.greeted("")
		c.identify(user, map[string]any{"intents": discord.IntentGuildMessages})
		c.ready()
		end(b, c)
	}
}

// BenchmarkMove continues a session on the other of two pods, with one message that it has missed.
func BenchmarkMove(b *testing.B) {
	w := newWorld(b)
	pods := []*pod{w.pod, w.start(named("gateway-0-1"))}
	user := w.user()
	g := w.guild(user)
	c := w.greeted("")
	c.identify(user, map[string]any{"intents": discord.IntentGuildMessages})
	c.ready()
	b.ResetTimer()
	for i := range b.N {
		b.StopTimer()
		seq := c.seq
		id := w.message(g, user, "missed")
		c.mustGet(id)
		c.seq = seq
		b.StartTimer()
		next := w.resumeAt(pods[(i+1)%2], c, user)
		if got := next.missed(); len(got) != 1 || got[0] != id {
			b.Fatalf("sent again %v, want %s", got, id)
		}
		b.StopTimer()
		_ = c.ws.Close()
		b.StartTimer()
		c = next
	}
}

// BenchmarkHandshake is the limit of BenchmarkIdentify: a connection up to HELLO.
func BenchmarkHandshake(b *testing.B) {
	w := newWorld(b)
	b.ResetTimer()
	for range b.N {
		end(b, w.greeted(""))
	}
}

// end closes a connection as a client does that will not come back, and waits for the server.
func end(b *testing.B, c *client) {
	b.Helper()
	bye := websocket.FormatCloseMessage(websocket.CloseNormalClosure, "")
	if err := c.ws.WriteControl(websocket.CloseMessage, bye, time.Now().Add(5*time.Second)); err != nil {
		b.Fatal(err)
	}
	for {
		if _, _, err := c.ws.ReadMessage(); err != nil {
			_ = c.ws.Close()
			return
		}
	}
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
