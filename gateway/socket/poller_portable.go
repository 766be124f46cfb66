//go:build !linux || portable

package socket

import (
	"os"
	"sync"
)

// poller tells connections what their descriptors are ready for. Where there is no epoll, each has two goroutines that wait
// with the runtime. The build tag is for testing that on Linux.
type poller struct {
	mu    sync.Mutex
	files map[*Conn]*os.File
}

func newPoller() (*poller, error) { return &poller{files: map[*Conn]*os.File{}}, nil }

// add begins to watch a connection. If that fails, the descriptor is closed.
func (p *poller) add(c *Conn) error {
	file := os.NewFile(uintptr(c.fd), "connection")
	raw, err := file.SyscallConn()
	if err != nil {
		_ = file.Close()
		return err
	}
	p.mu.Lock()
	p.files[c] = file
	p.mu.Unlock()
	// The runtime waits for the next change whenever the function returns false, as with an edge-triggered epoll.
	go func() { _ = raw.Read(func(uintptr) bool { c.ready(true, false); return false }) }()
	go func() { _ = raw.Write(func(uintptr) bool { c.ready(false, true); return false }) }()
	return nil
}

// remove closes the descriptor of a connection.
func (p *poller) remove(c *Conn) {
	p.mu.Lock()
	file := p.files[c]
	delete(p.files, c)
	p.mu.Unlock()
	_ = file.Close()
}

func (p *poller) close() {}
