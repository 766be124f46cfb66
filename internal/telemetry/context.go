package telemetry

import (
	"context"
	"log/slog"
	"sync/atomic"
)

// request is the context of a request.
type request struct {
	context.Context
	id string
}

type requestKey struct{}

// Value implements context.Context.
func (r *request) Value(key any) any {
	if _, own := key.(requestKey); own {
		return r
	}
	return r.Context.Value(key)
}

// WithRequest returns a context whose log lines carry the request's id. Spans are begun in it, never around it.
func WithRequest(ctx context.Context, id string) context.Context { return &request{ctx, id} }

// IsRequest reports whether a context is what WithRequest has made and nothing has been put around it since, as it is of a
// request that is not traced. It asks no context for a value, so that most requests needn't.
func IsRequest(ctx context.Context) bool {
	_, is := ctx.(*request)
	return is
}

// RequestOf returns the id of the request that a context belongs to, or "".
func RequestOf(ctx context.Context) string {
	if r, ok := ctx.Value(requestKey{}).(*request); ok {
		return r.id
	}
	return ""
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
	grouped      bool                            // what a line has belongs to a group
	root         slog.Handler                    // without attributes and groups
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
	if c.grouped {
		return c.dress(c.root.WithAttrs(attrs)).Handle(ctx, r)
	}
	r = r.Clone()
	r.AddAttrs(attrs...)
	return c.Handler.Handle(ctx, r)
}

// WithAttrs implements slog.Handler.
func (c *contextual) WithAttrs(attrs []slog.Attr) slog.Handler {
	return c.with(c.grouped, func(h slog.Handler) slog.Handler { return h.WithAttrs(attrs) })
}

// WithGroup implements slog.Handler.
func (c *contextual) WithGroup(name string) slog.Handler {
	return c.with(true, func(h slog.Handler) slog.Handler { return h.WithGroup(name) })
}

func (c *contextual) with(grouped bool, more func(slog.Handler) slog.Handler) slog.Handler {
	return &contextual{
		Handler: more(c.Handler), grouped: grouped, root: c.root,
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
