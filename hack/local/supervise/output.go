package supervise

import (
	"bytes"
	"fmt"
	"io"
	"sync"
)

// longestLine bounds what a child may write without a line feed before it is cut, in bytes.
const longestLine = 64 << 10

// terminal is shared by all children; it writes whole lines.
type terminal struct {
	mu  sync.Mutex
	out io.Writer
}

func (t *terminal) line(label string, line []byte) {
	t.mu.Lock()
	defer t.mu.Unlock()
	_, _ = fmt.Fprintf(t.out, "%s%s\n", label, line)
}

// lines splits what is written to it into lines under a label. It is for one writer at a time.
type lines struct {
	terminal *terminal
	label    string
	rest     []byte
}

func (l *lines) Write(p []byte) (int, error) {
	l.rest = append(l.rest, p...)
	for {
		end := bytes.IndexByte(l.rest, '\n')
		if end < 0 {
			break
		}
		l.terminal.line(l.label, l.rest[:end])
		l.rest = l.rest[end+1:]
	}
	if len(l.rest) > longestLine {
		l.flush()
	}
	return len(p), nil
}

// flush writes a last line that has no line feed.
func (l *lines) flush() {
	if len(l.rest) > 0 {
		l.terminal.line(l.label, l.rest)
		l.rest = nil
	}
}

// label is what stands before the lines of a child, coloured by index if colour is on.
func label(name string, index int, colour bool) string {
	const width = 12 // of the longest name, shard-router
	text := fmt.Sprintf("%-*s | ", width, name)
	if !colour {
		return text
	}
	palette := []int{36, 33, 32, 35, 34, 96, 93, 92, 95, 94} // SGR foreground colours (ECMA-48 section 8.3.117)
	return fmt.Sprintf("\x1b[%dm%s\x1b[0m", palette[index%len(palette)], text)
}
