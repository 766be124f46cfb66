package redis

import (
	"fmt"
	"strconv"
	"strings"
)

// SlotCount is how many hash slots a cluster has.
// https://redis.io/docs/latest/operate/oss_and_stack/reference/cluster-spec/#key-distribution-model
const SlotCount = 16384

// Range is slots that follow each other, both ends included.
type Range struct{ First, Last int }

// Slots is a set of slots: ranges that ascend and don't touch.
type Slots []Range

// slotsWhere returns the slots for which the condition holds.
func slotsWhere(holds func(slot int) bool) Slots {
	var slots Slots
	for slot := range SlotCount {
		if !holds(slot) {
			continue
		}
		if n := len(slots); n > 0 && slots[n-1].Last == slot-1 {
			slots[n-1].Last = slot
		} else {
			slots = append(slots, Range{slot, slot})
		}
	}
	return slots
}

// Len is the number of slots.
func (s Slots) Len() int {
	n := 0
	for _, r := range s {
		n += r.Last - r.First + 1
	}
	return n
}

// list returns the slots one by one.
func (s Slots) list() []int {
	slots := make([]int, 0, s.Len())
	for _, r := range s {
		for slot := r.First; slot <= r.Last; slot++ {
			slots = append(slots, slot)
		}
	}
	return slots
}

// cut parts the set behind its first n slots.
func (s Slots) cut(n int) (first, rest Slots) {
	for i, r := range s {
		size := r.Last - r.First + 1
		switch {
		case n <= 0:
			return first, append(rest, s[i:]...)
		case size <= n:
			first = append(first, r)
		default:
			first = append(first, Range{r.First, r.First + n - 1})
			rest = append(rest, Range{r.First + n, r.Last})
		}
		n -= size
	}
	return first, rest
}

// maxRanges bounds what String lists.
const maxRanges = 8

// String lists the slots as 0-5460, 5462.
func (s Slots) String() string {
	var parts []string
	for i, r := range s {
		if i == maxRanges {
			parts = append(parts, fmt.Sprintf("and %d more", s[i:].Len()))
			break
		}
		if r.First == r.Last {
			parts = append(parts, strconv.Itoa(r.First))
		} else {
			parts = append(parts, fmt.Sprintf("%d-%d", r.First, r.Last))
		}
	}
	return strings.Join(parts, ", ")
}
