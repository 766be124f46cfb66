package rest

import (
	"context"
	"log/slog"
)

// named is a handler that adds the request's id to what is logged. Most requests log nothing, so it is not formatted before.
type named struct {
	slog.Handler
	request string
}

func (n *named) attr() slog.Attr { return slog.String("request", n.request) }

// Handle implements slog.Handler.
func (n *named) Handle(ctx context.Context, r slog.Record) error {
	return n.WithAttrs(nil).Handle(ctx, r)
}

// WithAttrs implements slog.Handler.
func (n *named) WithAttrs(attrs []slog.Attr) slog.Handler {
	return n.Handler.WithAttrs(append([]slog.Attr{n.attr()}, attrs...))
}

// WithGroup implements slog.Handler.
func (n *named) WithGroup(name string) slog.Handler {
	return n.WithAttrs(nil).WithGroup(name)
}
