// Package worker does what no request does. Each job runs under a lease in Postgres, so that of several workers one does
// it, and another takes over when that one dies:
//
//	relay         sends what was committed and not published: the api died in between, or Redis did not answer
//	partitions    makes the partitions of messages and outbox ahead of time, drops the outbox past the resume window
//	presence      clears what gateway pods left that have died, and tells their users' guilds
//	link embeds   looks up the links in messages
//	crossposts    brings what announcement channels publish to the channels that follow
//	purge         deletes the messages of channels that are gone and of banned users
//	files         removes uploads that no message has
//	exports       makes the archives of users' data that were asked for, removes those that have expired
//	search        brings the search index up with what was sent, edited and deleted
//	scheduled events   begins, ends and cancels those whose time has come
//	invite targets     takes in the lists of users whom invites are for
//	temporary members  removes those who have gone offline
//	housekeeping  forgets refresh tokens, verifications, logins, invites and audit-log entries that are past use
//
// All jobs may run twice at once for a moment, when a lease changes hands while its holder hangs: each is made of steps
// that do no harm when they are repeated.
package worker
