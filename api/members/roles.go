package members

import (
	"encoding/json"
	"slices"

	"guildhall.chat/guildhall/api/access"
	"guildhall.chat/guildhall/api/audit"
	"guildhall.chat/guildhall/api/call"
	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/permissions"
	"guildhall.chat/guildhall/internal/snowflake"
	"guildhall.chat/guildhall/internal/store"
)

// addRole gives a member a role.
// https://discord.com/developers/docs/resources/guild#add-guild-member-role
func (h *Handlers) addRole(c *call.Call) error {
	return h.changeRole(c, with)
}

func with(roles []snowflake.ID, role snowflake.ID) []snowflake.ID {
	if slices.Contains(roles, role) {
		return roles
	}
	return append(slices.Clone(roles), role)
}

// removeRole takes a role from a member.
// https://discord.com/developers/docs/resources/guild#remove-guild-member-role
func (h *Handlers) removeRole(c *call.Call) error {
	return h.changeRole(c, func(roles []snowflake.ID, role snowflake.ID) []snowflake.ID {
		return slices.DeleteFunc(slices.Clone(roles), func(id snowflake.ID) bool { return id == role })
	})
}

func (h *Handlers) changeRole(c *call.Call, change func(roles []snowflake.ID, role snowflake.ID) []snowflake.ID) error {
	guild, user, err := ids(c)
	if err != nil {
		return err
	}
	role, err := c.ID("role_id", discord.ErrUnknownRole)
	if err != nil {
		return err
	}
	err = h.access.Change(c, guild, permissions.ManageRoles, func(tx *store.Tx, v *access.Visit) error {
		if err := MayGive(v, role); err != nil {
			return err
		}
		before, err := target(c.Request.Context(), tx, guild, user)
		if err != nil {
			return err
		}
		after := before
		after.Roles = change(before.Roles, role)
		return write(c, tx, v, before, after)
	})
	if err != nil {
		return err
	}
	return c.Done()
}

// MayGive checks that the caller may give or take a role: it is of lower rank and nobody's own.
func MayGive(v *access.Visit, id snowflake.ID) error {
	role := v.Guild.Role(id)
	switch {
	case role == nil:
		return discord.ErrUnknownRole
	case !v.Guild.Rules.OutranksRole(v.Member, access.Rule(role)):
		return discord.ErrMissingPermissions
	case role.Managed, id == v.Guild.Guild.ID:
		return discord.ErrInvalidRole
	}
	return nil
}

// Distinct returns the roles once each, without @everyone, which all members have.
func Distinct(roles []snowflake.ID, everyone snowflake.ID) []snowflake.ID {
	sorted := slices.Compact(slices.Sorted(slices.Values(roles)))
	kept := slices.DeleteFunc(sorted, func(id snowflake.ID) bool { return id == everyone })
	if kept == nil {
		return []snowflake.ID{}
	}
	return kept
}

func difference(before, after []snowflake.ID) (added, removed []snowflake.ID) {
	return without(after, before), without(before, after)
}

func without(ids, excluded []snowflake.ID) (rest []snowflake.ID) {
	for _, id := range ids {
		if !slices.Contains(excluded, id) {
			rest = append(rest, id)
		}
	}
	return rest
}

// rolesEntry records given and taken roles under keys of their own.
// https://discord.com/developers/docs/resources/audit-log#audit-log-change-object-audit-log-change-exceptions
func rolesEntry(c *call.Call, g *access.Guild, user snowflake.ID, added, removed []snowflake.ID) (discord.AuditEntry, error) {
	entry, err := audit.Entry(c, discord.AuditMemberRoleUpdate, user)
	if err != nil {
		return entry, err
	}
	for _, side := range []struct {
		key string
		ids []snowflake.ID
	}{{"$add", added}, {"$remove", removed}} {
		if len(side.ids) == 0 {
			continue
		}
		type partial struct {
			ID   snowflake.ID `json:"id"`
			Name string       `json:"name"`
		}
		var roles []partial
		for _, id := range side.ids {
			roles = append(roles, partial{id, g.Role(id).Name})
		}
		encoded, err := json.Marshal(roles)
		if err != nil {
			return entry, err
		}
		entry.Changes = append(entry.Changes, discord.AuditChange{Key: side.key, New: encoded})
	}
	return entry, nil
}
