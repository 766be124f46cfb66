package clients_test

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

// flow is a steady stream of messages: each sender is one person in one channel, who counts.
type flow struct {
	people   []*rest.User
	channels []rest.Channel
	pace     time.Duration // between two messages of a sender, on average; Discord allows five in five seconds
	trace    func(format string, args ...any)

	mu    sync.Mutex
	posts []post
	grown chan struct{} // closed and replaced at each post
}

func newFlow(people []*rest.User, channels []rest.Channel, trace func(format string, args ...any)) *flow {
	return &flow{people: people, channels: channels, pace: 1100 * time.Millisecond, trace: trace, grown: make(chan struct{})}
}

// post is a message that a sender tried to send. Its content, "<sender> <count>", is its key.
type post struct {
	sender  string
	count   int
	channel rest.Channel
	started time.Time
	// id is that of the 200; without it nobody knows whether the message was made: the request died on the way.
	id string
}

func (p post) key() string { return fmt.Sprintf("%s %d", p.sender, p.count) }

// run sends until ctx ends.
func (f *flow) run(ctx context.Context) {
	var senders sync.WaitGroup
	defer senders.Wait()
	for i, person := range f.people {
		for j, channel := range f.channels {
			senders.Go(func() { f.send(ctx, person, fmt.Sprintf("p%dc%d", i, j), channel) })
		}
	}
}

func (f *flow) send(ctx context.Context, person *rest.User, sender string, channel rest.Channel) {
	for count := 0; ; {
		select {
		case <-time.After(f.pace/2 + rand.N(f.pace)): // out of step with the others: at any moment some are under way
		case <-ctx.Done():
			return
		}
		p := post{sender: sender, count: count, channel: channel, started: time.Now()}
		// A message under way when the flow is stopped still gets its answer.
		attempt, cancel := context.WithTimeout(context.WithoutCancel(ctx), 20*time.Second)
		m, err := person.Send(attempt, channel.ID, p.key())
		cancel()
		var refused *rest.Error
		if errors.As(err, &refused) && refused.Status < 500 {
			f.trace("%s was refused: %v", p.key(), err) // not made, for sure: the same count again
			continue
		}
		p.id = m.ID
		if err != nil {
			f.trace("%s is unknown: %v", p.key(), err)
		}
		count++
		f.add(p)
	}
}

func (f *flow) add(p post) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.posts = append(f.posts, p)
	close(f.grown)
	f.grown = make(chan struct{})
}

// say sends one more message as its own sender, which must be accepted, and returns its key.
func (f *flow) say(ctx context.Context, person *rest.User, sender string, count int, channel rest.Channel) (string, error) {
	p := post{sender: sender, count: count, channel: channel, started: time.Now()}
	m, err := person.Send(ctx, channel.ID, p.key())
	p.id = m.ID
	f.add(p)
	return p.key(), err
}

// in copies the posts of a guild.
func (f *flow) in(guild string) []post {
	f.mu.Lock()
	defer f.mu.Unlock()
	var list []post
	for _, p := range f.posts {
		if p.channel.GuildID == guild {
			list = append(list, p)
		}
	}
	return list
}

// awaitAccepted waits until every sender has had n more messages accepted that were started from now on.
func (f *flow) awaitAccepted(t *testing.T, n int, within time.Duration) {
	t.Helper()
	since, deadline := time.Now(), time.After(within)
	senders := len(f.people) * len(f.channels)
	for {
		f.mu.Lock()
		grown := f.grown
		accepted := map[string]int{}
		for _, p := range f.posts {
			if p.id != "" && p.started.After(since) {
				accepted[p.sender]++
			}
		}
		f.mu.Unlock()
		enough := 0
		for _, count := range accepted {
			if count >= n {
				enough++
			}
		}
		if enough == senders {
			return
		}
		select {
		case <-grown:
		case <-deadline:
			t.Fatalf("within %v only %d of %d senders had %d messages accepted: %v", within, enough, senders, n, accepted)
		}
	}
}
