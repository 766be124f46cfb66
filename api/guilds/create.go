package guilds

import (
	"encoding/json"
	"fmt"
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
	minName = 2
	maxName = 100
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
	made, err := b.build(c, h.store, func(*store.Tx) error { return nil })
	if err != nil {
		return err
	}
	return c.Reply(http.StatusCreated, made)
}

// CreateLike makes a guild that the caller owns, of a template's snapshot, and runs also in the same change. A snapshot has
// the form of the body of create.
func CreateLike(c *call.Call, s *store.Store, snapshot []byte, name string, icon form.Field[*string], also func(*store.Tx) error) (discord.Guild, error) {
	var b creation
	if err := json.Unmarshal(snapshot, &b); err != nil {
		return discord.Guild{}, fmt.Errorf("read the snapshot of a guild: %w", err)
	}
	b.Name, b.Icon = name, icon
	if err := b.check(); err != nil {
		return discord.Guild{}, err
	}
	return b.build(c, s, also)
}

func (b *creation) build(c *call.Call, s *store.Store, also func(*store.Tx) error) (discord.Guild, error) {
	ctx := c.Request.Context()
	var made *store.GuildSnapshot
	err := s.Change(ctx, func(tx *store.Tx) error {
		n, err := tx.GuildCount(ctx, c.Caller.UserID)
		if err != nil {
			return err
		}
		most, err := tx.Limit(ctx, store.LimitGuilds, c.Caller.UserID)
		if err != nil {
			return err
		}
		if int64(n) >= most {
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
		if made, err = tx.CreateGuild(ctx, g, d.channels); err != nil {
			return err
		}
		return also(tx)
	})
	if err != nil {
		return discord.Guild{}, err
	}
	return made.Guild, nil
}
