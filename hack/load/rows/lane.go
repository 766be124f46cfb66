package rows

import (
	"context"
	"time"

	"golang.org/x/sync/errgroup"

	"guildhall.chat/guildhall/hack/load/procstat"
	"guildhall.chat/guildhall/hack/load/rig"
	"guildhall.chat/guildhall/hack/load/world"
)

// settle is what a server has for the rest of its work after the last delivery.
const settle = 50 * time.Millisecond

// lane is a fleet with the servers that deliver to it.
type lane struct {
	name  string
	fleet *rig.Fleet
	pids  []int // of the servers whose time counts
	// send sends the next count messages in order and returns, at the earliest, when the last is on its way.
	send func(ctx context.Context, count int) error
	// chunk is how many messages are handed to send at once at saturation.
	chunk int
}

// cost is what a trial took.
type cost struct {
	perDelivery float64 // nanoseconds of CPU
	rate        float64 // messages a second
}

// paced sends one message after the other, each when everybody has the one before.
func (l *lane) paced(ctx context.Context, messages int) (cost, error) {
	return l.trial(ctx, messages, func() error {
		for range messages {
			have := l.fleet.Have()
			if err := l.send(ctx, 1); err != nil {
				return err
			}
			if err := l.fleet.AwaitHave(ctx, have+1); err != nil {
				return err
			}
		}
		return nil
	})
}

// saturated sends as fast as the servers take it, while at most window messages are not everywhere.
func (l *lane) saturated(ctx context.Context, messages, window int) (cost, error) {
	return l.trial(ctx, messages, func() error {
		start := l.fleet.Have()
		senders, sending := errgroup.WithContext(ctx)
		senders.SetLimit(max(1, window/l.chunk))
		for sent := 0; sent < messages && sending.Err() == nil; sent += l.chunk {
			count := min(l.chunk, messages-sent)
			if err := l.fleet.AwaitHave(sending, start+sent+count-window); err != nil {
				break // a sender has failed, or the fleet: the wait below says so
			}
			senders.Go(func() error { return l.send(sending, count) })
		}
		if err := senders.Wait(); err != nil {
			return err
		}
		return l.fleet.AwaitHave(ctx, start+messages)
	})
}

// trial measures what do costs, which delivers so many messages to all.
func (l *lane) trial(ctx context.Context, messages int, do func() error) (cost, error) {
	before, err := procstat.CPU(l.pids...)
	if err != nil {
		return cost{}, err
	}
	began := time.Now()
	if err := do(); err != nil {
		return cost{}, err
	}
	took := time.Since(began)
	time.Sleep(settle)
	after, err := procstat.CPU(l.pids...)
	if err != nil {
		return cost{}, err
	}
	if _, err := l.fleet.Verify(ctx); err != nil {
		return cost{}, err
	}
	used := max(after-before, procstat.Resolution)
	deliveries := float64(messages) * float64(l.fleet.Spec.Clients)
	return cost{float64(used) / deliveries, float64(messages) / took.Seconds()}, nil
}

// posted sends messages by the API, several at once if it is told to send several.
func posted(p *world.Poster, g world.Guild) func(ctx context.Context, count int) error {
	next := make(chan int, 1)
	next <- 0
	return func(ctx context.Context, count int) error {
		first := <-next
		next <- first + count
		for n := range count {
			if _, err := p.Post(ctx, g, first+n); err != nil {
				return err
			}
		}
		return nil
	}
}

// sentBy sends messages of the corpus by a peer, which takes one order at a time.
func sentBy(s *rig.Server) func(ctx context.Context, count int) error {
	turn := make(chan struct{}, 1)
	return func(ctx context.Context, count int) error {
		turn <- struct{}{}
		defer func() { <-turn }()
		return s.Send(ctx, count)
	}
}
