package channels

import (
	"reflect"

	"guildhall.chat/guildhall/api/access"
	"guildhall.chat/guildhall/api/audit"
	"guildhall.chat/guildhall/api/call"
	"guildhall.chat/guildhall/api/form"
	"guildhall.chat/guildhall/api/threads"
	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/permissions"
	"guildhall.chat/guildhall/internal/snowflake"
	"guildhall.chat/guildhall/internal/store"
)

// patch is the body of a channel's update.
// https://discord.com/developers/docs/resources/channel#modify-channel-json-params-guild-channel
type patch struct {
	Settings
	Type       form.Field[form.Int]      `json:"type"`
	ParentID   form.Field[*snowflake.ID] `json:"parent_id"`
	Overwrites form.Field[[]Overwrite]   `json:"permission_overwrites"`
}

// needs are the permissions that the caller must have in the channel.
func (b *patch) needs() permissions.Set {
	var overwritesAlone patch
	overwritesAlone.Overwrites = b.Overwrites
	switch {
	case !b.Overwrites.Set:
		return permissions.ManageChannels
	case reflect.DeepEqual(*b, overwritesAlone):
		return permissions.ManageRoles
	}
	return permissions.ManageChannels | permissions.ManageRoles
}

// update changes a channel. New overwrites of a category go to those of its channels that had the old ones.
// https://discord.com/developers/docs/resources/channel#modify-channel
func (h *Handlers) update(c *call.Call) error {
	id, err := c.ID("channel_id", discord.ErrUnknownChannel)
	if err != nil {
		return err
	}
	room, err := h.access.Room(c, id)
	if err != nil {
		return err
	}
	if room.Channel.Type == discord.ChannelGroupDM {
		return h.updateGroup(c, room)
	}
	if room.Thread != nil {
		return threads.Update(c, h.access, h.poster, room)
	}
	var b patch
	if err := c.Bind(&b); err != nil {
		return err
	}
	var result discord.Channel
	err = h.access.ChangeIn(c, id, b.needs(), func(tx *store.Tx, r *access.Room) error {
		after, err := b.apply(c, tx, r)
		if err != nil {
			return err
		}
		result, err = h.write(c, tx, r, after)
		return err
	})
	if err != nil {
		return err
	}
	return c.OK(result)
}

// apply returns the channel as the body asks for it, if the caller may have it so.
func (b *patch) apply(c *call.Call, tx *store.Tx, r *access.Room) (discord.Channel, error) {
	after := *r.Channel
	var p form.Problems
	if b.Type.Set {
		after.Type = discord.ChannelType(b.Type.Value)
		if after.Type != r.Channel.Type && !convertible(r.Channel.Type, after.Type) {
			p.Add("type", "BASE_TYPE_BAD_VALUE", "Only text and announcement channels can become one another.")
		}
	}
	b.Check(&p, "", after.Type)
	if err := p.Err(); err != nil {
		return after, err
	}
	b.Apply(&after)
	if err := NameTags(&after, tx.NewID); err != nil {
		return after, err
	}
	if err := checkEmojis(c.Request.Context(), tx, r.Guild.Guild.ID, r.Channel, &after); err != nil {
		return after, err
	}
	if b.ParentID.Set && !same(b.ParentID.Value, *r.Channel.ParentID) {
		if _, err := category(r.Visit, "parent_id", after.Type, b.ParentID.Value); err != nil {
			return after, err
		}
		after.ParentID = &b.ParentID.Value
	}
	if !b.Overwrites.Set {
		return after, nil
	}
	if len(b.Overwrites.Value) > maxOverwrites {
		return after, discord.ErrTooManyOverwrites
	}
	present := overwritesOf(r.Channel)
	overwrites, err := resolve(c.Request.Context(), tx, r.Guild, b.Overwrites.Value, present)
	if err != nil {
		return after, err
	}
	after.PermissionOverwrites = &overwrites
	return after, mayOverwrite(r, compare(present, overwrites))
}

// convertible: https://discord.com/developers/docs/resources/channel#modify-channel-json-params-guild-channel
func convertible(from, to discord.ChannelType) bool {
	text := func(t discord.ChannelType) bool { return t == discord.ChannelText || t == discord.ChannelAnnouncement }
	return text(from) && text(to)
}

func same(a, b *snowflake.ID) bool {
	if a == nil || b == nil {
		return a == b
	}
	return *a == *b
}

// write changes the rows, if there is anything to change, and records it.
func (h *Handlers) write(c *call.Call, tx *store.Tx, r *access.Room, after discord.Channel) (discord.Channel, error) {
	if reflect.DeepEqual(*r.Channel, after) {
		return after, nil
	}
	ctx, guild := c.Request.Context(), r.Guild.Guild.ID
	written, err := tx.UpdateChannels(ctx, guild, withSynced(r.Guild, r.Channel, after)...)
	if err != nil {
		return after, err
	}
	for _, ch := range written {
		if ch.ID == after.ID {
			after = ch
		}
	}
	entries, err := overwriteEntries(c, r.Guild, after.ID, compare(overwritesOf(r.Channel), overwritesOf(&after)))
	if err != nil {
		return after, err
	}
	entry, err := audit.Changed(c, discord.AuditChannelUpdate, after.ID, r.Channel, after, audited...)
	if err != nil {
		return after, err
	}
	if len(entry.Changes) > 0 {
		entries = append(entries, entry)
	}
	return after, tx.Audit(ctx, guild, entries...)
}
