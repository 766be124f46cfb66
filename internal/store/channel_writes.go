package store

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"

	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/events"
	"guildhall.chat/guildhall/internal/snowflake"
)

// What a channel has unless it is told otherwise.
const (
	defaultBitrate     = 64_000 // bits a second
	defaultVideo       = 1      // automatic
	defaultAutoArchive = 1440   // minutes
)

// GuildChannels returns a guild's channels as they are now, last messages included.
func (s *Store) GuildChannels(ctx context.Context, guild snowflake.ID) ([]discord.Channel, error) {
	channels, err := collect(ctx, s.pool, scanChannel,
		`select `+channelColumns+` from channels where guild_id = $1 order by position, id`, guild)
	if err != nil {
		return nil, fmt.Errorf("channels of guild %s: %w", guild, err)
	}
	return channels, nil
}

const channelInsert = `insert into channels (guild_id, id, type, name, topic, position, parent_id, nsfw, overwrites,
	rate_limit_per_user, bitrate, user_limit, rtc_region, video_quality_mode, default_auto_archive, default_thread_rate,
	flags, forum) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18)`

// channelUpdate also tells whether the overwrites are others than before.
const channelUpdate = `
with was as (select overwrites as before from channels where guild_id = $1 and id = $2 for update)
update channels set type = $3, name = $4, topic = $5, position = $6, parent_id = $7, nsfw = $8,
	overwrites = $9, rate_limit_per_user = $10, bitrate = $11, user_limit = $12, rtc_region = $13,
	video_quality_mode = $14, default_auto_archive = $15, default_thread_rate = $16, flags = $17, forum = $18
	from was where guild_id = $1 and id = $2 returning ` + channelColumns + `, overwrites is distinct from before`

// channelValues are the arguments of both statements; what the channel's type doesn't have gets its default.
func channelValues(guild snowflake.ID, c discord.Channel) []any {
	overwrites := or(c.PermissionOverwrites, nil)
	if overwrites == nil {
		overwrites = []discord.Overwrite{}
	}
	return []any{guild, c.ID, c.Type, or(c.Name, ""), or(c.Topic, nil), or(c.Position, 0), or(c.ParentID, nil),
		or(c.NSFW, false), overwrites, or(c.RateLimitPerUser, 0),
		or(c.Bitrate, defaultBitrate), or(c.UserLimit, 0), or(c.RTCRegion, nil), or(c.VideoQualityMode, defaultVideo),
		or(c.DefaultAutoArchive, defaultAutoArchive), or(c.DefaultThreadRate, 0), c.Flags, c.Forum}
}

func or[T any](p *T, otherwise T) T {
	if p == nil {
		return otherwise
	}
	return *p
}

// CreateChannel adds a channel to a guild and returns it whole.
func (tx *Tx) CreateChannel(ctx context.Context, guild snowflake.ID, c discord.Channel) (discord.Channel, error) {
	row := tx.QueryRow(ctx, channelInsert+` returning `+channelColumns, channelValues(guild, c)...)
	made, err := scanChannel(row)
	if err != nil {
		return made, fmt.Errorf("create channel: %w", err)
	}
	return made, tx.emitChannel(discord.EventChannelCreate, made, false)
}

// UpdateChannels writes channels of a guild, sends each to those who see it, and returns them whole, by id. Rows are
// written in the order of their ids, so that this and the messages written meanwhile can't wait for each other.
func (tx *Tx) UpdateChannels(ctx context.Context, guild snowflake.ID, channels ...discord.Channel) ([]discord.Channel, error) {
	channels = slices.SortedFunc(slices.Values(channels), func(a, b discord.Channel) int { return cmp.Compare(a.ID, b.ID) })
	access := make([]bool, len(channels)) // whose overwrites change
	b := &pgx.Batch{}
	for i := range channels {
		b.Queue(channelUpdate, channelValues(guild, channels[i])...).QueryRow(func(row pgx.Row) (err error) {
			channels[i], err = scanChannel(withLast{row, &access[i]})
			return err
		})
	}
	if b.Len() == 0 {
		return channels, nil
	}
	if err := tx.SendBatch(ctx, b).Close(); err != nil {
		return nil, fmt.Errorf("update channels of guild %s: %w", guild, notFound(err))
	}
	for i, c := range channels {
		if err := tx.emitChannel(discord.EventChannelUpdate, c, access[i]); err != nil {
			return nil, err
		}
	}
	return channels, nil
}

// DeleteChannel removes a channel of a guild with its invites. The channels of a category stay, without one; the guild
// forgets what it used the channel for.
func (tx *Tx) DeleteChannel(ctx context.Context, g discord.Guild, c discord.Channel) error {
	children, err := collect(ctx, tx, scanChannel, `
		with children as (select id as child_id from channels where parent_id = $1 order by id for update)
		update channels set parent_id = null from children where id = child_id returning `+channelColumns, c.ID)
	if err != nil {
		return fmt.Errorf("free the channels of category %s: %w", c.ID, err)
	}
	if err := tx.deleteEventsIn(ctx, c.ID); err != nil {
		return err
	}
	if err := found(tx.Exec(ctx, `delete from channels where guild_id = $1 and id = $2`, g.ID, c.ID)); err != nil {
		return fmt.Errorf("delete channel %s: %w", c.ID, err)
	}
	if err := tx.emitChannel(discord.EventChannelDelete, c, true); err != nil {
		return err
	}
	for _, child := range children {
		if err := tx.emitChannel(discord.EventChannelUpdate, child, false); err != nil {
			return err
		}
	}
	if forget(&g, c.ID) {
		return tx.UpdateGuild(ctx, g)
	}
	return nil
}

// forget takes a channel out of all that a guild uses channels for and reports whether there was any.
func forget(g *discord.Guild, channel snowflake.ID) (used bool) {
	for _, ref := range []**snowflake.ID{&g.AFKChannelID, &g.SystemChannelID, &g.WidgetChannelID, &g.RulesChannelID,
		&g.PublicUpdatesChannelID, &g.SafetyAlertsChannelID} {
		if *ref != nil && **ref == channel {
			*ref, used = nil, true
		}
	}
	return used
}

// emitChannel sends a channel to those who see it; access says whether they are others than before.
func (tx *Tx) emitChannel(event string, c discord.Channel, access bool) error {
	head := events.Header{Type: event, Guild: *c.GuildID, Channel: c.ID, Structure: true, Access: access}
	return tx.Emit(*c.GuildID, head, c)
}
