package members

import (
	"guildhall.chat/guildhall/api/access"
	"guildhall.chat/guildhall/api/audit"
	"guildhall.chat/guildhall/api/call"
	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/permissions"
	"guildhall.chat/guildhall/internal/snowflake"
	"guildhall.chat/guildhall/internal/store"
)

// kick removes a member of lower rank.
// https://discord.com/developers/docs/resources/guild#remove-guild-member
func (h *Handlers) kick(c *call.Call) error {
	guild, user, err := ids(c)
	if err != nil {
		return err
	}
	err = h.access.Change(c, guild, permissions.KickMembers, func(tx *store.Tx, v *access.Visit) error {
		return Kick(c, tx, v, user)
	})
	if err != nil {
		return err
	}
	return c.Done()
}

// Kick ends the membership of a user whom the caller outranks, and records it. ErrUnknownMember if there is none.
func Kick(c *call.Call, tx *store.Tx, v *access.Visit, user snowflake.ID) error {
	ctx, guild := c.Request.Context(), v.Guild.Guild.ID
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
}
