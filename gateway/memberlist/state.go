package memberlist

import (
	"slices"

	"github.com/tidwall/btree"
)

// state is a list at one moment: its members in order, and how many are in each group.
type state struct {
	tree    *btree.BTreeG[*entry]
	groups  []groupID
	counts  []int // by group
	online  int   // in the guild
	total   int
	touched bool // since it was copied
}

// row is one row of a list: a group's, or a member's.
type row struct {
	group groupID
	count int
	entry *entry // nil: the row is the group's
}

// is reports whether two rows are the same row, its contents aside.
func (r row) is(other row) bool {
	if r.entry == nil || other.entry == nil {
		return r.entry == other.entry && r.group == other.group
	}
	return r.entry.id == other.entry.id
}

func newState(groups []groupID) state {
	return state{
		tree: btree.NewBTreeGOptions(before, btree.Options{NoLocks: true}), groups: groups, counts: make([]int, len(groups)),
	}
}

// copy returns the state as it is now; what is changed later, is changed in one of them only.
func (s *state) copy() state {
	c := *s
	c.tree, c.counts = s.tree.Copy(), slices.Clone(s.counts)
	return c
}

func (s *state) add(e *entry) {
	s.touched = true
	if _, replaced := s.tree.Set(e); !replaced {
		s.counts[e.group]++
	}
}

func (s *state) remove(e *entry) {
	if _, had := s.tree.Delete(e); had {
		s.touched = true
		s.counts[e.group]--
	}
}

// len returns the number of rows. Groups without members have none.
func (s *state) len() int {
	n := s.tree.Len()
	for _, count := range s.counts {
		if count > 0 {
			n++
		}
	}
	return n
}

// rows returns the rows of a block, fewer or none at the end of the list.
func (s *state) rows(block int) []row {
	rows := make([]row, 0, BlockSize)
	first, end := block*BlockSize, (block+1)*BlockSize
	header, members := 0, 0 // row of the group's header; members before it
	for g, count := range s.counts {
		if count == 0 {
			continue
		}
		if header >= end {
			break
		}
		if header >= first {
			rows = append(rows, row{group: s.groups[g], count: count})
		}
		if from, to := max(header+1, first), min(header+1+count, end); from < to {
			rows = s.append(rows, members+from-header-1, to-from)
		}
		header += 1 + count
		members += count
	}
	return rows
}

// append adds n members' rows from the rank on.
func (s *state) append(rows []row, rank, n int) []row {
	pivot, _ := s.tree.GetAt(rank)
	s.tree.Ascend(pivot, func(e *entry) bool {
		rows = append(rows, row{entry: e})
		n--
		return n > 0
	})
	return rows
}

// sameGroups reports whether the groups and their sizes are the same.
func (s *state) sameGroups(other *state) bool {
	return slices.Equal(s.groups, other.groups) && slices.Equal(s.counts, other.counts)
}
