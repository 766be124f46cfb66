package memberlist

import (
	"encoding/json"
	"strconv"

	"guildhall.chat/guildhall/internal/snowflake"
)

// update is a GUILD_MEMBER_LIST_UPDATE in the making.
type update struct {
	operations
	head []byte
}

// newUpdate returns an update without operations.
func newUpdate(guild snowflake.ID, list string, s *state) *update {
	head := make([]byte, 0, 256)
	head = append(head, `{"guild_id":"`+guild.String()+`","id":"`+list+`","member_count":`...)
	head = strconv.AppendInt(head, int64(s.total), 10)
	head = append(head, `,"online_count":`...)
	head = strconv.AppendInt(head, int64(s.online), 10)
	head = append(head, `,"groups":[`...)
	some := false
	for g, count := range s.counts {
		if count > 0 {
			if some {
				head = append(head, ',')
			}
			head = appendGroup(head, s.groups[g], count)
			some = true
		}
	}
	return &update{head: append(head, `],"ops":[`...)}
}

func (u *update) add(ops []byte) {
	if len(ops) > 0 {
		u.begin()
		u.json = append(u.json, ops...)
	}
}

func (u *update) end() json.RawMessage {
	data := make(json.RawMessage, 0, len(u.head)+len(u.json)+2)
	data = append(data, u.head...)
	data = append(data, u.json...)
	return append(data, "]}"...)
}

// operations are what is to be done with the rows that a client has, one after the other: the elements of "ops".
type operations struct {
	json []byte
	ops  int
}

func (o *operations) begin() {
	if o.ops > 0 {
		o.json = append(o.json, ',')
	}
	o.ops++
}

// sync sets the rows of a block.
func (o *operations) sync(block int, rows []row) {
	o.ranged("SYNC", block)
	o.json = append(o.json, `,"items":[`...)
	for i, r := range rows {
		if i > 0 {
			o.json = append(o.json, ',')
		}
		o.json = r.append(o.json)
	}
	o.json = append(o.json, "]}"...)
}

// invalidate takes a block from a client that no longer watches it.
func (o *operations) invalidate(block int) {
	o.ranged("INVALIDATE", block)
	o.json = append(o.json, '}')
}

func (o *operations) ranged(op string, block int) {
	o.begin()
	o.json = append(o.json, `{"op":"`+op+`","range":[`...)
	o.json = strconv.AppendInt(o.json, int64(block*BlockSize), 10)
	o.json = append(o.json, ',')
	o.json = strconv.AppendInt(o.json, int64((block+1)*BlockSize-1), 10)
	o.json = append(o.json, ']')
}

// insert and remove move the rows behind; put replaces one.
func (o *operations) insert(index int, r row) { o.single("INSERT", index, &r) }
func (o *operations) put(index int, r row)    { o.single("UPDATE", index, &r) }
func (o *operations) remove(index int)        { o.single("DELETE", index, nil) }

func (o *operations) single(op string, index int, r *row) {
	o.begin()
	o.json = append(o.json, `{"op":"`+op+`","index":`...)
	o.json = strconv.AppendInt(o.json, int64(index), 10)
	if r != nil {
		o.json = append(o.json, `,"item":`...)
		o.json = r.append(o.json)
	}
	o.json = append(o.json, '}')
}

func (r row) append(data []byte) []byte {
	if r.entry != nil {
		return append(data, r.entry.json()...)
	}
	data = append(data, `{"group":`...)
	return append(appendGroup(data, r.group, r.count), '}')
}

func appendGroup(data []byte, id groupID, count int) []byte {
	data = append(data, `{"id":"`+id.String()+`","count":`...)
	return append(strconv.AppendInt(data, int64(count), 10), '}')
}
