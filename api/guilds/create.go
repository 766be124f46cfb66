package guilds

import (
	"net/http"
	"strings"

	"guildhall.chat/guildhall/api/call"
	"guildhall.chat/guildhall/api/form"
	"guildhall.chat/guildhall/api/images"
	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/snowflake"
	"guildhall.chat/guildhall/internal/store"
)

const (
	minName   = 2
	maxName   = 100
	maxGuilds = 100 // that a user may be in
)

// creation is the body of a guild to be made. In Roles and Channels, and in what refers to them, ids are placeholders:
// any numbers that are used consistently.
type creation struct {
	Name               string                     `json:"name"`
	Icon               form.Field[*string]        `json:"icon"`
	VerificationLevel  form.Field[form.Int]       `json:"verification_level"`
	Notifications      form.Field[form.Int]       `json:"default_message_notifications"`
	ContentFilter      form.Field[form.Int]       `json:"explicit_content_filter"`
	Roles              form.Field[[]roleDraft]    `json:"roles"`
	Channels           form.Field[[]channelDraft] `json:"channels"`
	AFKChannelID       form.Field[*snowflake.ID]  `json:"afk_channel_id"`
	AFKTimeout         form.Field[form.Int]       `json:"afk_timeout"`
	SystemChannelID    form.Field[*snowflake.ID]  `json:"system_channel_id"`
	SystemChannelFlags form.Field[form.Int]       `json:"system_channel_flags"`
}

func (b *creation) check() error {
	var p form.Problems
	b.Name = strings.TrimSpace(b.Name)
	p.Length("name", b.Name, minName, maxName)
	checkLevels(&p, levels{
		"verification_level": b.VerificationLevel, "default_message_notifications": b.Notifications,
		"explicit_content_filter": b.ContentFilter, "afk_timeout": b.AFKTimeout,
		"system_channel_flags": b.SystemChannelFlags,
	})
	return p.Err()
}

// create makes a guild that the caller owns.
// https://docs.discord.food/resources/guild#create-guild
func (h *Handlers) create(c *call.Call) error {
	var b creation
	if err := c.Bind(&b); err != nil {
		return err
	}
	if err := b.check(); err != nil {
		return err
	}
	ctx := c.Request.Context()
	var made *store.GuildSnapshot
	err := h.store.Change(ctx, func(tx *store.Tx) error {
		n, err := tx.GuildCount(ctx, c.Caller.UserID)
		if err != nil {
			return err
		}
		if n >= maxGuilds {
			return discord.ErrTooManyGuilds
		}
		d, err := b.draft(ctx, tx)
		if err != nil {
			return err
		}
		g := d.guild
		g.OwnerID = c.Caller.UserID
		if err := images.Apply(ctx, tx, "icon", b.Icon, &g.Icon); err != nil {
			return err
		}
		made, err = tx.CreateGuild(ctx, g, d.channels)
		return err
	})
	if err != nil {
		return err
	}
	return c.Reply(http.StatusCreated, made.Guild)
}
