package accounts

import (
	"context"
	"errors"

	"guildhall.chat/guildhall/api/call"
	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/snowflake"
	"guildhall.chat/guildhall/internal/store"
)

// end disables or deletes the caller's account. Password and, where there is a second factor, its code are asked for once more.
func (h *Handlers) end(do func(*store.Tx, context.Context, snowflake.ID) ([]store.AccountEpoch, error)) call.Handler {
	return func(c *call.Call) error {
		var body struct {
			Password string `json:"password"`
			Code     string `json:"code"`
		}
		if err := c.Bind(&body); err != nil {
			return err
		}
		if err := h.checkPassword(c, body.Password); err != nil {
			return err
		}
		ctx, user := c.Request.Context(), c.Caller.UserID
		use := func(context.Context, *store.Tx) error { return nil }
		if c.Caller.MFA {
			if body.Code == "" {
				return discord.ErrNeedsMFA
			}
			found, err := h.factor(ctx, user, body.Code, byTOTP, byBackup)
			if err != nil {
				return err
			}
			use = found
		}
		var raised []store.AccountEpoch
		err := h.Store.Change(ctx, func(tx *store.Tx) (err error) {
			if err := use(ctx, tx); err != nil {
				return err
			}
			raised, err = do(tx, ctx, user)
			return err
		})
		if errors.Is(err, store.ErrOwnsGuilds) {
			return discord.ErrOwnsGuilds
		}
		if err != nil {
			return err
		}
		h.tellAll(ctx, raised)
		return c.Done()
	}
}
