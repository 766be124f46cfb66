package access

import (
	"context"
	"errors"

	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/permissions"
	"guildhall.chat/guildhall/internal/snowflake"
	"guildhall.chat/guildhall/internal/store"
)

// Unattended returns a channel or thread of a guild for what is no member of it: a webhook, a job of the worker. What it may do there
// is what it is granted. ErrUnknownChannel if there is no such channel.
func (a *Access) Unattended(ctx context.Context, guild, channel snowflake.ID, granted permissions.Set) (*Room, error) {
	v, err := a.store.GuildVersion(ctx, guild)
	if errors.Is(err, store.ErrNotFound) {
		return nil, discord.ErrUnknownChannel
	}
	if err != nil {
		return nil, err
	}
	g, err := a.current(ctx, guild, v)
	if err != nil {
		return nil, err
	}
	room := &Room{Visit: &Visit{Guild: g, Permissions: granted}, Channel: g.Channel(channel), Here: granted}
	if room.Channel != nil {
		return room, nil
	}
	t, err := a.store.Thread(ctx, guild, channel, 0)
	if errors.Is(err, store.ErrNotFound) {
		return nil, discord.ErrUnknownChannel
	}
	if err != nil {
		return nil, err
	}
	room.Thread, room.Channel, room.Parent = t, &t.Channel, g.Channel(t.Parent())
	if room.Parent == nil {
		return nil, discord.ErrUnknownChannel
	}
	return room, nil
}
