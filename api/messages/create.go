package messages

import (
	"errors"

	"guildhall.chat/guildhall/api/call"
	"guildhall.chat/guildhall/api/posting"
	"guildhall.chat/guildhall/api/slowmode"
	"guildhall.chat/guildhall/internal/permissions"
	"guildhall.chat/guildhall/internal/store"
)

// create posts a message.
// https://discord.com/developers/docs/resources/message#create-message
func (h *Handlers) create(c *call.Call) error {
	room, err := h.room(c)
	if err != nil {
		return err
	}
	if err := room.Need(permissions.ToSend(int(room.Channel.Type))); err != nil {
		return err
	}
	if err := h.access.MayMessage(c, room); err != nil {
		return err
	}
	var body posting.Body
	d, err := body.Read(c)
	if err != nil {
		return err
	}
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
