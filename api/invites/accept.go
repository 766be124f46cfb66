package invites

import (
	"context"
	"errors"
	"slices"
	"time"

	"guildhall.chat/guildhall/api/call"
	"guildhall.chat/guildhall/api/members"
	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/snowflake"
	"guildhall.chat/guildhall/internal/store"
)

// accept makes the caller a member of the invite's guild.
// https://docs.discord.food/resources/invite#accept-invite
func (h *Handlers) accept(c *call.Call) error {
	code, ok := c.Text("code")
	if !ok {
		return discord.ErrUnknownInvite
	}
	ctx := c.Request.Context()
	var accepted discord.Invite
	var joined bool
	err := h.store.Change(ctx, func(tx *store.Tx) (err error) {
		accepted, joined, err = Accept(ctx, tx, code, c.Caller.UserID)
		return err
	})
	if err != nil {
		return err
	}
	return c.OK(struct {
		discord.Invite
		NewMember bool `json:"new_member"`
	}{public(accepted), joined})
}

// Accept lets a user into the guild of an invite and counts the use. Who is a member already is only shown the invite.
func Accept(ctx context.Context, tx *store.Tx, code string, user snowflake.ID) (i discord.Invite, joined bool, err error) {
	if i, err = tx.Invite(ctx, code); err != nil {
		return i, false, known(err)
	}
	guild := i.Guild.ID
	// Under the guild's lock the invite is read again: of its uses, no two joins can take the same.
	if err := tx.LockGuild(ctx, guild); err != nil {
		return i, false, known(err)
	}
	if i, err = tx.Invite(ctx, code); err != nil {
		return i, false, known(err)
	}
	if _, err := tx.Member(ctx, guild, user); !errors.Is(err, store.ErrNotFound) {
		return i, false, err // nil for a member
	}
	if err := mayJoin(ctx, tx, i, user); err != nil {
		return i, false, err
	}
	as := store.Joining{Temporary: *i.Temporary, Source: discord.JoinByVanity, Invite: &i.Code}
	if i.Inviter != nil {
		as.Source, as.Inviter = discord.JoinByInvite, &i.Inviter.ID
	}
	for _, r := range i.Roles {
		as.Roles = append(as.Roles, r.ID)
	}
	if _, err := tx.JoinAs(ctx, guild, user, as); errors.Is(err, store.ErrFull) {
		return i, false, discord.ErrTooManyMembers
	} else if err != nil {
		return i, false, err
	}
	return i, true, tx.UseInvite(ctx, i)
}

func mayJoin(ctx context.Context, tx *store.Tx, i discord.Invite, user snowflake.ID) error {
	stopped := i.StoppedUntil != nil && i.StoppedUntil.After(time.Now())
	if stopped || slices.Contains(i.Guild.Features, discord.FeatureInvitesDisabled) {
		return discord.ErrUnknownInvite
	}
	if i.Targeted {
		if admits, err := tx.InviteAdmits(ctx, i.Code, user); err != nil {
			return err
		} else if !admits {
			return discord.ErrUnknownInvite
		}
	}
	return members.MayJoin(ctx, tx, i.Guild.ID, user)
}
