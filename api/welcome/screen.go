package welcome

import (
	"guildhall.chat/guildhall/api/access"
	"guildhall.chat/guildhall/api/audit"
	"guildhall.chat/guildhall/api/call"
	"guildhall.chat/guildhall/api/form"
	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/permissions"
	"guildhall.chat/guildhall/internal/snowflake"
	"guildhall.chat/guildhall/internal/store"
)

const (
	maxScreenDescription  = 140
	maxScreenChannels     = 5
	maxChannelDescription = 50
	maxEmojiName          = 100
)

// screen returns the welcome screen: to everybody in the guild if it is on, else to who manages the guild.
// https://discord.com/developers/docs/resources/guild#get-guild-welcome-screen
func (h *Handlers) screen(c *call.Call) error {
	visit, w, err := h.enter(c)
	if err != nil {
		return err
	}
	if w.Screen == nil || !has(visit, discord.FeatureWelcomeScreen) && visit.Need(permissions.ManageGuild) != nil {
		return discord.ErrUnknownWelcomeScreen
	}
	return c.OK(w.Screen)
}

type welcomeChannel struct {
	ChannelID   snowflake.ID  `json:"channel_id"`
	Description string        `json:"description"`
	EmojiID     *snowflake.ID `json:"emoji_id"`
	EmojiName   *string       `json:"emoji_name"`
}

// setScreen changes the welcome screen.
// https://discord.com/developers/docs/resources/guild#modify-guild-welcome-screen
func (h *Handlers) setScreen(c *call.Call) error {
	var b struct {
		Enabled     form.Field[*form.Bool]        `json:"enabled"`
		Description form.Field[*string]           `json:"description"`
		Channels    form.Field[*[]welcomeChannel] `json:"welcome_channels"`
	}
	if err := c.Bind(&b); err != nil {
		return err
	}
	var after discord.WelcomeScreen
	err := h.change(c, permissions.ManageGuild, func(tx *store.Tx, v *access.Visit, w *store.Welcome) (map[string]bool, error) {
		after = discord.WelcomeScreen{Channels: []discord.WelcomeChannel{}}
		if w.Screen != nil {
			after = *w.Screen
		}
		b.Description.Apply(&after.Description)
		var p form.Problems
		if after.Description != nil {
			p.Length("description", *after.Description, 0, maxScreenDescription)
		}
		if b.Channels.Set {
			after.Channels = []discord.WelcomeChannel{}
			if b.Channels.Value != nil {
				after.Channels = screenChannels(&p, v, *b.Channels.Value)
			}
		}
		features := map[string]bool{}
		if on := b.Enabled.Value; on != nil {
			if features[discord.FeatureWelcomeScreen] = bool(*on); bool(*on) && !has(v, discord.FeatureCommunity) {
				p.Add("enabled", "BASE_TYPE_BAD_VALUE", "Only a community has a welcome screen.")
			}
		}
		if err := p.Err(); err != nil {
			return nil, err
		}
		entry, err := audit.Changed(c, discord.AuditGuildUpdate, v.Guild.Guild.ID, w.Screen, after, "description", "welcome_channels")
		if err != nil {
			return nil, err
		}
		w.Screen = &after
		return features, tx.Audit(c.Request.Context(), v.Guild.Guild.ID, entry)
	})
	if err != nil {
		return err
	}
	return c.OK(after)
}

func screenChannels(p *form.Problems, v *access.Visit, sent []welcomeChannel) []discord.WelcomeChannel {
	p.Max("welcome_channels", len(sent), maxScreenChannels)
	list := make([]discord.WelcomeChannel, 0, len(sent))
	for i, w := range sent {
		at := form.At("welcome_channels", i)
		p.Length(form.At(at, "description"), w.Description, 1, maxChannelDescription)
		checkChannel(p, form.At(at, "channel_id"), v, w.ChannelID)
		if w.EmojiName != nil {
			p.Length(form.At(at, "emoji_name"), *w.EmojiName, 0, maxEmojiName)
		}
		list = append(list, discord.WelcomeChannel{ChannelID: w.ChannelID, Description: w.Description, EmojiID: w.EmojiID, EmojiName: w.EmojiName})
	}
	return list
}

func checkChannel(p *form.Problems, path string, v *access.Visit, id snowflake.ID) {
	if v.Guild.Channel(id) == nil {
		p.Add(path, "BASE_TYPE_BAD_VALUE", "The guild has no such channel.")
	}
}
