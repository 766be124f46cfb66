package applications

import (
	"errors"

	"guildhall.chat/guildhall/api/call"
	"guildhall.chat/guildhall/api/form"
	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/snowflake"
	"guildhall.chat/guildhall/internal/store"
)

// maxPublic is how many applications one request asks for.
const maxPublic = 100

// public tells what everybody may know of an application.
func (h *Handlers) public(c *call.Call) error {
	id, err := c.ID("application_id", discord.ErrUnknownApplication)
	if err != nil {
		return err
	}
	app, err := h.store.Application(c.Request.Context(), id)
	if errors.Is(err, store.ErrNotFound) {
		return discord.ErrUnknownApplication
	}
	if err != nil {
		return err
	}
	return c.OK(app.PublicApplication)
}

// listPublic is public for those of many that exist.
func (h *Handlers) listPublic(c *call.Call) error {
	texts := c.QueryArray("application_ids")
	var p form.Problems
	p.Max("application_ids", len(texts), maxPublic)
	ids := make([]snowflake.ID, len(texts))
	for i, text := range texts {
		var err error
		if ids[i], err = snowflake.Parse(text); err != nil {
			p.Add(form.At("application_ids", i), "NUMBER_TYPE_COERCE", "Value is not snowflake.")
		}
	}
	if err := p.Err(); err != nil {
		return err
	}
	apps, err := h.store.Applications(c.Request.Context(), ids)
	if err != nil {
		return err
	}
	answer := make([]discord.PublicApplication, len(apps))
	for i, app := range apps {
		answer[i] = app.PublicApplication
	}
	return c.OK(answer)
}
