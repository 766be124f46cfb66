package channels

import (
	"errors"
	"slices"
	"unicode/utf8"

	"guildhall.chat/guildhall/api/access"
	"guildhall.chat/guildhall/api/call"
	"guildhall.chat/guildhall/api/form"
	"guildhall.chat/guildhall/api/images"
	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/snowflake"
	"guildhall.chat/guildhall/internal/store"
)

// groupPatch is the body of a group DM's update.
// https://discord.com/developers/docs/resources/channel#modify-channel-json-params-group-dm
type groupPatch struct {
	Name  form.Field[*string]      `json:"name"`
	Icon  form.Field[*string]      `json:"icon"`
	Owner form.Field[snowflake.ID] `json:"owner"`
}

// updateGroup lets everybody in a group DM change name and icon, and its owner hand it over. Those in it read what changed
// as messages.
func (h *Handlers) updateGroup(c *call.Call, room *access.Room) error {
	var b groupPatch
	if err := c.Bind(&b); err != nil {
		return err
	}
	if name := b.Name.Value; name != nil {
		var p form.Problems
		p.Max("name", utf8.RuneCountInString(*name), 100)
		if err := p.Err(); err != nil {
			return err
		}
		if *name == "" {
			b.Name.Value = nil
		}
	}
	ctx, user := c.Request.Context(), c.Caller.UserID
	var result discord.Channel
	err := h.changeGroup(c, room.Channel.ID, func(tx *store.Tx, g *store.Group) error {
		name, icon, owner := g.Name, *g.Icon, *g.OwnerID
		before := text(icon)
		if b.Owner.Set && b.Owner.Value != owner {
			if owner != user {
				return discord.ErrMissingPermissions
			}
			if !slices.Contains(g.Members, b.Owner.Value) {
				return discord.ErrInvalidRecipients
			}
			owner = b.Owner.Value
		}
		b.Name.Apply(&name)
		if err := images.Apply(ctx, tx, "icon", b.Icon, &icon); err != nil {
			return err
		}
		renamed, repainted := text(name) != text(g.Name), text(icon) != before
		if !renamed && !repainted && owner == *g.OwnerID {
			var err error
			result, err = tx.GroupView(ctx, g.ID, user)
			return err
		}
		if err := g.Update(ctx, name, icon, owner); err != nil {
			return err
		}
		if renamed {
			if err := g.Announce(ctx, discord.MessageChannelName, user, text(name)); err != nil {
				return err
			}
		}
		if repainted {
			if err := g.Announce(ctx, discord.MessageChannelIcon, user, ""); err != nil {
				return err
			}
		}
		var err error
		result, err = tx.GroupView(ctx, g.ID, user)
		return err
	})
	if err != nil {
		return err
	}
	return c.OK(result)
}

func text(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}

// leaveGroup takes the caller out of a group DM.
func (h *Handlers) leaveGroup(c *call.Call, room *access.Room) error {
	err := h.changeGroup(c, room.Channel.ID, func(_ *store.Tx, g *store.Group) error {
		return g.Remove(c.Request.Context(), c.Caller.UserID, c.Caller.UserID)
	})
	if err != nil {
		return err
	}
	return c.OK(room.Channel)
}

// changeGroup holds a group DM that the caller is in.
func (h *Handlers) changeGroup(c *call.Call, id snowflake.ID, do func(*store.Tx, *store.Group) error) error {
	ctx := c.Request.Context()
	err := h.store.Change(ctx, func(tx *store.Tx) error {
		g, err := tx.HoldGroup(ctx, id, c.Caller.UserID)
		if err != nil {
			return err
		}
		return do(tx, g)
	})
	if errors.Is(err, store.ErrNotFound) {
		return discord.ErrUnknownChannel
	}
	return err
}
