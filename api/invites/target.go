package invites

import (
	"context"
	"errors"
	"slices"

	"guildhall.chat/guildhall/api/access"
	"guildhall.chat/guildhall/api/form"
	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/permissions"
	"guildhall.chat/guildhall/internal/snowflake"
	"guildhall.chat/guildhall/internal/store"
)

// target is the part of a new invite that says what it leads to, and which roles it gives.
type target struct {
	Type        form.Field[*form.Int]     `json:"target_type"`
	User        form.Field[*snowflake.ID] `json:"target_user_id"`
	Application form.Field[*snowflake.ID] `json:"target_application_id"`
	Roles       form.Field[form.IDs]      `json:"role_ids"`
}

func (t *target) check(p *form.Problems) {
	p.Max("role_ids", len(t.Roles.Value), int(store.LimitRoles.Most))
	if t.Type.Value == nil {
		return
	}
	form.OneOf(p, "target_type", *t.Type.Value, discord.InviteToStream, discord.InviteToApplication)
	switch *t.Type.Value {
	case discord.InviteToStream:
		if t.User.Value == nil {
			p.Required("target_user_id")
		}
	case discord.InviteToApplication:
		if t.Application.Value == nil {
			p.Required("target_application_id")
		}
	}
}

// apply makes sure that there is what the invite leads to, and that the caller may give the roles.
func (t *target) apply(ctx context.Context, tx *store.Tx, r *access.Room, to *store.NewInvite) error {
	if err := t.applyRoles(r, to); err != nil || t.Type.Value == nil {
		return err
	}
	kind := int(*t.Type.Value)
	to.TargetType = &kind
	if r.Channel.Type != discord.ChannelVoice && r.Channel.Type != discord.ChannelStage {
		return form.Single("target_type", "BASE_TYPE_BAD_VALUE", "Only invites to voice channels have a target.")
	}
	if kind == discord.InviteToStream {
		to.TargetUser = t.User.Value
		_, err := tx.Member(ctx, to.Guild, *to.TargetUser)
		if errors.Is(err, store.ErrNotFound) {
			return form.Single("target_user_id", "BASE_TYPE_BAD_VALUE", "The guild has no such member.")
		}
		return err
	}
	to.TargetApp = t.Application.Value
	_, err := tx.Application(ctx, *to.TargetApp)
	if errors.Is(err, store.ErrNotFound) {
		return form.Single("target_application_id", "BASE_TYPE_BAD_VALUE", "There is no such application.")
	}
	return err
}

func (t *target) applyRoles(r *access.Room, to *store.NewInvite) error {
	if len(t.Roles.Value) == 0 {
		return nil
	}
	if !r.Permissions.Has(permissions.ManageRoles) {
		return discord.ErrMissingPermissions
	}
	var p form.Problems
	for i, id := range t.Roles.Value {
		role := r.Guild.Role(id)
		switch {
		case role == nil || role.Managed || id == to.Guild:
			p.Add(form.At("role_ids", i), "BASE_TYPE_BAD_VALUE", "The guild has no such role to give.")
		case !r.Guild.Rules.OutranksRole(r.Member, access.Rule(role)):
			return discord.ErrMissingPermissions
		}
	}
	to.Roles = slices.Sorted(slices.Values(t.Roles.Value))
	to.Roles = slices.Compact(to.Roles)
	return p.Err()
}
