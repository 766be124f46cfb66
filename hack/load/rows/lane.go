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
	clients     float64 // the same of the clients, which does not count
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
func (l *lane) trial(ctx context.Context, messages int, do func() error) (c cost, err error) {
	deliveries := float64(messages) * float64(l.fleet.Spec.Clients)
	servers, err := spent(l.pids)
	if err != nil {
		return c, err
	}
	clients, err := spent(l.fleet.PIDs())
	if err != nil {
		return c, err
	}
	began := time.Now()
	if err := do(); err != nil {
		return c, err
	}
	c.rate = float64(messages) / time.Since(began).Seconds()
	time.Sleep(settle)
	if c.perDelivery, err = servers(deliveries); err != nil {
		return c, err
	}
	if c.clients, err = clients(deliveries); err != nil {
		return c, err
	}
	_, err = l.fleet.Verify(ctx)
	return c, err
}

// spent returns a function that tells the nanoseconds of CPU that the processes have used since, for each of so many.
func spent(pids []int) (each func(of float64) (float64, error), err error) {
	before, err := procstat.CPU(pids...)
	return func(of float64) (float64, error) {
		after, err := procstat.CPU(pids...)
		return float64(max(after-before, procstat.Resolution)) / of, err
	}, err
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
