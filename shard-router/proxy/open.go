package proxy

import (
	"errors"

	"go.opentelemetry.io/otel/codes"

	"guildhall.chat/guildhall/internal/codec"
)

// open serves a link from its upgrade to its hand-over, or to its end if there is none. With bad, the client's query
// can't be served, and the client is told so.
func (p *Proxy) open(l *link, bad *codec.ParamsError) {
	pending := p.metrics.pending
	pending.Inc()
	placed, err := p.introduce(l, bad)
	pending.Dec()
	<-p.pending
	l.span.End()
	if err != nil {
		p.log.Debug("connection ended before its hand-over", "client", l.addr, "error", err)
		l.cut()
		p.links.remove(l)
		return
	}
	l.frames, l.encoder, l.span = nil, nil, nil
	// In a new goroutine, for this one's stack has grown, and the connection may idle for days.
	go p.relay(l, placed)
}

// introduce greets the client and finds it a pod. The client has been told of the error, if it is there to be told.
func (p *Proxy) introduce(l *link, bad *codec.ParamsError) (*place, error) {
	placed, err := p.introduction(l, bad)
	var refused *refusal
	if errors.As(err, &refused) {
		p.metrics.refused(refused.metric)
		l.span.SetStatus(codes.Error, refused.metric)
		l.close(refused)
	}
	return placed, err
}

func (p *Proxy) introduction(l *link, bad *codec.ParamsError) (*place, error) {
	if bad != nil {
		return nil, refuseParams(bad)
	}
	if err := l.hello(p.config.HeartbeatInterval); err != nil {
		return nil, err
	}
	want, err := l.greet(p.config.Shards, p.keys)
	if err != nil {
		return nil, err
	}
	return p.place(l, want)
}
