// Package memory tells the garbage collector how much room a process has. It collects when garbage has grown in proportion to
// what lives, and more often when the memory that the process may use comes to an end. GOGC and GOMEMLIMIT, where they are set,
// win: https://pkg.go.dev/runtime#hdr-Environment_Variables
package memory

import (
	"os"
	"runtime/debug"
	"strconv"
	"strings"
)

// limitFile holds what a container may use, in bytes, or "max".
// https://docs.kernel.org/admin-guide/cgroup-v2.html#memory-interface-files
const limitFile = "/sys/fs/cgroup/memory.max"

// Tune lets garbage of so many percent of what lives come together before it is collected, and makes the collector keep the
// process within nine tenths of what its container may use. The last tenth is for what is not the collector's.
func Tune(percent int) {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(percent)
	}
	if os.Getenv("GOMEMLIMIT") == "" {
		if limit, ok := containers(limitFile); ok {
			debug.SetMemoryLimit(limit / 10 * 9)
		}
	}
}

// containers reads the limit of the container; ok is false where there is none.
func containers(file string) (bytes int64, ok bool) {
	content, err := os.ReadFile(file)
	if err != nil {
		return 0, false // not Linux, or the first version of cgroups
	}
	bytes, err = strconv.ParseInt(strings.TrimSpace(string(content)), 10, 64)
	return bytes, err == nil && bytes > 0
}
