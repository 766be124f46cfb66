// Package memberlist is the list of members beside a guild's channel, as user clients subscribe to it with op 14 and 37
// and are told of it by GUILD_MEMBER_LIST_UPDATE. Discord does not document it.
//
//	member, presence --Put--> Guild --> List (one a visibility): now [ordered tree]
//	subscription     --Sync--> what the list shows                shown [the tree as of the last Flush]
//	a while later    --Flush--> DELETE, INSERT, UPDATE, SYNC of the hundreds of rows that somebody watches
//
// A Guild holds the members whom its lists show, a List those of them who may view a channel. Channels of
// the same Visibility share a list. A list is one row a group, each followed by its members' rows: hoisted roles from the
// highest on, then "online", then "offline".
//
// Clients know the list as of the last Flush, whatever has changed since: a change costs O(log n) a list, and many changes
// become one update. Between two trees only the rows of the watched hundreds (Blocks) are compared; the older tree is a
// copy-on-write copy, so that keeping it costs what has changed.
//
// What a session may ask for is bounded (subscription.go, blocks.go), and so are the lists of a guild (guild.go).
//
// The package knows neither sessions nor locks: who calls it holds the lock of the guild's view.
package memberlist
