package journal

import (
	"slices"
	"sort"

	"guildhall.chat/guildhall/internal/snowflake"
)

// Journal is what a process has journaled, at one moment. It does not change: one that has grown shares what it can with
// the one before.
type Journal struct {
	entries []Entry
	floor   int64 // position above which it has everything
	last    int64
	intact  bool // the master that it is read from acknowledged last
	heads   layers[snowflake.ID, int64]

	local []localEntry
	ends  layers[uint64, int32] // of each session, the index of its last in local

	followed int // entries that came after it was first read
}

// localEntry is an entry that concerns one session.
type localEntry struct {
	entry int32 // index
	prev  int32 // index of the session's one before, in local; -1: none
}

// reaches reports whether everything that came after a position is in the journal.
func (j *Journal) reaches(after int64) bool {
	return after >= j.floor && (after <= j.last || j.intact && after-j.last <= MaxSilent)
}

// After returns the entries above a position that Read was called with, or a higher one. They must not be changed.
func (j *Journal) After(position int64) []Entry {
	i := sort.Search(len(j.entries), func(i int) bool { return j.entries[i].Position > position })
	return slices.Clip(j.entries[i:])
}

// Session returns all retained entries of a session (Entered, Left, Asked, Answered, Seated), ascending; see Key.
func (j *Journal) Session(key uint64) []Entry {
	var list []Entry
	at, ok := j.ends.get(key)
	for ok && at >= 0 {
		list = append(list, j.entries[j.local[at].entry])
		at = j.local[at].prev
	}
	slices.Reverse(list)
	return list
}

// Head returns the last seq of a log that is in the journal; false if the process did not follow the log at the end.
func (j *Journal) Head(log snowflake.ID) (seq int64, ok bool) {
	seq, ok = j.heads.get(log)
	if !ok || seq == closedHead {
		return 0, false
	}
	return seq, true
}

// Last returns the position that the journal reaches to.
func (j *Journal) Last() int64 { return j.last }

// extend returns the journal with more batches, or errBroken if they do not follow. Of two extensions of one journal only
// one may be used: they share memory. all, unless nil, are all heads as they are then.
func (j *Journal) extend(payloads []string, all heads) (*Journal, error) {
	longer := *j
	ends := map[uint64]int32{}
	for i, payload := range payloads {
		from := len(longer.entries)
		entries, prev, last, err := decode(longer.entries, []byte(payload))
		switch {
		case err != nil:
			return nil, err
		case i == 0 && j.last == 0: // it is not known yet where the journal begins
			longer.floor = prev
		case prev != longer.last:
			return nil, errBroken
		}
		longer.entries, longer.last = entries, last
		longer.index(from, ends)
	}
	longer.ends = j.ends.with(ends)
	if all != nil {
		longer.heads = layers[snowflake.ID, int64]{base: all}
	} else {
		changes := heads{}
		changes.collect(longer.entries[len(j.entries):])
		longer.heads = j.heads.with(changes)
	}
	return &longer, nil
}

// end returns the journal as it is when all has been read: last is where Redis says that it reaches to, intact whether the
// master has acknowledged that. known is what it was before; nil: nothing.
func (j *Journal) end(last int64, intact bool, known *Journal) (*Journal, error) {
	switch {
	case last == j.last:
	case last < j.last && known != nil:
		// Redis has lost the end, which is still known here.
		intact = false
	case known == nil && j.last == 0:
		// All entries were too old.
		j.floor, j.last = last, last
	default:
		return nil, errBroken
	}
	if known == j && intact == j.intact {
		return j, nil
	}
	ended := *j
	ended.intact = intact
	if known != nil {
		ended.followed = known.followed + len(j.entries) - len(known.entries)
	}
	return &ended, nil
}

// index adds the entries from an index on to those of their sessions.
func (j *Journal) index(from int, ends map[uint64]int32) {
	for i := from; i < len(j.entries); i++ {
		key := j.entries[i].Session
		if key == 0 {
			continue
		}
		prev, ok := ends[key]
		if !ok {
			if prev, ok = j.ends.get(key); !ok {
				prev = -1
			}
		}
		ends[key] = int32(len(j.local))
		j.local = append(j.local, localEntry{int32(i), prev})
	}
}
