package store

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/snowflake"
)

// inviteColumns are an invite with its metadata, guild, channel and inviter.
const inviteColumns = `i.code, i.max_age, i.max_uses, i.uses, i.temporary, i.created_at, i.expires_at,
	g.id, g.name, g.splash, g.banner, g.description, g.icon, g.features, g.verification_level, g.nsfw_level,
	g.member_count, c.id, c.type, c.name, ` + userColumns

const inviteFrom = ` from invites i join guilds g on g.id = i.guild_id join channels c on c.id = i.channel_id
	join users u on u.id = i.inviter_id `

// unexpired is the condition of an invite that can be used. One whose uses are up doesn't exist any more.
const unexpired = `(i.expires_at is null or i.expires_at > now())`

// scanInvite reads a whole invite: with metadata and the member count, which not everybody gets to see.
func scanInvite(row pgx.Row) (discord.Invite, error) {
	i := discord.Invite{
		Guild: &discord.InviteGuild{}, Channel: &discord.ChannelRef{}, Inviter: &discord.User{},
		Uses: new(int), MaxUses: new(int), MaxAge: new(int), Temporary: new(bool), ApproximateMemberCount: new(int),
	}
	var created time.Time
	var expires *time.Time
	g := i.Guild
	targets := append([]any{&i.Code, i.MaxAge, i.MaxUses, i.Uses, i.Temporary, &created, &expires,
		&g.ID, &g.Name, &g.Splash, &g.Banner, &g.Description, &g.Icon, &g.Features, &g.VerificationLevel, &g.NSFWLevel,
		i.ApproximateMemberCount, &i.Channel.ID, &i.Channel.Type, &i.Channel.Name}, userTargets(i.Inviter)...)
	if err := row.Scan(targets...); err != nil {
		return i, err
	}
	at := discord.At(created)
	i.CreatedAt, i.ExpiresAt, i.GuildID = &at, discord.AtOrNil(expires), &g.ID
	g.NSFW = nsfw(g.NSFWLevel)
	if g.Features == nil {
		g.Features = []string{}
	}
	return i, nil
}

// Invite returns an invite that can be used, ErrNotFound if there is none of the code.
func (s *Store) Invite(ctx context.Context, code string) (discord.Invite, error) {
	return invite(ctx, s.pool, code)
}

// Invite is Store.Invite within a change.
func (tx *Tx) Invite(ctx context.Context, code string) (discord.Invite, error) {
	return invite(ctx, tx, code)
}

func invite(ctx context.Context, q querier, code string) (discord.Invite, error) {
	i, err := scanInvite(q.QueryRow(ctx, `select `+inviteColumns+inviteFrom+`where i.code = $1 and `+unexpired, code))
	if err != nil {
		return i, fmt.Errorf("invite: %w", notFound(err))
	}
	return i, nil
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
	return invites, nil
}
