package users

import (
	"context"
	"errors"
	"unicode/utf8"

	"guildhall.chat/guildhall/api/call"
	"guildhall.chat/guildhall/api/form"
	"guildhall.chat/guildhall/api/images"
	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/store"
)

// Lengths of what people say of themselves, in characters.
const (
	maxBio      = 190
	maxPronouns = 40
)

// profilePatch is what people change of their profile, everywhere or in one guild.
type profilePatch struct {
	Bio         form.Field[*string]   `json:"bio"`
	Pronouns    form.Field[*string]   `json:"pronouns"`
	AccentColor form.Field[*form.Int] `json:"accent_color"`
	Avatar      form.Field[*string]   `json:"avatar"`
	Banner      form.Field[*string]   `json:"banner"`
}

func (b *profilePatch) check() error {
	var p form.Problems
	p.Max("bio", utf8.RuneCountInString(said(b.Bio)), maxBio)
	p.Max("pronouns", utf8.RuneCountInString(said(b.Pronouns)), maxPronouns)
	if color := b.AccentColor.Value; color != nil {
		p.Range("accent_color", int64(*color), 0, 0xffffff)
	}
	return p.Err()
}

// said is a text that was sent; null is none.
func said(f form.Field[*string]) string {
	if f.Value == nil {
		return ""
	}
	return *f.Value
}

func (b *profilePatch) bind(c *call.Call) error {
	if err := c.Bind(b); err != nil {
		return err
	}
	return b.check()
}

// updateProfile changes what the caller says of itself everywhere.
func (h *Handlers) updateProfile(c *call.Call) error {
	var body profilePatch
	if err := body.bind(c); err != nil {
		return err
	}
	ctx := c.Request.Context()
	var self discord.SelfUser
	err := h.store.Change(ctx, func(tx *store.Tx) (err error) {
		if self, err = tx.LockSelf(ctx, c.Caller.UserID); err != nil {
			return err
		}
		if body.Bio.Set {
			self.Bio = said(body.Bio)
		}
		if body.Pronouns.Set {
			self.Pronouns = said(body.Pronouns)
		}
		if body.AccentColor.Set {
			self.AccentColor = (*int)(nil)
			if color := body.AccentColor.Value; color != nil {
				n := int(*color)
				self.AccentColor = &n
			}
		}
		if err := images.Apply(ctx, tx, "avatar", body.Avatar, &self.Avatar); err != nil {
			return err
		}
		if err := images.Apply(ctx, tx, "banner", body.Banner, &self.Banner); err != nil {
			return err
		}
		return tx.UpdateSelf(ctx, self, body.Avatar.Set || body.Banner.Set || body.AccentColor.Set)
	})
	if err != nil {
		return err
	}
	return c.OK(profileOf(self))
}

// updateGuildProfile changes what the caller says of itself in one guild.
func (h *Handlers) updateGuildProfile(c *call.Call) error {
	guild, err := c.ID("guild_id", discord.ErrUnknownGuild)
	if err != nil {
		return err
	}
	var body profilePatch
	if err := body.bind(c); err != nil {
		return err
	}
	ctx, user := c.Request.Context(), c.Caller.UserID
	var m discord.Member
	err = h.store.Change(ctx, func(tx *store.Tx) (err error) {
		// What else of a member changes, changes under the guild's lock.
		if err := tx.LockGuild(ctx, guild); err != nil {
			return err
		}
		if m, err = tx.Member(ctx, guild, user); err != nil {
			return err
		}
		if body.Avatar.Set || body.Banner.Set {
			if err := body.applyPictures(ctx, tx, &m); err != nil {
				return err
			}
			if err := tx.UpdateMember(ctx, guild, m); err != nil {
				return err
			}
		}
		return tx.WriteMemberProfile(ctx, guild, user, sent(body.Bio), sent(body.Pronouns))
	})
	if err == nil {
		var answer guildProfile
		if answer, err = h.guildProfile(ctx, guild, m); err == nil {
			return c.OK(answer)
		}
	}
	if errors.Is(err, store.ErrNotFound) {
		return discord.ErrUnknownGuild
	}
	return err
}

func (b *profilePatch) applyPictures(ctx context.Context, tx *store.Tx, m *discord.Member) error {
	if err := images.Apply(ctx, tx, "avatar", b.Avatar, &m.Avatar); err != nil {
		return err
	}
	return images.Apply(ctx, tx, "banner", b.Banner, &m.Banner)
}

// sent is a text that is to be written, nil if none was sent.
func sent(f form.Field[*string]) *string {
	if !f.Set {
		return nil
	}
	text := said(f)
	return &text
}
