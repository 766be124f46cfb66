package emojis

import (
	"errors"
	"net/http"

	"guildhall.chat/guildhall/api/call"
	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/store"
)

// own reads the application of the path: the caller's own, as its bot or its owner.
func (h *Handlers) own(c *call.Call) (store.EmojiOwner, error) {
	id, err := c.ID("application_id", discord.ErrUnknownApplication)
	owner := store.EmojiOwner{Application: id}
	if err != nil || c.Caller.Bot && id == c.Caller.ApplicationID {
		return owner, err
	}
	app, err := h.store.Application(c.Request.Context(), id)
	if errors.Is(err, store.ErrNotFound) || err == nil && (c.Caller.Bot || app.Owner.ID != c.Caller.UserID) {
		return owner, discord.ErrUnknownApplication
	}
	return owner, err
}

// listOfApplication returns an application's emojis.
// https://discord.com/developers/docs/resources/emoji#list-application-emojis
func (h *Handlers) listOfApplication(c *call.Call) error {
	owner, err := h.own(c)
	if err != nil {
		return err
	}
	list, err := h.store.Emojis(c.Request.Context(), owner)
	if err != nil {
		return err
	}
	return c.OK(discord.ApplicationEmojis{Items: list})
}

// getOfApplication returns an emoji of an application.
// https://discord.com/developers/docs/resources/emoji#get-application-emoji
func (h *Handlers) getOfApplication(c *call.Call) error {
	owner, err := h.own(c)
	if err != nil {
		return err
	}
	id, err := c.ID("emoji_id", discord.ErrEmojiNotFound)
	if err != nil {
		return err
	}
	e, err := h.store.Emoji(c.Request.Context(), owner, id)
	if err != nil {
		return unknown(err)
	}
	return c.OK(e)
}

// createOfApplication gives an application an emoji.
// https://discord.com/developers/docs/resources/emoji#create-application-emoji
func (h *Handlers) createOfApplication(c *call.Call) error {
	owner, err := h.own(c)
	if err != nil {
		return err
	}
	d, picture, err := bindNew(c)
	if err != nil {
		return err
	}
	ctx := c.Request.Context()
	var e discord.Emoji
	err = h.store.Change(ctx, func(tx *store.Tx) error {
		if _, err := tx.LockApplication(ctx, owner.Application); err != nil {
			return err
		}
		still, animated, err := tx.EmojiCounts(ctx, owner)
		if err != nil {
			return err
		}
		if still+animated >= maxOfApplication {
			return discord.ErrTooManyAppEmojis
		}
		if e, err = made(c, tx, d, picture); err != nil {
			return err
		}
		return tx.CreateEmoji(ctx, owner, e, picture)
	})
	if err != nil {
		return taken(err)
	}
	return c.Reply(http.StatusCreated, e)
}

// updateOfApplication changes the name of an emoji.
// https://discord.com/developers/docs/resources/emoji#modify-application-emoji
func (h *Handlers) updateOfApplication(c *call.Call) error {
	owner, err := h.own(c)
	if err != nil {
		return err
	}
	id, err := c.ID("emoji_id", discord.ErrEmojiNotFound)
	if err != nil {
		return err
	}
	d, err := bindChange(c)
	if err != nil {
		return err
	}
	ctx := c.Request.Context()
	var e discord.Emoji
	err = h.store.Change(ctx, func(tx *store.Tx) (err error) {
		if e, err = tx.Emoji(ctx, owner, id); err != nil {
			return err
		}
		d.Name.Apply(&e.Name)
		return tx.UpdateEmoji(ctx, owner, e)
	})
	if err != nil {
		return taken(err)
	}
	return c.OK(e)
}

// removeOfApplication deletes an emoji.
// https://discord.com/developers/docs/resources/emoji#delete-application-emoji
func (h *Handlers) removeOfApplication(c *call.Call) error {
	owner, err := h.own(c)
	if err != nil {
		return err
	}
	id, err := c.ID("emoji_id", discord.ErrEmojiNotFound)
	if err != nil {
		return err
	}
	ctx := c.Request.Context()
	if err := h.store.Change(ctx, func(tx *store.Tx) error { return tx.DeleteEmoji(ctx, owner, id) }); err != nil {
		return unknown(err)
	}
	return c.Done()
}
