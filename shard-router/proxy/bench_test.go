package proxy

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"os/exec"
	"runtime"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/gobwas/ws"

	"guildhall.chat/guildhall/internal/auth"
	"guildhall.chat/guildhall/internal/metrics"
	"guildhall.chat/guildhall/shard-router/placement"
)

// benchRole tells a copy of the test binary to be a proxy before the pod at benchPod, and which.
const (
	benchRole = "GUILDHALL_BENCH_ROLE"
	benchPod  = "GUILDHALL_BENCH_POD"
)

// benchConnections is the number of clients that the messages go to in turn, as in fan-out.
const benchConnections = 500

// BenchmarkRelay measures what carrying one message of 1 KB to a client costs a proxy process in CPU time, for the router
// and for bare TCP proxies. Each is a process of its own, so that the clients and the pod, here, are not counted.
func BenchmarkRelay(b *testing.B) {
	for _, role := range []string{"router", "tcp-splice", "tcp-buffer"} {
		b.Run(role, func(b *testing.B) { benchmarkRelay(b, role) })
	}
}

func benchmarkRelay(b *testing.B, role string) {
	pods, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = pods.Close() }()
	proxy := startBenchProxy(b, role, pods.Addr().String())
	empty := proxy.usage(b)

	var received atomic.Int64
	var readers sync.WaitGroup
	conns := make([]net.Conn, benchConnections)
	for i := range conns {
		var client net.Conn
		client, conns[i] = joinBenchSession(b, proxy.addr, pods)
		defer func() { _, _ = client.Close(), conns[i].Close() }()
		readers.Go(func() {
			buffer := make([]byte, 32<<10)
			for {
				n, err := client.Read(buffer)
				received.Add(int64(n))
				if err != nil {
					return
				}
			}
		})
	}
	message := ws.MustCompileFrame(ws.NewBinaryFrame(bytes.Repeat([]byte("m"), 1024)))
	idle := proxy.usage(b)
	b.ResetTimer()
	before := received.Load()
	for i := range b.N {
		if _, err := conns[i%len(conns)].Write(message); err != nil {
			b.Fatal(err)
		}
	}
	for received.Load()-before < int64(b.N*len(message)) {
		runtime.Gosched()
	}
	b.StopTimer()
	used := proxy.usage(b)
	seconds := used.CPU - idle.CPU
	b.ReportMetric(float64(b.N*len(message))/1e6/seconds, "MB/cpu-s")
	b.ReportMetric(seconds*1e9/float64(b.N), "cpu-ns/message")
	b.ReportMetric(float64(idle.Descriptors-empty.Descriptors)/benchConnections, "fds/conn")
	b.ReportMetric(float64(idle.Memory-empty.Memory)/benchConnections, "heap+stack-B/conn")
	for _, conn := range conns {
		_ = conn.Close()
	}
	readers.Wait()
}

// joinBenchSession connects a client through the proxy with the pod, and returns both ends.
func joinBenchSession(b *testing.B, addr string, pods net.Listener) (client, pod net.Conn) {
	b.Helper()
	type end struct {
		conn net.Conn
		err  error
	}
	accepted := make(chan end, 1)
	go func() {
		conn, err := pods.Accept()
		if err == nil {
			_, err = ws.Upgrade(conn)
		}
		accepted <- end{conn, err}
	}()
	client, _, _, err := ws.Dial(b.Context(), "ws://"+addr)
	if err != nil {
		b.Fatal(err)
	}
	opening := frame(ws.OpText, true, identify)
	if _, err := client.Write(opening); err != nil {
		b.Fatal(err)
	}
	other := <-accepted
	if other.err != nil {
		b.Fatal(other.err)
	}
	if _, err := io.CopyN(io.Discard, other.conn, int64(len(opening))); err != nil {
		b.Fatal(err)
	}
	return client, other.conn
}

// benchUsage is what a proxy process says of itself.
type benchUsage struct {
	CPU         float64 // seconds, user and system
	Memory      int64   // heap and stacks in use, bytes
	Descriptors int
}

// benchProxy is a proxy in a process of its own.
type benchProxy struct {
	addr  string
	stdin io.Writer
	out   *bufio.Reader
}

func startBenchProxy(b *testing.B, role, pod string) *benchProxy {
	b.Helper()
	cmd := exec.CommandContext(b.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), benchRole+"="+role, benchPod+"="+pod)
	cmd.Stderr = os.Stderr
	stdin, err := cmd.StdinPipe()
	if err != nil {
		b.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		_ = stdin.Close() // ends it
		_ = cmd.Wait()
	})
	p := &benchProxy{stdin: stdin, out: bufio.NewReader(stdout)}
	line, err := p.out.ReadString('\n')
	if err != nil {
		b.Fatalf("the proxy does not start: %v", err)
	}
	p.addr = line[:len(line)-1]
	return p
}

func (p *benchProxy) usage(b *testing.B) benchUsage {
	b.Helper()
	if _, err := io.WriteString(p.stdin, "usage\n"); err != nil {
		b.Fatal(err)
	}
	line, err := p.out.ReadBytes('\n')
	if err != nil {
		b.Fatal(err)
	}
	var usage benchUsage
	if err := json.Unmarshal(line, &usage); err != nil {
		b.Fatal(err)
	}
	return usage
}

// runBenchProxy is the proxy's process: it serves until its standard input ends, and answers each line with its usage.
func runBenchProxy(role, pod string) error {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	switch role {
	case "router":
		keys, err := auth.NewKeys([][]byte{bytes.Repeat([]byte("k"), 32)})
		if err != nil {
			return err
		}
		table := placement.NewTable(placement.Static{{Name: "gateway-0-0", Addr: pod}}, 2*benchConnections)
		config := Config{Shards: func() int { return 1 }, HeartbeatInterval: 41_250_000_000, Limits: DefaultLimits()}
		p := New(config, table, keys, NewMetrics(metrics.New()), slog.New(slog.DiscardHandler))
		go func() { _ = p.Server().Serve(listener) }()
	case "tcp-splice":
		go serveBareProxy(listener, pod, func(dst, src *net.TCPConn) { _, _ = io.Copy(dst, src) })
	case "tcp-buffer":
		go serveBareProxy(listener, pod, func(dst, src *net.TCPConn) {
			_, _ = io.CopyBuffer(struct{ io.Writer }{dst}, struct{ io.Reader }{src}, make([]byte, 32<<10))
		})
	default:
		return fmt.Errorf("no role %q", role)
	}
	fmt.Println(listener.Addr())
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		usage, err := measureUsage()
		if err != nil {
			return err
		}
		if err := json.NewEncoder(os.Stdout).Encode(usage); err != nil {
			return err
		}
	}
	return lines.Err()
}

// serveBareProxy joins each connection to the pod by two copies, and does nothing else.
func serveBareProxy(listener net.Listener, pod string, copyTo func(dst, src *net.TCPConn)) {
	for {
		client, err := listener.Accept()
		if err != nil {
			return
		}
		target, err := net.Dial("tcp", pod)
		if err != nil {
			_ = client.Close()
			return
		}
		join := func(dst, src net.Conn) {
			copyTo(dst.(*net.TCPConn), src.(*net.TCPConn))
			_ = dst.Close()
			_ = src.Close()
		}
		go join(target, client)
		go join(client, target)
	}
}

func measureUsage() (benchUsage, error) {
	debug.FreeOSMemory() // collects, so that only what is held is counted
	var r syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &r); err != nil {
		return benchUsage{}, err
	}
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	fds, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		return benchUsage{}, err
	}
	seconds := func(t syscall.Timeval) float64 { return float64(t.Sec) + float64(t.Usec)/1e6 }
	return benchUsage{seconds(r.Utime) + seconds(r.Stime), int64(m.HeapInuse + m.StackInuse), len(fds)}, nil
}
