package guilds

import (
	"context"
	"slices"
	"strings"

	"guildhall.chat/guildhall/api/access"
	"guildhall.chat/guildhall/api/form"
	"guildhall.chat/guildhall/api/images"
	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/snowflake"
	"guildhall.chat/guildhall/internal/store"
)

const maxDescription = 300

// patch is the body of a guild's update.
// https://discord.com/developers/docs/resources/guild#modify-guild-json-params
type patch struct {
	Name               form.Field[string]        `json:"name"`
	Description        form.Field[*string]       `json:"description"`
	Icon               form.Field[*string]       `json:"icon"`
	Splash             form.Field[*string]       `json:"splash"`
	DiscoverySplash    form.Field[*string]       `json:"discovery_splash"`
	Banner             form.Field[*string]       `json:"banner"`
	OwnerID            form.Field[snowflake.ID]  `json:"owner_id"`
	VerificationLevel  form.Field[*form.Int]     `json:"verification_level"`
	Notifications      form.Field[*form.Int]     `json:"default_message_notifications"`
	ContentFilter      form.Field[*form.Int]     `json:"explicit_content_filter"`
	PreferredLocale    form.Field[*string]       `json:"preferred_locale"`
	AFKTimeout         form.Field[*form.Int]     `json:"afk_timeout"`
	AFKChannelID       form.Field[*snowflake.ID] `json:"afk_channel_id"`
	SystemChannelID    form.Field[*snowflake.ID] `json:"system_channel_id"`
	SystemChannelFlags form.Field[*form.Int]     `json:"system_channel_flags"`
	RulesChannelID     form.Field[*snowflake.ID] `json:"rules_channel_id"`
	UpdatesChannelID   form.Field[*snowflake.ID] `json:"public_updates_channel_id"`
	SafetyChannelID    form.Field[*snowflake.ID] `json:"safety_alerts_channel_id"`
	Features           form.Field[[]string]      `json:"features"`
	ProgressBar        form.Field[bool]          `json:"premium_progress_bar_enabled"`
}

// levels are numbers of which only some values have a meaning, by their key.
type levels map[string]form.Field[form.Int]

func checkLevels(p *form.Problems, fields levels) {
	for key, field := range fields {
		if !field.Set {
			continue
		}
		switch key {
		case "verification_level":
			form.OneOf(p, key, field.Value, 0, 1, 2, 3, 4)
		case "default_message_notifications":
			form.OneOf(p, key, field.Value, 0, 1)
		case "explicit_content_filter":
			form.OneOf(p, key, field.Value, 0, 1, 2)
		case "afk_timeout":
			form.OneOf(p, key, field.Value, 60, 300, 900, 1800, 3600)
		case "system_channel_flags":
			p.Range(key, int64(field.Value), 0, 1<<6-1)
		}
	}
}

// given is a nullable number for checkLevels: null needs no check.
func given(f form.Field[*form.Int]) form.Field[form.Int] {
	if f.Value == nil {
		return form.Field[form.Int]{}
	}
	return form.Field[form.Int]{Set: true, Value: *f.Value}
}

func (b *patch) check() error {
	var p form.Problems
	if b.Name.Set {
		b.Name.Value = strings.TrimSpace(b.Name.Value)
		p.Length("name", b.Name.Value, minName, maxName)
	}
	if b.Description.Value != nil {
		p.Length("description", *b.Description.Value, 0, maxDescription)
	}
	if b.PreferredLocale.Value != nil {
		form.OneOf(&p, "preferred_locale", *b.PreferredLocale.Value, discord.Locales...)
	}
	checkLevels(&p, levels{
		"verification_level": given(b.VerificationLevel), "default_message_notifications": given(b.Notifications),
		"explicit_content_filter": given(b.ContentFilter), "afk_timeout": given(b.AFKTimeout),
		"system_channel_flags": given(b.SystemChannelFlags),
	})
	return p.Err()
}

// apply sets the fields that were given; all but owner and features, of which more is asked.
func (b *patch) apply(ctx context.Context, tx *store.Tx, from *access.Guild, g *discord.Guild) error {
	b.Name.Apply(&g.Name)
	b.Description.Apply(&g.Description)
	b.ProgressBar.Apply(&g.PremiumProgressBarEnabled)
	number(b.VerificationLevel, 0, &g.VerificationLevel)
	number(b.Notifications, 0, &g.DefaultNotifications)
	number(b.ContentFilter, 0, &g.ExplicitContentFilter)
	number(b.AFKTimeout, defaultAFKTimeout, &g.AFKTimeout)
	number(b.SystemChannelFlags, 0, &g.SystemChannelFlags)
	if b.PreferredLocale.Set {
		g.PreferredLocale = defaultLocale
		if b.PreferredLocale.Value != nil {
			g.PreferredLocale = *b.PreferredLocale.Value
		}
	}
	var p form.Problems
	text := []discord.ChannelType{discord.ChannelText, discord.ChannelAnnouncement}
	channel(&p, from, "afk_channel_id", b.AFKChannelID, &g.AFKChannelID, discord.ChannelVoice)
	channel(&p, from, "system_channel_id", b.SystemChannelID, &g.SystemChannelID, text...)
	channel(&p, from, "rules_channel_id", b.RulesChannelID, &g.RulesChannelID, text...)
	channel(&p, from, "public_updates_channel_id", b.UpdatesChannelID, &g.PublicUpdatesChannelID, text...)
	channel(&p, from, "safety_alerts_channel_id", b.SafetyChannelID, &g.SafetyAlertsChannelID, text...)
	if err := p.Err(); err != nil {
		return err
	}
	for _, image := range []struct {
		key   string
		field form.Field[*string]
		to    **string
	}{
		{"icon", b.Icon, &g.Icon}, {"splash", b.Splash, &g.Splash},
		{"discovery_splash", b.DiscoverySplash, &g.DiscoverySplash}, {"banner", b.Banner, &g.Banner},
	} {
		if err := images.Apply(ctx, tx, image.key, image.field, image.to); err != nil {
			return err
		}
	}
	return nil
}

// number sets *to as the field says; null means otherwise.
func number(f form.Field[*form.Int], otherwise int, to *int) {
	switch {
	case !f.Set:
	case f.Value == nil:
		*to = otherwise
	default:
		*to = int(*f.Value)
	}
}

// channel sets *to to a channel of the guild that has one of the types.
func channel(p *form.Problems, g *access.Guild, key string, f form.Field[*snowflake.ID], to **snowflake.ID, kinds ...discord.ChannelType) {
	if !f.Apply(to) || f.Value == nil {
		return
	}
	if c := g.Channel(*f.Value); c == nil || !slices.Contains(kinds, c.Type) {
		p.Add(key, "BASE_TYPE_BAD_VALUE", "The guild has no such channel, or it is of another type.")
	}
}
