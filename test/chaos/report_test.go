package chaos_test

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

const (
	// reported is how many complaints are told with all that happened around them; of the others only the first words.
	reported = 12
	// around is how long before and after the moment of a complaint what happened is told.
	around = 12 * time.Second
)

// report fails the test for each complaint, and tells for the first ones what happened around them.
func report(t *testing.T, complaints []complaint, m *monkey) {
	t.Helper()
	slices.SortStableFunc(complaints, func(a, b complaint) int { return a.at.Compare(b.at) })
	for i, c := range complaints {
		if i == 4*reported {
			t.Errorf("and %d complaints more", len(complaints)-i)
			return
		}
		text := fmt.Sprintf("%s: %s %s", clock(c.at), c.witness.name, c.what)
		if i < reported {
			text += c.timeline(m)
		}
		t.Error(text)
	}
}

// timeline lists what happened around a complaint: to the session, in the guild, to the platform.
func (c complaint) timeline(m *monkey) string {
	type entry struct {
		at   time.Time
		what string
	}
	var entries []entry
	from, to := c.at.Add(-around), c.at.Add(around/2)
	add := func(at time.Time, format string, args ...any) {
		if at.After(from) && at.Before(to) {
			entries = append(entries, entry{at, fmt.Sprintf(format, args...)})
		}
	}
	for _, f := range m.during(from, to) {
		add(later(f.begun, from.Add(1)), "platform: %s, begun %s", f.what, clock(f.begun))
		if !f.ended.IsZero() {
			add(f.ended, "platform: all back after: %s", f.what)
		}
	}
	for _, turn := range c.witness.turns {
		add(turn.At, "session: %s in life %d, has s=%d, %v", turn.Kind, turn.Life, turn.Seq, turn.Err)
	}
	for i, l := range c.witness.lives {
		add(l.ready, "session: READY of life %d", i+1)
	}
	for _, g := range c.witness.account.guilds {
		if g.id != c.log {
			continue
		}
		for _, e := range g.ledger.during(from, to) {
			add(e.asked, "guild: %s is asked for", e.what)
			add(e.settled, "guild: %s is certain", e.what)
		}
	}
	for _, h := range c.witness.heard {
		if h.channel.log() == c.log && h.at.After(c.at.Add(-around/4)) && h.at.Before(c.at.Add(around/4)) {
			add(h.at, "session: message %s %q of #%s at s=%d", h.id, h.content, h.channel.name, h.seq)
		}
	}
	slices.SortStableFunc(entries, func(a, b entry) int { return cmp.Or(a.at.Compare(b.at)) })
	var text strings.Builder
	for _, e := range entries {
		fmt.Fprintf(&text, "\n        %s %s", clock(e.at), e.what)
	}
	return text.String()
}
