package webhooks

import (
	"context"

	"guildhall.chat/guildhall/api/access"
	"guildhall.chat/guildhall/api/call"
	"guildhall.chat/guildhall/api/form"
	"guildhall.chat/guildhall/api/images"
	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/permissions"
	"guildhall.chat/guildhall/internal/snowflake"
	"guildhall.chat/guildhall/internal/store"
)

// settings is the body of a change. By token, the channel stays whatever it says.
// https://discord.com/developers/docs/resources/webhook#modify-webhook-json-params
type settings struct {
	Name      form.Field[string]       `json:"name"`
	Avatar    form.Field[*string]      `json:"avatar"`
	ChannelID form.Field[snowflake.ID] `json:"channel_id"`
}

func (b *settings) read(c *call.Call) error {
	if err := c.Bind(b); err != nil {
		return err
	}
	var p form.Problems
	if b.Name.Set {
		b.Name.Value = checkName(&p, "name", b.Name.Value)
	}
	return p.Err()
}

// managed runs fn on the webhook of the path, held, for who may manage webhooks in its channel or is its application.
func (h *Handlers) managed(c *call.Call, fn func(tx *store.Tx, v *access.Visit, w discord.Webhook) error) error {
	id, err := c.ID("webhook_id", discord.ErrUnknownWebhook)
	if err != nil {
		return err
	}
	ctx := c.Request.Context()
	found, err := h.store.Webhook(ctx, id)
	if err != nil {
		return known(err)
	}
	may := func(v *access.Visit, w discord.Webhook) error {
		if owns(c, w) || v.Guild.PermissionsIn(v.Member, *w.ChannelID).Has(permissions.ManageWebhooks) {
			return nil
		}
		return discord.ErrMissingPermissions
	}
	mayNow := func(v *access.Visit) error { return may(v, found) }
	return h.access.ChangeIf(c, *found.GuildID, mayNow, func(tx *store.Tx, v *access.Visit) error {
		w, err := tx.HoldWebhook(ctx, id)
		if err != nil {
			return known(err)
		}
		if err := may(v, w); err != nil {
			return err // it has been moved meanwhile
		}
		return fn(tx, v, w)
	})
}

// update changes a webhook.
// https://discord.com/developers/docs/resources/webhook#modify-webhook
func (h *Handlers) update(c *call.Call) error {
	var b settings
	if err := b.read(c); err != nil {
		return err
	}
	var changed discord.Webhook
	err := h.managed(c, func(tx *store.Tx, v *access.Visit, was discord.Webhook) (err error) {
		if b.ChannelID.Set && b.ChannelID.Value != *was.ChannelID {
			if err := mayMove(c, tx, v, b.ChannelID.Value); err != nil {
				return err
			}
		} else {
			b.ChannelID.Set = false
		}
		changed, err = b.apply(c, tx, was)
		return err
	})
	if err != nil {
		return err
	}
	return c.OK(h.shown(c, changed))
}

// mayMove checks that the caller may have a webhook in another channel of the guild.
func mayMove(c *call.Call, tx *store.Tx, v *access.Visit, to snowflake.ID) error {
	channel := v.Guild.Channel(to)
	if channel == nil {
		return discord.ErrUnknownChannel
	}
	room := &access.Room{Visit: v, Channel: channel, Here: v.In(channel)}
	if err := room.Need(permissions.ManageWebhooks); err != nil {
		return err
	}
	return Room(c, tx, room)
}

// updateByToken changes name and picture of a webhook.
// https://discord.com/developers/docs/resources/webhook#modify-webhook-with-token
func (h *Handlers) updateByToken(c *call.Call) error {
	var b settings
	if err := b.read(c); err != nil {
		return err
	}
	b.ChannelID.Set = false
	var changed discord.Webhook
	err := h.byToken(c, func(_ context.Context, tx *store.Tx, was discord.Webhook) (err error) {
		changed, err = b.apply(c, tx, was)
		return err
	})
	if err != nil {
		return err
	}
	changed.User = nil
	return c.OK(h.withURL(changed))
}

// byToken runs fn on the webhook of the path, held, for who knows its token.
func (h *Handlers) byToken(c *call.Call, fn func(ctx context.Context, tx *store.Tx, w discord.Webhook) error) error {
	found, err := h.find(c)
	if err != nil {
		return err
	}
	ctx := c.Request.Context()
	return h.store.Change(ctx, func(tx *store.Tx) error {
		w, err := h.hold(ctx, tx, c, found.ID)
		if err != nil {
			return err
		}
		return fn(ctx, tx, w)
	})
}

// apply writes the fields that were sent, and records them.
func (b *settings) apply(c *call.Call, tx *store.Tx, was discord.Webhook) (discord.Webhook, error) {
	ctx, w := c.Request.Context(), was
	b.Name.Apply(&w.Name)
	if b.ChannelID.Set {
		w.ChannelID = &b.ChannelID.Value
	}
	if err := images.Apply(ctx, tx, "avatar", b.Avatar, &w.Avatar); err != nil {
		return w, err
	}
	entry, err := Record(c, discord.AuditWebhookUpdate, &was, &w)
	if err != nil || len(entry.Changes) == 0 {
		return w, err
	}
	if err := tx.UpdateWebhook(ctx, was, w); err != nil {
		return w, err
	}
	return w, tx.Audit(ctx, *w.GuildID, entry)
}

// remove deletes a webhook.
// https://discord.com/developers/docs/resources/webhook#delete-webhook
func (h *Handlers) remove(c *call.Call) error {
	err := h.managed(c, func(tx *store.Tx, _ *access.Visit, w discord.Webhook) error { return erase(c, tx, w) })
	if err != nil {
		return err
	}
	return c.Done()
}

// removeByToken deletes a webhook.
// https://discord.com/developers/docs/resources/webhook#delete-webhook-with-token
func (h *Handlers) removeByToken(c *call.Call) error {
	err := h.byToken(c, func(_ context.Context, tx *store.Tx, w discord.Webhook) error { return erase(c, tx, w) })
	if err != nil {
		return err
	}
	return c.Done()
}

func erase(c *call.Call, tx *store.Tx, w discord.Webhook) error {
	ctx := c.Request.Context()
	if err := tx.DeleteWebhook(ctx, w); err != nil {
		return err
	}
	entry, err := Record(c, discord.AuditWebhookDelete, &w, nil)
	if err != nil {
		return err
	}
	return tx.Audit(ctx, *w.GuildID, entry)
}
