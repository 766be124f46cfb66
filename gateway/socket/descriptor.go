package socket

import (
	"errors"
	"fmt"
	"net"
	"syscall"

	"golang.org/x/sys/unix"
)

// detach takes the descriptor out of a connection, and closes what is left of it. The descriptor does not block.
func detach(conn net.Conn) (int, error) {
	defer func() { _ = conn.Close() }() // closes its own descriptor only, and takes it out of the runtime's poller
	s, ok := conn.(syscall.Conn)
	if !ok {
		return -1, fmt.Errorf("%T has no descriptor", conn)
	}
	raw, err := s.SyscallConn()
	if err != nil {
		return -1, fmt.Errorf("take descriptor: %w", err)
	}
	fd := -1
	var failed error
	err = raw.Control(func(own uintptr) { fd, failed = unix.FcntlInt(own, unix.F_DUPFD_CLOEXEC, 0) })
	if err = errors.Join(err, failed); err != nil {
		return -1, fmt.Errorf("take descriptor: %w", err)
	}
	tune(fd)
	return fd, nil
}

// maxUnsent bounds what the kernel takes before it is sent, in bytes. Without that it takes up to 4 MB for each client that does
// not read, all copies of payloads that here are shared.
const maxUnsent = 128 << 10

// tune sets what can be set; a connection that is no TCP has neither.
func tune(fd int) {
	// Heartbeats tell dead clients. The kernel's own probes, every 15 s as Go sets them, would cost more than these.
	_ = unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_KEEPALIVE, 0)
	_ = unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_NOTSENT_LOWAT, maxUnsent)
}

// receive reads what has come; unix.EAGAIN if that is nothing.
func (c *Conn) receive(buf []byte) (int, error) {
	for {
		n, err := unix.Read(c.fd, buf)
		if !errors.Is(err, unix.EINTR) {
			return n, err
		}
	}
}

// transmit writes what the kernel takes at once; unix.EAGAIN if that is nothing.
func (c *Conn) transmit(buf []byte) (int, error) {
	for {
		n, err := write(c.fd, buf)
		if !errors.Is(err, unix.EINTR) {
			return n, err
		}
	}
}
