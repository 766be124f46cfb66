package memberlist

import (
	"cmp"
	"encoding/json"
	"slices"
	"strings"

	"guildhall.chat/guildhall/internal/permissions"
	"guildhall.chat/guildhall/internal/snowflake"
)

// Member is a member as lists show one. What is in it must not be changed.
type Member struct {
	ID       snowflake.ID
	Name     string // as displayed: nick, global name, or username
	Roles    []snowflake.ID
	Presence json.RawMessage // as in PRESENCE_UPDATE; nil: offline
	Object   Object
}

// Object makes the JSON of a member object, user included, as the member was when it was put into a list.
type Object interface {
	AppendJSON(dst []byte) []byte
}

// entry is a member in the lists' order. It does not change, but for what it keeps: the lists as they were shown have it,
// too.
type entry struct {
	id       snowflake.ID
	group    int    // index into the guild's groups
	version  uint64 // rises when what is shown of the member changes
	key      string // the name without case
	roles    []snowflake.ID
	presence json.RawMessage
	object   Object
	item     json.RawMessage // on the wire, once it was needed
}

func (e *entry) online() bool { return e.presence != nil }

func (e *entry) rules() permissions.Member { return permissions.Member{User: e.id, Roles: e.roles} }

// before is the order of a list: group, name, id.
func before(a, b *entry) bool { return compare(a, b) < 0 }

func compare(a, b *entry) int {
	if a.group != b.group {
		return a.group - b.group
	}
	if c := strings.Compare(a.key, b.key); c != 0 {
		return c
	}
	return cmp.Compare(a.id, b.id)
}

// json returns the row on the wire.
func (e *entry) json() json.RawMessage {
	if e.item == nil {
		item := make(json.RawMessage, 0, 768)
		item = e.object.AppendJSON(append(item, `{"member":`...))
		item = item[:len(item)-1] // without the closing brace
		item = append(item, `,"presence":`...)
		if e.online() {
			item = append(item, e.presence...)
		} else {
			item = append(item, `{"user":{"id":"`+e.id.String()+`"},"status":"offline","activities":[],"client_status":{}}`...)
		}
		e.item = slices.Clip(append(item, "}}"...))
	}
	return e.item
}
