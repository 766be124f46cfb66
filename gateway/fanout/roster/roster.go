package roster

import (
	"slices"
	"sort"
	"time"

	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/snowflake"
)

// blockSize is how many members a block has at most: many, to have few blocks; few, for one changes by moving its rest.
const blockSize = 256

// Roster is the members of a guild. It is not safe for concurrent use.
type Roster struct {
	blocks []*block // none is empty; ascending
	n      int
	sets   roleSets
}

// block is a run of members, ascending by id.
type block struct {
	ids     []snowflake.ID
	records []record
	data    []byte
	waste   int  // bytes of data that no record stands for any more
	shared  bool // a snapshot has it: it must not be changed
}

// record says where a member's bytes are.
type record struct {
	at, size uint32
	roles    RoleSet
}

// New returns an empty roster.
func New() *Roster { return &Roster{sets: roleSets{byKey: map[string]RoleSet{}}} }

// Len returns the number of members.
func (r *Roster) Len() int { return r.n }

// find returns the block where a user is or would be, and the index there.
func (r *Roster) find(user snowflake.ID) (b, i int, found bool) {
	b = sort.Search(len(r.blocks), func(i int) bool { return r.blocks[i].ids[0] > user }) - 1
	if b < 0 {
		return 0, 0, false
	}
	i, found = slices.BinarySearch(r.blocks[b].ids, user)
	return b, i, found
}

// own returns a block to be changed.
func (r *Roster) own(b int) *block {
	block := r.blocks[b]
	if block.shared {
		block = block.copy(0, len(block.ids))
		r.blocks[b] = block
	}
	return block
}

// copy returns a new block of a part of the members.
func (b *block) copy(from, to int) *block {
	c := &block{ids: make([]snowflake.ID, 0, to-from), records: make([]record, 0, to-from)}
	c.ids = append(c.ids, b.ids[from:to]...)
	size := 0
	for _, rec := range b.records[from:to] {
		size += int(rec.size)
	}
	c.data = make([]byte, 0, size)
	for _, rec := range b.records[from:to] {
		at := uint32(len(c.data))
		c.data = append(c.data, b.bytes(rec)...)
		c.records = append(c.records, record{at, rec.size, rec.roles})
	}
	return c
}

func (b *block) bytes(rec record) []byte { return b.data[rec.at : rec.at+rec.size] }

// Put adds a member, or replaces what is known of it. The member must have its user.
func (r *Roster) Put(m *discord.Member) error {
	if m.User == nil {
		return errNoUser
	}
	roles := r.sets.take(m.Roles)
	if len(r.blocks) == 0 {
		r.blocks = append(r.blocks, &block{})
		r.blocks[0].insert(0, m, roles)
		r.n++
		return nil
	}
	at, i, found := r.find(m.User.ID)
	b := r.own(at)
	if found {
		r.sets.release(b.records[i].roles)
		b.replace(i, m, roles)
		return nil
	}
	if len(b.ids) == blockSize {
		b, i = r.split(at, i)
	}
	b.insert(i, m, roles)
	r.n++
	return nil
}

// split makes room in a full block; it returns where index i of it is now. A block that is full at its end stays full: lists
// that come in order fill their blocks.
func (r *Roster) split(at, i int) (*block, int) {
	b := r.blocks[at]
	middle := blockSize / 2
	if at == len(r.blocks)-1 && i == blockSize {
		middle = blockSize
	}
	left, right := b.copy(0, middle), b.copy(middle, blockSize)
	r.blocks = slices.Insert(r.blocks, at+1, right)
	r.blocks[at] = left
	if i >= middle {
		return right, i - middle
	}
	return left, i
}

func (b *block) insert(i int, m *discord.Member, roles RoleSet) {
	at := len(b.data)
	b.data = encode(b.data, m)
	b.ids = slices.Insert(b.ids, i, m.User.ID)
	b.records = slices.Insert(b.records, i, record{uint32(at), uint32(len(b.data) - at), roles})
}

func (b *block) replace(i int, m *discord.Member, roles RoleSet) {
	b.waste += int(b.records[i].size)
	at := len(b.data)
	b.data = encode(b.data, m)
	b.records[i] = record{uint32(at), uint32(len(b.data) - at), roles}
	b.tidy()
}

// tidy lets go of what is wasted once it is half of all.
func (b *block) tidy() {
	if 2*b.waste > len(b.data) {
		*b = *b.copy(0, len(b.ids))
	}
}

// Delete removes a member; false if there is no such.
func (r *Roster) Delete(user snowflake.ID) bool {
	at, i, found := r.find(user)
	if !found {
		return false
	}
	b := r.own(at)
	r.sets.release(b.records[i].roles)
	b.waste += int(b.records[i].size)
	b.ids, b.records = slices.Delete(b.ids, i, i+1), slices.Delete(b.records, i, i+1)
	r.n--
	if len(b.ids) == 0 {
		r.blocks = slices.Delete(r.blocks, at, at+1)
	} else {
		b.tidy()
	}
	return true
}

// Has reports whether the user is a member.
func (r *Roster) Has(user snowflake.ID) bool {
	_, _, found := r.find(user)
	return found
}

// Access is what permissions depend on.
type Access struct {
	Roles         RoleSet
	TimedOutUntil time.Time // zero: not timed out
}

// Access returns a member's; false if there is no such.
func (r *Roster) Access(user snowflake.ID) (Access, bool) {
	at, i, found := r.find(user)
	if !found {
		return Access{}, false
	}
	b := r.blocks[at]
	return Access{b.records[i].roles, timeOut(b.bytes(b.records[i]))}, true
}

// Roles returns the roles of a set, ascending. They must not be changed.
func (r *Roster) Roles(set RoleSet) []snowflake.ID { return r.sets.all[set].roles }

// Find returns a member as it is, in memory of its own; false if there is no such.
func (r *Roster) Find(user snowflake.ID) (Member, bool) {
	at, i, found := r.find(user)
	if !found {
		return Member{}, false
	}
	b := r.blocks[at]
	return Member{user, slices.Clone(b.bytes(b.records[i])), r.sets.all[b.records[i].roles]}, true
}

// AppendJSON appends the member object of a user; false if there is no such member.
func (r *Roster) AppendJSON(dst []byte, user snowflake.ID) ([]byte, bool) {
	return r.appendWith(dst, user, (*fields).appendJSON)
}

// AppendOwn appends the keys and values of the member object without the user, and without braces.
func (r *Roster) AppendOwn(dst []byte, user snowflake.ID) ([]byte, bool) {
	return r.appendWith(dst, user, func(f *fields, dst []byte, _ snowflake.ID, roles []byte) []byte { return f.appendOwn(dst, roles) })
}

// AppendJoined appends the member's joined_at as JSON.
func (r *Roster) AppendJoined(dst []byte, user snowflake.ID) ([]byte, bool) {
	return r.appendWith(dst, user, func(f *fields, dst []byte, _ snowflake.ID, _ []byte) []byte { return f.appendJoined(dst) })
}

func (r *Roster) appendWith(dst []byte, user snowflake.ID, form func(*fields, []byte, snowflake.ID, []byte) []byte) ([]byte, bool) {
	at, i, found := r.find(user)
	if !found {
		return dst, false
	}
	b := r.blocks[at]
	f := decode(b.bytes(b.records[i]))
	return form(&f, dst, user, r.sets.all[b.records[i].roles].json), true
}

// Listed reports whether the user is a member who has a nick or roles, so that large guilds list it offline, too.
func (r *Roster) Listed(user snowflake.ID) bool {
	at, i, found := r.find(user)
	if !found {
		return false
	}
	b := r.blocks[at]
	return listed(b.bytes(b.records[i]), r.Roles(b.records[i].roles))
}

func listed(record []byte, roles []snowflake.ID) bool {
	if len(roles) > 0 {
		return true
	}
	_, nick := names(record)
	return len(nick) > 0
}

// DropRole takes a role from all members who have it, and reports whether there were any. It costs a glance at each member,
// and no encoding.
func (r *Roster) DropRole(role snowflake.ID) bool {
	to := map[RoleSet]RoleSet{}
	for n, set := range r.sets.all {
		if set != nil && slices.Contains(set.roles, role) {
			rest := slices.DeleteFunc(slices.Clone(set.roles), func(id snowflake.ID) bool { return id == role })
			// Taken once more than members have it; released below.
			to[RoleSet(n)] = r.sets.take(rest)
		}
	}
	if len(to) == 0 {
		return false
	}
	for at := range r.blocks {
		for i := range r.blocks[at].records {
			before := r.blocks[at].records[i].roles
			after, changes := to[before]
			if !changes {
				continue
			}
			r.own(at).records[i].roles = after
			r.sets.all[after].members++
			r.sets.release(before)
		}
	}
	for _, after := range to {
		r.sets.release(after)
	}
	return true
}
