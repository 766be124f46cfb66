package guilds

import (
	"errors"
	"slices"

	"guildhall.chat/guildhall/api/call"
	"guildhall.chat/guildhall/internal/discord"
)

// preview shows what anybody may know of a discoverable guild, and members of any.
// https://discord.com/developers/docs/resources/guild#get-guild-preview
func (h *Handlers) preview(c *call.Call) error {
	id, err := c.ID("guild_id", discord.ErrUnknownGuild)
	if err != nil {
		return err
	}
	found, err := h.access.Guild(c, id)
	if err != nil {
		return err
	}
	g := found.Guild
	if !slices.Contains(g.Features, discord.FeatureDiscoverable) {
		if _, err := h.access.Enter(c, id); errors.Is(err, discord.ErrMissingAccess) {
			return discord.ErrUnknownGuild
		} else if err != nil {
			return err
		}
	}
	shown := discord.GuildPreview{
		ID: g.ID, Name: g.Name, Icon: g.Icon, Description: g.Description, HomeHeader: g.HomeHeader, Splash: g.Splash,
		DiscoverySplash: g.DiscoverySplash, Features: g.Features, Emojis: g.Emojis, Stickers: g.Stickers,
	}
	if shown.MemberCount, err = h.store.MemberCount(c.Request.Context(), id); err != nil {
		return err
	}
	if shown.PresenceCount, err = h.presences.Count(c.Request.Context(), id); err != nil {
		c.Logger.Warn("presences not counted", "guild", id, "error", err)
	}
	return c.OK(shown)
}
