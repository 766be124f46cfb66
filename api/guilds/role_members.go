package guilds

import (
	"guildhall.chat/guildhall/api/call"
	"guildhall.chat/guildhall/internal/discord"
)

// maxRoleMembers is how many members of a role are told.
const maxRoleMembers = 100

// roleMembers tells who has a role, as clients show it in a guild's settings; of @everyone nobody.
// https://docs.discord.food/resources/guild#get-guild-role-members
func (h *Handlers) roleMembers(c *call.Call) error {
	guild, err := c.ID("guild_id", discord.ErrUnknownGuild)
	if err != nil {
		return err
	}
	role, err := c.ID("role_id", discord.ErrUnknownRole)
	if err != nil {
		return err
	}
	visit, err := h.access.Enter(c, guild)
	if err != nil {
		return err
	}
	if visit.Guild.Role(role) == nil {
		return discord.ErrUnknownRole
	}
	ids, err := h.store.RoleMembers(c.Request.Context(), guild, role, maxRoleMembers)
	if err != nil {
		return err
	}
	return c.OK(ids)
}
