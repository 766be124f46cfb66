package welcome

import (
	"context"
	"errors"
	"time"

	"guildhall.chat/guildhall/api/access"
	"guildhall.chat/guildhall/api/call"
	"guildhall.chat/guildhall/api/form"
	"guildhall.chat/guildhall/api/members"
	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/permissions"
	"guildhall.chat/guildhall/internal/snowflake"
	"guildhall.chat/guildhall/internal/store"
)

const (
	maxRequests  = 100
	maxRejection = 160
)

func known(err error) error {
	if errors.Is(err, store.ErrNotFound) {
		return discord.ErrUnknownJoinRequest
	}
	return err
}

// requests pages through the filled-in forms.
// https://docs.discord.food/resources/guild#get-guild-join-requests
func (h *Handlers) requests(c *call.Call) error {
	var page store.Page
	var err error
	if page.Limit, err = c.QueryInt("limit", maxRequests, 1, maxRequests); err != nil {
		return err
	}
	if page.Before, _, err = c.QueryID("before"); err != nil {
		return err
	}
	if page.After, _, err = c.QueryID("after"); err != nil {
		return err
	}
	status := c.Query("status")
	if status != "" {
		var p form.Problems
		form.OneOf(&p, "status", status, "STARTED", discord.RequestSubmitted, discord.RequestRejected, discord.RequestApproved)
		if err := p.Err(); err != nil {
			return err
		}
	}
	visit, _, err := h.enter(c)
	if err != nil {
		return err
	}
	if err := visit.Need(permissions.KickMembers); err != nil {
		return err
	}
	list, total, err := h.store.JoinRequests(c.Request.Context(), visit.Guild.Guild.ID, status, page)
	if err != nil {
		return err
	}
	if list == nil {
		list = []discord.JoinRequest{}
	}
	return c.OK(struct {
		Total    int                   `json:"total"`
		Requests []discord.JoinRequest `json:"guild_join_requests"`
	}{total, list})
}

// ownRequest returns the caller's form.
func (h *Handlers) ownRequest(c *call.Call) error {
	visit, _, err := h.enter(c)
	if err != nil {
		return err
	}
	r, err := h.store.JoinRequestOf(c.Request.Context(), visit.Guild.Guild.ID, c.Caller.UserID)
	if err != nil {
		return known(err)
	}
	return c.OK(r)
}

// request takes the caller's filled-in form. Where nobody has to approve of it, the caller may talk from now on.
// https://docs.discord.food/resources/guild#create-guild-join-request
func (h *Handlers) request(c *call.Call) error {
	guild, err := c.ID("guild_id", discord.ErrUnknownGuild)
	if err != nil {
		return err
	}
	var b struct {
		Version string              `json:"version"`
		Fields  []discord.FormField `json:"form_fields"`
	}
	if err := c.Bind(&b); err != nil {
		return err
	}
	ctx := c.Request.Context()
	var made discord.JoinRequest
	err = h.access.Change(c, guild, 0, func(tx *store.Tx, v *access.Visit) error {
		if !v.Member.Pending {
			return form.Single("", "BASE_TYPE_BAD_VALUE", "You have passed the screening.")
		}
		w, err := tx.Welcome(ctx, guild)
		if err != nil {
			return err
		}
		of := shownForm(w)
		if b.Version != of.Version {
			return form.Single("version", "BASE_TYPE_BAD_VALUE", "The form has changed.")
		}
		filled, err := fill(of, b.Fields)
		if err != nil {
			return err
		}
		r := discord.JoinRequest{ID: tx.NewID(), GuildID: guild, UserID: c.Caller.UserID, Status: discord.RequestSubmitted, Responses: filled}
		if !has(v, discord.FeatureManualApproval) {
			r.Status = discord.RequestApproved
			if err := admit(ctx, tx, guild, c.Caller.UserID); err != nil {
				return err
			}
		}
		made, err = tx.PutJoinRequest(ctx, r)
		return err
	})
	if err != nil {
		return err
	}
	return c.OK(made)
}

// admit lets a member talk.
func admit(ctx context.Context, tx *store.Tx, guild, user snowflake.ID) error {
	m, err := tx.Member(ctx, guild, user)
	if errors.Is(err, store.ErrNotFound) {
		return nil // has left meanwhile
	}
	if err != nil || !m.Pending {
		return err
	}
	m.Pending = false
	return tx.UpdateMember(ctx, guild, m)
}

// withdraw takes the caller's form back.
// https://docs.discord.food/resources/guild#delete-guild-join-request
func (h *Handlers) withdraw(c *call.Call) error {
	guild, err := c.ID("guild_id", discord.ErrUnknownGuild)
	if err != nil {
		return err
	}
	err = h.access.Change(c, guild, 0, func(tx *store.Tx, _ *access.Visit) error {
		r, err := tx.JoinRequestOf(c.Request.Context(), guild, c.Caller.UserID)
		if err != nil {
			return known(err)
		}
		return tx.DeleteJoinRequest(c.Request.Context(), r)
	})
	if err != nil {
		return err
	}
	return c.Done()
}

// review approves of a form, or rejects it: who is rejected is no member any more, so the caller must outrank the user.
// https://docs.discord.food/resources/guild#action-guild-join-request
func (h *Handlers) review(c *call.Call) error {
	guild, err := c.ID("guild_id", discord.ErrUnknownGuild)
	if err != nil {
		return err
	}
	id, err := c.ID("request_id", discord.ErrUnknownJoinRequest)
	if err != nil {
		return err
	}
	var b struct {
		Action form.Field[string]  `json:"action"`
		Reason form.Field[*string] `json:"rejection_reason"`
	}
	if err := c.Bind(&b); err != nil {
		return err
	}
	var p form.Problems
	form.OneOf(&p, "action", b.Action.Value, discord.RequestApproved, discord.RequestRejected)
	if b.Reason.Value != nil {
		p.Length("rejection_reason", *b.Reason.Value, 0, maxRejection)
	}
	if err := p.Err(); err != nil {
		return err
	}
	ctx := c.Request.Context()
	var after discord.JoinRequest
	err = h.access.Change(c, guild, permissions.KickMembers, func(tx *store.Tx, v *access.Visit) error {
		r, err := tx.JoinRequest(ctx, guild, id)
		if err != nil {
			return known(err)
		}
		if r.Status != discord.RequestSubmitted {
			return form.Single("action", "BASE_TYPE_BAD_VALUE", "The request has been reviewed.")
		}
		at := discord.At(time.Now())
		r.Status, r.ReviewedAt, r.ActionedBy = b.Action.Value, &at, &discord.User{ID: c.Caller.UserID}
		if r.Status == discord.RequestApproved {
			err = admit(ctx, tx, guild, r.UserID)
		} else {
			r.RejectionReason = b.Reason.Value
			err = members.Kick(c, tx, v, r.UserID)
		}
		if err != nil && !errors.Is(err, discord.ErrUnknownMember) { // may have left meanwhile
			return err
		}
		after, err = tx.PutJoinRequest(ctx, r)
		return err
	})
	if err != nil {
		return err
	}
	return c.OK(after)
}
