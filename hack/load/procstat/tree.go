package procstat

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// TreeCPU returns the user and system time of the processes and of those that they have forked, whether or not they still
// run. So it can be told what Postgres has used, a process a connection.
func TreeCPU(pids ...int) (time.Duration, error) {
	roots := map[string]bool{}
	for _, pid := range pids {
		if _, err := CPU(pid); err != nil {
			return 0, err
		}
		roots[strconv.Itoa(pid)] = true
	}
	stats, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		return 0, err
	}
	var total time.Duration
	for _, path := range stats {
		content, err := os.ReadFile(path)
		if ended(err) {
			continue // its parent has its time, or will
		}
		if err != nil {
			return 0, err
		}
		// The name of the program, in parentheses, may have any character.
		rest, _ := afterLast(content, ") ")
		fields := strings.Fields(string(rest))
		name := filepath.Base(filepath.Dir(path))
		if len(fields) < 15 || !roots[name] && !roots[fields[1]] { // fields[1] is the parent
			continue
		}
		pid, err := strconv.Atoi(name)
		if err != nil {
			return 0, err
		}
		used, err := CPU(pid)
		if errors.Is(err, unix.EINVAL) { // it has ended since
			continue
		}
		if err != nil {
			return 0, err
		}
		total += used
		for _, field := range fields[13:15] { // of children that were waited for
			ticks, err := strconv.ParseInt(field, 10, 64)
			if err != nil {
				return 0, err
			}
			total += time.Duration(ticks) * Resolution
		}
	}
	return total, nil
}

// ended reports whether a file of /proc can't be read because its process has ended.
func ended(err error) bool { return errors.Is(err, fs.ErrNotExist) || errors.Is(err, unix.ESRCH) }
