package members

import (
	"slices"

	"guildhall.chat/guildhall/api/access"
	"guildhall.chat/guildhall/api/call"
	"guildhall.chat/guildhall/api/form"
	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/permissions"
	"guildhall.chat/guildhall/internal/snowflake"
	"guildhall.chat/guildhall/internal/store"
)

// maxAssigned is to how many members a role is given at once.
const maxAssigned = 30

// assign gives a role to several members, to all of them or to none.
// https://docs.discord.food/resources/guild#add-guild-role-members
func (h *Handlers) assign(c *call.Call) error {
	guild, err := c.ID("guild_id", discord.ErrUnknownGuild)
	if err != nil {
		return err
	}
	role, err := c.ID("role_id", discord.ErrUnknownRole)
	if err != nil {
		return err
	}
	var body struct {
		Members []snowflake.ID `json:"member_ids"`
	}
	if err := c.Bind(&body); err != nil {
		return err
	}
	var assigned map[snowflake.ID]discord.Member
	err = h.access.Change(c, guild, permissions.ManageRoles, func(tx *store.Tx, v *access.Visit) error {
		if err := MayGive(v, role); err != nil {
			return err
		}
		var p form.Problems
		if body.Members == nil {
			p.Required("member_ids")
		}
		p.Max("member_ids", len(body.Members), maxAssigned)
		if err := p.Err(); err != nil {
			return err
		}
		assigned = make(map[snowflake.ID]discord.Member, len(body.Members))
		for _, user := range slices.Compact(slices.Sorted(slices.Values(body.Members))) {
			before, err := target(c.Request.Context(), tx, guild, user)
			if err != nil {
				return err
			}
			after := before
			after.Roles = with(before.Roles, role)
			if err := write(c, tx, v, before, after); err != nil {
				return err
			}
			assigned[user] = after
		}
		return nil
	})
	if err != nil {
		return err
	}
	return c.OK(assigned)
}
