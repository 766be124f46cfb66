package chaos_test

import (
	"fmt"
	"strings"
)

// judgeOrder looks, for each log, for one order of its messages that agrees with what every witness heard, and complains
// of logs that have none.
func judgeOrder(witnesses []*witness) (wrong []complaint) {
	told := map[string]order{}
	for _, x := range witnesses {
		before := map[string]heard{} // by log
		for _, h := range x.heard {
			log := h.channel.log()
			if b, ok := before[log]; ok && b.life == h.life {
				if told[log] == nil {
					told[log] = order{}
				}
				told[log].add(b, h, x)
			}
			before[log] = h
		}
	}
	for log, o := range told {
		if circle := o.circle(); circle != nil {
			at := o[circle[0]][circle[1]]
			wrong = append(wrong, complaint{what: "no order of messages agrees with all: " + o.describe(circle), witness: at.witness, log: log, at: at.heard.at})
		}
	}
	return wrong
}

// order is which message came directly before which: by message, what preceded it and who says so.
type order map[string]map[string]step

type step struct {
	witness *witness
	heard   heard // the later one
}

func (o order) add(before, after heard, x *witness) {
	if o[after.id] == nil {
		o[after.id] = map[string]step{}
	}
	o[after.id][before.id] = step{x, after}
	if o[before.id] == nil {
		o[before.id] = map[string]step{}
	}
}

// circle returns messages each of which came before the one before it in the list, the last being the first again; nil if
// there is none.
func (o order) circle() []string {
	waits, next := map[string]int{}, map[string][]string{}
	var free []string
	for id, before := range o {
		waits[id] = len(before)
		if len(before) == 0 {
			free = append(free, id)
		}
		for b := range before {
			next[b] = append(next[b], id)
		}
	}
	for len(free) > 0 {
		id := free[len(free)-1]
		free = free[:len(free)-1]
		delete(waits, id)
		for _, n := range next[id] {
			if waits[n]--; waits[n] == 0 {
				free = append(free, n)
			}
		}
	}
	for id := range waits { // each of these waits for another of these
		path, at := []string{id}, map[string]int{id: 0}
		for {
			for b := range o[id] {
				if _, stuck := waits[b]; stuck {
					id = b
					break
				}
			}
			path = append(path, id)
			if begin, again := at[id]; again {
				return path[begin:]
			}
			at[id] = len(path) - 1
		}
	}
	return nil
}

func (o order) describe(circle []string) string {
	var said []string
	for i := range min(len(circle)-1, 6) {
		later, earlier := circle[i], circle[i+1]
		said = append(said, fmt.Sprintf("%s heard %s before %s", o[later][earlier].witness.name, earlier, later))
	}
	return strings.Join(said, "; ")
}
