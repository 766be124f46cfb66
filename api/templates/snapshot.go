package templates

import (
	"encoding/json"
	"slices"

	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/permissions"
	"guildhall.chat/guildhall/internal/snowflake"
	"guildhall.chat/guildhall/internal/store"
)

// snapshot is a guild as its template keeps it: what bots bring along and who its members are is left out. The same guild
// gives the same bytes.
func snapshot(from *store.GuildSnapshot) ([]byte, error) {
	g := from.Guild
	s := discord.GuildSnapshot{
		Name: g.Name, Description: g.Description, VerificationLevel: g.VerificationLevel,
		DefaultNotifications: g.DefaultNotifications, ExplicitContentFilter: g.ExplicitContentFilter,
		PreferredLocale: g.PreferredLocale, AFKTimeout: g.AFKTimeout, SystemChannelFlags: g.SystemChannelFlags,
		Roles: []discord.SnapshotRole{}, Channels: []discord.SnapshotChannel{},
	}
	placeholders := map[snowflake.ID]snowflake.ID{}
	roles := slices.SortedFunc(slices.Values(g.Roles), func(a, b discord.Role) int {
		if everyone := b2i(b.ID == g.ID) - b2i(a.ID == g.ID); everyone != 0 {
			return everyone
		}
		return a.Position - b.Position
	})
	for _, r := range roles {
		if r.Managed {
			continue
		}
		id := len(s.Roles)
		placeholders[r.ID] = snowflake.ID(id)
		s.Roles = append(s.Roles, discord.SnapshotRole{
			ID: id, Name: r.Name, Permissions: r.Permissions, Color: r.Color, Colors: r.Colors, Hoist: r.Hoist,
			Mentionable: r.Mentionable, UnicodeEmoji: r.UnicodeEmoji,
		})
	}
	// Categories come before what is in them.
	channels := slices.SortedStableFunc(slices.Values(from.Channels), func(a, b discord.Channel) int {
		return b2i(b.Type == discord.ChannelCategory) - b2i(a.Type == discord.ChannelCategory)
	})
	numbers := map[snowflake.ID]snowflake.ID{}
	for n, c := range channels {
		numbers[c.ID] = snowflake.ID(n + 1)
		s.Channels = append(s.Channels, channel(c, numbers, placeholders))
	}
	s.AFKChannelID, s.SystemChannelID = numbered(numbers, g.AFKChannelID), numbered(numbers, g.SystemChannelID)
	return json.Marshal(s)
}

func b2i(b bool) int {
	if b {
		return 1
	}
	return 0
}

func numbered(numbers map[snowflake.ID]snowflake.ID, id *snowflake.ID) *snowflake.ID {
	if id == nil {
		return nil
	}
	n, known := numbers[*id]
	if !known {
		return nil
	}
	return &n
}

// usualBitrate is what a snapshot has for a channel without one, in bits a second.
const usualBitrate = 64_000

func channel(c discord.Channel, numbers, roles map[snowflake.ID]snowflake.ID) discord.SnapshotChannel {
	s := discord.SnapshotChannel{
		ID: int(numbers[c.ID]), Type: c.Type, Name: or(c.Name), Position: or(c.Position), Topic: or(c.Topic),
		Bitrate: or(c.Bitrate), UserLimit: or(c.UserLimit), NSFW: or(c.NSFW), RateLimitPerUser: or(c.RateLimitPerUser),
		ParentID: numbered(numbers, or(c.ParentID)), DefaultAutoArchive: c.DefaultAutoArchive,
		PermissionOverwrites: []discord.Overwrite{}, DefaultThreadRate: c.DefaultThreadRate,
	}
	if c.Bitrate == nil {
		s.Bitrate = usualBitrate
	}
	if c.Type == discord.ChannelAnnouncement {
		s.Type = discord.ChannelText // no new guild has what announcements need
	}
	if c.PermissionOverwrites != nil {
		for _, o := range *c.PermissionOverwrites {
			if role, kept := roles[o.ID]; kept && permissions.Kind(o.Type) == permissions.OfRole {
				o.ID = role
				s.PermissionOverwrites = append(s.PermissionOverwrites, o)
			}
		}
	}
	if c.Forum != nil {
		addForum(&s, c.Forum)
	}
	return s
}

// addForum adds what a forum has besides. Emojis of the guild are left out: a new one has none.
func addForum(s *discord.SnapshotChannel, f *discord.Forum) {
	for i, t := range f.AvailableTags {
		kept := discord.SnapshotTag{ID: i + 1, Name: t.Name, Moderated: t.Moderated}
		if t.EmojiID == nil {
			kept.EmojiName = t.EmojiName
		}
		s.AvailableTags = append(s.AvailableTags, kept)
	}
	if r := f.DefaultReactionEmoji; r != nil && r.EmojiID == nil {
		s.DefaultReaction = r
	}
	s.DefaultSortOrder, s.DefaultForumLayout, s.DefaultTagSetting = f.DefaultSortOrder, &f.DefaultForumLayout, f.DefaultTagSetting
}

func or[T any](p *T) (value T) {
	if p != nil {
		value = *p
	}
	return value
}
