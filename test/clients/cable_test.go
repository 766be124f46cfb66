package clients_test

import (
	"context"
	"net"
	"sync"
)

// cable is the network under a Go client's gateway connections: it can be cut, and connections made then wait until it is
// plugged in again.
type cable struct {
	mu      sync.Mutex
	conns   map[net.Conn]bool
	plugged chan struct{} // closed while plugged in
}

func newCable() *cable {
	c := &cable{conns: map[net.Conn]bool{}, plugged: make(chan struct{})}
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
	c.conns[conn] = true
	return conn, nil
}

// cut resets every connection: no close frame reaches either side.
func (c *cable) cut() (connections int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.plugged = make(chan struct{})
	for conn := range c.conns {
		if tcp, ok := conn.(*net.TCPConn); ok {
			tcp.SetLinger(0)
		}
		if conn.Close() == nil {
			connections++
		}
		delete(c.conns, conn)
	}
	return connections
}

func (c *cable) plug() {
	c.mu.Lock()
	defer c.mu.Unlock()
	close(c.plugged)
}
