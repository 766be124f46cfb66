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

// Drain refuses new connections and has the clients that there are told to connect anew over the period, each at a random
// time in it, so that their reconnecting is spread as well. It returns when all have ended; after ctx has ended, they are cut.
//
// What is copied may be amid a frame, or of a compressed stream, so the router can't tell a client itself: its pod does.
func (p *Proxy) Drain(ctx context.Context, period time.Duration) {
	links := p.links.drain()
	p.log.Info("draining", "connections", len(links), "period", period.String())
	timers := make([]*time.Timer, 0, len(links))
	for _, l := range links {
		var after time.Duration
		if period > 0 {
			after = rand.N(period)
		}
		timers = append(timers, time.AfterFunc(after, l.dismiss))
	}
	select {
	case <-p.links.empty:
	case <-ctx.Done():
	}
	for i, timer := range timers {
		timer.Stop()
		links[i].cut()
	}
	<-p.links.empty
}
