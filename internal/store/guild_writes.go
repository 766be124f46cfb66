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

// HoldGuild locks a guild for the rest of the change and returns it as it is now, without members. Whoever changes a
// guild's structure or members holds it first, so there is one order of such changes.
func (tx *Tx) HoldGuild(ctx context.Context, id snowflake.ID) (*GuildSnapshot, error) {
	if err := tx.LockGuild(ctx, id); err != nil {
		return nil, err
	}
	snap, err := readGuild(ctx, tx, id)
	if err != nil {
		return nil, fmt.Errorf("guild %s: %w", id, notFound(err))
	}
	return snap, nil
}

// LockGuild is HoldGuild for changes that need not know the guild's structure.
func (tx *Tx) LockGuild(ctx context.Context, id snowflake.ID) error {
	if err := found(tx.Exec(ctx, `select from guilds where id = $1 for update`, id)); err != nil {
		return fmt.Errorf("lock guild %s: %w", id, err)
	}
	return nil
}

// GuildCount returns how many guilds a user is in. The user's row stays locked until the change ends, so that two joins
// at once can't pass a limit together.
func (tx *Tx) GuildCount(ctx context.Context, user snowflake.ID) (int, error) {
	if err := found(tx.Exec(ctx, `select from users where id = $1 for no key update`, user)); err != nil {
		return 0, fmt.Errorf("lock user %s: %w", user, err)
	}
	var n int
	if err := tx.QueryRow(ctx, `select count(*) from members where user_id = $1`, user).Scan(&n); err != nil {
		return 0, fmt.Errorf("count guilds of user %s: %w", user, err)
	}
	return n, nil
}

// CreateGuild makes a guild with its log, roles, channels and the owner as its only member, and tells the owner. Roles
// must have @everyone; a category stands before its channels.
func (tx *Tx) CreateGuild(ctx context.Context, g discord.Guild, channels []discord.Channel) (*GuildSnapshot, error) {
	if err := tx.NewLog(ctx, g.ID); err != nil {
		return nil, err
	}
	b := &pgx.Batch{}
	b.Queue(`insert into guilds (id, owner_id, name) values ($1, $2, $3)`, g.ID, g.OwnerID, g.Name)
	queueGuild(b, g)
	for _, r := range g.Roles {
		b.Queue(roleInsert, roleValues(g.ID, r)...)
	}
	for _, c := range channels {
		b.Queue(channelInsert, channelValues(g.ID, c)...)
	}
	if err := tx.SendBatch(ctx, b).Close(); err != nil {
		return nil, fmt.Errorf("create guild: %w", err)
	}
	if _, err := tx.addMember(ctx, g.ID, g.OwnerID, Joining{}); err != nil {
		return nil, err
	}
	return readGuild(ctx, tx, g.ID)
}

// guildUpdate writes a guild's own fields, all but the member count.
const guildUpdate = `update guilds set owner_id = $2, name = $3, icon = $4, description = $5, splash = $6,
	discovery_splash = $7, banner = $8, features = $9, afk_channel_id = $10, afk_timeout = $11, system_channel_id = $12,
	system_channel_flags = $13, verification_level = $14, default_message_notifications = $15,
	explicit_content_filter = $16, preferred_locale = $17, rules_channel_id = $18, public_updates_channel_id = $19,
	safety_alerts_channel_id = $20, premium_progress_bar_enabled = $21, widget_channel_id = $22, widget_enabled = $23,
	mfa_level = $24, vanity_code = $25, invites_disabled_until = $26, dms_disabled_until = $27 where id = $1`

func queueGuild(b *pgx.Batch, g discord.Guild) {
	var stopped discord.Incidents
	if g.IncidentsData != nil {
		stopped = *g.IncidentsData
	}
	b.Queue(guildUpdate, g.ID, g.OwnerID, g.Name, g.Icon, g.Description, g.Splash, g.DiscoverySplash, g.Banner,
		g.Features, g.AFKChannelID, g.AFKTimeout, g.SystemChannelID, g.SystemChannelFlags, g.VerificationLevel,
		g.DefaultNotifications, g.ExplicitContentFilter, g.PreferredLocale, g.RulesChannelID, g.PublicUpdatesChannelID,
		g.SafetyAlertsChannelID, g.PremiumProgressBarEnabled, g.WidgetChannelID, g.WidgetEnabled,
		g.MFALevel, g.VanityURLCode, timeOrNil(stopped.InvitesDisabledUntil), timeOrNil(stopped.DMsDisabledUntil))
}

func timeOrNil(t *discord.Timestamp) *time.Time {
	if t == nil {
		return nil
	}
	return &t.Time
}

// UpdateGuild writes a guild's own fields and sends it, with the roles it carries, to its members.
func (tx *Tx) UpdateGuild(ctx context.Context, g discord.Guild) error {
	var owner snowflake.ID // before
	b := &pgx.Batch{}
	b.Queue(`select owner_id from guilds where id = $1 for update`, g.ID).QueryRow(func(row pgx.Row) error { return row.Scan(&owner) })
	queueGuild(b, g)
	if err := tx.SendBatch(ctx, b).Close(); err != nil {
		if taken(err) {
			return fmt.Errorf("update guild %s: %w", g.ID, ErrTaken)
		}
		return fmt.Errorf("update guild %s: %w", g.ID, notFound(err))
	}
	head := events.Header{Type: discord.EventGuildUpdate, Guild: g.ID, Structure: true, Access: owner != g.OwnerID}
	return tx.Emit(g.ID, head, g)
}

// DeleteGuild removes a guild with all that belongs to it, but for its log: the members have yet to hear of it.
func (tx *Tx) DeleteGuild(ctx context.Context, id snowflake.ID) error {
	if err := found(tx.Exec(ctx, `delete from guilds where id = $1`, id)); err != nil {
		return fmt.Errorf("delete guild %s: %w", id, err)
	}
	head := events.Header{Type: discord.EventGuildDelete, Guild: id, Structure: true, Membership: true}
	return tx.Emit(id, head, discord.UnavailableGuild{ID: id})
}

// MemberCount returns how many members a guild has.
func (s *Store) MemberCount(ctx context.Context, guild snowflake.ID) (int, error) {
	var n int
	err := s.pool.QueryRow(ctx, `select member_count from guilds where id = $1`, guild).Scan(&n)
	if err != nil {
		return 0, fmt.Errorf("member count of guild %s: %w", guild, notFound(err))
	}
	return n, nil
}
