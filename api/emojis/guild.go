package emojis

import (
	"net/http"

	"guildhall.chat/guildhall/api/access"
	"guildhall.chat/guildhall/api/audit"
	"guildhall.chat/guildhall/api/call"
	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/permissions"
	"guildhall.chat/guildhall/internal/snowflake"
	"guildhall.chat/guildhall/internal/store"
)

// audited are the keys of an emoji that the audit log records.
var audited = []string{"name", "roles"}

// enter reads the guild of the path. uploaders: the caller may know who uploaded what.
func (h *Handlers) enter(c *call.Call) (owner store.EmojiOwner, uploaders bool, err error) {
	if owner.Guild, err = c.ID("guild_id", discord.ErrUnknownGuild); err != nil {
		return owner, false, err
	}
	visit, err := h.access.Enter(c, owner.Guild)
	if err != nil {
		return owner, false, err
	}
	const either = permissions.CreateGuildExpressions | permissions.ManageGuildExpressions
	return owner, visit.Permissions&either != 0, nil
}

// list returns a guild's emojis.
// https://discord.com/developers/docs/resources/emoji#list-guild-emojis
func (h *Handlers) list(c *call.Call) error {
	owner, uploaders, err := h.enter(c)
	if err != nil {
		return err
	}
	list, err := h.store.Emojis(c.Request.Context(), owner)
	if err != nil {
		return err
	}
	if !uploaders {
		for i := range list {
			list[i].User = nil
		}
	}
	return c.OK(list)
}

// get returns an emoji of a guild.
// https://discord.com/developers/docs/resources/emoji#get-guild-emoji
func (h *Handlers) get(c *call.Call) error {
	id, err := c.ID("emoji_id", discord.ErrEmojiNotFound)
	if err != nil {
		return err
	}
	owner, uploaders, err := h.enter(c)
	if err != nil {
		return err
	}
	e, err := h.store.Emoji(c.Request.Context(), owner, id)
	if err != nil {
		return unknown(err)
	}
	if !uploaders {
		e.User = nil
	}
	return c.OK(e)
}

// create gives a guild an emoji.
// https://discord.com/developers/docs/resources/emoji#create-guild-emoji
func (h *Handlers) create(c *call.Call) error {
	guild, err := c.ID("guild_id", discord.ErrUnknownGuild)
	if err != nil {
		return err
	}
	d, picture, err := bindNew(c)
	if err != nil {
		return err
	}
	ctx, owner := c.Request.Context(), store.EmojiOwner{Guild: guild}
	var e discord.Emoji
	err = h.access.Change(c, guild, permissions.CreateGuildExpressions, func(tx *store.Tx, v *access.Visit) (err error) {
		if e, err = made(c, tx, d, picture); err != nil {
			return err
		}
		if e.Roles, err = d.roles(v.Guild); err != nil {
			return err
		}
		still, animated, err := tx.EmojiCounts(ctx, owner)
		if err != nil {
			return err
		}
		most, err := tx.Limit(ctx, store.LimitEmojis, guild)
		switch {
		case err != nil:
			return err
		case e.Animated && int64(animated) >= most:
			return discord.ErrTooManyAnimatedEmojis
		case !e.Animated && int64(still) >= most:
			return discord.ErrTooManyEmojis
		}
		if err := tx.CreateEmoji(ctx, owner, e, picture); err != nil {
			return err
		}
		return record(c, tx, guild, discord.AuditEmojiCreate, e.ID, nil, e)
	})
	if err != nil {
		return err
	}
	return c.Reply(http.StatusCreated, e)
}

// update changes the name and the roles of an emoji.
// https://discord.com/developers/docs/resources/emoji#modify-guild-emoji
func (h *Handlers) update(c *call.Call) error {
	d, err := bindChange(c)
	if err != nil {
		return err
	}
	var after discord.Emoji
	err = h.change(c, func(tx *store.Tx, v *access.Visit, before discord.Emoji) (err error) {
		after = before
		d.Name.Apply(&after.Name)
		if d.Roles.Set {
			if after.Roles, err = d.roles(v.Guild); err != nil {
				return err
			}
		}
		guild := v.Guild.Guild.ID
		if err := tx.UpdateEmoji(c.Request.Context(), store.EmojiOwner{Guild: guild}, after); err != nil {
			return err
		}
		return record(c, tx, guild, discord.AuditEmojiUpdate, after.ID, before, after)
	})
	if err != nil {
		return err
	}
	return c.OK(after)
}

// remove deletes an emoji.
// https://discord.com/developers/docs/resources/emoji#delete-guild-emoji
func (h *Handlers) remove(c *call.Call) error {
	err := h.change(c, func(tx *store.Tx, v *access.Visit, before discord.Emoji) error {
		guild := v.Guild.Guild.ID
		if err := tx.DeleteEmoji(c.Request.Context(), store.EmojiOwner{Guild: guild}, before.ID); err != nil {
			return err
		}
		return record(c, tx, guild, discord.AuditEmojiDelete, before.ID, before, nil)
	})
	if err != nil {
		return err
	}
	return c.Done()
}

// change runs fn with the emoji of the path, under the guild's lock. Who uploaded it needs only the permission to upload.
func (h *Handlers) change(c *call.Call, fn func(tx *store.Tx, v *access.Visit, before discord.Emoji) error) error {
	guild, err := c.ID("guild_id", discord.ErrUnknownGuild)
	if err != nil {
		return err
	}
	id, err := c.ID("emoji_id", discord.ErrEmojiNotFound)
	if err != nil {
		return err
	}
	may := func(v *access.Visit) error {
		if v.Permissions.Has(permissions.CreateGuildExpressions) {
			return nil
		}
		return v.Need(permissions.ManageGuildExpressions)
	}
	return h.access.ChangeIf(c, guild, may, func(tx *store.Tx, v *access.Visit) error {
		before, err := tx.Emoji(c.Request.Context(), store.EmojiOwner{Guild: guild}, id)
		if err != nil {
			return unknown(err)
		}
		if before.User.ID != c.Caller.UserID {
			if err := v.Need(permissions.ManageGuildExpressions); err != nil {
				return err
			}
		}
		return fn(tx, v, before)
	})
}

// record writes the entry of the audit log.
func record(c *call.Call, tx *store.Tx, guild snowflake.ID, action discord.AuditAction, emoji snowflake.ID, before, after any) error {
	entry, err := audit.Changed(c, action, emoji, before, after, audited...)
	if err != nil {
		return err
	}
	return tx.Audit(c.Request.Context(), guild, entry)
}
