package store

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/events"
	"guildhall.chat/guildhall/internal/snowflake"
)

// ErrFull is returned when a guild can take no more members.
var ErrFull = errors.New("guild is full")

// Joining is how somebody becomes a member.
type Joining struct {
	Roles     []snowflake.ID
	Temporary bool // goes when going offline, unless somebody gives them a role
	Source    discord.JoinSource
	Invite    *string       // the code of the invite that was used
	Inviter   *snowflake.ID // whose invite it was
	pending   bool
}

// Join makes a user or bot a member with the roles, tells the guild and the user, and announces it in the system channel
// unless that is turned off. ErrTaken: already a member.
func (tx *Tx) Join(ctx context.Context, guild, user snowflake.ID, roles []snowflake.ID) (discord.Member, error) {
	return tx.JoinAs(ctx, guild, user, Joining{Roles: roles})
}

// JoinAs is Join with all that there is to say. Where members are screened, who gets no role has to pass that first.
func (tx *Tx) JoinAs(ctx context.Context, guild, user snowflake.ID, as Joining) (discord.Member, error) {
	var system *snowflake.ID
	var flags, members int
	var features []string
	err := tx.QueryRow(ctx, `select system_channel_id, system_channel_flags, member_count, features from guilds where id = $1
		for update`, guild).Scan(&system, &flags, &members, &features)
	if err != nil {
		return discord.Member{}, fmt.Errorf("join guild %s: %w", guild, notFound(err))
	}
	as.pending = slices.Contains(features, discord.FeatureScreening) && len(as.Roles) == 0
	if members >= maxGuildMembers {
		return discord.Member{}, ErrFull
	}
	m, err := tx.addMember(ctx, guild, user, as)
	if err != nil {
		return m, err
	}
	head := events.Header{Type: discord.EventGuildMemberAdd, Guild: guild, User: user}
	if err := tx.Emit(guild, head, discord.MemberEvent{Member: m, GuildID: guild}); err != nil {
		return m, err
	}
	if m.User.Bot {
		if err := tx.addIntegration(ctx, guild, user); err != nil {
			return m, err
		}
	}
	if system == nil || flags&discord.SystemSuppressJoins != 0 {
		return m, nil
	}
	return m, tx.announceJoin(ctx, guild, *system, m)
}

// addMember writes the row and sends the guild to the user: the gateway expands the id to the whole of it.
func (tx *Tx) addMember(ctx context.Context, guild, user snowflake.ID, as Joining) (discord.Member, error) {
	tag, err := tx.Exec(ctx, `insert into members (guild_id, user_id, roles, temporary, pending, source, source_code, source_user)
		select $1, id, $3, $4, $5 and not bot, $6, $7, $8 from users where id = $2 on conflict do nothing`,
		guild, user, noneIfNil(as.Roles), as.Temporary, as.pending, as.Source, as.Invite, as.Inviter)
	if err != nil {
		return discord.Member{}, fmt.Errorf("add member %s to guild %s: %w", user, guild, err)
	}
	if tag.RowsAffected() == 0 {
		return discord.Member{}, fmt.Errorf("add member %s to guild %s: %w", user, guild, ErrTaken)
	}
	if _, err := tx.Exec(ctx, `update guilds set member_count = member_count + 1 where id = $1`, guild); err != nil {
		return discord.Member{}, fmt.Errorf("count members of guild %s: %w", guild, err)
	}
	head := events.Header{Type: discord.EventGuildCreate, Guild: guild, User: user}
	if err := tx.Emit(user, head, discord.UnavailableGuild{ID: guild}); err != nil {
		return discord.Member{}, err
	}
	return tx.Member(ctx, guild, user)
}

// announceJoin posts the system message of type 7.
func (tx *Tx) announceJoin(ctx context.Context, guild, channel snowflake.ID, m discord.Member) error {
	id := tx.NewID()
	message := discord.Message{
		ID: id, ChannelID: channel, Type: discord.MessageUserJoin, Author: *m.User, Timestamp: discord.At(id.Time()),
		Mentions: []discord.Mention{}, MentionRoles: []snowflake.ID{}, Embeds: []discord.Embed{},
		Attachments: []discord.Attachment{}, Components: discord.EmptyList,
	}
	if err := tx.InsertMessage(ctx, &guild, message); err != nil {
		return err
	}
	author := m
	author.User = nil
	head := events.Header{Type: discord.EventMessageCreate, Guild: guild, Channel: channel, User: m.User.ID}
	return tx.Emit(guild, head, discord.MessageEvent{Message: message, GuildID: &guild, Member: &author})
}

// UpdateMember writes what can be changed of a member and sends it to the guild.
func (tx *Tx) UpdateMember(ctx context.Context, guild snowflake.ID, m discord.Member) error {
	var until *time.Time
	if m.CommunicationDisabledUntil != nil {
		until = &m.CommunicationDisabledUntil.Time
	}
	var access bool // whether roles, time-out or quarantine, and so what the member may do, changed
	err := tx.QueryRow(ctx, `
		with was as (select roles, timed_out_until, pending, flags & $12 as quarantine from members
			where guild_id = $1 and user_id = $2 for update)
		update members m set nick = $3, avatar = $4, banner = $5, roles = $6, deaf = $7, mute = $8, flags = $9,
			timed_out_until = $10, pending = $11
		from was where guild_id = $1 and user_id = $2
		returning (was.roles, was.timed_out_until, was.pending, was.quarantine)
			is distinct from (m.roles, m.timed_out_until, m.pending, m.flags & $12)`,
		guild, m.User.ID, m.Nick, m.Avatar, m.Banner, m.Roles, m.Deaf, m.Mute, m.Flags, until, m.Pending,
		discord.MemberQuarantinedName).
		Scan(&access)
	if err != nil {
		return fmt.Errorf("update member %s of guild %s: %w", m.User.ID, guild, notFound(err))
	}
	head := events.Header{Type: discord.EventGuildMemberUpdate, Guild: guild, User: m.User.ID, Membership: access}
	return tx.Emit(guild, head, discord.MemberEvent{Member: m, GuildID: guild})
}
