package channels

import (
	"slices"

	"guildhall.chat/guildhall/api/access"
	"guildhall.chat/guildhall/api/form"
	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/permissions"
	"guildhall.chat/guildhall/internal/snowflake"
)

// MaxInCategory is how many channels a category may have; how many a guild may have is store.LimitChannels.
const MaxInCategory = 50

// parentOf returns the category of a channel, nil if it is in none.
func parentOf(g *access.Guild, c *discord.Channel) *discord.Channel {
	if c.ParentID == nil || *c.ParentID == nil {
		return nil
	}
	return g.Channel(**c.ParentID)
}

// childrenOf returns the channels of a category, by position.
func childrenOf(g *access.Guild, category snowflake.ID) []discord.Channel {
	return slices.DeleteFunc(slices.Clone(g.Channels), func(c discord.Channel) bool {
		return c.ParentID == nil || *c.ParentID == nil || **c.ParentID != category
	})
}

// category returns the category that a channel of the type is to be in, if the caller may put it there; nil for none.
func category(v *access.Visit, path string, kind discord.ChannelType, id *snowflake.ID) (*discord.Channel, error) {
	if id == nil {
		return nil, nil
	}
	parent := v.Guild.Channel(*id)
	switch {
	case parent == nil:
		return nil, form.Single(path, "CHANNEL_PARENT_INVALID", "Category does not exist")
	case parent.Type != discord.ChannelCategory:
		return nil, form.Single(path, "CHANNEL_PARENT_INVALID_TYPE", "Not a category")
	case kind == discord.ChannelCategory:
		return nil, form.Single(path, "CHANNEL_PARENT_INVALID_TYPE", "Categories cannot be nested")
	case !v.In(parent).Has(permissions.ManageChannels):
		return nil, discord.ErrMissingPermissions
	case len(childrenOf(v.Guild, *id)) >= MaxInCategory:
		return nil, discord.ErrTooManyInCategory
	}
	return parent, nil
}

// After is the position behind all channels that are sorted together with those of the type.
func After(channels []discord.Channel, kind discord.ChannelType) int {
	next := 0
	for _, c := range channels {
		if group(c.Type) == group(kind) && c.Position != nil {
			next = max(next, *c.Position+1)
		}
	}
	return next
}

// group tells channels apart that are sorted on their own: categories, voice and all others.
func group(kind discord.ChannelType) int {
	switch kind {
	case discord.ChannelCategory:
		return 0
	case discord.ChannelVoice, discord.ChannelStage:
		return 2
	}
	return 1
}
