package access

import (
	"context"
	"errors"

	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/permissions"
	"guildhall.chat/guildhall/internal/snowflake"
	"guildhall.chat/guildhall/internal/store"
)

// Unattended returns a channel of a guild for what is no member of it: a webhook, a job of the worker. What it may do there
// is what it is granted. ErrUnknownChannel if there is no such channel.
func (a *Access) Unattended(ctx context.Context, guild, channel snowflake.ID, granted permissions.Set) (*Room, error) {
	v, err := a.store.GuildVersion(ctx, guild)
	if errors.Is(err, store.ErrNotFound) {
		return nil, discord.ErrUnknownChannel
	}
	if err != nil {
		return nil, err
	}
	g, held := a.guilds.Get(guild)
	if !held || g.Version.Structure < v.Structure {
		if g, err = a.load(ctx, guild, v); err != nil {
			return nil, err
		}
	}
	ch := g.Channel(channel)
	if ch == nil {
		return nil, discord.ErrUnknownChannel
	}
	return &Room{Visit: &Visit{Guild: g, Permissions: granted}, Channel: ch, Here: granted}, nil
}
