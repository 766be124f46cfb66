package events

import "guildhall.chat/guildhall/internal/snowflake"

// The three names of a log share one hash tag, so that one script reaches them and one node serves them.

func streamKey(log snowflake.ID) string { return "log:{" + log.String() + "}" }
func stateKey(log snowflake.ID) string  { return "log-state:{" + log.String() + "}" }
func channelOf(log snowflake.ID) string { return "log:{" + log.String() + "}" }

// Fields of the state hash.
const (
	fieldLast      = "last"
	fieldStructure = "structure"
	fieldMembers   = "members"
)
