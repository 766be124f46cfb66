package guilds

import (
	"context"

	"guildhall.chat/guildhall/api/channels"
	"guildhall.chat/guildhall/api/form"
	"guildhall.chat/guildhall/api/roles"
	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/permissions"
	"guildhall.chat/guildhall/internal/snowflake"
	"guildhall.chat/guildhall/internal/store"
)

// everyone is what all members of a new guild may do: everything that needs no trust.
const everyone = permissions.ViewChannel | permissions.CreateInstantInvite | permissions.ChangeNickname |
	permissions.SendMessages | permissions.SendMessagesInThreads | permissions.CreatePublicThreads |
	permissions.CreatePrivateThreads | permissions.EmbedLinks | permissions.AttachFiles | permissions.AddReactions |
	permissions.UseExternalEmojis | permissions.UseExternalStickers | permissions.MentionEveryone |
	permissions.ReadMessageHistory | permissions.UseApplicationCommands | permissions.SendVoiceMessages |
	permissions.SendPolls | permissions.UseExternalApps | permissions.Connect | permissions.Speak | permissions.Stream |
	permissions.UseVAD | permissions.UseEmbeddedActivities | permissions.UseSoundboard | permissions.UseExternalSounds |
	permissions.SetVoiceChannelStatus | permissions.RequestToSpeak

const (
	defaultAFKTimeout = 300 // seconds
	defaultLocale     = "en-US"
)

// roleDraft is a role of a guild to be made; the first is @everyone.
type roleDraft struct {
	roles.Settings
	ID *snowflake.ID `json:"id"` // a placeholder
}

// channelDraft is a channel of a guild to be made. ID, ParentID and the ids of the overwrites are placeholders.
type channelDraft struct {
	channels.Settings
	ID         *snowflake.ID        `json:"id"`
	Type       form.Field[form.Int] `json:"type"`
	ParentID   *snowflake.ID        `json:"parent_id"`
	Overwrites []channels.Overwrite `json:"permission_overwrites"`
}

func (d *channelDraft) kind() discord.ChannelType { return discord.ChannelType(d.Type.Value) }

// draft is a guild with the ids that its parts get instead of the placeholders.
type draft struct {
	guild      discord.Guild
	channels   []discord.Channel
	problems   form.Problems
	roleIDs    map[snowflake.ID]snowflake.ID // by placeholder
	channelIDs map[snowflake.ID]*discord.Channel
	inCategory map[snowflake.ID]int
}

// draft gives ids to all that the body asks for.
func (b *creation) draft(ctx context.Context, tx *store.Tx) (*draft, error) {
	id := tx.NewID()
	d := &draft{
		guild: discord.Guild{
			ID: id, Name: b.Name, Features: []string{}, AFKTimeout: int(b.AFKTimeout.Or(defaultAFKTimeout)),
			PreferredLocale: defaultLocale, VerificationLevel: int(b.VerificationLevel.Value),
			DefaultNotifications: int(b.Notifications.Value), ExplicitContentFilter: int(b.ContentFilter.Value),
			SystemChannelFlags: int(b.SystemChannelFlags.Value),
			Roles:              []discord.Role{{ID: id, Name: "@everyone", Permissions: everyone}},
		},
		roleIDs:    map[snowflake.ID]snowflake.ID{},
		channelIDs: map[snowflake.ID]*discord.Channel{},
		inCategory: map[snowflake.ID]int{},
	}
	mostRoles, err := tx.Limit(ctx, store.LimitRoles, 0)
	if err != nil {
		return nil, err
	}
	mostChannels, err := tx.Limit(ctx, store.LimitChannels, 0)
	if err != nil {
		return nil, err
	}
	switch {
	case int64(len(b.Roles.Value)) > mostRoles:
		return nil, discord.ErrTooManyRoles
	case int64(len(b.Channels.Value)) > mostChannels:
		return nil, discord.ErrTooManyChannels
	}
	for i := range b.Roles.Value {
		if err := d.addRole(ctx, tx, i, &b.Roles.Value[i]); err != nil {
			return nil, err
		}
	}
	if len(b.Channels.Value) == 0 {
		d.addDefaults(tx)
		return d, d.problems.Err()
	}
	d.channels = make([]discord.Channel, 0, len(b.Channels.Value)) // channelIDs points into it
	for i := range b.Channels.Value {
		d.addChannel(tx, i, &b.Channels.Value[i])
	}
	d.guild.AFKChannelID = d.reference("afk_channel_id", b.AFKChannelID.Value, discord.ChannelVoice)
	d.guild.SystemChannelID = d.reference("system_channel_id", b.SystemChannelID.Value, discord.ChannelText)
	for _, n := range d.inCategory {
		if n > channels.MaxInCategory {
			return nil, discord.ErrTooManyInCategory
		}
	}
	return d, d.problems.Err()
}

// addRole adds a role above the ones before it.
func (d *draft) addRole(ctx context.Context, tx *store.Tx, i int, r *roleDraft) error {
	r.Check(&d.problems, form.At("roles", i))
	if i == 0 {
		r.Permissions.Apply(&d.guild.Roles[0].Permissions)
		d.place(i, r.ID, d.guild.ID)
		return nil
	}
	made := roles.Default(tx.NewID(), d.guild.Roles[0].Permissions)
	made.Position = i
	d.place(i, r.ID, made.ID)
	if err := r.Apply(ctx, tx, &made); err != nil {
		return err
	}
	d.guild.Roles = append(d.guild.Roles, made)
	return nil
}

func (d *draft) place(i int, placeholder *snowflake.ID, id snowflake.ID) {
	if placeholder == nil {
		return
	}
	if _, taken := d.roleIDs[*placeholder]; taken {
		d.problems.Add(form.At("roles", i, "id"), "BASE_TYPE_BAD_VALUE", "There is another role with this id.")
	}
	d.roleIDs[*placeholder] = id
}

func (d *draft) addChannel(tx *store.Tx, i int, c *channelDraft) {
	path := form.At("channels", i)
	if !c.Name.Set {
		d.problems.Required(form.At(path, "name"))
	}
	channels.CheckType(&d.problems, form.At(path, "type"), c.kind())
	c.Check(&d.problems, path, c.kind())
	position := channels.After(d.channels, c.kind())
	made := discord.Channel{ID: tx.NewID(), Type: c.kind(), Position: &position}
	c.Apply(&made)
	if channels.NameTags(&made, tx.NewID) != nil {
		d.problems.Add(form.At(path, "available_tags"), "BASE_TYPE_BAD_VALUE", "Tag names must be unique")
	}
	if len(channels.CustomEmojis(&made)) > 0 {
		d.problems.Add(path, "BASE_TYPE_BAD_VALUE", "A new guild has no emojis.")
	}
	if c.ParentID != nil {
		if parent := d.channelIDs[*c.ParentID]; parent == nil || parent.Type != discord.ChannelCategory || c.kind() == discord.ChannelCategory {
			d.problems.Add(form.At(path, "parent_id"), "CHANNEL_PARENT_INVALID", "Category does not exist")
		} else {
			id := &parent.ID
			made.ParentID = &id
			d.inCategory[parent.ID]++
		}
	}
	made.PermissionOverwrites = d.overwrites(path, c.Overwrites)
	d.channels = append(d.channels, made)
	if c.ID == nil {
		return
	}
	if d.channelIDs[*c.ID] != nil {
		d.problems.Add(form.At(path, "id"), "BASE_TYPE_BAD_VALUE", "There is another channel with this id.")
	}
	d.channelIDs[*c.ID] = &d.channels[len(d.channels)-1]
}

// overwrites can only be about roles of the body: there are no members yet.
func (d *draft) overwrites(path string, sent []channels.Overwrite) *[]discord.Overwrite {
	overwrites := make([]discord.Overwrite, 0, len(sent))
	seen := map[snowflake.ID]bool{}
	for i, o := range sent {
		role, ok := d.roleIDs[o.ID]
		if !ok || seen[role] || o.Type.Value != form.Int(permissions.OfRole) {
			d.problems.Add(form.At(path, "permission_overwrites", i), "BASE_TYPE_BAD_VALUE", "Must be the only one for a role of this guild.")
		}
		seen[role] = true
		overwrites = append(overwrites, discord.Overwrite{ID: role, Allow: o.Allow.Value, Deny: o.Deny.Value})
	}
	return &overwrites
}

// reference is the id of the channel that a placeholder stands for.
func (d *draft) reference(path string, placeholder *snowflake.ID, kind discord.ChannelType) *snowflake.ID {
	if placeholder == nil {
		return nil
	}
	c := d.channelIDs[*placeholder]
	if c == nil || c.Type != kind {
		d.problems.Add(path, "BASE_TYPE_BAD_VALUE", "There is no channel with this id, or it is of another type.")
		return nil
	}
	return &c.ID
}

// addDefaults adds a category for text with a channel, where joins are announced, and one for voice.
func (d *draft) addDefaults(tx *store.Tx) {
	for i, kind := range []struct {
		category, name string
		kind           discord.ChannelType
	}{{"Text Channels", "general", discord.ChannelText}, {"Voice Channels", "General", discord.ChannelVoice}} {
		category := discord.Channel{ID: tx.NewID(), Type: discord.ChannelCategory, Name: &kind.category, Position: &i}
		parent := &category.ID
		d.channels = append(d.channels, category,
			discord.Channel{ID: tx.NewID(), Type: kind.kind, Name: &kind.name, ParentID: &parent})
	}
	d.guild.SystemChannelID = &d.channels[1].ID
}
