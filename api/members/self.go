package members

import (
	"context"
	"unicode/utf8"

	"guildhall.chat/guildhall/api/access"
	"guildhall.chat/guildhall/api/call"
	"guildhall.chat/guildhall/api/form"
	"guildhall.chat/guildhall/api/images"
	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/permissions"
	"guildhall.chat/guildhall/internal/snowflake"
	"guildhall.chat/guildhall/internal/store"
)

// ownPatch is what one may change of oneself.
// https://discord.com/developers/docs/resources/guild#modify-current-member-json-params
type ownPatch struct {
	Nick   form.Field[*string] `json:"nick"`
	Avatar form.Field[*string] `json:"avatar"`
	Banner form.Field[*string] `json:"banner"`
	Bio    form.Field[*string] `json:"bio"`
}

func (b *ownPatch) apply(ctx context.Context, tx *store.Tx, m *discord.Member) error {
	if b.Nick.Set {
		m.Nick = nickname(b.Nick.Value)
	}
	if err := images.Apply(ctx, tx, "avatar", b.Avatar, &m.Avatar); err != nil {
		return err
	}
	return images.Apply(ctx, tx, "banner", b.Banner, &m.Banner)
}

// writeBio changes what the member says of itself, which is a part of its profile.
func (b *ownPatch) writeBio(ctx context.Context, tx *store.Tx, guild, user snowflake.ID) error {
	if !b.Bio.Set {
		return nil
	}
	bio := ""
	if b.Bio.Value != nil {
		bio = *b.Bio.Value
	}
	return tx.WriteMemberProfile(ctx, guild, user, &bio, nil)
}

// updateSelf changes the caller's own member.
// https://discord.com/developers/docs/resources/guild#modify-current-member
func (h *Handlers) updateSelf(c *call.Call) error {
	m, err := h.changeSelf(c)
	if err != nil {
		return err
	}
	return c.OK(m)
}

// updateOwnNick is the older form, which answers with the nick alone.
// https://discord.com/developers/docs/resources/guild#modify-current-user-nick
func (h *Handlers) updateOwnNick(c *call.Call) error {
	m, err := h.changeSelf(c)
	if err != nil {
		return err
	}
	return c.OK(struct {
		Nick *string `json:"nick"`
	}{m.Nick})
}

func (h *Handlers) changeSelf(c *call.Call) (after discord.Member, err error) {
	guild, err := c.ID("guild_id", discord.ErrUnknownGuild)
	if err != nil {
		return after, err
	}
	var b ownPatch
	if err := c.Bind(&b); err != nil {
		return after, err
	}
	var p form.Problems
	if b.Nick.Value != nil {
		p.Length("nick", *b.Nick.Value, 0, maxNick)
	}
	if b.Bio.Value != nil {
		p.Max("bio", utf8.RuneCountInString(*b.Bio.Value), maxBio)
	}
	if err := p.Err(); err != nil {
		return after, err
	}
	var need permissions.Set
	if b.Nick.Set {
		need = permissions.ChangeNickname
	}
	ctx := c.Request.Context()
	err = h.access.Change(c, guild, need, func(tx *store.Tx, v *access.Visit) error {
		before, err := target(ctx, tx, guild, c.Caller.UserID)
		if err != nil {
			return err
		}
		after = before
		if err := b.apply(ctx, tx, &after); err != nil {
			return err
		}
		if err := write(c, tx, v, before, after); err != nil {
			return err
		}
		if err := b.writeBio(ctx, tx, guild, c.Caller.UserID); err != nil {
			return err
		}
		after.Permissions = &v.Permissions
		return nil
	})
	return after, err
}
