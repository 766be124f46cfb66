package chaos_test

import (
	"maps"
	"slices"
	"sync"
	"time"
)

// ledger is who may see what in a guild at any time, as far as the answers to requests tell: a change takes effect at some
// moment between its request and its answer. It knows nothing of the platform's insides.
type ledger struct {
	mu   sync.Mutex
	eras []era
}

// era is a state and how it came to be. It may have begun at asked, and had begun at settled; zero: nobody knows yet.
type era struct {
	state
	what           string
	asked, settled time.Time
}

// state is who may see what. Its maps are not changed once it is in the ledger.
type state struct {
	crown bool            // the crown is one: its holder sees everything
	shut  bool            // the ward is shut to all
	keys  map[string]bool // by user: holds the key
	cells map[string]bool // by user: may see the cell
	gone  map[string]bool // by user: is no member now
}

func newLedger() *ledger { return &ledger{eras: []era{{what: "the beginning"}}} }

// sees is the rule of the world that newWorld makes.
func (s state) sees(c *channel, a *account) bool {
	g := c.guild
	switch {
	case g == nil:
		return a == c.between[0] || a == c.between[1]
	case s.gone[a.id]:
		return false
	case c == g.hall, a == g.crowned && s.crown:
		return true
	case c == g.vault:
		return s.keys[a.id]
	case c == g.ward:
		return !s.shut
	default:
		return s.cells[a.id]
	}
}

// with returns a copy of a set with or without a user.
func with(set map[string]bool, user string, in bool) map[string]bool {
	changed := maps.Clone(set)
	if changed == nil {
		changed = map[string]bool{}
	}
	if delete(changed, user); in {
		changed[user] = true
	}
	return changed
}

// now returns the last state.
func (l *ledger) now() state {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.eras[len(l.eras)-1].state
}

// ask notes that a change is asked for now, and returns what to call when it is certain.
func (l *ledger) ask(what string, next state) (settled func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.eras = append(l.eras, era{state: next, what: what, asked: time.Now()})
	at := len(l.eras) - 1
	return func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.eras[at].settled = time.Now()
	}
}

// sight is what is known of whether somebody could see a message.
type sight int

const (
	hidden sight = iota
	seen
	unsure // a change was under way
)

// between tells whether an account could see what happened in a channel at some unknown moment between two times.
func (l *ledger) between(c *channel, a *account, from, to time.Time) sight {
	l.mu.Lock()
	defer l.mu.Unlock()
	var could, couldNot bool
	for _, e := range slices.Backward(l.eras) {
		if e.asked.After(to) {
			continue
		}
		if e.sees(c, a) {
			could = true
		} else {
			couldNot = true
		}
		if !e.settled.IsZero() && e.settled.Before(from) {
			break // what was before it was over
		}
	}
	switch {
	case could && couldNot:
		return unsure
	case could:
		return seen
	}
	return hidden
}

// during lists the changes that were under way in a span of time.
func (l *ledger) during(from, to time.Time) (list []era) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, e := range l.eras[1:] {
		if !e.asked.After(to) && (e.settled.IsZero() || !e.settled.Before(from)) {
			list = append(list, e)
		}
	}
	return list
}
