// Package fanout decides who sees what.
//
// A Hub keeps a view of each guild and each user that a session of this pod needs. A view follows the log's feed: it
// subscribes, loads a snapshot, and folds every later event into it (apply.go). Before the next event is looked at, the
// event at hand is submitted to the pod's line, for the sessions that may see it by the guild's state at exactly that event,
// so that nothing after a revocation reaches those who lost access.
//
//	feed --Event--> Guild: apply -> scope -> audience --Submit--> delivery.Line
//	feed --Event--> User:                              --Submit--> delivery.Line; a join enters the guild's view
//	one session's own: GUILD_CREATE, GUILD_DELETE      --DeliverOwn--> Subscriber (session)
//
// Views submit while they hold their lock, so the line has each log's events in the log's order, and everything that is made
// for one session where it belongs among them. Each durable event has an entry in the journal, whether anybody receives it or
// not.
//
// A Place is one session in the fan-out: Join makes it, Enter takes it into guilds, Leave ends it. In a guild's view it is
// a seat (seats.go): attached while the user is a member, waiting otherwise.
//
// Who receives an event is its scope (scope.go): what one must be allowed, and have asked for. The attached seats for which
// each of these is true are kept as sets of bits, which change when the guild or the attendance does and not with each
// message (access.go); the audiences that they make are immutable, and shared by all channels with the same viewers
// (audience.go). So a message costs the same whether ten sessions get it or ten thousand.
//
// A dispatch is encoded once for all its receivers; messages have further variants without content (content.go). What
// GUILD_CREATE tells all alike is encoded once, too (create.go).
//
// Beside its guilds' events a person's session is told of what it subscribes to (subscribe.go): the member lists of channels
// (watch.go, lists.go), and single members.
//
// A session that moves here from another pod takes its place by Rejoin, and is told what it missed by Judge (rejoin.go).
//
// Locks, outermost first: User.turn, Place, User or Guild, the Subscriber's own, the line's. The Hub's lock is never held with
// another.
package fanout
