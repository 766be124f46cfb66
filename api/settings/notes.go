package settings

import (
	"errors"
	"unicode/utf8"

	"guildhall.chat/guildhall/api/call"
	"guildhall.chat/guildhall/api/form"
	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/snowflake"
	"guildhall.chat/guildhall/internal/store"
)

// maxNote is the length of a note in characters.
const maxNote = 256

// notes returns all of the caller's notes, by whom they are about.
func (h *Handlers) notes(c *call.Call) error {
	all, err := h.store.Notes(c.Request.Context(), c.Caller.UserID)
	if err != nil {
		return err
	}
	return c.OK(all)
}

// note returns what the caller has noted about a user.
func (h *Handlers) note(c *call.Call) error {
	about, err := c.ID("user_id", discord.ErrUnknownUser)
	if err != nil {
		return err
	}
	text, err := h.store.Note(c.Request.Context(), c.Caller.UserID, about)
	if errors.Is(err, store.ErrNotFound) {
		return discord.ErrUnknownUser
	}
	if err != nil {
		return err
	}
	return c.OK(struct {
		Note   string       `json:"note"`
		About  snowflake.ID `json:"note_user_id"`
		UserID snowflake.ID `json:"user_id"`
	}{text, about, c.Caller.UserID})
}

// putNote writes what the caller notes about a user; an empty note is none.
func (h *Handlers) putNote(c *call.Call) error {
	about, err := c.ID("user_id", discord.ErrUnknownUser)
	if err != nil {
		return err
	}
	var body struct {
		Note string `json:"note"`
	}
	if err := c.Bind(&body); err != nil {
		return err
	}
	var p form.Problems
	p.Max("note", utf8.RuneCountInString(body.Note), maxNote)
	if err := p.Err(); err != nil {
		return err
	}
	ctx := c.Request.Context()
	err = h.store.Change(ctx, func(tx *store.Tx) error { return tx.PutNote(ctx, c.Caller.UserID, about, body.Note) })
	switch {
	case errors.Is(err, store.ErrNotFound):
		return discord.ErrUnknownUser
	case errors.Is(err, store.ErrTooManyNotes):
		return form.Single("note", "BASE_TYPE_MAX_LENGTH", "There are too many notes.")
	case err != nil:
		return err
	}
	return c.Done()
}
