package applications

import (
	"crypto/ed25519"
	"crypto/rand"
	"errors"
	"net/http"

	"guildhall.chat/guildhall/api/call"
	"guildhall.chat/guildhall/api/form"
	"guildhall.chat/guildhall/internal/auth"
	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/snowflake"
	"guildhall.chat/guildhall/internal/store"
)

// create makes an application with a key of its own, by which it will know what the platform sends to it.
func (h *Handlers) create(c *call.Call) error {
	var body settings
	if err := c.Bind(&body); err != nil {
		return err
	}
	if !body.Name.Set {
		return form.Single("name", "BASE_TYPE_REQUIRED", "This field is required")
	}
	if err := body.check(); err != nil {
		return err
	}
	seed := make([]byte, ed25519.SeedSize)
	_, _ = rand.Read(seed) // never fails, says its documentation
	ctx := c.Request.Context()
	var app discord.Application
	err := h.store.Change(ctx, func(tx *store.Tx) (err error) {
		if app, err = tx.CreateApplication(ctx, c.Caller.UserID, body.Name.Value, seed); err != nil {
			return err
		}
		if err := body.apply(ctx, tx, &app); err != nil {
			return err
		}
		return tx.UpdateApplication(ctx, app)
	})
	if errors.Is(err, store.ErrFull) {
		return discord.ErrTooManyApps
	}
	if err != nil {
		return err
	}
	return c.Reply(http.StatusCreated, app)
}

// update changes an application of the caller.
func (h *Handlers) update(c *call.Call) error {
	id, err := c.ID("application_id", discord.ErrUnknownApplication)
	if err != nil {
		return err
	}
	return h.change(c, id)
}

// updateMine changes the application of the bot that asks.
// https://discord.com/developers/docs/resources/application#edit-current-application
func (h *Handlers) updateMine(c *call.Call) error { return h.change(c, c.Caller.ApplicationID) }

func (h *Handlers) change(c *call.Call, id snowflake.ID) error {
	var body settings
	if err := c.Bind(&body); err != nil {
		return err
	}
	if c.Caller.Bot {
		body.Name.Set = false // its owner's to change
	}
	if err := body.check(); err != nil {
		return err
	}
	if err := h.probe(c, id, &body); err != nil {
		return err
	}
	ctx := c.Request.Context()
	var app discord.Application
	var epoch int64 // of the bot, if it has risen
	err := h.edit(c, id, func(tx *store.Tx, locked discord.Application) (err error) {
		app, epoch = locked, 0
		if err := body.apply(ctx, tx, &app); err != nil {
			return err
		}
		if err := tx.UpdateApplication(ctx, app); err != nil {
			return err
		}
		if err := body.endpoint.apply(ctx, tx, &app); err != nil {
			return err
		}
		if app.Flags != locked.Flags && app.Bot != nil {
			epoch, err = tx.RaiseEpoch(ctx, app.Bot.ID)
		}
		return err
	})
	if err != nil {
		return err
	}
	if epoch != 0 {
		h.authenticator.Changed(ctx, app.Bot.ID, epoch)
	}
	return c.OK(app)
}

// edit runs fn in a change on an application of the caller that is locked.
func (h *Handlers) edit(c *call.Call, id snowflake.ID, fn func(tx *store.Tx, app discord.Application) error) error {
	ctx := c.Request.Context()
	return h.store.Change(ctx, func(tx *store.Tx) error {
		app, err := tx.LockApplication(ctx, id)
		if errors.Is(err, store.ErrNotFound) || err == nil && !owns(c, app) {
			return discord.ErrUnknownApplication
		}
		if err != nil {
			return err
		}
		return fn(tx, app)
	})
}

// newBot is a bot user; a token comes with it only when it has just been made.
type newBot struct {
	discord.User
	Token string `json:"token,omitempty"`
}

// createBot gives an application its bot, named like it, with a first token. An application that has one keeps it.
func (h *Handlers) createBot(c *call.Call) error {
	id, err := c.ID("application_id", discord.ErrUnknownApplication)
	if err != nil {
		return err
	}
	ctx := c.Request.Context()
	var bot newBot
	err = h.edit(c, id, func(tx *store.Tx, app discord.Application) (err error) {
		if bot = (newBot{}); app.Bot != nil {
			bot.User = *app.Bot
			return nil
		}
		if bot.User, err = tx.CreateBot(ctx, id, app.Name); err != nil {
			return err
		}
		token, hash := auth.NewBotToken(bot.ID)
		bot.Token = token
		_, err = tx.ResetBotToken(ctx, bot.ID, hash)
		return err
	})
	if err != nil {
		return err
	}
	return c.OK(bot)
}

// resetToken gives a bot another token. The old one, and the sessions that it began, end at once.
func (h *Handlers) resetToken(c *call.Call) error {
	id, err := c.ID("application_id", discord.ErrUnknownApplication)
	if err != nil {
		return err
	}
	ctx := c.Request.Context()
	var bot snowflake.ID
	var token string
	var epoch int64
	err = h.edit(c, id, func(tx *store.Tx, app discord.Application) (err error) {
		if app.Bot == nil {
			return discord.ErrNoBot
		}
		var hash []byte
		bot = app.Bot.ID
		token, hash = auth.NewBotToken(bot)
		epoch, err = tx.ResetBotToken(ctx, bot, hash)
		return err
	})
	if err != nil {
		return err
	}
	h.authenticator.Changed(ctx, bot, epoch)
	return c.OK(struct {
		Token string `json:"token"`
	}{token})
}
