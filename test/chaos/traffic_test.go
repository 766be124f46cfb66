package chaos_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"guildhall.chat/guildhall/test/clients/rest"
)

// traffic is what is posted: two voices in each guild, and one in each DM.
type traffic struct {
	world *world

	mu    sync.Mutex
	posts []*post
	grown chan struct{} // closed and replaced at each post
}

// post is a message that a voice tried to send. Its content, "<voice> <count>", is its key.
type post struct {
	key     string
	channel *channel
	asked   time.Time
	// answered is when the 200 came, with the id. Without an id nobody knows whether the message was made.
	answered time.Time
	id       string
}

func newTraffic(w *world) *traffic { return &traffic{world: w, grown: make(chan struct{})} }

// run posts until ctx ends.
func (f *traffic) run(ctx context.Context) {
	var voices sync.WaitGroup
	defer voices.Wait()
	for i, g := range f.world.guilds {
		voices.Go(func() { f.voice(ctx, g.owner, fmt.Sprintf("owner%d", i), g.channels()...) })
		voices.Go(func() { f.voice(ctx, g.herald, fmt.Sprintf("herald%d", i), g.hall) })
	}
	for i, dm := range f.world.directs {
		voices.Go(func() { f.voice(ctx, dm.between[0], fmt.Sprintf("dm%d", i), dm) })
	}
}

func (f *traffic) voice(ctx context.Context, as *account, name string, channels ...*channel) {
	for count := 0; ; count++ {
		pace := f.world.scale.pace
		select {
		case <-time.After(pace/2 + rand.N(pace)):
		case <-ctx.Done():
			return
		}
		// A message under way when the traffic is stopped still gets its answer.
		attempt, cancel := context.WithTimeout(context.WithoutCancel(ctx), 20*time.Second)
		f.say(attempt, as, fmt.Sprintf("%s %d", name, count), channels[rand.IntN(len(channels))])
		cancel()
	}
}

// say posts a message. It is not counted if it was refused: then it was not made, for sure.
func (f *traffic) say(ctx context.Context, as *account, key string, c *channel) (*post, error) {
	p := &post{key: key, channel: c, asked: time.Now()}
	m, err := as.Send(ctx, c.id, key)
	var refused *rest.Error
	if errors.As(err, &refused) && refused.Status < 500 {
		return nil, err
	}
	if err == nil {
		p.answered, p.id = time.Now(), m.ID
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.posts = append(f.posts, p)
	close(f.grown)
	f.grown = make(chan struct{})
	return p, err
}

// awaitAccepted waits until n more messages of each log were accepted that were asked for from now on.
func (f *traffic) awaitAccepted(t *testing.T, n int, within time.Duration) {
	t.Helper()
	since, deadline := time.Now(), time.After(within)
	for {
		f.mu.Lock()
		grown := f.grown
		accepted := map[string]int{}
		for _, p := range f.posts {
			if p.id != "" && p.asked.After(since) {
				accepted[p.channel.log()]++
			}
		}
		f.mu.Unlock()
		enough := 0
		for _, count := range accepted {
			if count >= n {
				enough++
			}
		}
		if logs := len(f.world.guilds) + len(f.world.directs); enough == logs {
			return
		} else if time.Since(since) > within {
			t.Fatalf("within %v only %d of %d logs had %d messages accepted", within, enough, logs, n)
		}
		select {
		case <-grown:
		case <-deadline:
		}
	}
}

// fence ends the traffic: it posts in each log until every witness has heard a post, and then a last one that all hear.
func (f *traffic) fence(t *testing.T, witnesses []*witness) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), fenceTimeout)
	defer cancel()
	type end struct {
		as *account
		c  *channel
	}
	var ends []end
	for _, g := range f.world.guilds {
		ends = append(ends, end{g.owner, g.hall})
	}
	for _, dm := range f.world.directs {
		ends = append(ends, end{dm.between[0], dm})
	}
	err := each(ctx, len(ends), func(ctx context.Context, i int) error {
		as, c := ends[i].as, ends[i].c
		var hearers []*witness
		for _, x := range witnesses {
			if x.covers(c) && c.hasMember(x.account) {
				hearers = append(hearers, x)
			}
		}
		said := map[string]bool{}
		waiting := hearers
		for n := 0; ; n++ {
			p, err := f.say(ctx, as, fmt.Sprintf("fence%d %d", i, n), c)
			if err != nil {
				return fmt.Errorf("%s: the fence: %w", c, err)
			}
			said[p.id] = true
			patience, rest := time.Now().Add(time.Second), []*witness(nil)
			for _, x := range waiting {
				if !x.await(time.Until(patience), func() bool { return x.heardAny(said) }) {
					rest = append(rest, x)
				}
			}
			if waiting = rest; len(waiting) == 0 {
				break
			}
			if ctx.Err() != nil {
				return fmt.Errorf("%s: %d of %d sessions have not heard any of %d last messages, the first is %s: %w", c, len(waiting),
					len(hearers), len(said), waiting[0].name, errors.Join(ctx.Err(), waiting[0].session.Err()))
			}
		}
		last, err := f.say(ctx, as, fmt.Sprintf("fence%d last", i), c)
		if err != nil {
			return fmt.Errorf("%s: the last message: %w", c, err)
		}
		for _, x := range hearers {
			if !x.await(fenceTimeout, func() bool { return x.ids[last.id] != 0 }) {
				t.Errorf("%s: %s has not heard the last message %s: %v", c, x.name, last.id, x.session.Err())
			}
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}

// fenceTimeout bounds how long the sessions may take to be back after the last fault.
const fenceTimeout = 90 * time.Second

func (c *channel) hasMember(a *account) bool {
	if c.guild == nil {
		return a == c.between[0] || a == c.between[1]
	}
	for _, m := range c.guild.members {
		if m == a {
			return !c.guild.ledger.now().gone[a.id]
		}
	}
	return false
}

// heardAny is called under the lock.
func (x *witness) heardAny(ids map[string]bool) bool {
	for id := range ids {
		if x.ids[id] == x.life {
			return true
		}
	}
	return false
}
