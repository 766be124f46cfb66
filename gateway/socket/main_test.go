package socket

import (
	"fmt"
	"os"
	"testing"

	"go.uber.org/goleak"
)

// Variables that make the test binary a part of a benchmark that must be a process of its own.
const (
	serverRole = "GUILDHALL_SOCKET_SERVER" // serves idle connections: "bare" or "conn"
	readerRole = "GUILDHALL_SOCKET_READER" // connects to an address as often as it is told, and reads: "127.0.0.1:99 1000"
)

func TestMain(m *testing.M) {
	if role := os.Getenv(serverRole); role != "" {
		serveIdle(role)
		return
	}
	if role := os.Getenv(readerRole); role != "" {
		var addr string
		var n int
		if _, err := fmt.Sscan(role, &addr, &n); err != nil {
			panic(err)
		}
		readAll(addr, n)
		return
	}
	goleak.VerifyTestMain(m)
}
