// Package procstat says what processes and the kernel spend, from /proc (proc(5)).
package procstat

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// Resolution is what can be told apart of the time of children that have ended: USER_HZ is 100 on every Linux architecture that Go
// runs on.
const Resolution = 10 * time.Millisecond

// maxPID is PID_MAX_LIMIT of the kernel.
const maxPID = 1 << 22

// CPU returns the user and system time that the processes have used, dead threads included, to the nanosecond.
func CPU(pids ...int) (time.Duration, error) {
	var total time.Duration
	for _, pid := range pids {
		if pid < 1 || pid > maxPID { // what no pid is, the kernel may take for another's clock
			return 0, fmt.Errorf("the clock of process %d: %w", pid, unix.EINVAL)
		}
		var used unix.Timespec
		if err := unix.ClockGettime(clockOf(pid), &used); err != nil {
			return 0, fmt.Errorf("the clock of process %d: %w", pid, err)
		}
		total += time.Duration(used.Nano())
	}
	return total, nil
}

// clockOf is the clock of a process's time on processors, as clock_getcpuclockid(3) makes it: the complement of the pid, and below it
// in three bits that the scheduler's count is meant, of all threads.
func clockOf(pid int) int32 {
	const scheduled = 2
	return int32(^pid<<3 | scheduled)
}

func afterLast(text []byte, sep string) (after []byte, found bool) {
	at := bytes.LastIndex(text, []byte(sep))
	if at < 0 {
		return nil, false
	}
	return text[at+len(sep):], true
}

// Memory is what connections take, in bytes.
type Memory struct {
	User    int64 // proportional set size of the processes, with their page tables
	Sockets int64 // the machine's buffers of TCP sockets
	Slab    int64 // the kernel's objects on the whole machine: sockets, files, epoll entries
}

// MemoryOf returns what the processes use now, and the kernel on the whole machine.
func MemoryOf(pids ...int) (m Memory, err error) {
	for _, pid := range pids {
		pss, err := field(fmt.Sprintf("/proc/%d/smaps_rollup", pid), "Pss:")
		if err != nil {
			return m, err
		}
		tables, err := field(fmt.Sprintf("/proc/%d/status", pid), "VmPTE:")
		if err != nil {
			return m, err
		}
		m.User += pss<<10 + tables<<10
	}
	slab, err := field("/proc/meminfo", "Slab:")
	if err != nil {
		return m, err
	}
	m.Slab = slab << 10
	pages, err := socketPages()
	m.Sockets = pages * int64(os.Getpagesize())
	return m, err
}

// Sub returns what came since before.
func (m Memory) Sub(before Memory) Memory {
	return Memory{m.User - before.User, m.Sockets - before.Sockets, m.Slab - before.Slab}
}

// Server returns the server's share: its own memory and, of what the kernel has for connections on loopback, the half
// that is not the clients'.
func (m Memory) Server() int64 { return m.User + (m.Sockets+m.Slab)/2 }

// Available returns the bytes that programs could still get.
func Available() (int64, error) {
	kb, err := field("/proc/meminfo", "MemAvailable:")
	return kb << 10, err
}

// field returns the number after a name at the beginning of a line.
func field(path, name string) (int64, error) {
	content, err := os.ReadFile(path)
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(content)) {
		if fields := strings.Fields(line); len(fields) > 1 && fields[0] == name {
			return strconv.ParseInt(fields[1], 10, 64)
		}
	}
	return 0, fmt.Errorf("%s has no %s", path, name)
}

// socketPages is the memory of TCP buffers in pages.
func socketPages() (int64, error) {
	const path = "/proc/net/sockstat"
	content, err := os.ReadFile(path)
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(content)) {
		fields := strings.Fields(line)
		if len(fields) == 0 || fields[0] != "TCP:" {
			continue
		}
		for i := 1; i+1 < len(fields); i += 2 {
			if fields[i] == "mem" {
				return strconv.ParseInt(fields[i+1], 10, 64)
			}
		}
	}
	return 0, fmt.Errorf("%s has no TCP mem", path)
}
