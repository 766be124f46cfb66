package proxy

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"
)

// Ready returns an error when the proxy takes no new connections.
func (p *Proxy) Ready(context.Context) error {
	if p.links.isDraining() {
		return errors.New("draining")
	}
	return nil
}

// Drain refuses new connections and cuts those there are over the period, each at a random time in it, so that the
// clients' reconnecting is spread as well. It returns when all have ended; at once after ctx ends.
//
// A placed connection can't be sent a close frame, for what is copied to it may be amid a frame. Clients take the lost
// connection for what it is, and resume.
func (p *Proxy) Drain(ctx context.Context, period time.Duration) {
	links := p.links.drain()
	p.log.Info("draining", "connections", len(links), "period", period.String())
	timers := make([]*time.Timer, 0, len(links))
	for _, l := range links {
		var after time.Duration
		if period > 0 {
			after = rand.N(period)
		}
		timers = append(timers, time.AfterFunc(after, l.cut))
	}
	select {
	case <-p.links.empty:
	case <-ctx.Done():
	}
	for i, timer := range timers {
		if timer.Stop() {
			links[i].cut()
		}
	}
	<-p.links.empty
}
