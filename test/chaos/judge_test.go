package chaos_test

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"guildhall.chat/guildhall/test/clients/gatewayclient"
)

// lateAnswer bounds how long after its request a message can be made of which no answer came.
const lateAnswer = 25 * time.Second

// judge tells everything that was wrong: messages missing, hidden ones heard, invented ones, and orders that contradict
// each other. What a witness could tell by itself it has noted already.
func judge(posts []*post, witnesses []*witness) (n tally, wrong []complaint) {
	byID, inLog := index(posts, witnesses)
	for _, x := range witnesses {
		wrong = append(wrong, x.bad...)
		wrong = append(wrong, judgeWitness(x, byID, inLog, &n)...)
	}
	return n, append(wrong, judgeOrder(witnesses)...)
}

// tally counts how often the judge could tell whether a witness was to hear a post.
type tally struct{ entitled, barred, unsure int }

func (n *tally) add(s sight) {
	switch s {
	case seen:
		n.entitled++
	case hidden:
		n.barred++
	default:
		n.unsure++
	}
}

// index finds the posts by message and by log. One without an answer was made if somebody has heard it.
func index(posts []*post, witnesses []*witness) (byID map[string]*post, inLog map[string][]*post) {
	byID, inLog = map[string]*post{}, map[string][]*post{}
	unanswered := map[string]*post{}
	for _, p := range posts {
		if p.answered.IsZero() {
			p.answered = p.asked.Add(lateAnswer)
			unanswered[p.key] = p
		}
		if p.id != "" {
			byID[p.id] = p
		}
	}
	for _, x := range witnesses {
		for _, h := range x.heard {
			p := byID[h.id]
			if p == nil {
				if p = unanswered[h.content]; p == nil {
					continue
				}
				p.id, byID[h.id] = h.id, p
			}
			if h.at.Before(p.answered) { // it was made by then
				p.answered = later(h.at, p.asked)
			}
		}
	}
	for _, p := range posts {
		if p.id != "" {
			inLog[p.channel.log()] = append(inLog[p.channel.log()], p)
		}
	}
	return byID, inLog
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// attention is what a witness heard of a log in one of its lives.
type attention struct {
	heard  map[string]bool
	first  time.Time // when the first message came
	newest time.Time // when the latest of the heard posts was asked for
}

func judgeWitness(x *witness, byID map[string]*post, inLog map[string][]*post, n *tally) (wrong []complaint) {
	complain := func(at time.Time, log, format string, args ...any) {
		wrong = append(wrong, complaint{what: fmt.Sprintf(format, args...), witness: x, log: log, at: at})
	}
	heed := map[string][]attention{} // by log and life
	for _, h := range x.heard {
		p := byID[h.id]
		log := h.channel.log()
		switch {
		case p == nil:
			if h.content != "" { // without content it may be a post without an answer
				complain(h.at, log, "heard message %s %q of %s, which nobody sent", h.id, h.content, h.channel)
			}
			continue
		case p.channel != h.channel || h.content != "" && h.content != p.key:
			complain(h.at, log, "heard message %s %q of %s, which was sent as %q to %s", h.id, h.content, h.channel, p.key, p.channel)
		}
		if p.channel.sight(x.account, p.asked, p.answered) == hidden {
			complain(h.at, log, "heard message %s %q of %s, which was hidden from it from before the request to after the answer, %s to %s",
				p.id, p.key, p.channel, clock(p.asked), clock(p.answered))
		}
		if heed[log] == nil {
			heed[log] = make([]attention, len(x.lives))
		}
		a := &heed[log][h.life-1]
		if a.heard == nil {
			a.heard, a.first = map[string]bool{}, h.at
		}
		a.heard[h.id], a.newest = true, later(a.newest, p.asked)
	}
	for _, log := range x.logs() {
		lives := heed[log]
		if lives == nil {
			lives = make([]attention, len(x.lives))
		}
		for _, p := range inLog[log] {
			if !x.covers(p.channel) {
				continue
			}
			sight := p.channel.sight(x.account, p.asked, p.answered)
			if n.add(sight); sight != seen {
				continue
			}
			for n, a := range lives {
				last := n == len(lives)-1
				if !a.heard[p.id] && x.present(n, p, a) && (last || a.newest.After(p.answered)) {
					complain(p.answered, log, "never heard message %s %q of %s, asked for at %s, answered at %s, in its life %d of %d",
						p.id, p.key, p.channel, clock(p.asked), clock(p.answered), n+1, len(lives))
				}
			}
		}
	}
	return append(wrong, x.judgeStays()...)
}

// sight is whether an account could see what happened in the channel at some moment between two times.
func (c *channel) sight(a *account, from, to time.Time) sight {
	if c.guild != nil {
		return c.guild.ledger.between(c, a, from, to)
	}
	if a == c.between[0] || a == c.between[1] {
		return seen
	}
	return hidden
}

// logs are those whose messages the witness may hear.
func (x *witness) logs() (list []string) {
	for _, g := range x.account.guilds {
		list = append(list, g.id)
	}
	for _, dm := range x.world.directs {
		if dm.between[0] == x.account || dm.between[1] == x.account {
			list = append(list, dm.log())
		}
	}
	return list
}

// present says whether the witness had the post's log in a life before the post was asked for.
func (x *witness) present(n int, p *post, a attention) bool {
	if p.channel.guild == nil {
		return x.lives[n].ready.Before(p.asked)
	}
	if !x.knowsGuilds() { // then the first message tells that it is there
		return a.heard != nil && a.first.Before(p.asked)
	}
	for _, s := range slices.Backward(x.lives[n].stays[p.channel.guild.id]) {
		if s.came.Before(p.asked) {
			return s.went.IsZero() || s.went.After(p.asked)
		}
	}
	return false
}

// judgeStays complains of guilds that went without a reason.
func (x *witness) judgeStays() (wrong []complaint) {
	for _, g := range x.account.guilds {
		for _, life := range x.lives {
			for _, s := range life.stays[g.id] {
				if !s.went.IsZero() && g.hall.sight(x.account, s.went.Add(-lateAnswer), s.went) == seen {
					wrong = append(wrong, complaint{what: "GUILD_DELETE of guild " + g.id + ", of which it is a member", witness: x, log: g.id, at: s.went})
				}
			}
		}
	}
	return wrong
}

// judgeLosses tells the reason of each time that a witness was told that its session is gone, and complains of those
// without one. It complains of heartbeats without an answer, too.
func judgeLosses(witnesses []*witness, m *monkey) (reasons map[string]int, wrong []complaint) {
	reasons = map[string]int{}
	for _, x := range witnesses {
		var dropped time.Time // the first time since the session was last well
		for _, turn := range x.turns {
			switch turn.Kind {
			case gatewayclient.Dropped:
				if dropped.IsZero() || turn.Seq > 0 && x.wellBetween(dropped, turn.At) {
					dropped = turn.At
				}
			case gatewayclient.Invalidated:
				from := dropped
				if from.IsZero() {
					from = turn.At
				}
				reason := x.reason(m, from, turn.At)
				if reason == "" {
					wrong = append(wrong, complaint{what: fmt.Sprintf("was told %q at s=%d without a reason", turn.Err, turn.Seq), witness: x, at: turn.At})
					reason = "none"
				}
				reasons[reason]++
				dropped = time.Time{}
			case gatewayclient.Unacknowledged:
				if !m.stalled(turn.At.Add(-2*heartbeatInterval), turn.At) {
					wrong = append(wrong, complaint{what: "a heartbeat was not acknowledged", witness: x, at: turn.At})
				}
			}
		}
	}
	return reasons, wrong
}

// wellBetween says whether a message came to the witness in a span of time.
func (x *witness) wellBetween(from, to time.Time) bool {
	return slices.ContainsFunc(x.heard, func(h heard) bool { return h.at.After(from) && h.at.Before(to) })
}

// Why a session may be lost that moved between two times.
const (
	accessChanged = "access changed"
	storesAway    = "Redis or Postgres was away"
	movedTwice    = "its pod died while it moved"
	stalled       = "the machine stalled"
)

// margin is how long before its connection ended the last journaled event of a session may be: what a pod has not said yet
// when it dies has to be judged by whoever takes the session over.
const margin = 5 * time.Second

func (x *witness) reason(m *monkey, from, to time.Time) string {
	for _, g := range x.account.guilds {
		if onShard(g.id, x.options.Shard) && len(g.ledger.during(from.Add(-margin), to)) > 0 {
			return accessChanged
		}
	}
	pods := 0
	for _, f := range m.during(from.Add(-3*margin), to) {
		if f.stores {
			return storesAway
		}
		if f.pods {
			pods++
			if strings.Contains(f.what, "then") || strings.Contains(f.what, "and") {
				pods++
			}
		}
	}
	switch {
	case pods > 1:
		return movedTwice
	case m.stalled(from.Add(-2*heartbeatInterval), to):
		return stalled
	}
	return ""
}

func (m *monkey) stalled(from, to time.Time) bool {
	return slices.ContainsFunc(m.during(from, to), func(f *fault) bool { return f.stall })
}

func clock(at time.Time) string { return at.Format("15:04:05.000") }
