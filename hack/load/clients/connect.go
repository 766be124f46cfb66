package clients

import (
	"bytes"
	"fmt"
	"net/netip"
	"time"

	"golang.org/x/sys/unix"

	"guildhall.chat/guildhall/hack/load/control"
)

const (
	// connectTimeout is how long a client waits for READY. A queue may be long when everybody comes at once.
	connectTimeout = 3 * time.Minute
	maxTries       = 20
	// perSource is how many clients share an address, far fewer than a port range has.
	perSource = 4096
)

// source returns the loopback address that a client connects from.
func source(fleet, client int) [4]byte {
	return [4]byte{127, byte(1 + fleet%250), byte(client / perSource), 1}
}

// admit begins as many connections as may be on their way at once.
func (l *loop) admit(now int64) {
	for l.starting < l.parallel && len(l.queue) > 0 {
		c := &l.clients[l.queue[0]]
		if c.since > now { // waits for its next try
			return
		}
		l.queue = l.queue[1:]
		l.starting++
		c.since = now
		if err := l.connect(c); err != nil {
			l.failed(c, err.Error())
		}
	}
}

// connect begins a connection.
func (l *loop) connect(c *client) error {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return fmt.Errorf("socket: %w", err)
	}
	c.fd, c.phase = int32(fd), connecting
	if err := unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_NODELAY, 1); err != nil {
		return fmt.Errorf("TCP_NODELAY: %w", err)
	}
	// The port is chosen when the destination is known, so that each destination has a whole range of them.
	if err := unix.SetsockoptInt(fd, unix.IPPROTO_IP, unix.IP_BIND_ADDRESS_NO_PORT, 1); err != nil {
		return fmt.Errorf("IP_BIND_ADDRESS_NO_PORT: %w", err)
	}
	if err := unix.Bind(fd, &unix.SockaddrInet4{Addr: source(l.fleet.Source, int(c.index))}); err != nil {
		return fmt.Errorf("bind: %w", err)
	}
	target := l.targets[int(c.index)%len(l.targets)]
	err = unix.Connect(fd, &unix.SockaddrInet4{Addr: target.Addr().As4(), Port: int(target.Port())})
	if err != nil && err != unix.EINPROGRESS {
		return fmt.Errorf("connect: %w", err)
	}
	event := unix.EpollEvent{Events: unix.EPOLLOUT, Fd: c.index}
	if err := unix.EpollCtl(l.epoll, unix.EPOLL_CTL_ADD, fd, &event); err != nil {
		return fmt.Errorf("epoll_ctl: %w", err)
	}
	return nil
}

// connected goes on when TCP has an answer.
func (l *loop) connected(c *client) {
	code, err := unix.GetsockoptInt(int(c.fd), unix.SOL_SOCKET, unix.SO_ERROR)
	if err == nil && code != 0 {
		err = unix.Errno(code)
	}
	if err != nil {
		l.failed(c, "connect: "+err.Error())
		return
	}
	l.watch(c, unix.EPOLLIN)
	l.counts.Connected++
	l.dialect.connected(c)
}

// The key need not be random: it is there to keep caches out. https://www.rfc-editor.org/rfc/rfc6455#section-1.3
const upgradeRequest = "GET %s HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
	"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"

const acceptance = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="

// upgrade asks for a WebSocket.
func (l *loop) upgrade(c *client, path string) {
	c.phase = upgrading
	l.send(c, fmt.Appendf(l.scratch[:0], upgradeRequest, path))
}

// upgraded reads the server's answer at the beginning of b and returns what follows it; whole is false if there is more to
// come.
func (l *loop) upgraded(c *client, b []byte) (rest []byte, whole bool) {
	head, rest, whole := bytes.Cut(b, []byte("\r\n\r\n"))
	if !whole {
		return b, false
	}
	if !bytes.HasPrefix(head, []byte("HTTP/1.1 101 ")) || !bytes.Contains(head, []byte(acceptance)) {
		line, _, _ := bytes.Cut(head, []byte("\r\n"))
		l.failed(c, "upgrade: "+string(line))
		return nil, true
	}
	c.phase = joining
	l.dialect.upgraded(c)
	return rest, true
}

// joined says that a client is in place.
func (l *loop) joined(c *client) {
	c.phase, c.tries = ready, 0
	l.counts.Ready++
	l.starting--
	if l.counts.Ready == len(l.clients) {
		l.report(control.Report{Is: control.Ready, At: control.Now()})
	}
}

// failed counts an attempt that came to nothing, and tries again later.
func (l *loop) failed(c *client, why string) {
	l.counts.Failed++
	l.fault(c, why)
	l.starting--
	l.drop(c)
	if c.tries++; c.tries > maxTries {
		c.phase = gone
		l.report(control.Report{Is: control.GaveUp, Text: why})
		return
	}
	c.phase = waiting
	c.since = control.Now() + int64(c.tries)*int64(100*time.Millisecond)
	l.queue = append(l.queue, c.index)
}

// lost handles the end of a connection that was in place.
func (l *loop) lost(c *client, why string) {
	l.drop(c)
	switch {
	case c.phase == leaving:
		c.phase = gone
		l.gone()
	case c.phase == ready:
		l.counts.Ready--
		l.counts.Dropped++
		c.phase = gone
		if l.returning {
			c.phase, c.since = waiting, 0
			l.queue = append(l.queue, c.index)
			return
		}
		l.fault(c, why)
	case c.phase != waiting && c.phase != gone:
		l.failed(c, why)
	}
}

// drop closes the socket.
func (l *loop) drop(c *client) {
	if c.fd < 0 {
		return
	}
	if c.phase != connecting {
		l.counts.Connected--
	}
	_ = unix.Close(int(c.fd)) // takes it off the epoll as well
	c.fd, c.in, c.out, c.begun, c.tail = -1, nil, nil, false, nil
}

// timeouts ends attempts that take too long.
func (l *loop) timeouts(now int64) {
	for i := range l.clients {
		c := &l.clients[i]
		if c.phase > waiting && c.phase < ready && now-c.since > int64(connectTimeout) {
			l.failed(c, "no READY in time")
		}
	}
}

func parseTargets(addrs []string) ([]netip.AddrPort, error) {
	targets := make([]netip.AddrPort, len(addrs))
	for i, addr := range addrs {
		var err error
		if targets[i], err = netip.ParseAddrPort(addr); err != nil {
			return nil, err
		}
	}
	if len(targets) == 0 {
		return nil, fmt.Errorf("no targets")
	}
	return targets, nil
}
