package messages

import (
	"errors"

	"guildhall.chat/guildhall/api/access"
	"guildhall.chat/guildhall/api/call"
	"guildhall.chat/guildhall/api/posting"
	"guildhall.chat/guildhall/api/slowmode"
	"guildhall.chat/guildhall/internal/permissions"
	"guildhall.chat/guildhall/internal/store"
)

// create posts a message.
// https://discord.com/developers/docs/resources/message#create-message
func (h *Handlers) create(c *call.Call) error {
	room, err := h.sendable(c)
	if err != nil {
		return err
	}
	var body posting.Body
	d, err := body.Read(c)
	if err != nil {
		return err
	}
	return h.post(c, room, &body, d)
}

// sendable is the room of the path, in which the caller may say something.
func (h *Handlers) sendable(c *call.Call) (*access.Room, error) {
	room, err := h.room(c)
	if err != nil {
		return nil, err
	}
	if err := room.Need(permissions.ToSend(int(room.Channel.Type))); err != nil {
		return nil, err
	}
	return room, h.access.MayMessage(c, room)
}

// post sends what has been read.
func (h *Handlers) post(c *call.Call, room *access.Room, body *posting.Body, d *posting.Draft) error {
	if err := d.Permit(room); err != nil {
		return err
	}
	ctx, enforced := c.Request.Context(), body.Enforced(d)
	if enforced {
		earlier, err := h.store.MessageByNonce(ctx, room.Channel.ID, c.Caller.UserID, d.Nonce)
		if !errors.Is(err, store.ErrNotFound) {
			return answer(c, room, earlier, err)
		}
	}
	post, err := h.poster.Compose(c, room, posting.As(c.Caller), d)
	if err != nil {
		return err
	}
	wait, release := h.slow.Take(c, room, slowmode.Message)
	if wait > 0 {
		return slowmode.Refuse(c, wait)
	}
	sent, err := h.poster.Send(ctx, room, post, enforced)
	if err != nil {
		release()
	}
	return answer(c, room, sent, err)
}
