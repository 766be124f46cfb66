package chaos_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"guildhall.chat/guildhall/test/clients/gatewayclient"
)

// court is a guild with one member, for trying the judge.
type court struct {
	world *world
	guild *guild
	start time.Time
	posts []*post
}

// newCourt has messages 0 to 7, one a second, asked for and answered within 100 ms: the even ones in the hall, the odd ones
// in the cell, which the member may see from 2.5 to 4.5 seconds.
func newCourt() *court {
	g := &guild{id: "0", ledger: newLedger()}
	g.hall, g.cell = &channel{id: "hall", name: "hall", guild: g}, &channel{id: "cell", name: "cell", guild: g}
	c := &court{guild: g, start: time.Now(), world: &world{guilds: []*guild{g}, channels: map[string]*channel{"hall": g.hall, "cell": g.cell}}}
	for i := range 8 {
		p := &post{key: fmt.Sprint("m ", i), channel: g.hall, asked: c.at(i, 0), answered: c.at(i, 100), id: fmt.Sprint(i)}
		if i%2 == 1 {
			p.channel = g.cell
		}
		c.posts = append(c.posts, p)
	}
	open := state{cells: map[string]bool{"member": true}}
	g.ledger.eras = append(g.ledger.eras,
		era{state: open, what: "open", asked: c.at(2, 500), settled: c.at(2, 600)},
		era{what: "shut", asked: c.at(4, 500), settled: c.at(4, 600)})
	return c
}

func (c *court) at(second, ms int) time.Time {
	return c.start.Add(time.Duration(second)*time.Second + time.Duration(ms)*time.Millisecond)
}

// hear makes a witness that hears messages half a second after they were asked for; -1 begins another life, with the
// guild, at the moment of the message that follows.
func (c *court) hear(numbers ...int) *witness {
	a := &account{id: "member", name: "member", guilds: []*guild{c.guild}}
	c.guild.members = []*account{a}
	x := c.world.newWitness(a, [2]int{}, dialects[0], 0)
	begin := func(at time.Time) {
		x.life++
		x.lives = append(x.lives, life{ready: at, stays: map[string][]stay{c.guild.id: {{came: at}}}})
	}
	begin(c.at(-1, 0))
	for n, i := range numbers {
		if i < 0 {
			begin(c.at(numbers[n+1], -100))
			continue
		}
		p := c.posts[i]
		x.heard = append(x.heard, heard{id: p.id, channel: p.channel, content: p.key, life: x.life, at: c.at(i, 500)})
	}
	return x
}

// TestJudge shows the judge each thing that must not happen.
func TestJudge(t *testing.T) {
	t.Parallel()
	for name, try := range map[string]struct {
		witnesses func(c *court) []*witness
		want      string // in a complaint; "" for none
	}{
		"everything":       {func(c *court) []*witness { return []*witness{c.hear(0, 2, 3, 4, 6)} }, ""},
		"one missing":      {func(c *court) []*witness { return []*witness{c.hear(0, 3, 4, 6)} }, `never heard message 2 "m 2"`},
		"the last missing": {func(c *court) []*witness { return []*witness{c.hear(0, 2, 3, 4)} }, `never heard message 6 "m 6"`},
		"nothing":          {func(c *court) []*witness { return []*witness{c.hear()} }, "never heard message 0"},
		"one of the channel that was opened missing": {func(c *court) []*witness { return []*witness{c.hear(0, 2, 4, 6)} }, `never heard message 3`},
		"before access": {func(c *court) []*witness { return []*witness{c.hear(0, 1, 2, 3, 4, 6)} }, "heard message 1 \"m 1\" of #cell of guild 0, which was hidden"},
		"after access":  {func(c *court) []*witness { return []*witness{c.hear(0, 2, 3, 4, 5, 6)} }, "heard message 5 \"m 5\" of #cell of guild 0, which was hidden"},
		"while access changes": {func(c *court) []*witness {
			c.posts[5].asked = c.at(4, 550)
			return []*witness{c.hear(0, 2, 3, 4, 5, 6), c.hear(0, 2, 3, 4, 6)}
		}, ""},
		"two orders": {func(c *court) []*witness { return []*witness{c.hear(0, 2, 3, 4, 6), c.hear(0, 3, 2, 4, 6)} }, "no order of messages agrees"},
		"an order of three that nobody heard whole": {func(c *court) []*witness {
			c.guild.ledger = newLedger()
			for _, p := range c.posts {
				p.channel = c.guild.hall
				p.id, p.answered = "", time.Time{} // only the order is in question
			}
			list := []*witness{c.hear(), c.hear(), c.hear()}
			for i, pair := range [][2]string{{"a", "b"}, {"b", "c"}, {"c", "a"}} {
				for _, id := range pair {
					list[i].heard = append(list[i].heard, heard{id: id, channel: c.guild.hall, life: 1, at: c.at(i, 0)})
				}
			}
			return list
		}, "no order of messages agrees"},
		"invented": {func(c *court) []*witness {
			x := c.hear(0, 2, 3, 4, 6)
			x.heard = append(x.heard, heard{id: "99", channel: c.guild.hall, content: "lies", life: 1, at: c.at(7, 0)})
			return []*witness{x}
		}, "which nobody sent"},
		"another content": {func(c *court) []*witness {
			x := c.hear(0, 2, 3, 4, 6)
			x.heard[1].content = "m 9"
			return []*witness{x}
		}, `which was sent as "m 2"`},
		"without an answer, heard by one": {func(c *court) []*witness {
			c.posts[2].id, c.posts[2].answered = "", time.Time{}
			x := c.hear(0, 3, 4, 6)
			y := c.hear(0, 3, 4, 6)
			y.heard = append([]heard{y.heard[0], {id: "2", channel: c.guild.hall, content: "m 2", life: 1, at: c.at(2, 300)}}, y.heard[1:]...)
			return []*witness{x, y}
		}, `never heard message 2`},
		"without an answer, heard by nobody": {func(c *court) []*witness {
			c.posts[2].id, c.posts[2].answered = "", time.Time{}
			return []*witness{c.hear(0, 3, 4, 6)}
		}, ""},
		"a gap between two lives":   {func(c *court) []*witness { return []*witness{c.hear(0, -1, 4, 6)} }, ""},
		"a hole in the first life":  {func(c *court) []*witness { return []*witness{c.hear(0, 3, 4, -1, 6)} }, "never heard message 2"},
		"a hole in the second life": {func(c *court) []*witness { return []*witness{c.hear(0, -1, 2, 4, 6)} }, "never heard message 3"},
		"a guild taken away": {func(c *court) []*witness {
			x := c.hear(0, 2, 3, 4, 6)
			x.lives[0].stays["0"][0].went = c.at(60, 0)
			return []*witness{x}
		}, "GUILD_DELETE"},
	} {
		c := newCourt()
		var said []string
		_, complaints := judge(c.posts, try.witnesses(c))
		for _, wrong := range complaints {
			said = append(said, wrong.what)
		}
		all := strings.Join(said, "\n")
		if try.want == "" && all != "" || !strings.Contains(all, try.want) {
			t.Errorf("%s: the judge says %q, expected %q", name, all, try.want)
		}
	}
}

// TestWitness shows a witness what it can tell by itself.
func TestWitness(t *testing.T) {
	t.Parallel()
	const (
		ready  = `{"user":{"id":"member"},"guilds":[{"id":"0","unavailable":true}]}`
		create = `{"id":"0","owner_id":"1","roles":[{"id":"0","permissions":"1024"}],"members":[{"user":{"id":"member"},"roles":[]}],"channels":[` +
			`{"id":"hall","permission_overwrites":[]},{"id":"cell","permission_overwrites":[{"id":"0","type":0,"allow":"0","deny":"1024"}]}]}`
		opened = `{"id":"cell","guild_id":"0","permission_overwrites":[{"id":"0","type":0,"allow":"0","deny":"1024"},{"id":"member","type":1,"allow":"1024","deny":"0"}]}`
		hall   = `{"id":"7","channel_id":"hall","content":"x"}`
		cell   = `{"id":"8","channel_id":"cell","content":"x"}`
		empty  = `{"id":"9","channel_id":"hall","content":""}`
	)
	type dispatch struct {
		kind, data string
		s          int64
	}
	begin := []dispatch{{"READY", ready, 1}, {"GUILD_CREATE", create, 2}}
	for name, try := range map[string]struct {
		dispatches []dispatch
		want       string
	}{
		"what it may see":  {[]dispatch{{"MESSAGE_CREATE", hall, 5}, {"CHANNEL_UPDATE", opened, 6}, {"MESSAGE_CREATE", cell, 9}}, ""},
		"a hidden channel": {[]dispatch{{"MESSAGE_CREATE", cell, 5}}, "may not see"},
		"too late":         {[]dispatch{{"MESSAGE_CREATE", cell, 5}, {"CHANNEL_UPDATE", opened, 6}}, "may not see"},
		"twice":            {[]dispatch{{"MESSAGE_CREATE", hall, 5}, {"MESSAGE_CREATE", hall, 6}}, "again"},
		"the same number":  {[]dispatch{{"MESSAGE_CREATE", hall, 2}}, "came with s=2 after s=2"},
		"without content":  {[]dispatch{{"MESSAGE_CREATE", empty, 5}}, "with the content"},
		"not JSON":         {[]dispatch{{"MESSAGE_CREATE", `{`, 5}}, "does not decode"},
	} {
		c := newCourt()
		x := c.world.newWitness(&account{id: "member", bot: true, guilds: []*guild{c.guild}}, [2]int{}, dialects[0], withContent)
		for _, d := range append(begin, try.dispatches...) {
			x.take(gatewayclient.Event{Type: d.kind, Data: []byte(d.data), Seq: d.s, Life: 1, At: time.Now()})
		}
		var said []string
		for _, wrong := range x.bad {
			said = append(said, wrong.what)
		}
		all := strings.Join(said, "\n")
		if try.want == "" && all != "" || !strings.Contains(all, try.want) {
			t.Errorf("%s: the witness says %q, expected %q", name, all, try.want)
		}
	}
}

// TestLosses shows the judge sessions that were told that they are gone.
func TestLosses(t *testing.T) {
	t.Parallel()
	for name, try := range map[string]struct {
		second int // of the loss; access changed from 2.5 to 4.6 s
		fault  *fault
		want   string
	}{
		"no reason":        {60, nil, ""},
		"access changed":   {5, nil, accessChanged},
		"Redis was away":   {60, &fault{stores: true}, storesAway},
		"two pods at once": {60, &fault{pods: true, what: "kill -9 a, then b"}, movedTwice},
		"the machine":      {60, &fault{stall: true}, stalled},
	} {
		c := newCourt()
		x, m := c.hear(), &monkey{t: t}
		at := c.at(try.second, 0)
		if try.fault != nil {
			try.fault.begun, try.fault.ended = at.Add(-time.Second), at
			m.faults = append(m.faults, try.fault)
		}
		x.turns = []gatewayclient.Turn{{Kind: gatewayclient.Dropped, At: at.Add(-100 * time.Millisecond)},
			{Kind: gatewayclient.Invalidated, At: at, Err: errors.New("gone"), Seq: 3}}
		reasons, wrong := judgeLosses([]*witness{x}, m)
		if try.want == "" && (len(wrong) != 1 || reasons["none"] != 1) || try.want != "" && (len(wrong) != 0 || reasons[try.want] != 1) {
			t.Errorf("%s: reasons %v, complaints %v", name, reasons, wrong)
		}
	}
}
