package memberlist

import (
	"bytes"
	"cmp"
	"encoding/json"
	"strings"

	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/permissions"
	"guildhall.chat/guildhall/internal/snowflake"
)

// Member is a member as lists show one. What is in it must not be changed.
type Member struct {
	ID       snowflake.ID
	Name     string // as displayed: nick, global name, or username
	Roles    []snowflake.ID
	Object   json.RawMessage // the member object, user included
	Presence json.RawMessage // as in PRESENCE_UPDATE; nil: offline
}

// DisplayName returns the name under which a member is shown. The user must not be nil.
func DisplayName(m discord.Member) string {
	switch {
	case m.Nick != nil && *m.Nick != "":
		return *m.Nick
	case m.User.GlobalName != nil && *m.User.GlobalName != "":
		return *m.User.GlobalName
	}
	return m.User.Username
}

// entry is a member in the lists' order. It does not change, but for what it keeps: the lists as they were shown have it, too.
type entry struct {
	id       snowflake.ID
	group    int    // index into the roster's groups
	key      string // the name without case
	roles    []snowflake.ID
	object   json.RawMessage
	presence json.RawMessage
	item     json.RawMessage // on the wire, once it was needed
}

func newEntry(m Member) *entry {
	return &entry{id: m.ID, key: strings.ToLower(m.Name), roles: m.Roles, object: m.Object, presence: m.Presence}
}

func (e *entry) online() bool { return e.presence != nil }

func (e *entry) rules() permissions.Member { return permissions.Member{User: e.id, Roles: e.roles} }

// looks reports whether two entries are the same to a client.
func (e *entry) looks(other *entry) bool {
	return e == other || bytes.Equal(e.object, other.object) && bytes.Equal(e.presence, other.presence)
}

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
		item := make(json.RawMessage, 0, len(e.object)+len(e.presence)+128)
		item = append(item, `{"member":`...)
		item = append(item, e.object[:len(e.object)-1]...) // without the closing brace
		item = append(item, `,"presence":`...)
		if e.online() {
			item = append(item, e.presence...)
		} else {
			item = append(item, `{"user":{"id":"`+e.id.String()+`"},"status":"offline","activities":[],"client_status":{}}`...)
		}
		e.item = append(item, "}}"...)
	}
	return e.item
}
