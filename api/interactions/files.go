package interactions

import (
	"math"
	"slices"

	"guildhall.chat/guildhall/api/components"
	"guildhall.chat/guildhall/api/files"
	"guildhall.chat/guildhall/api/form"
	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/snowflake"
)

// uploads are the files that come with an interaction. What the user gives names them by ids of the client's, which become
// those of attachments when all else is known to be right.
type uploads struct {
	sent  map[snowflake.ID]files.Incoming
	named map[snowflake.ID][]func(snowflake.ID) // who is told the id of each
}

// name notes that a file is given; tell is called with its id as soon as it has one.
func (u *uploads) name(p *form.Problems, path string, value any, tell func(snowflake.ID)) {
	id, ok := uploadID(value)
	if _, sent := u.sent[id]; !ok || !sent {
		p.Add(path, "ATTACHMENT_NOT_FOUND", "Value must be the id of one of the attachments.")
		return
	}
	if u.named == nil {
		u.named = map[snowflake.ID][]func(snowflake.ID){}
	}
	u.named[id] = append(u.named[id], tell)
}

// uploadID reads the id that a client gave a file: a number, or one as text.
func uploadID(value any) (snowflake.ID, bool) {
	switch value := value.(type) {
	case string:
		id, err := snowflake.Parse(value)
		return id, err == nil
	case float64:
		return snowflake.ID(max(value, 0)), value >= 0 && value < 1<<53 && value == math.Trunc(value)
	}
	return 0, false
}

// asked checks the files that were given in a field of a modal and returns their ids, which are there when the files are kept.
func (u *uploads) asked(p *form.Problems, path string, c *components.Component, given []string) []string {
	ids := make([]string, len(given))
	if !rightMany(p, path, c, len(given)) {
		return ids
	}
	for i, value := range given {
		if slices.Contains(given[:i], value) {
			p.Add(form.At(path, i), "SET_TYPE_ALREADY_CONTAINS_VALUE", "The set already contains this value")
		}
		u.name(p, form.At(path, i), value, func(id snowflake.ID) { ids[i] = id.String() })
	}
	return ids
}

// keep keeps the files that were given, tells their ids where they are named, and adds them to what is resolved.
func (h *Handlers) keep(s *scene, r *discord.Resolved) (*discord.Resolved, error) {
	if len(s.files.named) == 0 {
		return r, nil
	}
	for id := range s.files.sent {
		if s.files.named[id] == nil {
			delete(s.files.sent, id)
		}
	}
	kept, err := h.poster.Keep(s.Request.Context(), s.room.Channel.ID, s.Caller.UserID, s.files.sent)
	if err != nil {
		return nil, err
	}
	if r == nil {
		r = &discord.Resolved{}
	}
	r.Attachments = make(map[snowflake.ID]discord.Attachment, len(kept))
	for id, a := range kept {
		r.Attachments[a.ID] = a
		for _, tell := range s.files.named[id] {
			tell(a.ID)
		}
	}
	return r, nil
}
