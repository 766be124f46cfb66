package guilds

import (
	"context"
	"errors"
	"reflect"

	"guildhall.chat/guildhall/api/access"
	"guildhall.chat/guildhall/api/audit"
	"guildhall.chat/guildhall/api/call"
	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/permissions"
	"guildhall.chat/guildhall/internal/snowflake"
	"guildhall.chat/guildhall/internal/store"
)

// audited are the keys of a guild that the audit log records.
var audited = []string{"name", "description", "icon", "splash", "discovery_splash", "banner", "owner_id",
	"verification_level", "default_message_notifications", "explicit_content_filter", "preferred_locale", "afk_timeout",
	"afk_channel_id", "system_channel_id", "system_channel_flags", "rules_channel_id", "public_updates_channel_id",
	"safety_alerts_channel_id", "features", "premium_progress_bar_enabled"}

// may checks what changing needs: MANAGE_GUILD, and to hand the guild over, to own it.
func (b *patch) may(v *access.Visit) error {
	if b.OwnerID.Set && !v.Owner() {
		return discord.ErrMissingPermissions
	}
	return v.Need(permissions.ManageGuild)
}

// update changes a guild.
// https://discord.com/developers/docs/resources/guild#modify-guild
func (h *Handlers) update(c *call.Call) error {
	guild, err := c.ID("guild_id", discord.ErrUnknownGuild)
	if err != nil {
		return err
	}
	var b patch
	if err := c.Bind(&b); err != nil {
		return err
	}
	if err := b.check(); err != nil {
		return err
	}
	ctx := c.Request.Context()
	var after discord.Guild
	err = h.access.ChangeIf(c, guild, b.may, func(tx *store.Tx, v *access.Visit) error {
		before := v.Guild.Guild
		after = before
		if err := b.apply(ctx, tx, v.Guild, &after); err != nil {
			return err
		}
		if err := b.applyFeatures(v, &after); err != nil {
			return err
		}
		if b.OwnerID.Apply(&after.OwnerID) {
			if err := mayOwn(ctx, tx, guild, after.OwnerID); err != nil {
				return err
			}
		}
		if reflect.DeepEqual(before, after) {
			return nil
		}
		if err := tx.UpdateGuild(ctx, after); err != nil {
			return err
		}
		entry, err := audit.Changed(c, discord.AuditGuildUpdate, guild, before, after, audited...)
		if err != nil {
			return err
		}
		return tx.Audit(ctx, guild, entry)
	})
	if err != nil {
		return err
	}
	return c.OK(after)
}

// mayOwn checks that a guild can be handed to a user: a member who is no bot.
func mayOwn(ctx context.Context, tx *store.Tx, guild, user snowflake.ID) error {
	m, err := tx.Member(ctx, guild, user)
	switch {
	case errors.Is(err, store.ErrNotFound):
		return discord.ErrUnknownMember
	case err != nil:
		return err
	case m.User.Bot:
		return discord.ErrOwnerIsBot
	}
	return nil
}
