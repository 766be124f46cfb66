// Package fanout decides who sees what.
//
// A Hub keeps a view of each guild and each user that a session of this pod needs. A view follows the log's feed: it
// subscribes, loads a snapshot, and folds every later event into it (apply.go). Before the next event is looked at, the
// event at hand is delivered to the sessions that may see it by the guild's state at exactly that event (deliver.go,
// audience.go), so that nothing after a revocation reaches those who lost access.
//
//	feed --Event--> Guild: apply, then deliver --Deliver--> Subscriber (session)
//	feed --Event--> User:  deliver; a join enters the guild's view
//	Place --Subscribe--> Guild: member lists that are watched (lists.go), members that are followed (subscribe.go)
//
// A Place is one session in the fan-out: Join makes it, Enter takes it into guilds, Leave ends it. In a guild's view it is
// a seat: attached while the user is a member, waiting otherwise.
//
// A dispatch is encoded once for all its receivers; messages have further variants without content (content.go).
//
// Locks, outermost first: Place, User or Guild, the Subscriber's own. The Hub's lock is never held with another.
package fanout
