package socket

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/exec"
	"runtime/debug"
	"strconv"
	"strings"
	"testing"

	"github.com/gorilla/websocket"
)

// idler is the protocol of a connection on which nothing is said.
type idler struct{}

func (idler) Message([]byte) {}
func (idler) Ping()          {}
func (idler) HalfClosed()    {}
func (idler) Closed(int)     {}

// serveIdle prints its address, and answers each line with one when its memory is tidied up.
func serveIdle(role string) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	var handler http.Handler
	if role == "bare" {
		handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			ws, err := (&websocket.Upgrader{}).Upgrade(w, r, nil)
			if err != nil {
				return
			}
			go func() {
				for {
					if _, _, err := ws.ReadMessage(); err != nil {
						return
					}
				}
			}()
		})
	} else {
		handler = Handler(Options{
			Log: slog.New(slog.DiscardHandler), MaxConnections: 1 << 20,
			Open: func(*Conn, Opening) Protocol { return idler{} },
		})
	}
	go func() { _ = http.Serve(listener, handler) }()
	fmt.Println(listener.Addr())
	for in := bufio.NewScanner(os.Stdin); in.Scan(); {
		debug.FreeOSMemory()
		fmt.Println("tidy")
	}
}

// BenchmarkIdleConnection measures what a connection takes on which nothing is said, for the process after a garbage
// collection and for the kernel, beside one of gorilla with default buffers and a goroutine that reads. Run with -benchtime 1x.
func BenchmarkIdleConnection(b *testing.B) {
	const n = 5000
	for _, role := range []string{"bare", "conn"} {
		b.Run(role, func(b *testing.B) {
			var process, kernel float64
			for b.Loop() {
				u, k := measureIdle(b, role, n)
				process += u
				kernel += k
			}
			b.ReportMetric(process/float64(b.N), "process-B/conn")
			b.ReportMetric(kernel/float64(b.N), "kernel-B/conn")
			b.ReportMetric((process+kernel)/float64(b.N), "B/conn")
		})
	}
}

func measureIdle(b *testing.B, role string, n int) (process, kernel float64) {
	server := exec.Command(os.Args[0])
	server.Env = append(os.Environ(), serverRole+"="+role)
	stdin, err := server.StdinPipe()
	if err != nil {
		b.Fatal(err)
	}
	stdout, err := server.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	if err := server.Start(); err != nil {
		b.Fatal(err)
	}
	defer func() { _ = server.Wait() }()
	defer func() { _ = stdin.Close() }()
	answers := bufio.NewScanner(stdout)
	answers.Scan()
	addr := answers.Text()
	tidy := func() {
		_, _ = io.WriteString(stdin, "\n")
		answers.Scan()
	}
	conns := dialIdle(b, addr, 100) // warms up
	tidy()
	processBefore, kernelBefore := residentBytes(b, server.Process.Pid), kernelBytes(b)
	conns = append(conns, dialIdle(b, addr, n)...)
	tidy()
	process = float64(residentBytes(b, server.Process.Pid)-processBefore) / float64(n)
	kernel = float64(kernelBytes(b)-kernelBefore) / float64(n) / 2 // the client's end is here, too
	for _, c := range conns {
		_ = c.Close()
	}
	return process, kernel
}

// dialIdle connects n clients.
func dialIdle(b *testing.B, addr string, n int) []net.Conn {
	const request = "GET /?v=10&encoding=json HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
	conns := make([]net.Conn, n)
	answer := make([]byte, 1024)
	for i := range conns {
		c, err := net.Dial("tcp", addr)
		if err != nil {
			b.Fatal(err)
		}
		if _, err := io.WriteString(c, request); err != nil {
			b.Fatal(err)
		}
		if got, err := c.Read(answer); err != nil || !bytes.HasPrefix(answer[:got], []byte("HTTP/1.1 101")) {
			b.Fatalf("handshake: %s, %v", answer[:got], err)
		}
		conns[i] = c
	}
	return conns
}

// residentBytes is the anonymous memory that a process has, in bytes.
func residentBytes(b *testing.B, pid int) int64 {
	return readKB(b, fmt.Sprintf("/proc/%d/status", pid), "RssAnon:")
}

// kernelBytes is what the kernel has for its own objects, sockets and descriptors among them, in bytes.
func kernelBytes(b *testing.B) int64 { return readKB(b, "/proc/meminfo", "Slab:") }

func readKB(b *testing.B, file, key string) int64 {
	data, err := os.ReadFile(file)
	if err != nil {
		b.Skip(err)
	}
	for line := range strings.Lines(string(data)) {
		if rest, ok := strings.CutPrefix(line, key); ok {
			kb, err := strconv.ParseInt(strings.Fields(rest)[0], 10, 64)
			if err != nil {
				b.Fatal(err)
			}
			return kb << 10
		}
	}
	b.Skipf("no %s in %s", key, file)
	return 0
}
