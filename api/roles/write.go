package roles

import (
	"reflect"

	"guildhall.chat/guildhall/api/access"
	"guildhall.chat/guildhall/api/audit"
	"guildhall.chat/guildhall/api/call"
	"guildhall.chat/guildhall/api/form"
	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/permissions"
	"guildhall.chat/guildhall/internal/snowflake"
	"guildhall.chat/guildhall/internal/store"
)

// Default is a role of which nothing was said: just above @everyone, with the permissions that @everyone has.
func Default(id snowflake.ID, everyone permissions.Set) discord.Role {
	return discord.Role{ID: id, Name: "new role", Position: 1, Permissions: everyone}
}

func bind(c *call.Call) (Settings, error) {
	var s Settings
	if err := c.Bind(&s); err != nil {
		return s, err
	}
	var p form.Problems
	s.Check(&p, "")
	return s, p.Err()
}

// create makes a role just above @everyone.
// https://discord.com/developers/docs/resources/guild#create-guild-role
func (h *Handlers) create(c *call.Call) error {
	guild, err := c.ID("guild_id", discord.ErrUnknownGuild)
	if err != nil {
		return err
	}
	b, err := bind(c)
	if err != nil {
		return err
	}
	ctx := c.Request.Context()
	var made discord.Role
	err = h.access.Change(c, guild, permissions.ManageRoles, func(tx *store.Tx, v *access.Visit) error {
		most, err := tx.Limit(ctx, store.LimitRoles, guild)
		if err != nil {
			return err
		}
		if int64(len(v.Guild.Guild.Roles)) >= most {
			return discord.ErrTooManyRoles
		}
		made = Default(tx.NewID(), v.Guild.Role(guild).Permissions)
		if err := b.Apply(ctx, tx, &made); err != nil {
			return err
		}
		if b.Permissions.Set && !permissions.MayGrant(v.Permissions, made.Permissions) {
			return discord.ErrMissingPermissions
		}
		if err := tx.CreateRole(ctx, guild, made); err != nil {
			return err
		}
		entry, err := audit.Changed(c, discord.AuditRoleCreate, made.ID, nil, made, audited...)
		if err != nil {
			return err
		}
		return tx.Audit(ctx, guild, entry)
	})
	if err != nil {
		return err
	}
	return c.OK(made)
}

// update changes a role that the caller outranks. Of @everyone only the permissions can change.
// https://discord.com/developers/docs/resources/guild#modify-guild-role
func (h *Handlers) update(c *call.Call) error {
	guild, role, err := ids(c)
	if err != nil {
		return err
	}
	b, err := bind(c)
	if err != nil {
		return err
	}
	ctx := c.Request.Context()
	var after discord.Role
	err = h.access.Change(c, guild, permissions.ManageRoles, func(tx *store.Tx, v *access.Visit) error {
		before := v.Guild.Role(role)
		if before == nil {
			return discord.ErrUnknownRole
		}
		after = *before
		if err := b.Apply(ctx, tx, &after); err != nil {
			return err
		}
		if !v.Guild.Rules.OutranksRole(v.Member, access.Rule(before)) ||
			!permissions.MayGrant(v.Permissions, before.Permissions^after.Permissions) {
			return discord.ErrMissingPermissions
		}
		if role == guild {
			only := *before
			only.Permissions = after.Permissions
			if !reflect.DeepEqual(only, after) {
				return discord.ErrInvalidRole
			}
		}
		if reflect.DeepEqual(*before, after) {
			return nil
		}
		if err := tx.UpdateRoles(ctx, guild, after); err != nil {
			return err
		}
		entry, err := audit.Changed(c, discord.AuditRoleUpdate, role, before, after, audited...)
		if err != nil {
			return err
		}
		return tx.Audit(ctx, guild, entry)
	})
	if err != nil {
		return err
	}
	return c.OK(after)
}

// remove deletes a role. @everyone stays, and so do those that belong to a bot.
// https://discord.com/developers/docs/resources/guild#delete-guild-role
func (h *Handlers) remove(c *call.Call) error {
	guild, role, err := ids(c)
	if err != nil {
		return err
	}
	ctx := c.Request.Context()
	err = h.access.Change(c, guild, permissions.ManageRoles, func(tx *store.Tx, v *access.Visit) error {
		r := v.Guild.Role(role)
		switch {
		case r == nil:
			return discord.ErrUnknownRole
		case !v.Guild.Rules.OutranksRole(v.Member, access.Rule(r)):
			return discord.ErrMissingPermissions
		case role == guild, r.Managed:
			return discord.ErrInvalidRole
		}
		if err := tx.DeleteRole(ctx, guild, role); err != nil {
			return err
		}
		entry, err := audit.Changed(c, discord.AuditRoleDelete, role, r, nil, audited...)
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
