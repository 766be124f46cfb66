package presence

import "guildhall.chat/guildhall/internal/snowflake"

// leasesKey is a sorted set: lease -> its end in Unix milliseconds of Redis' clock.
const leasesKey = "presence:leases"

// userKey is a hash: session id -> entry, and versionField -> the number of the last change.
func userKey(user snowflake.ID) string { return "presence:{" + user.String() + "}" }

// leftKey is a set of all that was told under a lease: <user>/<session id>.
func leftKey(lease string) string { return "presence:lease:{" + lease + "}" }

// guildKey is a hash: user -> number and presence of those who are there. goneKey is a short-lived one: user -> number, of
// those who went.
func guildKey(guild snowflake.ID) string { return "presence:guild:{" + guild.String() + "}" }
func goneKey(guild snowflake.ID) string  { return "presence:gone:{" + guild.String() + "}" }

// versionField can't be a session's id, which has dots.
const versionField = "version"
