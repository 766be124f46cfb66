package admin

import (
	"context"
	"errors"
	"net/http"

	"guildhall.chat/guildhall/api/call"
	"guildhall.chat/guildhall/api/exports"
	"guildhall.chat/guildhall/api/files"
	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/snowflake"
	"guildhall.chat/guildhall/internal/store"
)

// Linking makes the links to exports with links.
func (s *Service) Linking(links *files.Links) *Service {
	s.links = links
	return s
}

// Linking makes the links to exports with links.
func (h *Handlers) Linking(links *files.Links) *Handlers {
	h.service.Linking(links)
	return h
}

// Export has the data of a user gathered; store.ErrExportTooSoon while that is under way. by is nil for the command line.
func (s *Service) Export(ctx context.Context, user snowflake.ID, by *snowflake.ID) (exports.Told, error) {
	made, err := s.AskExport(ctx, user, by, 0)
	return exports.Told{Export: made}, err
}

// exportsListed is how many exports are listed; older ones have expired.
const exportsListed = 100

// ExportsOf lists a user's exports.
func (s *Service) ExportsOf(ctx context.Context, user snowflake.ID) ([]exports.Told, error) {
	kept, err := s.Exports(ctx, user, exportsListed)
	told := make([]exports.Told, len(kept))
	for i, e := range kept {
		told[i] = exports.Tell(e, s.links)
	}
	return told, err
}

func (h *Handlers) export(c *call.Call) error {
	id, err := c.ID("user_id", discord.ErrUnknownUser)
	if err != nil {
		return err
	}
	by := c.Caller.UserID
	made, err := h.service.Export(c.Request.Context(), id, &by)
	if errors.Is(err, store.ErrExportTooSoon) {
		return discord.ErrExportTooSoon
	}
	if err != nil {
		return known(err, discord.ErrUnknownUser)
	}
	return c.Reply(http.StatusAccepted, made)
}

func (h *Handlers) exports(c *call.Call) error {
	id, err := c.ID("user_id", discord.ErrUnknownUser)
	if err != nil {
		return err
	}
	told, err := h.service.ExportsOf(c.Request.Context(), id)
	return list(c, told, err)
}
