package messages

import (
	"errors"

	"guildhall.chat/guildhall/api/call"
	"guildhall.chat/guildhall/api/form"
	"guildhall.chat/guildhall/api/posting"
	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/snowflake"
	"guildhall.chat/guildhall/internal/store"
)

// greet waves at somebody with a sticker: in a DM, or as a reply to the message that tells of the joining of a member.
// https://docs.discord.food/resources/message#create-greet-message
func (h *Handlers) greet(c *call.Call) error {
	room, err := h.sendable(c)
	if err != nil {
		return err
	}
	var sent struct {
		StickerIDs       []snowflake.ID           `json:"sticker_ids"`
		AllowedMentions  *posting.AllowedMentions `json:"allowed_mentions"`
		MessageReference *posting.Reference       `json:"message_reference"`
	}
	if err := c.Bind(&sent); err != nil {
		return err
	}
	body := posting.Body{StickerIDs: sent.StickerIDs, AllowedMentions: sent.AllowedMentions, MessageReference: sent.MessageReference}
	var p form.Problems
	if len(sent.StickerIDs) == 0 {
		p.Required("sticker_ids")
	}
	if sent.MessageReference == nil && !room.Direct() {
		p.Required("message_reference")
	}
	d := body.Draft(c, &p)
	if err := p.Err(); err != nil {
		return err
	}
	if !room.Direct() {
		target, err := h.store.Message(c.Request.Context(), room.Channel.ID, *sent.MessageReference.MessageID, 0)
		switch {
		case errors.Is(err, store.ErrNotFound):
			return form.Single("message_reference", "MESSAGE_REFERENCE_UNKNOWN_MESSAGE", "Unknown message")
		case err != nil:
			return err
		case target.Type != discord.MessageUserJoin:
			return form.Single("message_reference", "MESSAGE_REFERENCE_INVALID", "Only who has just joined can be greeted.")
		}
	}
	return h.post(c, room, &body, d)
}
