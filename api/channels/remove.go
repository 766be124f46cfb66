package channels

import (
	"slices"

	"guildhall.chat/guildhall/api/access"
	"guildhall.chat/guildhall/api/audit"
	"guildhall.chat/guildhall/api/call"
	"guildhall.chat/guildhall/api/threads"
	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/permissions"
	"guildhall.chat/guildhall/internal/snowflake"
	"guildhall.chat/guildhall/internal/store"
)

// remove deletes a channel of a guild, or closes a DM for the caller.
// https://discord.com/developers/docs/resources/channel#deleteclose-channel
func (h *Handlers) remove(c *call.Call) error {
	id, err := c.ID("channel_id", discord.ErrUnknownChannel)
	if err != nil {
		return err
	}
	room, err := h.access.Room(c, id)
	if err != nil {
		return err
	}
	if room.Channel.Type == discord.ChannelGroupDM {
		return h.leaveGroup(c, room)
	}
	if room.Direct() {
		return h.closeDirect(c, room)
	}
	if room.Thread != nil {
		return threads.Remove(c, h.access, room)
	}
	ctx := c.Request.Context()
	var deleted discord.Channel
	err = h.access.ChangeIn(c, id, permissions.ManageChannels, func(tx *store.Tx, r *access.Room) error {
		g := r.Guild.Guild
		if slices.Contains(g.Features, discord.FeatureCommunity) && (is(g.RulesChannelID, id) || is(g.PublicUpdatesChannelID, id)) {
			return discord.ErrCommunityChannel
		}
		deleted = *r.Channel
		if err := tx.DeleteChannel(ctx, g, deleted); err != nil {
			return err
		}
		entry, err := audit.Changed(c, discord.AuditChannelDelete, id, deleted, nil,
			append([]string{"permission_overwrites"}, audited...)...)
		if err != nil {
			return err
		}
		return tx.Audit(ctx, g.ID, entry)
	})
	if err != nil {
		return err
	}
	return c.OK(deleted)
}

func is(ref *snowflake.ID, id snowflake.ID) bool { return ref != nil && *ref == id }

func (h *Handlers) closeDirect(c *call.Call, room *access.Room) error {
	ctx := c.Request.Context()
	err := h.store.Change(ctx, func(tx *store.Tx) error {
		return tx.CloseDirect(ctx, *room.Channel, c.Caller.UserID)
	})
	if err != nil {
		return err
	}
	return c.OK(room.Channel)
}
