package store

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/snowflake"
)

const channelColumns = `id, guild_id, type, name, topic, position, parent_id, nsfw, overwrites, rate_limit_per_user,
	bitrate, user_limit, rtc_region, video_quality_mode, default_auto_archive, default_thread_rate, flags, icon,
	owner_id, last_message_id, last_pin_at, forum`

// channelRow is a channel as it is stored; wire keeps the fields that its type has.
type channelRow struct {
	discord.Channel
	name, topic, rtcRegion, icon      *string
	position, slowmode, bitrate       int
	userLimit, quality, archive, rate int
	nsfw                              bool
	overwrites                        []discord.Overwrite
	parent, owner, lastMessage        *snowflake.ID
	lastPin                           *time.Time
	forum                             *discord.Forum
}

func scanChannel(row pgx.Row) (discord.Channel, error) {
	var c channelRow
	err := row.Scan(&c.ID, &c.GuildID, &c.Type, &c.name, &c.topic, &c.position, &c.parent, &c.nsfw, &c.overwrites,
		&c.slowmode, &c.bitrate, &c.userLimit, &c.rtcRegion, &c.quality, &c.archive, &c.rate, &c.Flags, &c.icon,
		&c.owner, &c.lastMessage, &c.lastPin, &c.forum)
	if err != nil {
		return discord.Channel{}, err
	}
	return c.wire(), nil
}

func (r *channelRow) wire() discord.Channel {
	c := r.Channel
	lastPin := discord.AtOrNil(r.lastPin)
	if c.Type.HasMessages() || c.Type.IsForum() {
		c.LastMessageID = &r.lastMessage
		c.LastPinTimestamp = &lastPin
	}
	if c.Type.IsDirect() {
		if c.Type == discord.ChannelGroupDM {
			c.Name, c.Icon, c.OwnerID = new(string), &r.icon, r.owner
			if r.name != nil {
				c.Name = r.name
			}
		}
		return c
	}
	if r.overwrites == nil {
		r.overwrites = []discord.Overwrite{}
	}
	c.Name, c.Position, c.PermissionOverwrites, c.ParentID = r.name, &r.position, &r.overwrites, &r.parent
	switch c.Type {
	case discord.ChannelCategory:
	case discord.ChannelVoice, discord.ChannelStage:
		c.NSFW, c.RateLimitPerUser = &r.nsfw, &r.slowmode
		c.Bitrate, c.UserLimit, c.RTCRegion, c.VideoQualityMode = &r.bitrate, &r.userLimit, &r.rtcRegion, &r.quality
	default:
		c.Topic, c.NSFW, c.RateLimitPerUser = &r.topic, &r.nsfw, &r.slowmode
		c.DefaultAutoArchive, c.DefaultThreadRate = &r.archive, &r.rate
		if c.Type.IsForum() {
			c.Forum = orForum(r.forum)
		}
	}
	return c
}

// orForum is what a forum has until it is given something.
func orForum(f *discord.Forum) *discord.Forum {
	if f == nil {
		f = &discord.Forum{}
	}
	if f.AvailableTags == nil {
		f.AvailableTags = []discord.ForumTag{}
	}
	return f
}

// ChannelRows returns those of the channels that exist, in no order; DMs without their recipients.
func (s *Store) ChannelRows(ctx context.Context, ids []snowflake.ID) ([]discord.Channel, error) {
	channels, err := collect(ctx, s.pool, scanChannel, `select `+channelColumns+` from channels where id = any($1)`, ids)
	if err != nil {
		return nil, fmt.Errorf("channels: %w", err)
	}
	return channels, nil
}

// Channel returns a guild channel or DM; a DM without its recipients.
func (s *Store) Channel(ctx context.Context, id snowflake.ID) (discord.Channel, error) {
	c, err := scanChannel(s.pool.QueryRow(ctx, `select `+channelColumns+` from channels where id = $1`, id))
	if err != nil {
		return c, fmt.Errorf("channel %s: %w", id, notFound(err))
	}
	return c, nil
}
