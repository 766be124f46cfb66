package socket

import (
	"encoding/json"
	"io"
	"net"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"guildhall.chat/guildhall/internal/codec"
)

// readAll connects n times and throws away what comes, until its input ends.
func readAll(addr string, n int) {
	for range n {
		c, err := net.Dial("tcp", addr)
		if err != nil {
			panic(err)
		}
		go func() { _, _ = io.Copy(io.Discard, c) }()
	}
	_, _ = io.Copy(io.Discard, os.Stdin)
}

// sockets returns n accepted connections whose other ends are read by another process.
func sockets(b *testing.B, n int) []net.Conn {
	b.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = listener.Close() }()
	client := exec.Command(os.Args[0])
	client.Env = append(os.Environ(), readerRole+"="+listener.Addr().String()+" "+strconv.Itoa(n))
	stdin, err := client.StdinPipe()
	if err != nil {
		b.Fatal(err)
	}
	if err := client.Start(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		_ = stdin.Close()
		_ = client.Wait()
	})
	conns := make([]net.Conn, n)
	for i := range conns {
		if conns[i], err = listener.Accept(); err != nil {
			b.Fatal(err)
		}
	}
	b.Cleanup(func() {
		for _, c := range conns {
			_ = c.Close()
		}
	})
	return conns
}

// cpuTime is what this process has used, in the kernel and out of it.
func cpuTime(b *testing.B) time.Duration {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		b.Fatal(err)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

// BenchmarkDelivery is the CPU time of a delivery by Flush to one of 1,000 sockets, with so many frames queued for each, and its
// ratio to that of a bare writer of the same bytes, one frame a call. Both take turns, so that what else the machine does
// concerns both.
func BenchmarkDelivery(b *testing.B) {
	const n = 1000
	shared := codec.NewDispatch("MESSAGE_CREATE", json.RawMessage(`{"content":"`+strings.Repeat("lorem ipsum ", 80)+`"}`))
	for _, compression := range []codec.Compression{codec.NoCompression, codec.ZlibStream} {
		for _, queued := range []int{1, 4, 16, 64} {
			b.Run(compression.String()+"/"+strconv.Itoa(queued), func(b *testing.B) {
				params := codec.Params{Compression: compression}
				bare := sockets(b, n)
				conns, queues := flushable(b, n, params)
				payload, binary := codec.NewEncoder(params, true).AppendDispatch(nil, 1<<20, shared)
				frame := appendFrame(nil, frameType(binary), payload)
				for i := range queues {
					queues[i].dispatch = Dispatch{1 << 20, shared}
				}
				var bareTime, flushTime time.Duration
				b.ReportAllocs()
				for b.Loop() {
					begun := cpuTime(b)
					for range queued {
						for _, c := range bare {
							if _, err := c.Write(frame); err != nil {
								b.Fatal(err)
							}
						}
					}
					turn := cpuTime(b)
					for i, c := range conns {
						queues[i].left = queued
						c.Flush()
					}
					bareTime += turn - begun
					flushTime += cpuTime(b) - turn
				}
				deliveries := float64(b.N * n * queued)
				b.ReportMetric(float64(bareTime)/deliveries, "bare-ns/delivery")
				b.ReportMetric(float64(flushTime)/deliveries, "flush-ns/delivery")
				b.ReportMetric(float64(bareTime)/float64(flushTime), "ratio")
			})
		}
	}
}

// flushable returns connections like sockets does, and what each of them sends.
func flushable(b *testing.B, n int, params codec.Params) ([]*Conn, []repeater) {
	b.Helper()
	conns := make([]*Conn, n)
	queues := make([]repeater, n)
	loops := loops{max: n}
	for i, below := range sockets(b, n) {
		loop, err := loops.enter()
		if err != nil {
			b.Fatal(err)
		}
		if conns[i], err = newConn(below, loop, codec.NewEncoder(params, true)); err != nil {
			b.Fatal(err)
		}
		conns[i].protocol = idler{}
		go conns[i].read()
		conns[i].Attach(&queues[i])
	}
	b.Cleanup(func() {
		for _, c := range conns {
			c.abort()
		}
	})
	return conns, queues
}

// repeater is a source that has one dispatch several times.
type repeater struct {
	dispatch Dispatch
	left     int
}

func (r *repeater) Next(batch []Dispatch) []Dispatch {
	for ; r.left > 0; r.left-- {
		r.dispatch.Seq++
		batch = append(batch, r.dispatch)
	}
	return batch
}
