package memberlist

import (
	"errors"
	"fmt"
	"slices"
)

// BlockSize is how many rows are subscribed to together. Clients ask for ranges of so many rows, [0, 99] first.
const BlockSize = 100

const (
	// maxRow is the last row that can be asked for.
	maxRow = 1<<20 - 1
	// maxBlocks bounds the blocks of one channel.
	maxBlocks = 20
)

// Blocks is a set of blocks of a list's rows: block n is the rows from n*BlockSize on. It is ascending, without repetitions.
type Blocks []int

var errRanges = errors.New("ranges are no list of pairs of rows, or too many")

// blocksOf returns the blocks that the ranges touch. A range is its first and its last row.
func blocksOf(ranges [][]int) (Blocks, error) {
	blocks := Blocks{}
	for _, r := range ranges {
		if len(r) != 2 || r[0] < 0 || r[1] < r[0] || r[1] > maxRow || r[1]/BlockSize-r[0]/BlockSize >= maxBlocks {
			return nil, errRanges
		}
		for n := r[0] / BlockSize; n <= r[1]/BlockSize; n++ {
			blocks = append(blocks, n)
		}
		if len(blocks) > 4*maxBlocks {
			return nil, errRanges
		}
	}
	blocks = blocks.normal()
	if len(blocks) > maxBlocks {
		return nil, errRanges
	}
	return blocks, nil
}

func (b Blocks) normal() Blocks {
	slices.Sort(b)
	return slices.Compact(b)
}

// And returns the blocks that are in either.
func (b Blocks) And(other Blocks) Blocks { return slices.Concat(b, other).normal() }

// Without returns the blocks that are not in other.
func (b Blocks) Without(other Blocks) Blocks {
	return slices.DeleteFunc(slices.Clone(b), func(n int) bool {
		_, found := slices.BinarySearch(other, n)
		return found
	})
}

// Key is the same for equal sets only.
func (b Blocks) Key() string { return fmt.Sprint([]int(b)) }
