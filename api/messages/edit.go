package messages

import (
	"guildhall.chat/guildhall/api/access"
	"guildhall.chat/guildhall/api/call"
	"guildhall.chat/guildhall/api/posting"
	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/permissions"
)

// edit changes a message.
// https://discord.com/developers/docs/resources/message#edit-message
func (h *Handlers) edit(c *call.Call) error {
	room, id, err := h.place(c)
	if err != nil {
		return err
	}
	if err := room.NeedActive(); err != nil {
		return err
	}
	var body posting.Edit
	if err := body.Read(c); err != nil {
		return err
	}
	ctx := c.Request.Context()
	if err := h.poster.Receive(ctx, room, posting.As(c.Caller), &body); err != nil {
		return err
	}
	err = h.poster.Edit(ctx, room, id, &body, func(was discord.Message) error { return mayEdit(c.Caller, room, was, &body) })
	if err != nil {
		return err
	}
	m, err := h.store.Message(ctx, room.Channel.ID, id, c.Caller.UserID)
	return answer(c, room, m, posting.UnknownMessage(err))
}

// mayEdit: the author may change everything, who may manage messages only the flags.
func mayEdit(caller call.Caller, room *access.Room, m discord.Message, b *posting.Edit) error {
	if m.Author.ID != caller.UserID {
		if b.Says() {
			return discord.ErrNotAuthor
		}
		return room.Need(permissions.ManageMessages)
	}
	if !m.Type.Written() {
		return discord.ErrSystemMessage
	}
	return nil
}
