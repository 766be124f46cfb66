package bans

import (
	"strconv"
	"time"

	"guildhall.chat/guildhall/api/access"
	"guildhall.chat/guildhall/api/audit"
	"guildhall.chat/guildhall/api/call"
	"guildhall.chat/guildhall/api/form"
	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/permissions"
	"guildhall.chat/guildhall/internal/snowflake"
	"guildhall.chat/guildhall/internal/store"
)

const (
	defaultDays   = 7
	maxDays       = 30
	maxPruneRoles = 100
	// pruneBatch bounds how many members one transaction removes, and so how long it holds the guild.
	pruneBatch = 500

	mayPrune = permissions.ManageGuild | permissions.KickMembers
)

func cutoff(days int) time.Time { return time.Now().AddDate(0, 0, -days) }

// checkRoles makes sure that what is pruned has no role that the caller could not take away.
func checkRoles(v *access.Visit, roles []snowflake.ID) error {
	var p form.Problems
	p.Max("include_roles", len(roles), maxPruneRoles)
	for i, id := range roles {
		if role := v.Guild.Role(id); role == nil || id == v.Guild.Guild.ID {
			p.Add(form.At("include_roles", i), "BASE_TYPE_BAD_VALUE", "The guild has no such role.")
		} else if !v.Guild.Rules.OutranksRole(v.Member, access.Rule(role)) {
			return discord.ErrMissingPermissions
		}
	}
	return p.Err()
}

// pruned is how many went; null where that was not asked for.
type pruned struct {
	Pruned *int `json:"pruned"`
}

// previewPrune tells how many a prune would remove.
// https://discord.com/developers/docs/resources/guild#get-guild-prune-count
func (h *Handlers) previewPrune(c *call.Call) error {
	guild, err := c.ID("guild_id", discord.ErrUnknownGuild)
	if err != nil {
		return err
	}
	days, err := c.QueryInt("days", defaultDays, 1, maxDays)
	if err != nil {
		return err
	}
	var roles form.IDs
	for _, text := range c.QueryArray("include_roles") {
		if err := roles.Add(text); err != nil {
			return form.Single("include_roles", "NUMBER_TYPE_COERCE", "Value is not snowflake.")
		}
	}
	visit, err := h.access.Enter(c, guild)
	if err != nil {
		return err
	}
	if err := visit.Need(mayPrune); err != nil {
		return err
	}
	if err := checkRoles(visit, roles); err != nil {
		return err
	}
	n, err := h.store.PruneCount(c.Request.Context(), guild, cutoff(days), roles)
	if err != nil {
		return err
	}
	return c.OK(pruned{&n})
}

// prune removes the members who have not been heard of for some days.
// https://discord.com/developers/docs/resources/guild#begin-guild-prune
func (h *Handlers) prune(c *call.Call) error {
	guild, err := c.ID("guild_id", discord.ErrUnknownGuild)
	if err != nil {
		return err
	}
	var b struct {
		Days  form.Field[*form.Int]  `json:"days"`
		Count form.Field[*form.Bool] `json:"compute_prune_count"`
		Roles form.Field[form.IDs]   `json:"include_roles"`
	}
	if err := c.Bind(&b); err != nil {
		return err
	}
	days := defaultDays
	if b.Days.Value != nil {
		days = int(*b.Days.Value)
	}
	var p form.Problems
	p.Range("days", int64(days), 1, maxDays)
	if err := p.Err(); err != nil {
		return err
	}
	since, total := cutoff(days), 0
	for {
		n, err := h.pruneSome(c, guild, since, days, b.Roles.Value)
		if err != nil {
			return err
		}
		if total += n; n < pruneBatch {
			break
		}
	}
	if b.Count.Value != nil && !bool(*b.Count.Value) {
		return c.OK(pruned{})
	}
	return c.OK(pruned{&total})
}

// pruneSome removes a batch, and records it: what went is in the audit log even if the next batch fails.
func (h *Handlers) pruneSome(c *call.Call, guild snowflake.ID, since time.Time, days int, roles []snowflake.ID) (n int, err error) {
	ctx := c.Request.Context()
	err = h.access.Change(c, guild, mayPrune, func(tx *store.Tx, v *access.Visit) error {
		if err := checkRoles(v, roles); err != nil {
			return err
		}
		users, err := tx.Prunable(ctx, guild, since, roles, pruneBatch)
		if n = len(users); err != nil || n == 0 {
			return err
		}
		if _, err := tx.RemoveMembers(ctx, guild, users); err != nil {
			return err
		}
		entry, err := audit.Entry(c, discord.AuditMemberPrune, 0)
		if err != nil {
			return err
		}
		entry.TargetID = nil
		entry.Options = map[string]string{"delete_member_days": strconv.Itoa(days), "members_removed": strconv.Itoa(n)}
		return tx.Audit(ctx, guild, entry)
	})
	return n, err
}
