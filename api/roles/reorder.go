package roles

import (
	"cmp"
	"slices"

	"guildhall.chat/guildhall/api/access"
	"guildhall.chat/guildhall/api/audit"
	"guildhall.chat/guildhall/api/call"
	"guildhall.chat/guildhall/api/form"
	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/permissions"
	"guildhall.chat/guildhall/internal/snowflake"
	"guildhall.chat/guildhall/internal/store"
)

// move is an entry of the body.
type move struct {
	ID       snowflake.ID         `json:"id"`
	Position form.Field[form.Int] `json:"position"`
}

// reorder moves roles that the caller outranks, to below the caller's own highest.
// https://discord.com/developers/docs/resources/guild#modify-guild-role-positions
func (h *Handlers) reorder(c *call.Call) error {
	guild, err := c.ID("guild_id", discord.ErrUnknownGuild)
	if err != nil {
		return err
	}
	var moves []move
	if err := c.Bind(&moves); err != nil {
		return err
	}
	var p form.Problems
	p.Max("", len(moves), int(store.LimitRoles.Most))
	if err := p.Err(); err != nil {
		return err
	}
	ctx := c.Request.Context()
	var roles []discord.Role
	err = h.access.Change(c, guild, permissions.ManageRoles, func(tx *store.Tx, v *access.Visit) error {
		wanted, err := wanted(v, moves)
		if err != nil {
			return err
		}
		before := ordered(v.Guild)
		roles = arrange(before, wanted)
		if !mayArrange(v, before, roles) {
			return discord.ErrMissingPermissions
		}
		var changed []discord.Role
		var entries []discord.AuditEntry
		for _, r := range roles {
			was := v.Guild.Role(r.ID)
			if was.Position == r.Position {
				continue
			}
			changed = append(changed, r)
			if _, asked := wanted[r.ID]; !asked {
				continue // it only made room
			}
			entry, err := audit.Changed(c, discord.AuditRoleUpdate, r.ID, was, r, audited...)
			if err != nil {
				return err
			}
			entries = append(entries, entry)
		}
		if err := tx.UpdateRoles(ctx, guild, changed...); err != nil {
			return err
		}
		return tx.Audit(ctx, guild, entries...)
	})
	if err != nil {
		return err
	}
	return c.OK(roles)
}

// wanted are the positions asked for. @everyone is at 0 and nowhere else.
func wanted(v *access.Visit, moves []move) (map[snowflake.ID]int, error) {
	positions := make(map[snowflake.ID]int, len(moves))
	for _, m := range moves {
		switch {
		case v.Guild.Role(m.ID) == nil:
			return nil, discord.ErrUnknownRole
		case !m.Position.Set:
		case m.ID != v.Guild.Rules.ID:
			positions[m.ID] = int(m.Position.Value)
		case m.Position.Value != 0:
			return nil, discord.ErrInvalidRole
		}
	}
	return positions, nil
}

// ordered returns a guild's roles from the lowest, which is @everyone, up.
func ordered(g *access.Guild) []discord.Role {
	return slices.SortedFunc(slices.Values(g.Guild.Roles), func(a, b discord.Role) int {
		if g.Rules.Above(access.Rule(&a), access.Rule(&b)) {
			return 1
		}
		return -1
	})
}

// arrange returns the roles with positions 0, 1, 2...: each that is wanted at a position gets it as nearly as it can,
// and the others keep their order around them.
func arrange(ordered []discord.Role, wanted map[snowflake.ID]int) []discord.Role {
	var moved, others []discord.Role
	for _, r := range ordered[1:] { // @everyone stays the lowest
		if _, ok := wanted[r.ID]; ok {
			moved = append(moved, r)
		} else {
			others = append(others, r)
		}
	}
	slices.SortStableFunc(moved, func(a, b discord.Role) int { return cmp.Compare(wanted[a.ID], wanted[b.ID]) })
	arranged := []discord.Role{ordered[0]}
	arranged[0].Position = 0
	for position := 1; len(moved)+len(others) > 0; position++ {
		from := &others
		if len(others) == 0 || len(moved) > 0 && wanted[moved[0].ID] <= position {
			from = &moved
		}
		next := (*from)[0]
		*from = (*from)[1:]
		next.Position = position
		arranged = append(arranged, next)
	}
	return arranged
}

// mayArrange reports whether every role that the caller does not outrank keeps its place. Clients send all roles when
// they move one.
func mayArrange(v *access.Visit, before, after []discord.Role) bool {
	for i, r := range before {
		if after[i].ID != r.ID && !v.Guild.Rules.OutranksRole(v.Member, access.Rule(&r)) {
			return false
		}
	}
	return true
}
