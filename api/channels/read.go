package channels

import (
	"context"
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"time"

	"guildhall.chat/guildhall/api/access"
	"guildhall.chat/guildhall/api/call"
	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/permissions"
	"guildhall.chat/guildhall/internal/snowflake"
	"guildhall.chat/guildhall/internal/store"
)

// list returns the channels that the caller may view.
// https://discord.com/developers/docs/resources/guild#get-guild-channels
func (h *Handlers) list(c *call.Call) error {
	guild, err := c.ID("guild_id", discord.ErrUnknownGuild)
	if err != nil {
		return err
	}
	visit, err := h.access.Enter(c, guild)
	if err != nil {
		return err
	}
	// Those in memory don't know their last message.
	channels, err := h.store.GuildChannels(c.Request.Context(), guild)
	if err != nil {
		return err
	}
	visible := make([]discord.Channel, 0, len(channels))
	for _, ch := range channels {
		if visit.Guild.Rules.In(visit.Member, access.Rules(&ch), time.Now()).Has(permissions.ViewChannel) {
			visible = append(visible, ch)
		}
	}
	return c.OK(visible)
}

// get returns a channel or DM with its last message.
// https://discord.com/developers/docs/resources/channel#get-channel
func (h *Handlers) get(c *call.Call) error {
	id, err := c.ID("channel_id", discord.ErrUnknownChannel)
	if err != nil {
		return err
	}
	room, err := h.access.Room(c, id)
	if err != nil {
		return err
	}
	if room.Direct() || room.Thread != nil {
		return c.OK(room.Channel)
	}
	encoded, err := h.rows.get(c, room)
	if err != nil {
		return err
	}
	if encoded == nil {
		return discord.ErrUnknownChannel
	}
	return c.Encoded(http.StatusOK, encoded)
}

// encodedChannels reads channels for all who ask at a time, each once; nil for one that there isn't.
func encodedChannels(s *store.Store) func(ctx context.Context, ids []snowflake.ID) ([][]byte, error) {
	return func(ctx context.Context, ids []snowflake.ID) ([][]byte, error) {
		encoded := make(map[snowflake.ID][]byte, len(ids))
		for _, id := range ids {
			encoded[id] = nil
		}
		channels, err := s.ChannelRows(ctx, slices.Collect(maps.Keys(encoded)))
		if err != nil {
			return nil, err
		}
		for i := range channels {
			if encoded[channels[i].ID], err = json.Marshal(&channels[i]); err != nil {
				return nil, err
			}
		}
		answers := make([][]byte, len(ids))
		for i, id := range ids {
			answers[i] = encoded[id]
		}
		return answers, nil
	}
}
