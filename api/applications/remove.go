package applications

import (
	"errors"

	"guildhall.chat/guildhall/api/call"
	"guildhall.chat/guildhall/internal/auth"
	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/snowflake"
	"guildhall.chat/guildhall/internal/store"
)

// resetSecret gives an application another client secret. The old one is worth nothing from now on.
func (h *Handlers) resetSecret(c *call.Call) error {
	id, err := c.ID("application_id", discord.ErrUnknownApplication)
	if err != nil {
		return err
	}
	ctx := c.Request.Context()
	secret, hash := auth.NewOpaque()
	err = h.edit(c, id, func(tx *store.Tx, _ discord.Application) error { return tx.SetClientSecret(ctx, id, hash) })
	if err != nil {
		return err
	}
	return c.OK(struct {
		Secret string `json:"secret"`
	}{secret})
}

// remove deletes an application of the caller with all that is the application's: its bot leaves every guild, and what users
// have agreed to is void. If it is broken off, the application is still there, with a bot that nobody can log in to, and
// it can be asked for again.
func (h *Handlers) remove(c *call.Call) error {
	id, err := c.ID("application_id", discord.ErrUnknownApplication)
	if err != nil {
		return err
	}
	if err := h.silence(c, id); err != nil {
		return err
	}
	for {
		guilds, err := h.tryRemove(c, id)
		if err != nil {
			return err
		}
		if len(guilds) == 0 {
			return c.Done()
		}
		if err := h.leave(c, id, guilds); err != nil {
			return err
		}
	}
}

// silence ends the bot's token and sessions, and keeps others from adding it anywhere.
func (h *Handlers) silence(c *call.Call, id snowflake.ID) error {
	ctx := c.Request.Context()
	var bot snowflake.ID
	var epoch int64
	err := h.edit(c, id, func(tx *store.Tx, app discord.Application) (err error) {
		if app.Bot == nil {
			return nil
		}
		app.BotPublic = false
		if err := tx.UpdateApplication(ctx, app); err != nil {
			return err
		}
		bot = app.Bot.ID
		epoch, err = tx.ResetBotToken(ctx, bot, nil)
		return err
	})
	if err == nil && bot != 0 {
		h.authenticator.Changed(ctx, bot, epoch)
	}
	return err
}

// tryRemove deletes the application unless its bot is still in guilds, of which it returns some.
func (h *Handlers) tryRemove(c *call.Call, id snowflake.ID) (guilds []snowflake.ID, err error) {
	ctx := c.Request.Context()
	err = h.edit(c, id, func(tx *store.Tx, app discord.Application) (err error) {
		guilds = nil
		if app.Bot != nil {
			if guilds, err = tx.SomeGuildsOf(ctx, app.Bot.ID); err != nil || len(guilds) > 0 {
				return err
			}
		}
		return tx.DeleteApplication(ctx, id)
	})
	return guilds, err
}

// leave takes the bot out of guilds, one change each: a change holds a guild's lock.
func (h *Handlers) leave(c *call.Call, id snowflake.ID, guilds []snowflake.ID) error {
	ctx := c.Request.Context()
	app, err := h.store.Application(ctx, id)
	if errors.Is(err, store.ErrNotFound) || err == nil && app.Bot == nil {
		return discord.ErrUnknownApplication // deleted by another request
	}
	if err != nil {
		return err
	}
	for _, guild := range guilds {
		err := h.store.Change(ctx, func(tx *store.Tx) error {
			_, err := tx.RemoveMember(ctx, guild, app.Bot.ID)
			return err
		})
		if err != nil && !errors.Is(err, store.ErrNotFound) {
			return err
		}
	}
	return nil
}
