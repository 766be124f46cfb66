// Package presence knows who is online.
//
// Each session tells its status and activities through the Pod that serves it. Redis keeps them in a hash for each user, so
// that one script changes a session and returns all of them, numbered; from that Aggregate makes the one presence that
// others see. If it changed, it is copied into a hash for each of the user's guilds, which gateway pods read when they load
// a guild, and the caller publishes a PRESENCE_UPDATE. The numbers keep a late copy from overwriting a newer one.
//
// A pod holds a lease. When it ends, Expire (in the api worker) clears the sessions that the pod has left behind, except for
// those that another pod has taken over.
//
// https://discord.com/developers/docs/events/gateway-events#presence
package presence

import (
	"encoding/json"
	"errors"

	"guildhall.chat/guildhall/internal/snowflake"
)

// Status is whether one is there.
type Status string

// The statuses. To others, who is Invisible is Offline.
const (
	Online    Status = "online"
	DND       Status = "dnd"
	Idle      Status = "idle"
	Invisible Status = "invisible"
	Offline   Status = "offline"
)

// Client is the kind of program a session belongs to.
type Client string

// The kinds of program. Bots are Web.
const (
	Desktop Client = "desktop"
	Mobile  Client = "mobile"
	Web     Client = "web"
)

// ClientOf tells the kind of program by the browser property of IDENTIFY.
func ClientOf(browser string) Client {
	switch browser {
	case "Discord Client":
		return Desktop
	case "Discord iOS", "Discord Android", "Discord Embedded":
		return Mobile
	}
	return Web
}

// Presence is what others see of a user: the fields status, activities and client_status of Discord's presence.
type Presence struct {
	Status       Status            `json:"status"`
	Activities   []json.RawMessage `json:"activities"`
	ClientStatus ClientStatus      `json:"client_status"`
}

// ClientStatus is the status on each kind of program; empty: none there.
type ClientStatus struct {
	Desktop Status `json:"desktop,omitempty"`
	Mobile  Status `json:"mobile,omitempty"`
	Web     Status `json:"web,omitempty"`
}

// offline is the presence of who isn't there.
var offline = Presence{Status: Offline, Activities: []json.RawMessage{}}

// Event returns the data of a PRESENCE_UPDATE about the user; guild 0 is for friends, outside of any guild.
func (p Presence) Event(user, guild snowflake.ID) (json.RawMessage, error) {
	type onlyID struct {
		ID snowflake.ID `json:"id"`
	}
	event := struct {
		User  onlyID        `json:"user"`
		Guild *snowflake.ID `json:"guild_id,omitempty"`
		Presence
	}{User: onlyID{user}, Presence: p}
	if guild != 0 {
		event.Guild = &guild
	}
	return json.Marshal(event)
}

// ErrTooManySessions says that the user already has as many sessions as are kept, maxSessions.
var ErrTooManySessions = errors.New("presence: the user has too many sessions")

// maxSessions bounds a user's sessions. A bot has one for each of its shards.
const maxSessions = 1000
