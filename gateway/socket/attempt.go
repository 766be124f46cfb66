package socket

import (
	"syscall"

	"golang.org/x/sys/unix"
)

// attempt is a write that does not wait.
type attempt struct {
	call func(fd uintptr) bool // send, kept so that no closure is made for each write
	n    int
	err  error
}

// try writes what of w.buf the kernel takes at once, with one system call. Without a raw connection that is nothing.
func (w *writer) try(raw syscall.RawConn) (n int, err error) {
	if raw == nil {
		return 0, nil
	}
	w.n, w.err = 0, nil
	if err := raw.Write(w.call); err != nil {
		return 0, err
	}
	return w.n, w.err
}

func (w *writer) send(fd uintptr) bool {
	for {
		w.n, w.err = unix.SendmsgN(int(fd), w.buf, nil, nil, unix.MSG_DONTWAIT|unix.MSG_NOSIGNAL)
		switch w.err {
		case unix.EINTR:
			continue
		case unix.EAGAIN:
			w.n, w.err = 0, nil
		}
		return true
	}
}
