package announcements

import (
	"guildhall.chat/guildhall/api/access"
	"guildhall.chat/guildhall/api/call"
	"guildhall.chat/guildhall/api/form"
	"guildhall.chat/guildhall/api/posting"
	"guildhall.chat/guildhall/api/webhooks"
	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/permissions"
	"guildhall.chat/guildhall/internal/snowflake"
	"guildhall.chat/guildhall/internal/store"
)

// maxName is the length of a webhook's name in characters.
const maxName = 80

// follow makes a channel that the caller manages follow an announcement channel that it sees.
// https://discord.com/developers/docs/resources/channel#follow-announcement-channel
func (h *Handlers) follow(c *call.Call) error {
	var body struct {
		Target *snowflake.ID `json:"webhook_channel_id"`
	}
	if err := c.Bind(&body); err != nil {
		return err
	}
	if body.Target == nil {
		return form.Single("webhook_channel_id", "BASE_TYPE_REQUIRED", "This field is required")
	}
	source, err := h.source(c)
	if err != nil {
		return err
	}
	var made discord.Webhook
	err = h.access.ChangeIn(c, *body.Target, permissions.ManageWebhooks, func(tx *store.Tx, r *access.Room) (err error) {
		if r.Channel.Type != discord.ChannelText && r.Channel.Type != discord.ChannelAnnouncement {
			return discord.ErrWrongChannelType
		}
		if err := webhooks.Room(c, tx, r); err != nil {
			return err
		}
		if made, err = h.subscribe(c, tx, r, source); err != nil {
			return err
		}
		return h.announce(c, tx, r, source, made.Name)
	})
	if err != nil {
		return err
	}
	return c.OK(discord.ChannelFollower{ChannelID: source.Channel.ID, WebhookID: made.ID})
}

// subscribe makes the webhook by which a channel follows: it looks like the guild that it brings news from.
func (h *Handlers) subscribe(c *call.Call, tx *store.Tx, r, source *access.Room) (discord.Webhook, error) {
	ctx, from := c.Request.Context(), source.Guild.Guild
	name := []rune(from.Name + " #" + *source.Channel.Name)
	w := discord.Webhook{
		ID: tx.NewID(), Type: discord.WebhookFollower, GuildID: &r.Guild.Guild.ID, ChannelID: &r.Channel.ID,
		Name: string(name[:min(len(name), maxName)]), Avatar: from.Icon, User: &discord.User{ID: c.Caller.UserID},
		SourceChannel: &discord.WebhookSourceChannel{ID: source.Channel.ID},
	}
	made, err := tx.CreateWebhook(ctx, w)
	if err != nil {
		return made, err
	}
	entry, err := webhooks.Record(c, discord.AuditWebhookCreate, nil, &made)
	if err != nil {
		return made, err
	}
	return made, tx.Audit(ctx, *made.GuildID, entry)
}

// announce tells the channel what it follows from now on.
func (h *Handlers) announce(c *call.Call, tx *store.Tx, r, source *access.Room, name string) error {
	ctx, guild := c.Request.Context(), r.Guild.Guild.ID
	people, err := tx.People(ctx, guild, []snowflake.ID{c.Caller.UserID})
	if err != nil {
		return err
	}
	id := tx.NewID()
	return posting.Insert(ctx, tx, r, &posting.Post{People: people, Message: discord.Message{
		ID: id, ChannelID: r.Channel.ID, Type: discord.MessageChannelFollowAdd, Timestamp: discord.At(id.Time()), Content: name,
		Author: people[c.Caller.UserID].User, Mentions: []discord.Mention{}, MentionRoles: []snowflake.ID{},
		Embeds: []discord.Embed{}, Attachments: []discord.Attachment{}, Components: discord.EmptyList,
		MessageReference: &discord.MessageReference{ChannelID: source.Channel.ID, GuildID: source.GuildID()},
	}})
}
