package store

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/snowflake"
)

// inviteColumns are an invite with its metadata, guild, channel and inviter.
const inviteColumns = `i.code, i.max_age, i.max_uses, i.uses, i.temporary, i.created_at, i.expires_at,
	i.target_type, i.target_user_id, i.target_application_id, i.role_ids, i.targeted, ` + inviteGuildColumns + userColumns

const inviteGuildColumns = `g.id, g.name, g.splash, g.banner, g.description, g.icon, g.features, g.verification_level,
	g.nsfw_level, g.vanity_code, g.invites_disabled_until, g.member_count, c.id, c.type, c.name, `

const inviteFrom = ` from invites i join guilds g on g.id = i.guild_id join channels c on c.id = i.channel_id
	join users u on u.id = i.inviter_id `

// unexpired is the condition of an invite that can be used. One whose uses are up doesn't exist any more.
const unexpired = `(i.expires_at is null or i.expires_at > now())`

// scanInvite reads a whole invite: with metadata and the member count, which not everybody gets to see. Of its target and
// its roles it has only the ids; see fillInvites.
func scanInvite(row pgx.Row) (discord.Invite, error) {
	i := newInvite()
	i.Inviter = &discord.User{}
	var created time.Time
	var expires *time.Time
	var user, app *snowflake.ID
	var roles []snowflake.ID
	targets := slices.Concat([]any{&i.Code, i.MaxAge, i.MaxUses, i.Uses, i.Temporary, &created, &expires,
		&i.TargetType, &user, &app, &roles, &i.Targeted}, inviteGuildTargets(&i), userTargets(i.Inviter))
	if err := row.Scan(targets...); err != nil {
		return i, err
	}
	finishInvite(&i, created, expires)
	if user != nil {
		i.TargetUser = &discord.User{ID: *user}
	}
	if app != nil {
		i.TargetApplication = &discord.InviteApplication{ID: *app}
	}
	for _, role := range roles {
		i.Roles = append(i.Roles, discord.InviteRole{ID: role})
	}
	return i, nil
}

func newInvite() discord.Invite {
	return discord.Invite{
		Guild: &discord.InviteGuild{}, Channel: &discord.ChannelRef{},
		Uses: new(int), MaxUses: new(int), MaxAge: new(int), Temporary: new(bool), ApproximateMemberCount: new(int),
	}
}

// inviteGuildTargets are where inviteGuildColumns go.
func inviteGuildTargets(i *discord.Invite) []any {
	g := i.Guild
	return []any{&g.ID, &g.Name, &g.Splash, &g.Banner, &g.Description, &g.Icon, &g.Features, &g.VerificationLevel,
		&g.NSFWLevel, &g.VanityURLCode, &i.StoppedUntil, i.ApproximateMemberCount, &i.Channel.ID, &i.Channel.Type,
		&i.Channel.Name}
}

func finishInvite(i *discord.Invite, created time.Time, expires *time.Time) {
	at := discord.At(created)
	i.CreatedAt, i.ExpiresAt, i.GuildID = &at, discord.AtOrNil(expires), &i.Guild.ID
	i.Guild.NSFW = nsfw(i.Guild.NSFWLevel)
	if i.Guild.Features == nil {
		i.Guild.Features = []string{}
	}
}

// Invite returns an invite that can be used, which a guild's vanity code is too; ErrNotFound if there is none of the code.
func (s *Store) Invite(ctx context.Context, code string) (discord.Invite, error) {
	return invite(ctx, s.pool, code)
}

// Invite is Store.Invite within a change.
func (tx *Tx) Invite(ctx context.Context, code string) (discord.Invite, error) {
	return invite(ctx, tx, code)
}

func invite(ctx context.Context, q querier, code string) (discord.Invite, error) {
	i, err := scanInvite(q.QueryRow(ctx, `select `+inviteColumns+inviteFrom+`where i.code = $1 and `+unexpired, code))
	if errors.Is(err, pgx.ErrNoRows) {
		return vanityInvite(ctx, q, code)
	}
	if err != nil {
		return i, fmt.Errorf("invite: %w", err)
	}
	one := []discord.Invite{i}
	err = fillInvites(ctx, q, one)
	return one[0], err
}

// GuildInvites returns the invites to a guild that can be used, oldest first.
func (s *Store) GuildInvites(ctx context.Context, guild snowflake.ID) ([]discord.Invite, error) {
	return s.invites(ctx, `i.guild_id = $1`, guild)
}

// ChannelInvites returns the invites to a channel that can be used, oldest first.
func (s *Store) ChannelInvites(ctx context.Context, channel snowflake.ID) ([]discord.Invite, error) {
	return s.invites(ctx, `i.channel_id = $1`, channel)
}

func (s *Store) invites(ctx context.Context, condition string, id snowflake.ID) ([]discord.Invite, error) {
	invites, err := collect(ctx, s.pool, scanInvite,
		`select `+inviteColumns+inviteFrom+`where `+condition+` and `+unexpired+` order by i.created_at, i.code`, id)
	if err != nil {
		return nil, fmt.Errorf("invites of %s: %w", id, err)
	}
	return invites, fillInvites(ctx, s.pool, invites)
}
