package posting

import (
	"errors"

	"guildhall.chat/guildhall/api/access"
	"guildhall.chat/guildhall/api/call"
	"guildhall.chat/guildhall/api/form"
	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/permissions"
	"guildhall.chat/guildhall/internal/snowflake"
	"guildhall.chat/guildhall/internal/store"
)

// Reference is the message that a new one replies to or forwards.
// https://discord.com/developers/docs/resources/message#message-reference-structure
type Reference struct {
	Type            *form.Int     `json:"type"`
	MessageID       *snowflake.ID `json:"message_id"`
	ChannelID       *snowflake.ID `json:"channel_id"`
	FailIfNotExists *form.Bool    `json:"fail_if_not_exists"`
}

const referencePath = "message_reference"

func (r *Reference) forward() bool {
	return r != nil && r.Type != nil && *r.Type == discord.ReferenceForward
}

func (r *Reference) check(p *form.Problems) {
	if r == nil {
		return
	}
	if r.Type != nil {
		form.OneOf(p, form.At(referencePath, "type"), *r.Type, discord.ReferenceReply, discord.ReferenceForward)
	}
	if r.MessageID == nil {
		p.Required(form.At(referencePath, "message_id"))
	}
	if r.forward() && r.ChannelID == nil {
		p.Required(form.At(referencePath, "channel_id"))
	}
}

// resolve finds what a new message refers to and writes it into the message. It returns the files that a forwarded one has.
func (p *Poster) resolve(c *call.Call, room *access.Room, r *Reference, m *discord.Message) ([]snowflake.ID, error) {
	switch {
	case r == nil:
		return nil, nil
	case r.forward():
		if err := p.forward(c, r, m); err != nil {
			return nil, err
		}
		return p.store.FilesOf(c.Request.Context(), *r.MessageID)
	}
	return nil, p.reply(c, room, r, m)
}

// reply makes the message an answer to one in the same channel.
func (p *Poster) reply(c *call.Call, room *access.Room, r *Reference, m *discord.Message) error {
	if r.ChannelID != nil && *r.ChannelID != 0 && *r.ChannelID != room.Channel.ID {
		return form.Single(referencePath, "REPLIES_CANNOT_REFERENCE_OTHER_CHANNEL", "Cannot reply to a message in a different channel")
	}
	if !room.Here.Has(permissions.ReadMessageHistory) {
		return discord.ErrReplyNeedsHistory
	}
	target, err := p.store.Message(c.Request.Context(), room.Channel.ID, *r.MessageID, 0)
	switch {
	case errors.Is(err, store.ErrNotFound):
		if r.FailIfNotExists != nil && !bool(*r.FailIfNotExists) {
			return nil // an ordinary message then
		}
		return form.Single(referencePath, "MESSAGE_REFERENCE_UNKNOWN_MESSAGE", "Unknown message")
	case err != nil:
		return err
	case !target.Type.Written() && target.Type != discord.MessageUserJoin:
		return form.Single(referencePath, "REPLIES_CANNOT_REFERENCE_SYSTEM_MESSAGE", "Cannot reply to a system message")
	}
	// One level: what the answered message itself answers is not told.
	target.ReferencedMessage = nil
	answered := &target
	m.Type, m.ReferencedMessage = discord.MessageReply, &answered
	m.MessageReference = &discord.MessageReference{
		Type: discord.ReferenceReply, MessageID: &target.ID, ChannelID: room.Channel.ID, GuildID: room.GuildID(),
	}
	return nil
}

// forward puts a snapshot of a message, from any channel that the caller can read, into the new one.
// https://discord.com/developers/docs/resources/message#message-snapshot-object
func (p *Poster) forward(c *call.Call, r *Reference, m *discord.Message) error {
	source, err := p.access.Room(c, *r.ChannelID)
	if err != nil {
		return err
	}
	target, err := p.Readable(c.Request.Context(), source, *r.MessageID, 0)
	if errors.Is(err, discord.ErrUnknownMessage) {
		return form.Single(referencePath, "MESSAGE_REFERENCE_UNKNOWN_MESSAGE", "Unknown message")
	}
	if err != nil {
		return err
	}
	switch {
	case !target.Type.Written(), target.Poll != nil:
		return form.Single(referencePath, "MESSAGE_REFERENCE_NOT_FORWARDABLE", "Messages of this type cannot be forwarded")
	case !MayRead(c.Caller, source, &target):
		return discord.ErrForwardUnreadable
	}
	m.Flags |= discord.MessageFlagHasSnapshot
	m.MessageReference = &discord.MessageReference{
		Type: discord.ReferenceForward, MessageID: &target.ID, ChannelID: source.Channel.ID, GuildID: source.GuildID(),
	}
	m.MessageSnapshots = target.MessageSnapshots
	if len(m.MessageSnapshots) == 0 {
		m.MessageSnapshots = []discord.MessageSnapshot{snapshot(target)}
	}
	return nil
}

func snapshot(m discord.Message) discord.MessageSnapshot {
	mentioned := make([]discord.User, len(m.Mentions))
	for i := range m.Mentions {
		mentioned[i] = m.Mentions[i].User
	}
	return discord.MessageSnapshot{Message: discord.SnapshotMessage{
		Type: m.Type, Content: m.Content, Timestamp: m.Timestamp, EditedTimestamp: m.EditedTimestamp, Mentions: mentioned,
		MentionRoles: m.MentionRoles, Attachments: m.Attachments, Embeds: m.Embeds, Flags: m.Flags, Components: m.Components,
		StickerItems: m.StickerItems,
	}}
}
