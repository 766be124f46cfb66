package invites

import (
	"context"
	"errors"
	"slices"

	"guildhall.chat/guildhall/api/call"
	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/snowflake"
	"guildhall.chat/guildhall/internal/store"
)

const maxGuilds = 100 // that a user may be in

// accept makes the caller a member of the invite's guild. Who is one already is only shown the invite.
// https://docs.discord.food/resources/invite#accept-invite
func (h *Handlers) accept(c *call.Call) error {
	found, err := h.find(c)
	if err != nil {
		return err
	}
	ctx, user := c.Request.Context(), c.Caller.UserID
	joined := false
	err = h.store.Change(ctx, func(tx *store.Tx) error {
		// Uses are counted under the guild's lock, so that no more than max_uses can join.
		if err := tx.LockGuild(ctx, found.Guild.ID); err != nil {
			return known(err)
		}
		current, err := tx.Invite(ctx, found.Code)
		if err != nil {
			return known(err)
		}
		joined = false
		if _, err := tx.Member(ctx, found.Guild.ID, user); !errors.Is(err, store.ErrNotFound) {
			return err // nil: a member already
		}
		if err := mayJoin(ctx, tx, current, user); err != nil {
			return err
		}
		if _, err := tx.Join(ctx, found.Guild.ID, user, nil); errors.Is(err, store.ErrFull) {
			return discord.ErrTooManyMembers
		} else if err != nil {
			return err
		}
		joined = true
		return tx.UseInvite(ctx, current)
	})
	if err != nil {
		return err
	}
	return c.OK(struct {
		discord.Invite
		NewMember bool `json:"new_member"`
	}{public(found), joined})
}

func mayJoin(ctx context.Context, tx *store.Tx, i discord.Invite, user snowflake.ID) error {
	if slices.Contains(i.Guild.Features, discord.FeatureInvitesDisabled) {
		return discord.ErrUnknownInvite
	}
	banned, err := tx.Banned(ctx, i.Guild.ID, user)
	if err != nil {
		return err
	}
	if banned {
		return discord.ErrBannedFromGuild
	}
	guilds, err := tx.GuildCount(ctx, user)
	if err != nil {
		return err
	}
	if guilds >= maxGuilds {
		return discord.ErrTooManyGuilds
	}
	return nil
}
