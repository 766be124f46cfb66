package proxy

import (
	"net"
	"net/http"
	"sync/atomic"
)

// gate bounds the connections that are not upgraded yet. Over it a connection is dropped as it comes, so that the process
// keeps the descriptors that it needs to reach the pods.
type gate struct {
	max  int64
	open atomic.Int64
}

// connState is the HTTP server's ConnState hook. Hijacked connections are the registry's to count.
func (g *gate) connState(conn net.Conn, state http.ConnState) {
	switch state {
	case http.StateNew:
		if g.open.Add(1) > g.max {
			_ = conn.Close() // the server notices and reports StateClosed
		}
	case http.StateHijacked, http.StateClosed:
		g.open.Add(-1)
	case http.StateActive, http.StateIdle:
	}
}
