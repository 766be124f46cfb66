package fanout

import (
	"iter"
	"math/bits"
)

// bitset is a set of seats by their index. It grows when it is set.
type bitset []uint64

func (b *bitset) set(i int) {
	for len(*b) <= i/64 {
		*b = append(*b, 0)
	}
	(*b)[i/64] |= 1 << (i % 64)
}

func (b bitset) clear(i int) {
	if i/64 < len(b) {
		b[i/64] &^= 1 << (i % 64)
	}
}

func (b bitset) has(i int) bool { return i/64 < len(b) && b[i/64]&(1<<(i%64)) != 0 }

// put sets or clears a bit, and reports whether that changes it.
func (b *bitset) put(i int, is bool) bool {
	if b.has(i) == is {
		return false
	}
	if is {
		b.set(i)
	} else {
		b.clear(i)
	}
	return true
}

// and keeps what is in other, too.
func (b bitset) and(other bitset) {
	for i := range b {
		if i < len(other) {
			b[i] &= other[i]
		} else {
			b[i] = 0
		}
	}
}

// andNot takes out what is in other.
func (b bitset) andNot(other bitset) {
	for i := range min(len(b), len(other)) {
		b[i] &^= other[i]
	}
}

// or adds what is in other.
func (b *bitset) or(other bitset) {
	for len(*b) < len(other) {
		*b = append(*b, 0)
	}
	for i, word := range other {
		(*b)[i] |= word
	}
}

func (b bitset) count() (n int) {
	for _, word := range b {
		n += bits.OnesCount64(word)
	}
	return n
}

// all returns the members, ascending.
func (b bitset) all() iter.Seq[int] {
	return func(yield func(int) bool) {
		for i, word := range b {
			for ; word != 0; word &= word - 1 {
				if !yield(64*i + bits.TrailingZeros64(word)) {
					return
				}
			}
		}
	}
}

// equal reports whether both have the same members.
func (b bitset) equal(other bitset) bool {
	if len(b) > len(other) {
		b, other = other, b
	}
	for i, word := range b {
		if word != other[i] {
			return false
		}
	}
	for _, word := range other[len(b):] {
		if word != 0 {
			return false
		}
	}
	return true
}

// hash is the same for equal sets.
func (b bitset) hash() uint64 {
	const prime = 1099511628211 // of FNV-1a, here a word at a time
	h := uint64(14695981039346656037)
	end := len(b)
	for end > 0 && b[end-1] == 0 {
		end--
	}
	for _, word := range b[:end] {
		h = (h ^ word) * prime
		h ^= h >> 29
	}
	return h
}
