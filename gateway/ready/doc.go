// Package ready builds the large payloads that are made for one session: READY, GUILD_CREATE, GUILD_MEMBERS_CHUNK.
//
// The functions are pure: fan-out hands in what a guild's view holds, session what an account's snapshot holds. Members and
// presences come as ready JSON and are copied, because a guild may have tens of thousands.
package ready
