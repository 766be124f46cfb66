package members

import (
	"guildhall.chat/guildhall/api/access"
	"guildhall.chat/guildhall/api/audit"
	"guildhall.chat/guildhall/api/call"
	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/permissions"
	"guildhall.chat/guildhall/internal/store"
)

// kick removes a member of lower rank.
// https://discord.com/developers/docs/resources/guild#remove-guild-member
func (h *Handlers) kick(c *call.Call) error {
	guild, user, err := ids(c)
	if err != nil {
		return err
	}
	ctx := c.Request.Context()
	err = h.access.Change(c, guild, permissions.KickMembers, func(tx *store.Tx, v *access.Visit) error {
		m, err := target(ctx, tx, guild, user)
		if err != nil {
			return err
		}
		if !v.Guild.Rules.OutranksMember(v.Member, access.MemberRules(m)) {
			return discord.ErrMissingPermissions
		}
		if _, err := tx.RemoveMember(ctx, guild, user); err != nil {
			return err
		}
		entry, err := audit.Entry(c, discord.AuditMemberKick, user)
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
