package fanout

import (
	"context"
	"strconv"
	"sync"
	"testing"
	"time"

	"guildhall.chat/guildhall/gateway/journal"
	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/events"
	"guildhall.chat/guildhall/internal/store"
)

// Sessions come and go while events fly. Each gets, from its GUILD_CREATE on, every event once and in the guild's order; and
// the journal has them in that order, too.
func TestOneOrderWhileSessionsComeAndGo(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	user := w.user()
	guild := w.guild(user)
	head := events.Header{Type: discord.EventMessageCreate, Guild: guild, Channel: guild + 1}
	// One that stays keeps the view open.
	stays := w.session(user)
	first, _, err := w.hub.Join(t.Context(), stays)
	w.must(err)
	first.Enter(guild)

	const least, visitors, visits = 400, 4, 8
	var emitting, visiting sync.WaitGroup
	gone := make(chan struct{}) // the visitors, who wait for messages as long as they visit
	total := 0
	emitting.Go(func() {
		for i := 0; i < least || !isClosed(gone); i++ {
			total++
			w.change(func(_ context.Context, tx *store.Tx) error {
				return tx.Emit(guild, head, map[string]any{"id": strconv.Itoa(i + 1)})
			})
		}
	})
	for range visitors {
		visiting.Go(func() {
			for range visits {
				s := w.session(user)
				place, _, err := w.hub.Join(t.Context(), s)
				if err != nil {
					t.Error(err)
					return
				}
				place.Enter(guild)
				w.await(s, 3)
				place.Leave()
				checkRun(t, s)
			}
		})
	}
	visiting.Wait()
	close(gone)
	emitting.Wait()
	w.await(stays, total+1)
	checkRun(t, stays)
	first.Leave()
	settle(t, w.line)

	w.diary.mu.Lock()
	defer w.diary.mu.Unlock()
	var seq int64
	for _, e := range w.diary.entries {
		if e.Log != guild {
			continue
		}
		switch e.Kind {
		case journal.Event:
			if e.Seq != seq+1 {
				t.Fatalf("event %d is journaled after %d", e.Seq, seq)
			}
			seq = e.Seq
		case journal.Entered:
			if e.Seq != seq {
				t.Errorf("a session is said to have entered at %d, and did at %d", e.Seq, seq)
			}
		}
	}
	if seq != int64(total) {
		t.Errorf("%d of %d events are journaled", seq, total)
	}
}

func isClosed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}

// await waits until a session has got a number of dispatches.
func (w *world) await(s *sink, n int) {
	w.t.Helper()
	for deadline := time.Now().Add(30 * time.Second); s.count() < n; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			w.t.Errorf("got %d dispatches, want %d", s.count(), n)
			return
		}
	}
}

func (s *sink) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.got)
}

// checkRun reports unless a session has got GUILD_CREATE and then, from where that is, one message after the other.
func checkRun(t *testing.T, s *sink) {
	t.Helper()
	number := func(id any) int {
		text, _ := id.(string)
		n, _ := strconv.Atoi(text)
		return n
	}
	last := 0
	for i, d := range s.takeAll(t) {
		got := data(t, d)
		if (d.Name() == discord.EventGuildCreate) != (i == 0) {
			t.Errorf("dispatch %d is %s", i, d.Name())
			return
		}
		if i == 0 {
			channels, _ := got["channels"].([]any)
			last = number(channels[0].(map[string]any)["last_message_id"])
			continue
		}
		if n := number(got["id"]); n != last+1 {
			t.Errorf("message %d comes after %d", n, last)
		}
		last++
	}
}
