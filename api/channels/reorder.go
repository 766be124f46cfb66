package channels

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

// move is an entry of the body.
// https://discord.com/developers/docs/resources/guild#modify-guild-channel-positions-json-params
type move struct {
	ID       snowflake.ID              `json:"id"`
	Position form.Field[form.Int]      `json:"position"`
	ParentID form.Field[*snowflake.ID] `json:"parent_id"`
	Lock     form.Field[bool]          `json:"lock_permissions"` // take over the category's overwrites
}

func checkMoves(moves []move) error {
	var p form.Problems
	p.Max("", len(moves), int(store.LimitChannels.Most))
	seen := map[snowflake.ID]bool{}
	for i, m := range moves {
		if seen[m.ID] {
			p.Add(form.At(i, "id"), "BASE_TYPE_BAD_VALUE", "There is another entry with this id.")
		}
		seen[m.ID] = true
		p.Range(form.At(i, "position"), int64(m.Position.Value), 0, maxPosition)
	}
	return p.Err()
}

// reorder moves channels; one of them may change its category.
// https://discord.com/developers/docs/resources/guild#modify-guild-channel-positions
func (h *Handlers) reorder(c *call.Call) error {
	guild, err := c.ID("guild_id", discord.ErrUnknownGuild)
	if err != nil {
		return err
	}
	var moves []move
	if err := c.Bind(&moves); err != nil {
		return err
	}
	if err := checkMoves(moves); err != nil {
		return err
	}
	ctx := c.Request.Context()
	may := func(v *access.Visit) error { return mayMove(v, moves) }
	err = h.access.ChangeIf(c, guild, may, func(tx *store.Tx, v *access.Visit) error {
		var changed []discord.Channel
		var entries []discord.AuditEntry
		reparented := 0
		for i, m := range moves {
			before := v.Guild.Channel(m.ID)
			after, err := m.apply(v, i, before)
			if err != nil {
				return err
			}
			if !same(*before.ParentID, *after.ParentID) {
				reparented++
			}
			if reflect.DeepEqual(*before, after) {
				continue
			}
			changed = append(changed, after)
			overwrites, err := overwriteEntries(c, v.Guild, m.ID, compare(overwritesOf(before), overwritesOf(&after)))
			if err != nil {
				return err
			}
			entries = append(entries, overwrites...)
			entry, err := audit.Changed(c, discord.AuditChannelUpdate, m.ID, before, after, audited...)
			if err != nil {
				return err
			}
			if len(entry.Changes) > 0 {
				entries = append(entries, entry)
			}
		}
		if reparented > 1 {
			return discord.ErrOneParentOnly
		}
		if _, err := tx.UpdateChannels(ctx, guild, changed...); err != nil {
			return err
		}
		return tx.Audit(ctx, guild, entries...)
	})
	if err != nil {
		return err
	}
	return c.Done()
}

// mayMove checks that the caller manages each of the channels, and the permissions of those that take over others.
func mayMove(v *access.Visit, moves []move) error {
	for _, m := range moves {
		ch := v.Guild.Channel(m.ID)
		if ch == nil {
			return discord.ErrUnknownChannel
		}
		need := permissions.ManageChannels
		if m.Lock.Value {
			need |= permissions.ManageRoles
		}
		if !v.In(ch).Has(need) {
			return discord.ErrMissingPermissions
		}
	}
	return nil
}

// apply returns the channel as the entry asks for it, if the caller may have it so.
func (m *move) apply(v *access.Visit, i int, before *discord.Channel) (discord.Channel, error) {
	after := *before
	if m.Position.Set {
		position := int(m.Position.Value)
		after.Position = &position
	}
	parent := parentOf(v.Guild, before)
	if m.ParentID.Set && !same(m.ParentID.Value, *before.ParentID) {
		var err error
		if parent, err = category(v, form.At(i, "parent_id"), before.Type, m.ParentID.Value); err != nil {
			return after, err
		}
		after.ParentID = &m.ParentID.Value
	}
	if !m.Lock.Value || parent == nil {
		return after, nil
	}
	after.PermissionOverwrites = parent.PermissionOverwrites
	here := &access.Room{Visit: v, Channel: before, Here: v.In(before)}
	return after, mayOverwrite(here, compare(overwritesOf(before), overwritesOf(parent)))
}
