// Package roster keeps the members of a guild in little memory, for guilds of a hundred thousand and more.
//
// A Roster is a list of blocks, ascending by user. A block holds up to blockSize members: their ids, a fixed record each, and one
// run of bytes with what the records stand for (record.go). So there are a few pointers a block for the collector to walk, not
// a few a member. Members who have the same roles share a role set (roles.go).
//
// JSON is made when it is needed, by json.go, byte for byte what encoding/json makes of a discord.Member. A Snapshot is
// the roster at one moment; it costs a pointer a block, and is read without the lock that guards the roster.
package roster
