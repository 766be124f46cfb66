package clients_test

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
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

// judge checks what every witness heard of a guild against what was sent there: nothing invented, nothing twice, each
// sender in order, the same order everywhere and, except around the loss of a session, nothing missing.
func judge(t *testing.T, guild string, posts []post, witnesses []*witness) {
	t.Helper()
	slices.SortFunc(posts, func(a, b post) int { return cmp.Or(strings.Compare(a.sender, b.sender), a.count-b.count) })
	sent := map[string]post{}
	for _, p := range posts {
		sent[p.key()] = p
	}
	for _, w := range witnesses {
		if !slices.Contains(w.guilds, guild) {
			continue
		}
		w.mu.Lock()
		lives := w.life
		w.mu.Unlock()
		for life := 1; life <= lives; life++ {
			judgeLife(t, w, guild, life, lives, posts, sent)
		}
	}
	judgeOrder(t, guild, witnesses)
}

// judgeLife checks one life of a witness. A single life must have everything. Of several, the first has everything from
// the start to some point, a later one everything since its guild came, and each has no holes in between.
func judgeLife(t *testing.T, w *witness, guild string, life, lives int, posts []post, sent map[string]post) {
	t.Helper()
	where := fmt.Sprintf("%s, guild %s", w.name, guild)
	if lives > 1 {
		where += fmt.Sprintf(", life %d of %d", life, lives)
	}
	got := map[string]bool{}
	last := map[string]int{} // highest count by sender
	first := map[string]int{}
	for _, h := range w.in(guild, life) {
		p, known := sent[h.key]
		switch {
		case !known:
			t.Errorf("%s: heard %q, which nobody sent", where, h.key)
			continue
		case got[h.key]:
			t.Errorf("%s: heard %q twice", where, h.key)
			continue
		case p.id != "" && p.id != h.id:
			t.Errorf("%s: heard %q as message %s, the answer said %s", where, h.key, h.id, p.id)
		}
		got[h.key] = true
		if before, ok := last[p.sender]; ok && p.count < before {
			t.Errorf("%s: heard %q after %q", where, h.key, fmt.Sprintf("%s %d", p.sender, before))
		}
		if _, ok := first[p.sender]; !ok {
			first[p.sender] = p.count
		}
		last[p.sender] = max(last[p.sender], p.count)
	}
	w.mu.Lock()
	entered := w.entered[life][guild]
	w.mu.Unlock()
	var missing []string
	for _, p := range posts {
		if p.id == "" || got[p.key()] {
			continue
		}
		upTo, heardSender := last[p.sender]
		before := life == lives || heardSender && p.count < upTo                                                        // this life did not end before it
		after := life == 1 || !entered.IsZero() && p.started.After(entered) || heardSender && p.count > first[p.sender] // nor begin after it
		if before && after {
			missing = append(missing, p.key())
		}
	}
	if len(missing) > 0 {
		t.Errorf("%s: %d accepted messages never came: %q", where, len(missing), missing[:min(len(missing), 30)])
	}
}

// judgeOrder compares every two witnesses: what both heard, they heard in the same order.
func judgeOrder(t *testing.T, guild string, witnesses []*witness) {
	t.Helper()
	for i, a := range witnesses {
		position := map[string]int{}
		for n, h := range a.in(guild, 0) {
			position[h.id] = n
		}
		for _, b := range witnesses[i+1:] {
			var before heard
			at := -1
			for _, h := range b.in(guild, 0) {
				n, both := position[h.id]
				if !both {
					continue
				}
				if n <= at {
					t.Errorf("guild %s: %s heard %q before %q, %s the other way round", guild, a.name, h.key, before.key, b.name)
					break
				}
				at, before = n, h
			}
		}
	}
}
