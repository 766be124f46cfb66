package webhooks

import (
	"slices"

	"guildhall.chat/guildhall/api/access"
	"guildhall.chat/guildhall/api/audit"
	"guildhall.chat/guildhall/api/call"
	"guildhall.chat/guildhall/api/form"
	"guildhall.chat/guildhall/api/images"
	"guildhall.chat/guildhall/internal/auth"
	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/permissions"
	"guildhall.chat/guildhall/internal/snowflake"
	"guildhall.chat/guildhall/internal/store"
)

const (
	maxOfChannel = 15
	maxOfGuild   = 1000
)

// audited are the keys of a webhook that the audit log records.
var audited = []string{"name", "type", "channel_id", "avatar_hash", "application_id"}

// recorded is a webhook as the audit log has it.
type recorded struct {
	discord.Webhook
	AvatarHash *string `json:"avatar_hash"`
}

// Record returns the audit-log entry of a webhook that was made, changed or deleted: nil is what it was before, or after.
func Record(c *call.Call, action discord.AuditAction, before, after *discord.Webhook) (discord.AuditEntry, error) {
	var was, is any
	var target snowflake.ID
	if before != nil {
		was, target = recorded{*before, before.Avatar}, before.ID
	}
	if after != nil {
		is, target = recorded{*after, after.Avatar}, after.ID
	}
	entry, err := audit.Changed(c, action, target, was, is, audited...)
	if c.Caller.Anonymous() {
		entry.UserID = nil // who it was is not known, only that they had the token
	}
	return entry, err
}

// Hosts reports whether channels of a type can have webhooks. Threads have those of their parent.
func Hosts(t discord.ChannelType) bool {
	return slices.Contains([]discord.ChannelType{discord.ChannelText, discord.ChannelVoice, discord.ChannelAnnouncement,
		discord.ChannelStage, discord.ChannelForum, discord.ChannelMedia}, t)
}

// Room checks that a channel can have one more webhook. The guild must be held.
func Room(c *call.Call, tx *store.Tx, r *access.Room) error {
	if !Hosts(r.Channel.Type) {
		return discord.ErrWrongChannelType
	}
	inChannel, inGuild, err := tx.WebhookCounts(c.Request.Context(), r.Guild.Guild.ID, r.Channel.ID)
	switch {
	case err != nil:
		return err
	case inChannel >= maxOfChannel:
		return discord.ErrTooManyWebhooks
	case inGuild >= maxOfGuild:
		return discord.ErrGuildWebhooks
	}
	return nil
}

// creation is the body of a webhook to be made.
// https://discord.com/developers/docs/resources/webhook#create-webhook-json-params
type creation struct {
	Name   string              `json:"name"`
	Avatar form.Field[*string] `json:"avatar"`
}

// create makes a webhook of a channel.
// https://discord.com/developers/docs/resources/webhook#create-webhook
func (h *Handlers) create(c *call.Call) error {
	channel, err := c.ID("channel_id", discord.ErrUnknownChannel)
	if err != nil {
		return err
	}
	var b creation
	if err := c.Bind(&b); err != nil {
		return err
	}
	var p form.Problems
	b.Name = checkName(&p, "name", b.Name)
	if err := p.Err(); err != nil {
		return err
	}
	ctx := c.Request.Context()
	var made discord.Webhook
	err = h.access.ChangeIn(c, channel, permissions.ManageWebhooks, func(tx *store.Tx, r *access.Room) error {
		if err := Room(c, tx, r); err != nil {
			return err
		}
		w := discord.Webhook{
			ID: tx.NewID(), Type: discord.WebhookIncoming, GuildID: &r.Guild.Guild.ID, ChannelID: &channel, Name: b.Name,
			User: &discord.User{ID: c.Caller.UserID}, Token: auth.NewWebhookToken(),
		}
		if app := c.Caller.ApplicationID; app != 0 {
			w.ApplicationID = &app
		}
		if err := images.Apply(ctx, tx, "avatar", b.Avatar, &w.Avatar); err != nil {
			return err
		}
		if made, err = tx.CreateWebhook(ctx, w); err != nil {
			return err
		}
		entry, err := Record(c, discord.AuditWebhookCreate, nil, &made)
		if err != nil {
			return err
		}
		return tx.Audit(ctx, *made.GuildID, entry)
	})
	if err != nil {
		return err
	}
	return c.OK(h.shown(c, made))
}

// listOfChannel returns the webhooks of a channel.
// https://discord.com/developers/docs/resources/webhook#get-channel-webhooks
func (h *Handlers) listOfChannel(c *call.Call) error {
	id, err := c.ID("channel_id", discord.ErrUnknownChannel)
	if err != nil {
		return err
	}
	room, err := h.access.Room(c, id)
	if err != nil {
		return err
	}
	if room.Direct() {
		return discord.ErrOnDM
	}
	if err := room.Need(permissions.ManageWebhooks); err != nil {
		return err
	}
	found, err := h.store.ChannelWebhooks(c.Request.Context(), id)
	return h.list(c, found, err)
}

// listOfGuild returns the webhooks of all channels of a guild.
// https://discord.com/developers/docs/resources/webhook#get-guild-webhooks
func (h *Handlers) listOfGuild(c *call.Call) error {
	guild, err := c.ID("guild_id", discord.ErrUnknownGuild)
	if err != nil {
		return err
	}
	visit, err := h.access.Enter(c, guild)
	if err != nil {
		return err
	}
	if err := visit.Need(permissions.ManageWebhooks); err != nil {
		return err
	}
	found, err := h.store.GuildWebhooks(c.Request.Context(), guild)
	return h.list(c, found, err)
}

func (h *Handlers) list(c *call.Call, found []discord.Webhook, err error) error {
	if err != nil {
		return err
	}
	shown := make([]discord.Webhook, len(found))
	for i, w := range found {
		shown[i] = h.shown(c, w)
	}
	return c.OK(shown)
}

// get returns a webhook for who may manage it.
// https://discord.com/developers/docs/resources/webhook#get-webhook
func (h *Handlers) get(c *call.Call) error {
	id, err := c.ID("webhook_id", discord.ErrUnknownWebhook)
	if err != nil {
		return err
	}
	w, err := h.store.Webhook(c.Request.Context(), id)
	if err != nil {
		return known(err)
	}
	if !owns(c, w) {
		room, err := h.access.Room(c, *w.ChannelID)
		if err != nil {
			return err
		}
		if err := room.Need(permissions.ManageWebhooks); err != nil {
			return err
		}
	}
	return c.OK(h.shown(c, w))
}

// getByToken returns a webhook without who made it.
// https://discord.com/developers/docs/resources/webhook#get-webhook-with-token
func (h *Handlers) getByToken(c *call.Call) error {
	w, err := h.find(c)
	if err != nil {
		return err
	}
	w.User = nil
	return c.OK(h.withURL(w))
}
