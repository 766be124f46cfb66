package channels

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

// putOverwrite sets the overwrite of one role or member.
// https://discord.com/developers/docs/resources/channel#edit-channel-permissions
func (h *Handlers) putOverwrite(c *call.Call) error {
	channel, id, err := overwriteIDs(c)
	if err != nil {
		return err
	}
	var sent Overwrite
	if err := c.Bind(&sent); err != nil {
		return err
	}
	sent.ID = id
	if sent.Type.Set {
		var p form.Problems
		if form.OneOf(&p, "type", int(sent.Type.Value), ofRole, ofMember); p.Err() != nil {
			return p.Err()
		}
	}
	return h.changeOverwrites(c, channel, func(tx *store.Tx, r *access.Room, present []discord.Overwrite) ([]discord.Overwrite, error) {
		resolved, err := resolve(c.Request.Context(), tx, r.Guild, []Overwrite{sent}, present)
		if err != nil {
			return nil, err
		}
		at := slices.IndexFunc(present, func(o discord.Overwrite) bool { return o.ID == id })
		if at >= 0 {
			present[at] = resolved[0]
			return present, nil
		}
		if len(present) >= maxOverwrites {
			return nil, discord.ErrTooManyOverwrites
		}
		return append(present, resolved[0]), nil
	})
}

// deleteOverwrite removes the overwrite of one role or member.
// https://discord.com/developers/docs/resources/channel#delete-channel-permission
func (h *Handlers) deleteOverwrite(c *call.Call) error {
	channel, id, err := overwriteIDs(c)
	if err != nil {
		return err
	}
	return h.changeOverwrites(c, channel, func(_ *store.Tx, _ *access.Room, present []discord.Overwrite) ([]discord.Overwrite, error) {
		rest := slices.DeleteFunc(present, func(o discord.Overwrite) bool { return o.ID == id })
		if len(rest) == len(present) {
			return nil, discord.ErrUnknownOverwrite
		}
		return rest, nil
	})
}

func overwriteIDs(c *call.Call) (channel, overwrite snowflake.ID, err error) {
	if channel, err = c.ID("channel_id", discord.ErrUnknownChannel); err != nil {
		return 0, 0, err
	}
	overwrite, err = c.ID("overwrite_id", discord.ErrUnknownOverwrite)
	return channel, overwrite, err
}

// changeOverwrites writes what change makes of a copy of the channel's overwrites, if the caller may give and take that.
func (h *Handlers) changeOverwrites(c *call.Call, channel snowflake.ID,
	change func(tx *store.Tx, r *access.Room, present []discord.Overwrite) ([]discord.Overwrite, error)) error {
	err := h.access.ChangeIn(c, channel, permissions.ManageRoles, func(tx *store.Tx, r *access.Room) error {
		before := overwritesOf(r.Channel)
		overwrites, err := change(tx, r, slices.Clone(before))
		if err != nil {
			return err
		}
		if err := mayOverwrite(r, compare(before, overwrites)); err != nil {
			return err
		}
		after := *r.Channel
		after.PermissionOverwrites = &overwrites
		_, err = h.write(c, tx, r, after)
		return err
	})
	if err != nil {
		return err
	}
	return c.Done()
}
