package store

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/events"
	"guildhall.chat/guildhall/internal/snowflake"
)

const guildColumns = `id, owner_id, name, icon, description, splash, discovery_splash, banner, features, afk_channel_id,
	afk_timeout, system_channel_id, system_channel_flags, widget_enabled, widget_channel_id, verification_level,
	default_message_notifications, mfa_level, explicit_content_filter, preferred_locale, rules_channel_id,
	public_updates_channel_id, safety_alerts_channel_id, premium_progress_bar_enabled, nsfw_level, vanity_code,
	invites_disabled_until, dms_disabled_until, member_count`

// Limits that the guild object tells its members.
const (
	maxGuildMembers    = 500_000
	maxVideoUsers      = 25
	maxStageVideoUsers = 50
)

// scanGuild reads a guild without its roles, and its member count.
func scanGuild(row pgx.Row) (g discord.Guild, members int, err error) {
	var noInvites, noDMs *time.Time
	err = row.Scan(&g.ID, &g.OwnerID, &g.Name, &g.Icon, &g.Description, &g.Splash, &g.DiscoverySplash, &g.Banner,
		&g.Features, &g.AFKChannelID, &g.AFKTimeout, &g.SystemChannelID, &g.SystemChannelFlags, &g.WidgetEnabled,
		&g.WidgetChannelID, &g.VerificationLevel, &g.DefaultNotifications, &g.MFALevel, &g.ExplicitContentFilter,
		&g.PreferredLocale, &g.RulesChannelID, &g.PublicUpdatesChannelID, &g.SafetyAlertsChannelID,
		&g.PremiumProgressBarEnabled, &g.NSFWLevel, &g.VanityURLCode, &noInvites, &noDMs, &members)
	g.IncidentsData = incidents(noInvites, noDMs)
	g.Region = "deprecated" // voice regions belong to channels; the field is still required
	g.MaxMembers, g.MaxVideoUsers, g.MaxStageVideoUsers = maxGuildMembers, maxVideoUsers, maxStageVideoUsers
	g.NSFW = nsfw(g.NSFWLevel)
	g.Emojis, g.Stickers = discord.EmptyList, discord.EmptyList
	if g.Features == nil {
		g.Features = []string{}
	}
	return g, members, err
}

// incidents is nil for a guild that nothing is stopped in.
func incidents(noInvites, noDMs *time.Time) *discord.Incidents {
	if noInvites == nil && noDMs == nil {
		return nil
	}
	return &discord.Incidents{InvitesDisabledUntil: discord.AtOrNil(noInvites), DMsDisabledUntil: discord.AtOrNil(noDMs)}
}

// nsfw reports whether a guild's NSFW level is explicit or age-restricted.
func nsfw(level int) bool { return level == 1 || level == 3 }

// GuildSnapshot is a guild at one moment of its log, with its roles and channels.
type GuildSnapshot struct {
	Seq         int64 // the log's last event that the snapshot contains
	Version     events.Version
	Guild       discord.Guild // roles included
	MemberCount int
	Channels    []discord.Channel
	Threads     []Thread // with members: the active ones, and those that were archived a moment ago
	AutoMod     []discord.AutoModRule
	Scheduled   []discord.ScheduledEvent // that are yet to end; with members
}

// Guild returns a guild with roles and channels, without members and threads.
func (s *Store) Guild(ctx context.Context, id snowflake.ID) (*GuildSnapshot, error) {
	return s.guildSnapshot(ctx, id, nil)
}

// GuildWithMembers returns a guild, and calls member with each member in the order of their ids: there may be a hundred
// thousand. The object is used again for the next one. An error of member ends the load.
func (s *Store) GuildWithMembers(ctx context.Context, id snowflake.ID, member func(*discord.Member) error) (*GuildSnapshot, error) {
	return s.guildSnapshot(ctx, id, member)
}

func (s *Store) guildSnapshot(ctx context.Context, id snowflake.ID, member func(*discord.Member) error) (*GuildSnapshot, error) {
	snap := &GuildSnapshot{}
	err := s.snapshot(ctx, func(b *pgx.Batch) {
		snap.queue(b, id)
		if member != nil {
			b.Queue(`select `+memberColumns+memberFrom+`where m.guild_id = $1 order by m.user_id`, id).
				Query(func(rows pgx.Rows) error { return eachMember(rows, member) })
			snap.queueThreads(b, id)
			b.Queue(openEvents, id).Query(collectInto(&snap.Scheduled, scanEvent))
		}
	})
	if err != nil {
		return nil, fmt.Errorf("guild %s: %w", id, notFound(err))
	}
	return snap, nil
}

// readGuild reads all parts in one round trip.
func readGuild(ctx context.Context, tx pgx.Tx, id snowflake.ID) (*GuildSnapshot, error) {
	snap := &GuildSnapshot{}
	b := &pgx.Batch{}
	snap.queue(b, id)
	if err := tx.SendBatch(ctx, b).Close(); err != nil {
		return nil, err
	}
	return snap, nil
}

// queue queues the queries that fill the snapshot.
func (snap *GuildSnapshot) queue(b *pgx.Batch, id snowflake.ID) {
	b.Queue(`select seq, structure, members from logs where id = $1`, id).QueryRow(func(row pgx.Row) error {
		return row.Scan(&snap.Seq, &snap.Version.Structure, &snap.Version.Members)
	})
	b.Queue(`select `+guildColumns+` from guilds where id = $1`, id).QueryRow(func(row pgx.Row) (err error) {
		snap.Guild, snap.MemberCount, err = scanGuild(row)
		return err
	})
	snap.queueStickers(b, id)
	b.Queue(`select `+roleColumns+` from roles where guild_id = $1 order by position, id`, id).
		Query(collectInto(&snap.Guild.Roles, scanRole))
	b.Queue(`select `+channelColumns+` from channels where guild_id = $1 order by position, id`, id).
		Query(collectInto(&snap.Channels, scanChannel))
	b.Queue(guildEmojis, id).Query(encodeInto(&snap.Guild.Emojis, scanEmoji))
	b.Queue(rulesQuery, id).Query(collectInto(&snap.AutoMod, scanRule))
}

// collectInto scans all rows of a batched query into a slice, which is never nil.
func collectInto[T any](to *[]T, scan func(pgx.Row) (T, error)) func(pgx.Rows) error {
	return func(rows pgx.Rows) (err error) {
		*to, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (T, error) { return scan(row) })
		if *to == nil {
			*to = []T{}
		}
		return err
	}
}

// GuildVersion returns a guild's permission version from the primary.
func (s *Store) GuildVersion(ctx context.Context, id snowflake.ID) (v events.Version, err error) {
	err = s.pool.QueryRow(ctx, `select structure, members from logs where id = $1`, id).Scan(&v.Structure, &v.Members)
	if err != nil {
		return v, fmt.Errorf("version of guild %s: %w", id, notFound(err))
	}
	return v, nil
}
