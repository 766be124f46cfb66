package guilds

import (
	"context"
	"errors"

	"guildhall.chat/guildhall/api/access"
	"guildhall.chat/guildhall/api/audit"
	"guildhall.chat/guildhall/api/call"
	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/permissions"
	"guildhall.chat/guildhall/internal/store"
)

// integrations lists the applications that were added to the guild.
// https://discord.com/developers/docs/resources/guild#get-guild-integrations
func (h *Handlers) integrations(c *call.Call) error {
	guild, err := c.ID("guild_id", discord.ErrUnknownGuild)
	if err != nil {
		return err
	}
	visit, err := h.access.Enter(c, guild)
	if err != nil {
		return err
	}
	if err := mayManage(visit); err != nil {
		return err
	}
	list, err := h.store.Integrations(c.Request.Context(), guild)
	if err != nil {
		return err
	}
	if list == nil {
		list = []discord.Integration{}
	}
	return c.OK(list)
}

// removeIntegration removes an application, and with it its bot if that is a member.
// https://discord.com/developers/docs/resources/guild#delete-guild-integration
func (h *Handlers) removeIntegration(c *call.Call) error {
	guild, err := c.ID("guild_id", discord.ErrUnknownGuild)
	if err != nil {
		return err
	}
	id, err := c.ID("integration_id", discord.ErrUnknownIntegration)
	if err != nil {
		return err
	}
	ctx := c.Request.Context()
	err = h.access.Change(c, guild, permissions.ManageGuild, func(tx *store.Tx, v *access.Visit) error {
		found, err := tx.Integration(ctx, guild, id)
		if errors.Is(err, store.ErrNotFound) {
			return discord.ErrUnknownIntegration
		}
		if err != nil {
			return err
		}
		if err := removeApplication(ctx, tx, v, found); err != nil {
			return err
		}
		entry, err := audit.Changed(c, discord.AuditIntegrationDelete, id, found, nil, "name", "type")
		if err != nil {
			return err
		}
		return tx.Audit(ctx, guild, entry)
	})
	if err != nil {
		return err
	}
	return c.Done()
}

func removeApplication(ctx context.Context, tx *store.Tx, v *access.Visit, i discord.Integration) error {
	guild := v.Guild.Guild.ID
	if i.Application.Bot == nil {
		return tx.RemoveIntegration(ctx, guild, i.ID)
	}
	bot, err := tx.Member(ctx, guild, i.Application.Bot.ID)
	if errors.Is(err, store.ErrNotFound) { // it was added for its commands alone
		return tx.RemoveIntegration(ctx, guild, i.ID)
	}
	if err != nil {
		return err
	}
	if !v.Guild.Rules.OutranksMember(v.Member, access.MemberRules(bot)) {
		return discord.ErrMissingPermissions
	}
	_, err = tx.RemoveMember(ctx, guild, bot.User.ID)
	return err
}

// memberCounts tells how many members have each role.
// https://discord.com/developers/docs/resources/guild#get-guild-role-member-counts
func (h *Handlers) memberCounts(c *call.Call) error {
	guild, err := c.ID("guild_id", discord.ErrUnknownGuild)
	if err != nil {
		return err
	}
	if _, err := h.access.Enter(c, guild); err != nil {
		return err
	}
	counts, err := h.store.RoleMemberCounts(c.Request.Context(), guild)
	if err != nil {
		return err
	}
	return c.OK(counts)
}
