package peer

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"

	"golang.org/x/sys/unix"

	"guildhall.chat/guildhall/hack/load/control"
	"guildhall.chat/guildhall/hack/load/payload"
)

// Bare writes ready-made frames to every WebSocket that connects, one frame a call: a loop over the sockets and nothing
// else. It reads nothing, not even closes. One goroutine calls write(2) itself, which is the cheapest such loop: by net.Conn
// it takes a tenth more, by a goroutine a core the same.
type Bare struct {
	Listen string
	Corpus payload.Corpus

	mu    sync.Mutex
	conns []net.Conn // keeps the descriptors open
	fds   []int
	next  int // message
}

// Serve serves until ctx ends.
func (b *Bare) Serve(ctx context.Context, reporter *control.Reporter) error {
	listener, err := net.Listen("tcp", b.Listen)
	if err != nil {
		return err
	}
	defer context.AfterFunc(ctx, func() { _ = listener.Close() })()
	go b.accept(listener)
	reporter.Report(control.Report{Is: control.Listening, Addr: listener.Addr().String()})
	return control.Serve(ctx, func(o control.Order) error {
		if o.Do != control.Send {
			return errors.New("unknown order")
		}
		if err := b.send(o.Count); err != nil {
			return err
		}
		reporter.Report(control.Report{Is: control.Sent, At: control.Now()})
		return nil
	})
}

func (b *Bare) accept(listener net.Listener) {
	for {
		conn, err := listener.Accept()
		if err != nil {
			return
		}
		go func() {
			if err := b.keep(conn); err != nil {
				_ = conn.Close()
			}
		}()
	}
}

func (b *Bare) keep(conn net.Conn) error {
	if err := upgrade(conn); err != nil {
		return err
	}
	raw, err := conn.(*net.TCPConn).SyscallConn()
	if err != nil {
		return err
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.conns = append(b.conns, conn)
	return raw.Control(func(fd uintptr) { b.fds = append(b.fds, int(fd)) })
}

// send writes the next count messages to all.
func (b *Bare) send(count int) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	for range count {
		frame := b.Corpus[b.next%len(b.Corpus)].Frame
		b.next++
		for _, fd := range b.fds {
			if err := write(fd, frame); err != nil {
				return err
			}
		}
	}
	return nil
}

// write writes a frame, and waits only if the socket is full.
func write(fd int, frame []byte) error {
	for len(frame) > 0 {
		n, err := unix.Write(fd, frame)
		switch {
		case err == nil:
			frame = frame[n:]
		case errors.Is(err, unix.EAGAIN):
			_, _ = unix.Poll([]unix.PollFd{{Fd: int32(fd), Events: unix.POLLOUT}}, -1)
		case !errors.Is(err, unix.EINTR):
			return fmt.Errorf("write: %w", err)
		}
	}
	return nil
}
