package discord

// Dispatches that only people's clients get. Discord does not document them.
const (
	EventReadySupplemental     = "READY_SUPPLEMENTAL"
	EventSessionsReplace       = "SESSIONS_REPLACE"
	EventGuildSync             = "GUILD_SYNC"
	EventGuildMemberListUpdate = "GUILD_MEMBER_LIST_UPDATE"
)
