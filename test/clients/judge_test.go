package clients_test

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

// judge checks what every witness heard of a guild against what was sent there, and tells what is wrong: something
// invented, twice, a sender out of order, two witnesses with different orders or, except around the loss of a session,
// something missing.
func judge(guild string, posts []post, witnesses []*witness) (wrong []string) {
	slices.SortFunc(posts, func(a, b post) int { return cmp.Or(strings.Compare(a.sender, b.sender), a.count-b.count) })
	sent := map[string]post{}
	for _, p := range posts {
		sent[p.key()] = p
	}
	for _, w := range witnesses {
		if !slices.Contains(w.guilds, guild) {
			continue
		}
		for life := 1; life <= w.life; life++ {
			wrong = append(wrong, judgeLife(w, guild, life, posts, sent)...)
		}
	}
	return append(wrong, judgeOrder(guild, witnesses)...)
}

// judgeLife checks one life of a witness. A single life must have everything. Of several, the first has everything from
// the start to some point, a later one everything since its guild came, and each has no holes in between.
func judgeLife(w *witness, guild string, life int, posts []post, sent map[string]post) (wrong []string) {
	where := fmt.Sprintf("%s, guild %s", w.name, guild)
	if w.life > 1 {
		where += fmt.Sprintf(", life %d of %d", life, w.life)
	}
	complain := func(format string, args ...any) {
		wrong = append(wrong, where+": "+fmt.Sprintf(format, args...))
	}
	got := map[string]bool{}
	first, last := map[string]int{}, map[string]int{} // lowest and highest count by sender
	for _, h := range w.in(guild, life) {
		p, known := sent[h.key]
		switch {
		case !known:
			complain("heard %q, which nobody sent", h.key)
			continue
		case got[h.key]:
			complain("heard %q twice", h.key)
			continue
		case p.id != "" && p.id != h.id:
			complain("heard %q as message %s, the answer said %s", h.key, h.id, p.id)
		}
		got[h.key] = true
		highest, before := last[p.sender]
		if before && p.count < highest {
			complain("heard %q after %q", h.key, fmt.Sprintf("%s %d", p.sender, highest))
		}
		if !before {
			first[p.sender] = p.count
		}
		last[p.sender] = max(highest, p.count)
	}
	entered := w.entered[life][guild]
	var missing []string
	for _, p := range posts {
		if p.id == "" || got[p.key()] {
			continue
		}
		highest, heardSender := last[p.sender]
		ended := life < w.life && (!heardSender || p.count > highest) // the life may have ended before it
		begun := life == 1 || !entered.IsZero() && p.started.After(entered) || heardSender && p.count > first[p.sender]
		if begun && !ended {
			missing = append(missing, p.key())
		}
	}
	if len(missing) > 0 {
		complain("%d accepted messages never came: %q", len(missing), missing[:min(len(missing), 30)])
	}
	return wrong
}

// judgeOrder compares every two witnesses: what both heard, they heard in the same order.
func judgeOrder(guild string, witnesses []*witness) (wrong []string) {
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
					wrong = append(wrong, fmt.Sprintf("guild %s: %s heard %q before %q, %s the other way round", guild, a.name, h.key, before.key, b.name))
					break
				}
				at, before = n, h
			}
		}
	}
	return wrong
}

// TestJudge shows the judge each thing that must not happen.
func TestJudge(t *testing.T) {
	t.Parallel()
	start := time.Now()
	at := func(second int) time.Time { return start.Add(time.Duration(second) * time.Second) }
	var posts []post // a 0, b 0, a 1, b 1, ... one a second; the answer to a 2 was lost
	for i := range 8 {
		p := post{sender: []string{"a", "b"}[i%2], count: i / 2, started: at(i), id: fmt.Sprint(100 + i)}
		if p.key() == "a 2" {
			p.id = ""
		}
		posts = append(posts, p)
	}
	// hear makes a witness that hears messages by their place in posts; lives are separated by -1.
	hear := func(name string, places ...int) *witness {
		w := newWitness(name, "g")
		w.life = 1
		for _, place := range places {
			if place < 0 {
				w.life++
				continue
			}
			w.heard = append(w.heard, heard{guild: "g", id: fmt.Sprint(100 + place), key: posts[place].key(), life: w.life})
		}
		return w
	}
	entering := func(w *witness, life, second int) *witness {
		w.entered[life] = map[string]time.Time{"g": at(second)}
		return w
	}
	invented := hear("invented", 0, 1, 2, 3, 4, 5, 6, 7)
	invented.heard[7].key = "c 9"
	renamed := hear("renamed", 0, 1, 2, 3, 4, 5, 6, 7)
	renamed.heard[7].id = "7"
	for name, c := range map[string]struct {
		witnesses []*witness
		want      string // in what is wrong; "" for nothing
	}{
		"everything":                     {[]*witness{hear("x", 0, 1, 2, 3, 4, 5, 6, 7), hear("y", 0, 1, 2, 3, 4, 5, 6, 7)}, ""},
		"another order of two senders":   {[]*witness{hear("x", 1, 0, 3, 2, 4, 5, 7, 6), hear("y", 1, 0, 3, 2, 4, 5, 7, 6)}, ""},
		"without what nobody answered":   {[]*witness{hear("x", 0, 1, 2, 3, 5, 6, 7)}, ""},
		"one missing":                    {[]*witness{hear("x", 0, 1, 2, 4, 5, 6, 7)}, `"b 1"`},
		"the last missing":               {[]*witness{hear("x", 0, 1, 2, 3, 4, 5, 6)}, `"b 3"`},
		"nothing":                        {[]*witness{hear("x")}, "7 accepted messages"},
		"one twice":                      {[]*witness{hear("x", 0, 1, 2, 2, 3, 4, 5, 6, 7)}, `"a 1" twice`},
		"a sender out of order":          {[]*witness{hear("x", 0, 1, 4, 3, 2, 5, 6, 7)}, `"a 1" after "a 2"`},
		"two orders":                     {[]*witness{hear("x", 0, 1, 2, 3, 4, 5, 6, 7), hear("y", 1, 0, 2, 3, 4, 5, 6, 7)}, "the other way round"},
		"invented":                       {[]*witness{invented}, "nobody sent"},
		"another id":                     {[]*witness{renamed}, "the answer said 107"},
		"a gap between two lives":        {[]*witness{entering(hear("x", 0, 1, 2, -1, 6, 7), 2, 5)}, ""},
		"a gap inside the first life":    {[]*witness{entering(hear("x", 0, 1, 3, -1, 6, 7), 2, 5)}, ""},
		"a hole inside the first life":   {[]*witness{entering(hear("x", 0, 3, -1, 6, 7), 2, 5)}, `life 1 of 2: 1 accepted messages never came: ["b 0"]`},
		"a hole after entering":          {[]*witness{entering(hear("x", 0, 1, 2, -1, 3, 7), 2, 2)}, `life 2 of 2: 2 accepted messages never came: ["a 3" "b 2"]`},
		"the end missing in a last life": {[]*witness{entering(hear("x", 0, 1, 2, -1, 5), 2, 4)}, `["a 3" "b 3"]`},
	} {
		wrong := strings.Join(judge("g", slices.Clone(posts), c.witnesses), "\n")
		if c.want == "" && wrong != "" || !strings.Contains(wrong, c.want) {
			t.Errorf("%s: the judge says %q, expected %q", name, wrong, c.want)
		}
	}
}
