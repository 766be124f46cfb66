package memberlist

import "slices"

// maxOperations is how many operations on a block there may be before it is sent whole.
const maxOperations = 50

// change adds what makes the rows of a block as they are now of the old ones. A client's rows behind the block stay where
// they are, unless the list ends in it: what is inserted in a full block pushes out as much at its end.
//
// Group rows are the same whatever their count, which clients take from "groups".
func (o *operations) change(block int, old, now []row) {
	if len(old) == 0 && len(now) > 0 {
		o.sync(block, now) // the client may have no row before it, at which to insert
		return
	}
	base := block * BlockSize
	moves, few := difference(old, now)
	if !few {
		for range len(old) - len(now) {
			o.remove(base + len(now))
		}
		if len(now) > 0 {
			o.sync(block, now)
		}
		return
	}
	for _, m := range moves {
		if m.in {
			o.insert(base+m.at, now[m.at])
		} else {
			o.remove(base + m.at)
		}
	}
	for _, at := range altered(old, now, moves) {
		o.put(base+at, now[at])
	}
}

// move is a row that is inserted or deleted at an index, at which the rows before are already as they will be.
type move struct {
	in bool
	at int
}

// diagonals has for each diagonal k, which is an index into old less one into now, how far in old one gets on it.
type diagonals [2*maxOperations + 3]int

func (d *diagonals) at(k int) *int { return &d[k+maxOperations+1] }

// down reports whether diagonal k is best reached by an insertion, in as many steps.
func (d *diagonals) down(k, steps int) bool {
	return k == -steps || k != steps && *d.at(k - 1) < *d.at(k + 1)
}

// difference returns the fewest moves that lead from old to now, or false if these are more than maxOperations. It is the
// greedy algorithm of E. W. Myers, "An O(ND) Difference Algorithm and Its Variations", 1986.
func difference(old, now []row) (moves []move, few bool) {
	var reach diagonals
	var trace []diagonals // reach before each step
	for step := 0; step <= maxOperations; step++ {
		trace = append(trace, reach)
		for k := -step; k <= step; k += 2 {
			i := *reach.at(k + 1)
			if !reach.down(k, step) {
				i = *reach.at(k - 1) + 1
			}
			for i < len(old) && i-k < len(now) && old[i].is(now[i-k]) {
				i++
			}
			*reach.at(k) = i
			if i >= len(old) && i-k >= len(now) {
				return backtrack(trace, len(old)-len(now)), true
			}
		}
	}
	return nil, false
}

// backtrack returns the moves on the way that ended on diagonal k.
func backtrack(trace []diagonals, k int) []move {
	moves := make([]move, 0, len(trace))
	for step := len(trace) - 1; step > 0; step-- {
		reach := &trace[step]
		if in := reach.down(k, step); in {
			k++
			moves = append(moves, move{true, *reach.at(k) - k})
		} else {
			k--
			moves = append(moves, move{false, *reach.at(k) - k})
		}
	}
	slices.Reverse(moves)
	return moves
}

// altered returns the indexes of the rows that were there before with other contents.
func altered(old, now []row, moves []move) (indexes []int) {
	i, j := 0, 0
	for i < len(old) || j < len(now) {
		switch {
		case len(moves) > 0 && moves[0].at == j && moves[0].in:
			moves = moves[1:]
			j++
		case len(moves) > 0 && moves[0].at == j:
			moves = moves[1:]
			i++
		default:
			if now[j].entry != nil && now[j].entry.version != old[i].entry.version {
				indexes = append(indexes, j)
			}
			i++
			j++
		}
	}
	return indexes
}
