package main

import (
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"guildhall.chat/guildhall/internal/discord"
)

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
