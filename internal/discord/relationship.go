package discord

import "guildhall.chat/guildhall/internal/snowflake"

// RelationshipType is what a user is to another. Discord does not document relationships.
type RelationshipType int

// Types of relationships.
const (
	RelationshipNone     RelationshipType = 0 // ignored, and nothing else
	RelationshipFriend   RelationshipType = 1
	RelationshipBlocked  RelationshipType = 2
	RelationshipIncoming RelationshipType = 3 // the other asks for friendship
	RelationshipOutgoing RelationshipType = 4
)

// Relationship is what another user is to the one who is told of it.
type Relationship struct {
	ID          snowflake.ID     `json:"id"` // the other user's
	Type        RelationshipType `json:"type"`
	User        User             `json:"user"`
	Nickname    *string          `json:"nickname"`
	Since       Timestamp        `json:"since"`
	UserIgnored bool             `json:"user_ignored"`
}

// RelationshipAddEvent is the payload of RELATIONSHIP_ADD, which also tells that a relationship is of another type now.
type RelationshipAddEvent struct {
	Relationship
	ShouldNotify bool `json:"should_notify,omitempty"`
}

// RelationshipEvent is the payload of RELATIONSHIP_UPDATE and RELATIONSHIP_REMOVE.
type RelationshipEvent struct {
	ID          snowflake.ID     `json:"id"`
	Type        RelationshipType `json:"type"`
	Nickname    *string          `json:"nickname"`
	UserIgnored bool             `json:"user_ignored"`
}
