package journal

import "guildhall.chat/guildhall/internal/snowflake"

// closedHead stands for the head of a log that is no longer followed.
const closedHead = -1

// heads is the last journaled seq of each log that the process follows.
type heads map[snowflake.ID]int64

// headOf returns what the entry makes of its log's head; ok is false if it leaves it alone.
func headOf(e *Entry) (seq int64, ok bool) {
	switch e.Kind {
	case Event, Opened:
		return e.Seq, true
	case Closed:
		return closedHead, true
	}
	return 0, false
}

// apply takes in what entries do to the heads.
func (h heads) apply(entries []Entry) {
	for i := range entries {
		switch seq, ok := headOf(&entries[i]); {
		case !ok:
		case seq == closedHead:
			delete(h, entries[i].Log)
		default:
			h[entries[i].Log] = seq
		}
	}
}

// collect makes h what entries change: the heads that they set, and closedHead for those that they remove.
func (h heads) collect(entries []Entry) {
	clear(h)
	for i := range entries {
		if seq, ok := headOf(&entries[i]); ok {
			h[entries[i].Log] = seq
		}
	}
}

// appendTo adds the heads to a script's arguments: log, seq, ...
func (h heads) appendTo(args []any) []any {
	for log, seq := range h {
		if seq != closedHead {
			args = append(args, uint64(log), seq)
		}
	}
	return args
}

// appendClosed adds the logs that have no head any more.
func (h heads) appendClosed(args []any) []any {
	for log, seq := range h {
		if seq == closedHead {
			args = append(args, uint64(log))
		}
	}
	return args
}
