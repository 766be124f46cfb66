package clients

import (
	"bytes"

	"guildhall.chat/guildhall/hack/load/control"
	"guildhall.chat/guildhall/hack/load/payload"
)

// stream is the messages of one guild in their order, as far as not all of its clients have them.
type stream struct {
	members  int
	first    int // position of entries[0]
	entries  []entry
	known    map[int]int // message number -> position, of all that were ever received
	expected [][]byte    // what peers send, again and again; nil: payload.Content says what a message is
	order    uint64      // hash of the numbers that all have

	counts *control.Counts
	have   *[]control.Message // where to put what all have
}

// entry is one message.
type entry struct {
	number int
	data   []byte
	have   int // clients

	// Of a compressed stream: what follows the prefix, and in which forms clients got it.
	plain  tail
	packed []packed
}

func newStream(counts *control.Counts, have *[]control.Message) *stream {
	return &stream{known: map[int]int{}, counts: counts, have: have, order: 14695981039346656037} // FNV-1a's offset
}

// next returns the message that the client is to get next, or nil if no client has it yet.
func (s *stream) next(c *client) *entry {
	if at := c.position - s.first; at >= 0 && at < len(s.entries) {
		return &s.entries[at]
	}
	return nil
}

// take verifies a message that the client got and returns its entry, or nil.
func (s *stream) take(c *client, data []byte) *entry {
	if e := s.next(c); e != nil && bytes.Equal(e.data, data) {
		return s.accept(c)
	}
	number, ok := s.number(c.position, data)
	if !ok {
		s.counts.Damaged++
		return nil
	}
	at, known := s.known[number]
	switch {
	case !known && s.next(c) == nil:
		s.known[number] = c.position
		s.entries = append(s.entries, entry{number: number, data: bytes.Clone(data)})
	case !known: // others got something else at this place
		s.counts.Disordered++
		return nil
	case at < c.position:
		s.counts.Duplicated++
		return nil
	case at == c.position: // the same message, but not the same bytes
		s.counts.Damaged++
		return nil
	default:
		s.counts.Lost += at - c.position
		c.position = at
		if !bytes.Equal(s.next(c).data, data) {
			s.counts.Damaged++
			return nil
		}
	}
	return s.accept(c)
}

// number says which message it is.
func (s *stream) number(position int, data []byte) (int, bool) {
	if s.expected != nil {
		return position, bytes.Equal(s.expected[position%len(s.expected)], data)
	}
	n, err := payload.Number(data)
	return n, err == nil
}

// accept counts the next message as received and returns its entry.
func (s *stream) accept(c *client) *entry {
	e := s.next(c)
	e.have++
	c.position++
	s.counts.Delivered++
	if e.have == s.members {
		s.complete()
	}
	return e
}

// complete takes off what all have. Nobody comes late: a message that overtook another is not completed before it.
func (s *stream) complete() {
	now := control.Now()
	for len(s.entries) > 0 && s.entries[0].have == s.members {
		number := s.entries[0].number
		*s.have = append(*s.have, control.Message{Number: number, At: now})
		s.order = (s.order ^ uint64(number)) * 1099511628211
		s.entries = s.entries[1:]
		s.first++
	}
}
