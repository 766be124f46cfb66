package proxy

import (
	"errors"
	"net"
	"sync"
	"syscall"
)

// burstSize is the most that is copied at once, in bytes.
const burstSize = 32 << 10

var burstBuffers = sync.Pool{New: func() any { return new([burstSize]byte) }}

// burstReader reads what a connection has to give into a buffer that it takes from a pool only then: an idle connection
// holds none. io.Copy would hold one for good, or, by splice(2), a pipe with two descriptors.
type burstReader struct {
	raw    syscall.RawConn
	read   func(fd uintptr) (done bool) // tryRead, bound once
	buffer *[burstSize]byte             // nil while nothing is there to read
	n      int
	err    error
}

func newBurstReader(conn *net.TCPConn) (*burstReader, error) {
	raw, err := conn.SyscallConn()
	if err != nil {
		return nil, err
	}
	r := &burstReader{raw: raw}
	r.read = r.tryRead
	return r, nil
}

// next waits for bytes and returns those that are there, none at the end. They are valid until release, which must be
// called unless there are none.
func (r *burstReader) next() ([]byte, error) {
	if err := r.raw.Read(r.read); err != nil {
		return nil, err
	}
	if r.err != nil || r.n == 0 {
		r.release()
		return nil, r.err
	}
	return r.buffer[:r.n], nil
}

// tryRead reads if that does not block; otherwise it is not done, and is called again when the descriptor is readable.
func (r *burstReader) tryRead(fd uintptr) (done bool) {
	r.buffer = burstBuffers.Get().(*[burstSize]byte)
	for {
		r.n, r.err = syscall.Read(int(fd), r.buffer[:])
		if !errors.Is(r.err, syscall.EINTR) {
			break
		}
	}
	if errors.Is(r.err, syscall.EAGAIN) {
		r.release()
		return false
	}
	return true
}

// release gives the buffer back.
func (r *burstReader) release() {
	if r.buffer != nil {
		burstBuffers.Put(r.buffer)
		r.buffer = nil
	}
}
