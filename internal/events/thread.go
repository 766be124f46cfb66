package events

import (
	"encoding/json"

	"guildhall.chat/guildhall/internal/snowflake"
)

// Thread is what decides who sees a thread. Views know the active ones; every event in a thread tells it all the same, since
// an archived one may be news to them.
type Thread struct {
	Parent  snowflake.ID `json:"p"`
	Private bool         `json:"x,omitempty"` // only for its members, and for who may manage threads
	// Members is who is in it, complete; nil: as is known.
	Members []ThreadMember `json:"m,omitzero"`
}

// ThreadMember is a member of a thread.
type ThreadMember struct {
	User   snowflake.ID    `json:"u"`
	Joined int64           `json:"j"` // Unix microseconds
	Flags  int             `json:"f,omitempty"`
	Muted  bool            `json:"mu,omitempty"`
	Mute   json.RawMessage `json:"mc,omitempty"` // mute_config of the thread member object
}
