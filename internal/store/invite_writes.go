package store

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"time"

	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/events"
	"guildhall.chat/guildhall/internal/permissions"
	"guildhall.chat/guildhall/internal/snowflake"
)

// NewInvite is what an invite is made of.
type NewInvite struct {
	Guild, Channel, Inviter snowflake.ID
	MaxAge                  time.Duration // 0: forever
	MaxUses                 int           // 0: without end
	Temporary               bool
	TargetType              *int
	TargetUser, TargetApp   *snowflake.ID
	Roles                   []snowflake.ID // ascending
}

// SimilarInvite returns an invite that the same inviter made with the same settings; ErrNotFound if there is none.
func (tx *Tx) SimilarInvite(ctx context.Context, n NewInvite) (discord.Invite, error) {
	var code string
	err := tx.QueryRow(ctx, `select i.code from invites i where i.channel_id = $1 and i.inviter_id = $2
		and i.max_age = $3 and i.max_uses = $4 and i.temporary = $5 and not i.targeted and i.role_ids = $6
		and (i.target_type, i.target_user_id, i.target_application_id) is not distinct from ($7::smallint, $8::bigint, $9::bigint)
		and `+unexpired+` order by i.created_at desc limit 1`, n.Channel, n.Inviter, int(n.MaxAge.Seconds()), n.MaxUses,
		n.Temporary, noneIfNil(n.Roles), n.TargetType, n.TargetUser, n.TargetApp).Scan(&code)
	if err != nil {
		return discord.Invite{}, fmt.Errorf("similar invite: %w", notFound(err))
	}
	return tx.Invite(ctx, code)
}

// InviteCount returns how many invites a guild has, after it has removed those that have expired. Exact under HoldGuild.
func (tx *Tx) InviteCount(ctx context.Context, guild snowflake.ID) (n int, err error) {
	if _, err := tx.Exec(ctx, `delete from invites where guild_id = $1 and expires_at <= now()`, guild); err != nil {
		return 0, fmt.Errorf("remove expired invites of guild %s: %w", guild, err)
	}
	if err := tx.QueryRow(ctx, `select count(*) from invites where guild_id = $1`, guild).Scan(&n); err != nil {
		return 0, fmt.Errorf("count invites of guild %s: %w", guild, err)
	}
	return n, nil
}

// codeAttempts is how many codes are drawn before giving up; with 62^8 codes even a second is rare.
const codeAttempts = 3

// CreateInvite makes an invite and tells those who manage the channel.
func (tx *Tx) CreateInvite(ctx context.Context, n NewInvite) (discord.Invite, error) {
	for range codeAttempts {
		code := inviteCode()
		tag, err := tx.Exec(ctx, `insert into invites (code, guild_id, channel_id, inviter_id, max_age, max_uses, temporary, expires_at,
				target_type, target_user_id, target_application_id, role_ids)
			values ($1, $2, $3, $4, $5, $6, $7, case when $5 > 0 then now() + make_interval(secs => $5::int) end, $8, $9, $10, $11)
			on conflict do nothing`, code, n.Guild, n.Channel, n.Inviter, int(n.MaxAge.Seconds()), n.MaxUses, n.Temporary,
			n.TargetType, n.TargetUser, n.TargetApp, noneIfNil(n.Roles))
		if err != nil {
			return discord.Invite{}, fmt.Errorf("create invite: %w", err)
		}
		if tag.RowsAffected() == 0 {
			continue
		}
		i, err := tx.Invite(ctx, code)
		if err != nil {
			return i, err
		}
		return i, tx.Emit(n.Guild, inviteHead(discord.EventInviteCreate, i), discord.InviteCreateEvent{
			ChannelID: n.Channel, GuildID: n.Guild, Code: code, CreatedAt: *i.CreatedAt, Inviter: i.Inviter,
			MaxAge: *i.MaxAge, MaxUses: *i.MaxUses, Temporary: *i.Temporary, ExpiresAt: i.ExpiresAt,
			TargetType: i.TargetType, TargetUser: i.TargetUser, TargetApplication: i.TargetApplication, RoleIDs: n.Roles,
		})
	}
	return discord.Invite{}, errors.New("create invite: every code drawn was taken")
}

// UseInvite counts a use; with the last one the invite is gone. The guild must be held.
func (tx *Tx) UseInvite(ctx context.Context, i discord.Invite) error {
	if i.Vanity() {
		return tx.useVanity(ctx, i.Guild.ID)
	}
	if *i.MaxUses > 0 && *i.Uses+1 >= *i.MaxUses {
		return tx.DeleteInvite(ctx, i)
	}
	if err := found(tx.Exec(ctx, `update invites set uses = uses + 1 where code = $1`, i.Code)); err != nil {
		return fmt.Errorf("use invite: %w", err)
	}
	return nil
}

// DeleteInvite removes an invite and tells those who manage the channel.
func (tx *Tx) DeleteInvite(ctx context.Context, i discord.Invite) error {
	if err := found(tx.Exec(ctx, `delete from invites where code = $1`, i.Code)); err != nil {
		return fmt.Errorf("delete invite: %w", err)
	}
	return tx.Emit(i.Guild.ID, inviteHead(discord.EventInviteDelete, i),
		discord.InviteDeleteEvent{ChannelID: i.Channel.ID, GuildID: i.Guild.ID, Code: i.Code})
}

func inviteHead(event string, i discord.Invite) events.Header {
	return events.Header{Type: event, Guild: i.Guild.ID, Channel: i.Channel.ID, Needs: permissions.ManageChannels}
}

const (
	codeLength   = 8
	codeAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
)

// inviteCode draws a code that can't be guessed.
func inviteCode() string {
	code := make([]byte, 0, codeLength)
	var random [2 * codeLength]byte
	for len(code) < codeLength {
		_, _ = rand.Read(random[:]) // never fails
		for _, b := range random {
			// Bytes above the last multiple of 62 would favour the first letters.
			if int(b) < 256/len(codeAlphabet)*len(codeAlphabet) && len(code) < codeLength {
				code = append(code, codeAlphabet[int(b)%len(codeAlphabet)])
			}
		}
	}
	return string(code)
}
