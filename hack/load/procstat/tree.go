package procstat

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
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
		if errors.Is(err, fs.ErrNotExist) || err != nil && strings.Contains(err.Error(), "no such process") {
			continue // it has ended, and its parent has its time, or will
		}
		if err != nil {
			return 0, err
		}
		rest, _ := afterLast(content, ") ")
		fields := strings.Fields(string(rest))
		pid := filepath.Base(filepath.Dir(path))
		if len(fields) < 15 || !roots[pid] && !roots[fields[1]] { // fields[1] is the parent
			continue
		}
		for _, field := range fields[11:15] { // utime, stime, and those of children that were waited for
			ticks, err := strconv.ParseInt(field, 10, 64)
			if err != nil {
				return 0, err
			}
			total += time.Duration(ticks) * Resolution
		}
	}
	return total, nil
}
