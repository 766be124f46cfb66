package welcome

import (
	"slices"

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
	maxPrompts         = 15
	maxPromptTitle     = 100
	maxOptions         = 50
	maxOptionTitle     = 50
	maxOptionText      = 100
	maxOptionTargets   = 50
	maxDefaultChannels = 500
	// An enabled onboarding has this many channels, and in so many of them everybody may write.
	// https://discord.com/developers/docs/resources/guild#modify-guild-onboarding
	minChannels, minWritable = 7, 5
	advanced                 = 1 // the mode in which the channels of options count too
)

// onboarding returns what new members are asked.
// https://discord.com/developers/docs/resources/guild#get-guild-onboarding
func (h *Handlers) onboarding(c *call.Call) error {
	visit, w, err := h.enter(c)
	if err != nil {
		return err
	}
	return c.OK(current(visit, w))
}

// current is the onboarding that a guild has, be it an empty one.
func current(v *access.Visit, w store.Welcome) discord.Onboarding {
	if w.Onboarding != nil {
		return *w.Onboarding
	}
	return discord.Onboarding{GuildID: v.Guild.Guild.ID, Prompts: []discord.OnboardingPrompt{}, DefaultChannels: []snowflake.ID{}}
}

type option struct {
	ID          *snowflake.ID  `json:"id"`
	Title       string         `json:"title"`
	Description *string        `json:"description"`
	EmojiID     *snowflake.ID  `json:"emoji_id"`
	EmojiName   *string        `json:"emoji_name"`
	Animated    *form.Bool     `json:"emoji_animated"`
	RoleIDs     []snowflake.ID `json:"role_ids"`
	ChannelIDs  []snowflake.ID `json:"channel_ids"`
}

type prompt struct {
	ID           snowflake.ID `json:"id"`
	Title        string       `json:"title"`
	Options      []option     `json:"options"`
	SingleSelect *form.Bool   `json:"single_select"`
	Required     *form.Bool   `json:"required"`
	InOnboarding *form.Bool   `json:"in_onboarding"`
	Type         *form.Int    `json:"type"`
}

func on(b *form.Bool) bool { return b != nil && bool(*b) }

// wire checks a prompt and gives ids to what is new: what has an id that the onboarding doesn't know.
func (b prompt) wire(p *form.Problems, at string, v *access.Visit, known map[snowflake.ID]bool, id func() snowflake.ID) discord.OnboardingPrompt {
	shown := discord.OnboardingPrompt{
		ID: b.ID, Title: b.Title, SingleSelect: on(b.SingleSelect), Required: on(b.Required), InOnboarding: on(b.InOnboarding),
		Options: []discord.OnboardingOption{},
	}
	if !known[b.ID] {
		shown.ID = id()
	}
	p.Length(form.At(at, "title"), b.Title, 1, maxPromptTitle)
	if b.Type != nil {
		form.OneOf(p, form.At(at, "type"), *b.Type, 0, 1)
		shown.Type = int(*b.Type)
	}
	if len(b.Options) == 0 {
		p.Required(form.At(at, "options"))
	}
	p.Max(form.At(at, "options"), len(b.Options), maxOptions)
	for i, o := range b.Options {
		shown.Options = append(shown.Options, o.wire(p, form.At(at, "options", i), v, known, id))
	}
	return shown
}

func (o option) wire(p *form.Problems, at string, v *access.Visit, known map[snowflake.ID]bool, id func() snowflake.ID) discord.OnboardingOption {
	shown := discord.OnboardingOption{
		Title: o.Title, Emoji: emoji(o.EmojiID, o.EmojiName, on(o.Animated)),
		RoleIDs: append([]snowflake.ID{}, o.RoleIDs...), ChannelIDs: append([]snowflake.ID{}, o.ChannelIDs...),
	}
	if o.ID != nil && known[*o.ID] {
		shown.ID = *o.ID
	} else {
		shown.ID = id()
	}
	p.Length(form.At(at, "title"), o.Title, 1, maxOptionTitle)
	if o.Description != nil {
		p.Length(form.At(at, "description"), *o.Description, 0, maxOptionText)
		shown.Description = *o.Description
	}
	if o.EmojiName != nil {
		p.Length(form.At(at, "emoji_name"), *o.EmojiName, 0, maxEmojiName)
	}
	p.Max(form.At(at, "role_ids"), len(o.RoleIDs), maxOptionTargets)
	p.Max(form.At(at, "channel_ids"), len(o.ChannelIDs), maxOptionTargets)
	for i, id := range o.ChannelIDs {
		checkChannel(p, form.At(at, "channel_ids", i), v, id)
	}
	for i, id := range o.RoleIDs {
		role := v.Guild.Role(id)
		if role == nil || role.Managed || id == v.Guild.Guild.ID || !v.Guild.Rules.OutranksRole(v.Member, access.Rule(role)) {
			p.Add(form.At(at, "role_ids", i), "BASE_TYPE_BAD_VALUE", "The guild has no such role that you could give.")
		}
	}
	return shown
}

// setOnboarding changes what new members are asked.
// https://discord.com/developers/docs/resources/guild#modify-guild-onboarding
func (h *Handlers) setOnboarding(c *call.Call) error {
	var b struct {
		Prompts  form.Field[*[]prompt]       `json:"prompts"`
		Channels form.Field[*[]snowflake.ID] `json:"default_channel_ids"`
		Enabled  form.Field[*form.Bool]      `json:"enabled"`
		Mode     form.Field[*form.Int]       `json:"mode"`
	}
	if err := c.Bind(&b); err != nil {
		return err
	}
	var after discord.Onboarding
	const need = permissions.ManageGuild | permissions.ManageRoles
	err := h.change(c, need, func(tx *store.Tx, v *access.Visit, w *store.Welcome) (map[string]bool, error) {
		before := current(v, *w)
		after = before
		var p form.Problems
		if b.Prompts.Value != nil {
			p.Max("prompts", len(*b.Prompts.Value), maxPrompts)
			after.Prompts = []discord.OnboardingPrompt{}
			ids := idsOf(before)
			for i, sent := range *b.Prompts.Value {
				after.Prompts = append(after.Prompts, sent.wire(&p, form.At("prompts", i), v, ids, tx.NewID))
			}
		}
		if b.Channels.Value != nil {
			p.Max("default_channel_ids", len(*b.Channels.Value), maxDefaultChannels)
			after.DefaultChannels = append([]snowflake.ID{}, *b.Channels.Value...)
			for i, id := range after.DefaultChannels {
				checkChannel(&p, form.At("default_channel_ids", i), v, id)
			}
		}
		if b.Mode.Value != nil {
			form.OneOf(&p, "mode", *b.Mode.Value, 0, advanced)
			after.Mode = int(*b.Mode.Value)
		}
		if b.Enabled.Value != nil {
			after.Enabled = bool(*b.Enabled.Value)
		}
		if err := p.Err(); err != nil {
			return nil, err
		}
		if after.Enabled && !suffices(v, after) {
			if before.Enabled {
				return nil, discord.ErrOnboardingBelow
			}
			return nil, discord.ErrOnboardingUnmet
		}
		w.Onboarding = &after
		features := map[string]bool{discord.FeatureGuildOnboarding: after.Enabled}
		return features, record(c, tx, before, after)
	})
	if err != nil {
		return err
	}
	return c.OK(after)
}

// idsOf are the ids of prompts and options.
func idsOf(o discord.Onboarding) map[snowflake.ID]bool {
	ids := map[snowflake.ID]bool{}
	for _, prompt := range o.Prompts {
		ids[prompt.ID] = true
		for _, option := range prompt.Options {
			ids[option.ID] = true
		}
	}
	return ids
}

// suffices reports whether new members get enough channels.
func suffices(v *access.Visit, o discord.Onboarding) bool {
	channels := slices.Clone(o.DefaultChannels)
	if o.Mode == advanced {
		for _, prompt := range o.Prompts {
			for _, option := range prompt.Options {
				channels = append(channels, option.ChannelIDs...)
			}
		}
	}
	slices.Sort(channels)
	channels = slices.Compact(channels)
	anybody, writable := permissions.Member{}, 0
	for _, id := range channels {
		if v.Guild.PermissionsIn(anybody, id).Has(permissions.ViewChannel | permissions.SendMessages) {
			writable++
		}
	}
	return len(channels) >= minChannels && writable >= minWritable
}

func record(c *call.Call, tx *store.Tx, before, after discord.Onboarding) error {
	entry, err := audit.Changed(c, discord.AuditOnboardingUpdate, after.GuildID, before, after, "prompts", "default_channel_ids", "enabled", "mode")
	if err != nil || len(entry.Changes) == 0 {
		return err
	}
	return tx.Audit(c.Request.Context(), after.GuildID, entry)
}
