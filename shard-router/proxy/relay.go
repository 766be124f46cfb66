package proxy

import (
	"errors"
	"io"
	"net"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// relay copies between a client and its pod until both directions have ended, and ends the link.
func (p *Proxy) relay(l *link, placed *place) {
	gauge := p.metrics.joined
	gauge.Inc()
	toGateway := p.metrics.toGateway
	toClient := p.metrics.toClient

	l.handOver()
	up := make(chan struct{})
	go func() {
		defer close(up)
		l.limits.relay(placed.conn, l.client, toGateway)
		if l.isLeaving() {
			l.limits.discard(l.client)
		}
	}()
	// If this write fails, so does the next.
	_ = writeAll(l.client, placed.ahead, l.limits.Write)
	placed.ahead = nil
	l.limits.relay(l.client, placed.conn, toClient)
	<-up

	l.cut()
	_ = placed.conn.Close()
	placed.lease.Release()
	gauge.Dec()
	p.links.remove(l)
}

// relay copies from src to dst until one of them ends. Then dst is told that no more comes, and has a short time to
// finish what it is saying.
func (limits *Limits) relay(dst, src *net.TCPConn, copied prometheus.Counter) {
	err := limits.copy(dst, src, copied)
	_ = dst.CloseWrite()
	_ = dst.SetReadDeadline(time.Now().Add(limits.Linger))
	if errors.Is(err, errWrite) {
		limits.discard(src)
	}
}

// discard drops what src still says, for a while: closing it with unread data would reset it, and it might lose what the
// other direction has brought it, as the reason of a close frame.
func (limits *Limits) discard(src *net.TCPConn) {
	if src.SetReadDeadline(time.Now().Add(limits.Linger)) == nil {
		_, _ = io.Copy(io.Discard, src)
	}
}

// errWrite tells that the destination failed, not the source.
var errWrite = errors.New("write failed")

// copy copies until an error; nil is the end of src.
func (limits *Limits) copy(dst, src *net.TCPConn, copied prometheus.Counter) error {
	bursts, err := newBurstReader(src)
	if err != nil {
		return err
	}
	for {
		burst, err := bursts.next()
		if err != nil {
			return err
		}
		if len(burst) == 0 {
			return nil
		}
		err = writeAll(dst, burst, limits.Write)
		bursts.release()
		if err != nil {
			return errors.Join(errWrite, err)
		}
		copied.Add(float64(len(burst)))
	}
}

// writeAll writes data within the limit.
func writeAll(conn *net.TCPConn, data []byte, limit time.Duration) error {
	if err := conn.SetWriteDeadline(time.Now().Add(limit)); err != nil {
		return err
	}
	_, err := conn.Write(data)
	return err
}
