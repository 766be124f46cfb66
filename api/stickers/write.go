package stickers

import (
	"net/http"

	"guildhall.chat/guildhall/api/access"
	"guildhall.chat/guildhall/api/audit"
	"guildhall.chat/guildhall/api/call"
	"guildhall.chat/guildhall/api/form"
	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/permissions"
	"guildhall.chat/guildhall/internal/snowflake"
	"guildhall.chat/guildhall/internal/store"
)

// body is what can be said of a sticker.
// https://discord.com/developers/docs/resources/sticker#modify-guild-sticker-json-params
type body struct {
	Name        form.Field[string]  `json:"name"`
	Description form.Field[*string] `json:"description"`
	Tags        form.Field[string]  `json:"tags"`
}

// check notes what is wrong with what is there.
func (b *body) check(p *form.Problems) {
	if b.Name.Set {
		p.Length("name", b.Name.Value, 2, 30)
	}
	if text := b.Description.Value; text != nil && *text != "" {
		p.Length("description", *text, 2, 100)
	}
	if b.Tags.Set {
		p.Length("tags", b.Tags.Value, 1, 200)
	}
}

// apply changes the sticker; a description that is empty is none.
func (b *body) apply(s *discord.Sticker) {
	b.Name.Apply(&s.Name)
	b.Tags.Apply(&s.Tags)
	if b.Description.Apply(&s.Description) && s.Description != nil && *s.Description == "" {
		s.Description = nil
	}
}

// create adds the sticker of a multipart request.
// https://discord.com/developers/docs/resources/sticker#create-guild-sticker
func (h *Handlers) create(c *call.Call) error {
	guild, err := c.ID("guild_id", discord.ErrUnknownGuild)
	if err != nil {
		return err
	}
	var b body
	if err := c.Bind(&b); err != nil {
		return err
	}
	var p form.Problems
	if !b.Name.Set {
		p.Required("name")
	}
	if !b.Tags.Set {
		p.Required("tags")
	}
	b.check(&p)
	content, err := sent(&p, c)
	if err != nil {
		return err
	}
	if err := p.Err(); err != nil {
		return err
	}
	format, image, err := inspect(content)
	if err != nil {
		return err
	}
	ctx := c.Request.Context()
	var made discord.Sticker
	err = h.access.Change(c, guild, permissions.CreateGuildExpressions, func(tx *store.Tx, _ *access.Visit) error {
		list, err := tx.Stickers(ctx, guild)
		if err != nil {
			return err
		}
		most, err := tx.Limit(ctx, store.LimitStickers, guild)
		if err != nil {
			return err
		}
		if int64(len(list)) >= most {
			return discord.ErrTooManyStickers
		}
		maker, err := tx.User(ctx, c.Caller.UserID)
		if err != nil {
			return err
		}
		made = discord.Sticker{
			ID: tx.NewID(), GuildID: guild, Type: discord.StickerGuild, FormatType: format, Available: true, User: &maker,
		}
		b.apply(&made)
		if err := tx.SaveImage(ctx, image); err != nil {
			return err
		}
		if err := tx.CreateSticker(ctx, made, image.Hash); err != nil {
			return err
		}
		return record(c, tx, discord.AuditStickerCreate, guild, made.ID, nil, made)
	})
	if err != nil {
		return err
	}
	return c.Reply(http.StatusCreated, made)
}

// update changes what is said of a sticker.
// https://discord.com/developers/docs/resources/sticker#modify-guild-sticker
func (h *Handlers) update(c *call.Call) error {
	var b body
	if err := c.Bind(&b); err != nil {
		return err
	}
	var p form.Problems
	b.check(&p)
	if err := p.Err(); err != nil {
		return err
	}
	var after discord.Sticker
	err := h.change(c, func(tx *store.Tx, s discord.Sticker) error {
		after = s
		b.apply(&after)
		if err := tx.UpdateSticker(c.Request.Context(), after); err != nil {
			return err
		}
		return record(c, tx, discord.AuditStickerUpdate, s.GuildID, s.ID, s, after)
	})
	if err != nil {
		return err
	}
	return c.OK(after)
}

// remove deletes a sticker. Messages keep its name.
// https://discord.com/developers/docs/resources/sticker#delete-guild-sticker
func (h *Handlers) remove(c *call.Call) error {
	err := h.change(c, func(tx *store.Tx, s discord.Sticker) error {
		if err := tx.DeleteSticker(c.Request.Context(), s.GuildID, s.ID); err != nil {
			return err
		}
		return record(c, tx, discord.AuditStickerDelete, s.GuildID, s.ID, s, nil)
	})
	if err != nil {
		return err
	}
	return c.Done()
}

// change runs fn with a sticker that the caller may change: who may make stickers may change the own ones, who manages
// them all of them.
func (h *Handlers) change(c *call.Call, fn func(tx *store.Tx, s discord.Sticker) error) error {
	guild, id, err := ids(c)
	if err != nil {
		return err
	}
	may := func(v *access.Visit) error {
		if !v.Permissions.Has(permissions.ManageGuildExpressions) && !v.Permissions.Has(permissions.CreateGuildExpressions) {
			return discord.ErrMissingPermissions
		}
		return nil
	}
	return h.access.ChangeIf(c, guild, may, func(tx *store.Tx, v *access.Visit) error {
		list, err := tx.Stickers(c.Request.Context(), guild)
		if err != nil {
			return err
		}
		s, err := find(list, id)
		if err != nil {
			return err
		}
		own := s.User != nil && s.User.ID == c.Caller.UserID
		if !own && !v.Permissions.Has(permissions.ManageGuildExpressions) {
			return discord.ErrMissingPermissions
		}
		return fn(tx, s)
	})
}

func record(c *call.Call, tx *store.Tx, action discord.AuditAction, guild, id snowflake.ID, before, after any) error {
	entry, err := audit.Changed(c, action, id, before, after, audited...)
	if err != nil {
		return err
	}
	return tx.Audit(c.Request.Context(), guild, entry)
}
