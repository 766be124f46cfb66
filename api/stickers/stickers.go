// Package stickers serves the stickers of guilds.
//
//	multipart file -> inspect: form and size -> access.Change: image, row, GUILD_STICKERS_UPDATE, audit log
//
// Messages name stickers by id (package posting); package images serves their files. There are no packs of stickers beside
// those that guilds make.
// https://discord.com/developers/docs/resources/sticker
package stickers

import (
	"errors"
	"net/http"
	"slices"
	"time"

	"guildhall.chat/guildhall/api/access"
	"guildhall.chat/guildhall/api/call"
	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/permissions"
	"guildhall.chat/guildhall/internal/snowflake"
	"guildhall.chat/guildhall/internal/store"
)

// audited are the keys of a sticker that the audit log records.
var audited = []string{"id", "guild_id", "type", "name", "description", "tags", "format_type", "available"}

// Handlers serves stickers.
type Handlers struct {
	store  *store.Store
	access *access.Access
}

// New returns the handlers.
func New(s *store.Store, a *access.Access) *Handlers { return &Handlers{store: s, access: a} }

// Routes lists the operations.
func (h *Handlers) Routes() []call.Route {
	const (
		all = "/guilds/:guild_id/stickers"
		one = "/guilds/:guild_id/stickers/:sticker_id"
	)
	reads := call.Per(20, 10*time.Second)
	writes := call.Per(10, 10*time.Second)
	return []call.Route{
		{Method: http.MethodGet, Path: all, Limit: reads, Handle: h.list},
		{Method: http.MethodPost, Path: all, Limit: writes, Handle: h.create},
		{Method: http.MethodGet, Path: one, Limit: reads, Handle: h.get},
		{Method: http.MethodPatch, Path: one, Limit: writes, Handle: h.update},
		{Method: http.MethodDelete, Path: one, Limit: writes, Handle: h.remove},
		{Method: http.MethodGet, Path: "/stickers/:sticker_id", Limit: reads, Handle: h.any},
		{Method: http.MethodGet, Path: "/sticker-packs", Access: call.Anyone, Limit: reads, Handle: h.packs},
		{Method: http.MethodGet, Path: "/sticker-packs/:pack_id", Limit: reads, Handle: h.pack},
	}
}

func (h *Handlers) list(c *call.Call) error {
	guild, err := c.ID("guild_id", discord.ErrUnknownGuild)
	if err != nil {
		return err
	}
	list, err := h.visible(c, guild)
	if err != nil {
		return err
	}
	return c.OK(list)
}

func (h *Handlers) get(c *call.Call) error {
	guild, id, err := ids(c)
	if err != nil {
		return err
	}
	list, err := h.visible(c, guild)
	if err != nil {
		return err
	}
	s, err := find(list, id)
	if err != nil {
		return err
	}
	return c.OK(s)
}

// visible returns the stickers of a guild of the caller's, as the caller sees them. It is never nil.
func (h *Handlers) visible(c *call.Call, guild snowflake.ID) ([]discord.Sticker, error) {
	visit, err := h.access.Enter(c, guild)
	if err != nil {
		return nil, err
	}
	list, err := h.store.Stickers(c.Request.Context(), guild)
	if err != nil {
		return nil, err
	}
	if !visit.Permissions.Has(permissions.ManageGuildExpressions) && !visit.Permissions.Has(permissions.CreateGuildExpressions) {
		for i := range list {
			list[i].User = nil
		}
	}
	return slices.Concat([]discord.Sticker{}, list), nil
}

// any answers with a sticker of any guild: whoever was sent one may look at it.
// https://discord.com/developers/docs/resources/sticker#get-sticker
func (h *Handlers) any(c *call.Call) error {
	id, err := c.ID("sticker_id", discord.ErrUnknownSticker)
	if err != nil {
		return err
	}
	s, err := h.store.Sticker(c.Request.Context(), id)
	if errors.Is(err, store.ErrNotFound) {
		return discord.ErrUnknownSticker
	}
	if err != nil {
		return err
	}
	return c.OK(s)
}

func (h *Handlers) packs(c *call.Call) error {
	return c.OK(map[string][]discord.Sticker{"sticker_packs": {}})
}

func (h *Handlers) pack(c *call.Call) error {
	if _, err := c.ID("pack_id", discord.ErrUnknownStickerPack); err != nil {
		return err
	}
	return discord.ErrUnknownStickerPack
}

// ids reads the path.
func ids(c *call.Call) (guild, sticker snowflake.ID, err error) {
	if guild, err = c.ID("guild_id", discord.ErrUnknownGuild); err != nil {
		return 0, 0, err
	}
	sticker, err = c.ID("sticker_id", discord.ErrUnknownSticker)
	return guild, sticker, err
}

func find(list []discord.Sticker, id snowflake.ID) (discord.Sticker, error) {
	i := slices.IndexFunc(list, func(s discord.Sticker) bool { return s.ID == id })
	if i < 0 {
		return discord.Sticker{}, discord.ErrUnknownSticker
	}
	return list[i], nil
}
