package clients_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"guildhall.chat/guildhall/test/clients/gatewayclient"
	"guildhall.chat/guildhall/test/clients/rest"
)

// witness is a gateway session and the messages it was told of.
type witness struct {
	name    string
	guilds  []string // it sees these only
	session *gatewayclient.Session

	mu      sync.Mutex
	heard   []heard
	entered map[int]map[string]time.Time // life -> guild -> when it came
	bad     []string                     // what must never happen
	lastSeq int64
	life    int
	grown   chan struct{}
}

// heard is a message as a witness was told of it.
type heard struct {
	guild, id, key string
	life           int
}

func newWitness(name string, guilds ...string) *witness {
	return &witness{name: name, guilds: guilds, entered: map[int]map[string]time.Time{}, grown: make(chan struct{})}
}

// take is the session's OnEvent.
func (w *witness) take(e gatewayclient.Event) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if e.Life != w.life {
		w.life, w.lastSeq = e.Life, 0
		w.entered[e.Life] = map[string]time.Time{}
	}
	if e.Seq <= w.lastSeq {
		w.bad = append(w.bad, fmt.Sprintf("%s came with s=%d after s=%d", e.Type, e.Seq, w.lastSeq))
	}
	w.lastSeq = e.Seq
	switch e.Type {
	case "READY": // users get their guilds here, bots one by one
		var ready struct {
			Guilds []struct {
				ID          string `json:"id"`
				Unavailable bool   `json:"unavailable"`
			} `json:"guilds"`
		}
		if json.Unmarshal(e.Data, &ready) == nil {
			for _, g := range ready.Guilds {
				if !g.Unavailable {
					w.entered[e.Life][g.ID] = e.At
				}
			}
		}
	case "GUILD_CREATE":
		var g rest.Guild
		if json.Unmarshal(e.Data, &g) == nil {
			w.entered[e.Life][g.ID] = e.At
		}
	case "MESSAGE_CREATE":
		var m rest.Message
		if err := json.Unmarshal(e.Data, &m); err != nil {
			w.bad = append(w.bad, fmt.Sprintf("MESSAGE_CREATE does not decode: %v", err))
			return
		}
		w.heard = append(w.heard, heard{guild: m.GuildID, id: m.ID, key: m.Content, life: e.Life})
	}
	close(w.grown)
	w.grown = make(chan struct{})
}

// await waits for a state of the witness that cond, called under its lock, accepts.
func (w *witness) await(t *testing.T, what string, within time.Duration, cond func() bool) {
	t.Helper()
	deadline := time.After(within)
	for {
		w.mu.Lock()
		done, grown, count := cond(), w.grown, len(w.heard)
		w.mu.Unlock()
		if done {
			return
		}
		select {
		case <-grown:
		case <-deadline:
			t.Errorf("%s: %s did not happen within %v; it heard %d messages, its connection: %v", w.name, what, within, count, w.session.Err())
			return
		}
	}
}

// awaitGuilds waits until the present life of the session has all its guilds.
func (w *witness) awaitGuilds(t *testing.T, within time.Duration) {
	t.Helper()
	w.await(t, "getting its guilds", within, func() bool {
		for _, guild := range w.guilds {
			if w.entered[w.life][guild].IsZero() {
				return false
			}
		}
		return true
	})
}

// byLife counts the messages that were heard in each life.
func (w *witness) byLife() []int {
	counts := make([]int, w.life)
	for _, h := range w.heard {
		counts[h.life-1]++
	}
	return counts
}

// awaitKeys waits until every key has been heard.
func (w *witness) awaitKeys(t *testing.T, keys []string, within time.Duration) {
	t.Helper()
	w.await(t, fmt.Sprintf("hearing %q", keys), within, func() bool {
		for _, key := range keys {
			if !slices.ContainsFunc(w.heard, func(h heard) bool { return h.key == key }) {
				return false
			}
		}
		return true
	})
}

// in are the messages of a guild in the order they came, of one life or of all (0).
func (w *witness) in(guild string, life int) []heard {
	w.mu.Lock()
	defer w.mu.Unlock()
	var list []heard
	for _, h := range w.heard {
		if h.guild == guild && (life == 0 || h.life == life) {
			list = append(list, h)
		}
	}
	return list
}
