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

// BenchmarkDelivery is the CPU time of a delivery to one of 1,000 sockets, with so many frames queued for each, by Flush and by
// a bare writer of ready frames, one a call.
func BenchmarkDelivery(b *testing.B) {
	const n = 1000
	shared := codec.NewDispatch("MESSAGE_CREATE", json.RawMessage(`{"content":"`+strings.Repeat("x", 900)+`"}`))
	b.Run("bare", func(b *testing.B) {
		conns := sockets(b, n)
		buf, _ := codec.NewEncoder(codec.Params{}, false).AppendDispatch(nil, 1<<20, shared)
		frame := appendFrame(nil, frameText, buf)
		deliver(b, n, func(i int) {
			if _, err := conns[i].Write(frame); err != nil {
				b.Fatal(err)
			}
		}, 1)
	})
	for _, queued := range []int{1, 4, 16, 64} {
		for _, compression := range []codec.Compression{codec.NoCompression, codec.ZlibStream} {
			b.Run(compression.String()+"/"+strconv.Itoa(queued), func(b *testing.B) {
				conns := make([]*Conn, n)
				queues := make([]repeater, n)
				loops := loops{max: n}
				for i, below := range sockets(b, n) {
					loop, err := loops.enter()
					if err != nil {
						b.Fatal(err)
					}
					enc := codec.NewEncoder(codec.Params{Compression: compression}, false)
					if conns[i], err = newConn(below, loop, enc); err != nil {
						b.Fatal(err)
					}
					queues[i].dispatch.Shared = shared
					conns[i].protocol = idler{}
					go conns[i].read()
					conns[i].Attach(&queues[i])
				}
				b.Cleanup(func() {
					for _, c := range conns {
						c.abort()
					}
				})
				deliver(b, n, func(i int) {
					queues[i].left = queued
					conns[i].Flush()
				}, queued)
			})
		}
	}
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

// deliver measures write, which makes so many deliveries to socket i. It goes round, so that no socket is written twice in a
// row.
func deliver(b *testing.B, n int, write func(i int), deliveries int) {
	b.ReportAllocs()
	before := cpuTime(b)
	i := 0
	for b.Loop() {
		write(i)
		i = (i + 1) % n
	}
	b.ReportMetric(float64(cpuTime(b)-before)/float64(b.N*deliveries), "cpu-ns/delivery")
}
