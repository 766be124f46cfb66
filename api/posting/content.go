package posting

import (
	"slices"

	"guildhall.chat/guildhall/api/access"
	"guildhall.chat/guildhall/api/call"
	"guildhall.chat/guildhall/internal/discord"
)

// Conceal is the content gate: a message whose content the caller may not read loses what it says, and so does the one
// that it replies to.
func Conceal(caller call.Caller, room *access.Room, m *discord.Message) {
	if m.ReferencedMessage != nil && *m.ReferencedMessage != nil {
		Conceal(caller, room, *m.ReferencedMessage)
	}
	if MayRead(caller, room, m) {
		return
	}
	m.Content, m.Embeds, m.Attachments, m.Components = "", []discord.Embed{}, []discord.Attachment{}, discord.EmptyList
	m.Poll = nil
	for i := range m.MessageSnapshots {
		s := &m.MessageSnapshots[i].Message
		s.Content, s.Embeds, s.Attachments, s.Components = "", []discord.Embed{}, []discord.Attachment{}, discord.EmptyList
	}
}

// MayRead reports whether the caller gets to see what a message says. A bot whose application is not granted
// MESSAGE_CONTENT sees it in DMs, and in guilds of its own messages and those that mention it. REST goes by the grant, not
// by a session's intents.
// https://discord.com/developers/docs/events/gateway#message-content-intent
func MayRead(caller call.Caller, room *access.Room, m *discord.Message) bool {
	if MayReadAll(caller, room) || m.Author.ID == caller.UserID {
		return true
	}
	return slices.ContainsFunc(m.Mentions, func(u discord.Mention) bool { return u.ID == caller.UserID })
}

// MayReadAll reports whether MayRead is true of every message.
func MayReadAll(caller call.Caller, room *access.Room) bool {
	return !caller.Bot || room.Direct() || discord.GrantedIntents(caller.AppFlags)&discord.IntentMessageContent != 0
}
