package journal

import (
	"encoding/json"

	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/sharding"
	"guildhall.chat/guildhall/internal/snowflake"
)

// Record is what it takes to continue a session elsewhere. It has no token: who resumes proves who it is anew.
type Record struct {
	Version int // of the encoding; Put and Claim set it

	Owner Process // which process has the session
	// Base is what the session's `s` is above the position of the owner's line. A process that claims a session should
	// begin its numbers Jump above the client's: should Redis lose the claim in a failover, they can't be taken for the
	// old owner's.
	Base int64
	// From is the lowest `s` that the owner's journal explains; a client below it can't move.
	From int64

	User        snowflake.ID
	Login       snowflake.ID // of a user: what the access token belongs to
	Bot         bool
	Application snowflake.ID // of a bot
	AppFlags    int64        // of a bot's application

	Intents        discord.Intents
	Shard          *sharding.Shard // nil: the client named none
	LargeThreshold int
	Compress       bool // payload compression
	APIVersion     int

	Client        string          // the kind of program
	Presence      json.RawMessage // what the session says of itself; nil: nothing yet
	Subscriptions json.RawMessage // op 14 and 37; nil: none

	Guilds   []snowflake.ID // ascending
	GuildsAt int64          // position of the owner's line at which they became these
}

// Key returns the key of a session in entries.
func Key(id string) uint64 { return 0 }
