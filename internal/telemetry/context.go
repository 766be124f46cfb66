package telemetry

import (
	"context"
	"log/slog"
	"sync/atomic"
)

type requestKey struct{}

// WithRequest returns a context whose log lines carry the request's id.
func WithRequest(ctx context.Context, id string) context.Context {
	return context.WithValue(ctx, requestKey{}, id)
}

// RequestOf returns the id of the request that a context belongs to, or "".
func RequestOf(ctx context.Context) string {
	id, _ := ctx.Value(requestKey{}).(string)
	return id
}

var traceOf atomic.Pointer[func(context.Context) string]

// TraceWith has lines carry the id of the trace that their context belongs to; "" for none.
func TraceWith(of func(context.Context) (id string)) { traceOf.Store(&of) }

// attrsOf returns what a context adds to its lines.
func attrsOf(ctx context.Context) (attrs []slog.Attr) {
	if id := RequestOf(ctx); id != "" {
		attrs = append(attrs, slog.String("request", id))
	}
	if of := traceOf.Load(); of != nil {
		if id := (*of)(ctx); id != "" {
			attrs = append(attrs, slog.String("trace_id", id))
		}
	}
	return attrs
}

// contextual is a handler that adds what the context of a line says, outside of any group, and counts the lines.
type contextual struct {
	slog.Handler                                 // with all attributes and groups
	root         slog.Handler                    // without them
	dress        func(slog.Handler) slog.Handler // adds them
}

func newContextual(h slog.Handler) *contextual {
	return &contextual{Handler: h, root: h, dress: func(h slog.Handler) slog.Handler { return h }}
}

// Handle implements slog.Handler.
func (c *contextual) Handle(ctx context.Context, r slog.Record) error {
	countRecord(r.Level)
	attrs := attrsOf(ctx)
	if len(attrs) == 0 {
		return c.Handler.Handle(ctx, r)
	}
	return c.dress(c.root.WithAttrs(attrs)).Handle(ctx, r)
}

// WithAttrs implements slog.Handler.
func (c *contextual) WithAttrs(attrs []slog.Attr) slog.Handler {
	return c.with(func(h slog.Handler) slog.Handler { return h.WithAttrs(attrs) })
}

// WithGroup implements slog.Handler.
func (c *contextual) WithGroup(name string) slog.Handler {
	return c.with(func(h slog.Handler) slog.Handler { return h.WithGroup(name) })
}

func (c *contextual) with(more func(slog.Handler) slog.Handler) slog.Handler {
	return &contextual{
		Handler: more(c.Handler), root: c.root,
		dress: func(h slog.Handler) slog.Handler { return more(c.dress(h)) },
	}
}

// Bound returns a logger whose lines belong to a context.
func Bound(ctx context.Context, log *slog.Logger) *slog.Logger {
	return slog.New(&bound{log.Handler(), ctx})
}

type bound struct {
	slog.Handler
	ctx context.Context
}

// Handle implements slog.Handler.
func (b *bound) Handle(_ context.Context, r slog.Record) error {
	return b.Handler.Handle(b.ctx, r)
}

// WithAttrs implements slog.Handler.
func (b *bound) WithAttrs(attrs []slog.Attr) slog.Handler {
	return &bound{b.Handler.WithAttrs(attrs), b.ctx}
}

// WithGroup implements slog.Handler.
func (b *bound) WithGroup(name string) slog.Handler {
	return &bound{b.Handler.WithGroup(name), b.ctx}
}
