package roster

import (
	"encoding/binary"
	"slices"
	"strconv"

	"guildhall.chat/guildhall/internal/snowflake"
)

// RoleSet is a combination of roles, by its number: members with the same roles have the same. The number is good while
// a member has it.
type RoleSet uint32

// roleSet is one combination. It is immutable, but for who counts it.
type roleSet struct {
	roles   []snowflake.ID // ascending
	json    []byte
	members int
}

// roleSets numbers the combinations that members have.
type roleSets struct {
	all   []*roleSet // by number; nil: free
	free  []RoleSet
	byKey map[string]RoleSet
}

// take returns the set of the roles, which may come in any order, and counts one member more.
func (s *roleSets) take(roles []snowflake.ID) RoleSet {
	if !slices.IsSorted(roles) {
		roles = slices.Clone(roles)
		slices.Sort(roles)
	}
	roles = slices.Compact(roles)
	key := make([]byte, 0, 64)
	for _, id := range roles {
		key = binary.BigEndian.AppendUint64(key, uint64(id))
	}
	if n, known := s.byKey[string(key)]; known {
		s.all[n].members++
		return n
	}
	set := &roleSet{roles: slices.Clone(roles), json: roleJSON(roles), members: 1}
	n := RoleSet(len(s.all))
	if last := len(s.free) - 1; last >= 0 {
		n, s.free = s.free[last], s.free[:last]
		s.all[n] = set
	} else {
		s.all = append(s.all, set)
	}
	s.byKey[string(key)] = n
	return n
}

// release counts one member less.
func (s *roleSets) release(n RoleSet) {
	set := s.all[n]
	if set.members--; set.members > 0 {
		return
	}
	key := make([]byte, 0, 64)
	for _, id := range set.roles {
		key = binary.BigEndian.AppendUint64(key, uint64(id))
	}
	delete(s.byKey, string(key))
	s.all[n] = nil
	s.free = append(s.free, n)
}

func roleJSON(roles []snowflake.ID) []byte {
	dst := []byte{'['}
	for i, id := range roles {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = append(dst, '"')
		dst = strconv.AppendUint(dst, uint64(id), 10)
		dst = append(dst, '"')
	}
	return append(dst, ']')
}
