//go:build linux && !portable

package socket

import (
	"errors"
	"fmt"
	"os"
	"sync"
	"syscall"

	"golang.org/x/sys/unix"
)

// poller tells connections what their descriptors are ready for. It waits with an epoll instance, itself waited for by the
// runtime's: so it takes no thread.
type poller struct {
	file *os.File // the instance
	raw  syscall.RawConn
	fd   int

	mu    sync.Mutex
	conns []*Conn // by descriptor; these are small numbers
}

// interest is what is told, and only when it changes. Errors and the end of the connection are told in any case.
const interest = unix.EPOLLIN | unix.EPOLLOUT | unix.EPOLLET

func newPoller() (*poller, error) {
	fd, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return nil, fmt.Errorf("create epoll instance: %w", err)
	}
	if err := unix.SetNonblock(fd, true); err != nil { // os.NewFile takes this for: can be waited for
		_ = unix.Close(fd)
		return nil, fmt.Errorf("prepare epoll instance: %w", err)
	}
	p := &poller{file: os.NewFile(uintptr(fd), "epoll"), fd: fd}
	if p.raw, err = p.file.SyscallConn(); err != nil {
		_ = p.file.Close()
		return nil, fmt.Errorf("wait for epoll instance: %w", err)
	}
	go p.run()
	return p, nil
}

// run wakes connections until the poller is closed.
func (p *poller) run() {
	events := make([]unix.EpollEvent, 256)
	var n int
	wait := func(uintptr) bool {
		for {
			var err error
			if n, err = unix.EpollWait(p.fd, events, 0); !errors.Is(err, unix.EINTR) {
				return n > 0
			}
		}
	}
	for p.raw.Read(wait) == nil {
		for _, e := range events[:n] {
			if c := p.conn(int(e.Fd)); c != nil {
				const ended = unix.EPOLLERR | unix.EPOLLHUP
				c.ready(e.Events&(unix.EPOLLIN|ended) != 0, e.Events&(unix.EPOLLOUT|ended) != 0)
			}
		}
	}
}

// conn returns the connection that has the descriptor. It may be a newer one than the event is about; it then finds nothing.
func (p *poller) conn(fd int) *Conn {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.conns[fd]
}

// add begins to watch a connection. If that fails, the descriptor is closed.
func (p *poller) add(c *Conn) error {
	p.mu.Lock()
	for len(p.conns) <= c.fd {
		p.conns = append(p.conns, nil)
	}
	p.conns[c.fd] = c
	p.mu.Unlock()
	event := unix.EpollEvent{Events: interest, Fd: int32(c.fd)}
	if err := unix.EpollCtl(p.fd, unix.EPOLL_CTL_ADD, c.fd, &event); err != nil {
		p.remove(c)
		return fmt.Errorf("watch connection: %w", err)
	}
	return nil
}

// remove closes the descriptor of a connection.
func (p *poller) remove(c *Conn) {
	p.mu.Lock()
	p.conns[c.fd] = nil // before the number can be anyone else's
	p.mu.Unlock()
	_ = unix.Close(c.fd)
}

// close ends the poller. It does not wait, for whoever closes may be in its way.
func (p *poller) close() { _ = p.file.Close() }
