package peer

import (
	"context"
	"fmt"
	"net"
	"net/http"

	"github.com/gorilla/websocket"

	"guildhall.chat/guildhall/hack/load/control"
)

// Gorilla keeps bare gorilla/websocket connections: default buffers, and the goroutine of the HTTP server reads.
type Gorilla struct {
	Listen string
}

// Serve serves until ctx ends.
func (g *Gorilla) Serve(ctx context.Context, reporter *control.Reporter) error {
	listener, err := net.Listen("tcp", g.Listen)
	if err != nil {
		return err
	}
	var upgrader websocket.Upgrader
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ws, err := upgrader.Upgrade(w, r, nil)
		if err != nil {
			return // it has answered
		}
		defer func() { _ = ws.Close() }()
		for {
			if _, _, err := ws.ReadMessage(); err != nil {
				return
			}
		}
	})}
	defer context.AfterFunc(ctx, func() { _ = server.Close() })()
	go func() { _ = server.Serve(listener) }()
	reporter.Report(control.Report{Is: control.Listening, Addr: listener.Addr().String()})
	return control.Serve(ctx, func(control.Order) error { return fmt.Errorf("it takes no orders") })
}
