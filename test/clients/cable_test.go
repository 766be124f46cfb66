package clients_test

import (
	"context"
	"net"
	"sync"
	"sync/atomic"
	"syscall"
)

// cable is the network under a Go client's gateway connections: it can be cut, and connections made then wait until it is
// plugged in again.
type cable struct {
	mu      sync.Mutex
	strands map[*strand]bool
	plugged chan struct{} // closed while plugged in
}

// strand is one connection. Once it is cut the client sees a reset, as if the other side had gone, and not that its own
// side was closed: some libraries take that for their own doing.
type strand struct {
	net.Conn
	cut atomic.Bool
}

func (s *strand) Read(p []byte) (int, error) {
	n, err := s.Conn.Read(p)
	return n, s.seen("read", err)
}

func (s *strand) Write(p []byte) (int, error) {
	n, err := s.Conn.Write(p)
	return n, s.seen("write", err)
}

func (s *strand) seen(op string, err error) error {
	if err != nil && s.cut.Load() {
		return &net.OpError{Op: op, Net: "tcp", Addr: s.RemoteAddr(), Err: syscall.ECONNRESET}
	}
	return err
}

func newCable() *cable {
	c := &cable{strands: map[*strand]bool{}, plugged: make(chan struct{})}
	close(c.plugged)
	return c
}

// dial has the signature of websocket.Dialer.NetDialContext.
func (c *cable) dial(ctx context.Context, network, address string) (net.Conn, error) {
	c.mu.Lock()
	plugged := c.plugged
	c.mu.Unlock()
	select {
	case <-plugged:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	var dialer net.Dialer
	conn, err := dialer.DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	s := &strand{Conn: conn}
	c.strands[s] = true
	return s, nil
}

// cut resets every connection: no close frame reaches either side.
func (c *cable) cut() (connections int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.plugged = make(chan struct{})
	for s := range c.strands {
		s.cut.Store(true)
		if tcp, ok := s.Conn.(*net.TCPConn); ok {
			tcp.SetLinger(0)
		}
		if s.Close() == nil {
			connections++
		}
		delete(c.strands, s)
	}
	return connections
}

func (c *cable) plug() {
	c.mu.Lock()
	defer c.mu.Unlock()
	close(c.plugged)
}
