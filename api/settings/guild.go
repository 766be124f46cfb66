package settings

import (
	"slices"

	"guildhall.chat/guildhall/api/call"
	"guildhall.chat/guildhall/api/form"
	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/snowflake"
	"guildhall.chat/guildhall/internal/store"
)

const (
	// maxOverrides bounds the channels of a guild that differ from it.
	maxOverrides = 1000
	// maxGuilds bounds the guilds of one update.
	maxGuilds = 200
)

// guildPatch is what is to change for a guild. What is not sent, stays.
type guildPatch struct {
	SuppressEveryone     form.Field[form.Bool]           `json:"suppress_everyone"`
	SuppressRoles        form.Field[form.Bool]           `json:"suppress_roles"`
	MuteScheduledEvents  form.Field[form.Bool]           `json:"mute_scheduled_events"`
	MessageNotifications form.Field[form.Int]            `json:"message_notifications"`
	Flags                form.Field[form.Int]            `json:"flags"`
	MobilePush           form.Field[form.Bool]           `json:"mobile_push"`
	Muted                form.Field[form.Bool]           `json:"muted"`
	MuteConfig           form.Field[*discord.MuteConfig] `json:"mute_config"`
	HideMutedChannels    form.Field[form.Bool]           `json:"hide_muted_channels"`
	NotifyHighlights     form.Field[form.Int]            `json:"notify_highlights"`
	// Channels are the overrides to write; null removes one.
	Channels map[snowflake.ID]*channelPatch `json:"channel_overrides"`
}

type channelPatch struct {
	MessageNotifications form.Field[form.Int]            `json:"message_notifications"`
	Muted                form.Field[form.Bool]           `json:"muted"`
	MuteConfig           form.Field[*discord.MuteConfig] `json:"mute_config"`
	Collapsed            form.Field[form.Bool]           `json:"collapsed"`
	Flags                form.Field[form.Int]            `json:"flags"`
}

func (b *guildPatch) check(p *form.Problems, path string) {
	checkLevel(p, form.At(path, "message_notifications"), b.MessageNotifications)
	checkFlags(p, form.At(path, "flags"), b.Flags)
	if b.NotifyHighlights.Set {
		form.OneOf(p, form.At(path, "notify_highlights"), b.NotifyHighlights.Value, 0, 1, 2)
	}
	p.Max(form.At(path, "channel_overrides"), len(b.Channels), maxOverrides)
	for id, ch := range b.Channels {
		if ch == nil {
			continue
		}
		at := form.At(path, "channel_overrides", id.String())
		checkLevel(p, form.At(at, "message_notifications"), ch.MessageNotifications)
		checkFlags(p, form.At(at, "flags"), ch.Flags)
	}
}

func checkLevel(p *form.Problems, path string, level form.Field[form.Int]) {
	if level.Set {
		form.OneOf(p, path, level.Value, 0, 1, 2, discord.NotifyInherit)
	}
}

func checkFlags(p *form.Problems, path string, flags form.Field[form.Int]) {
	if flags.Set {
		p.Range(path, int64(flags.Value), 0, 1<<31-1)
	}
}

func set(from form.Field[form.Bool], to *bool) {
	if from.Set {
		*to = bool(from.Value)
	}
}

func setInt(from form.Field[form.Int], to *int) {
	if from.Set {
		*to = int(from.Value)
	}
}

// apply changes what was set as the patch says.
func (b *guildPatch) apply(s *discord.UserGuildSettings) error {
	set(b.SuppressEveryone, &s.SuppressEveryone)
	set(b.SuppressRoles, &s.SuppressRoles)
	set(b.MuteScheduledEvents, &s.MuteScheduledEvents)
	setInt(b.MessageNotifications, &s.MessageNotifications)
	setInt(b.Flags, &s.Flags)
	set(b.MobilePush, &s.MobilePush)
	set(b.Muted, &s.Muted)
	b.MuteConfig.Apply(&s.MuteConfig)
	set(b.HideMutedChannels, &s.HideMutedChannels)
	setInt(b.NotifyHighlights, &s.NotifyHighlights)
	for id, patch := range b.Channels {
		i := slices.IndexFunc(s.ChannelOverrides, func(o discord.ChannelOverride) bool { return o.ChannelID == id })
		switch {
		case patch == nil && i >= 0:
			s.ChannelOverrides = slices.Delete(s.ChannelOverrides, i, i+1)
		case patch == nil:
		case i < 0:
			override := discord.ChannelOverride{ChannelID: id, MessageNotifications: discord.NotifyInherit}
			patch.apply(&override)
			s.ChannelOverrides = append(s.ChannelOverrides, override)
		default:
			patch.apply(&s.ChannelOverrides[i])
		}
	}
	slices.SortFunc(s.ChannelOverrides, func(a, b discord.ChannelOverride) int {
		if a.ChannelID < b.ChannelID {
			return -1
		}
		return 1
	})
	if len(s.ChannelOverrides) > maxOverrides {
		return form.Single("channel_overrides", "BASE_TYPE_MAX_LENGTH", "Must be 1000 or fewer in length.")
	}
	return nil
}

func (b *channelPatch) apply(o *discord.ChannelOverride) {
	setInt(b.MessageNotifications, &o.MessageNotifications)
	set(b.Muted, &o.Muted)
	b.MuteConfig.Apply(&o.MuteConfig)
	set(b.Collapsed, &o.Collapsed)
	setInt(b.Flags, &o.Flags)
}

// updateGuild changes the settings of a guild, or of all that is outside of guilds: @me.
func (h *Handlers) updateGuild(c *call.Call) error {
	var guild snowflake.ID
	if c.Param("guild_id") != "@me" {
		var err error
		if guild, err = c.ID("guild_id", discord.ErrUnknownGuild); err != nil {
			return err
		}
	}
	var body guildPatch
	if err := c.Bind(&body); err != nil {
		return err
	}
	var p form.Problems
	body.check(&p, "")
	if err := p.Err(); err != nil {
		return err
	}
	all, err := h.changeGuilds(c, map[snowflake.ID]guildPatch{guild: body})
	if err != nil {
		return err
	}
	return c.OK(all[0])
}

// updateGuilds changes the settings of several guilds.
func (h *Handlers) updateGuilds(c *call.Call) error {
	var body struct {
		Guilds map[string]guildPatch `json:"guilds"`
	}
	if err := c.Bind(&body); err != nil {
		return err
	}
	var p form.Problems
	patches := map[snowflake.ID]guildPatch{}
	for name, patch := range body.Guilds {
		var guild snowflake.ID
		if name != "@me" {
			var err error
			if guild, err = snowflake.Parse(name); err != nil {
				p.Add("guilds", "NUMBER_TYPE_COERCE", "A key is not snowflake.")
				continue
			}
		}
		patch.check(&p, form.At("guilds", name))
		patches[guild] = patch
	}
	p.Max("guilds", len(body.Guilds), maxGuilds)
	if err := p.Err(); err != nil {
		return err
	}
	all, err := h.changeGuilds(c, patches)
	if err != nil {
		return err
	}
	return c.OK(all)
}

// changeGuilds writes the settings of guilds that the caller is in, by id.
func (h *Handlers) changeGuilds(c *call.Call, patches map[snowflake.ID]guildPatch) ([]discord.UserGuildSettings, error) {
	guilds := make([]snowflake.ID, 0, len(patches))
	for guild := range patches {
		if guild != 0 {
			if _, err := h.access.Enter(c, guild); err != nil {
				return nil, err
			}
		}
		guilds = append(guilds, guild)
	}
	slices.Sort(guilds)
	ctx := c.Request.Context()
	all := []discord.UserGuildSettings{}
	err := h.store.Change(ctx, func(tx *store.Tx) error {
		all = all[:0]
		for _, guild := range guilds {
			patch := patches[guild]
			s, err := tx.ChangeGuildSettings(ctx, c.Caller.UserID, guild, patch.apply)
			if err != nil {
				return err
			}
			all = append(all, s)
		}
		return nil
	})
	return all, err
}
