package oauth2

import (
	"errors"
	"slices"

	"guildhall.chat/guildhall/api/access"
	"guildhall.chat/guildhall/api/audit"
	"guildhall.chat/guildhall/api/call"
	"guildhall.chat/guildhall/api/form"
	"guildhall.chat/guildhall/api/roles"
	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/permissions"
	"guildhall.chat/guildhall/internal/snowflake"
	"guildhall.chat/guildhall/internal/store"
)

// mayInstall checks that the caller may bring an application into the guild, with the permissions for its bot.
func mayInstall(set permissions.Set) func(v *access.Visit) error {
	return func(v *access.Visit) error {
		if !permissions.MayGrant(v.Permissions, set) {
			return discord.ErrMissingPermissions
		}
		return v.Need(permissions.ManageGuild)
	}
}

// install brings an application into a guild; what is there already stays as it is.
func install(c *call.Call, tx *store.Tx, v *access.Visit, app discord.Application, scopes []string, set permissions.Set) error {
	ctx, guild, got := c.Request.Context(), v.Guild.Guild.ID, installed(scopes)
	if len(got) == 0 {
		return nil
	}
	if slices.Contains(got, discord.ScopeBot) {
		if err := addBot(c, tx, v, *app.Bot, set); err != nil {
			return err
		}
	}
	if slices.Contains(got, discord.ScopeCommands) {
		if err := tx.AddCommands(ctx, guild, app.ID); err != nil {
			return err
		}
	}
	return tx.GrantIntegration(ctx, guild, app.ID, c.Caller.UserID, got)
}

// installed are those of the scopes that a guild gets something of.
func installed(scopes []string) []string {
	return slices.DeleteFunc(slices.Clone(scopes), func(s string) bool { return s != discord.ScopeBot && s != discord.ScopeCommands })
}

// addBot makes the bot a member, with a role of its own for the permissions that it is given.
// https://discord.com/developers/docs/topics/oauth2#bot-authorization-flow
func addBot(c *call.Call, tx *store.Tx, v *access.Visit, bot discord.User, set permissions.Set) error {
	ctx, guild := c.Request.Context(), v.Guild.Guild.ID
	_, err := tx.Member(ctx, guild, bot.ID)
	if err == nil {
		return nil
	}
	if !errors.Is(err, store.ErrNotFound) {
		return err
	}
	banned, err := tx.Banned(ctx, guild, bot.ID)
	if err != nil {
		return err
	}
	if banned {
		return discord.ErrBannedFromGuild
	}
	var own []snowflake.ID
	if set != 0 {
		most, err := tx.Limit(ctx, store.LimitRoles, guild)
		if err != nil {
			return err
		}
		if int64(len(v.Guild.Guild.Roles)) >= most {
			return discord.ErrTooManyRoles
		}
		role := roles.Default(tx.NewID(), set)
		role.Name, role.Managed, role.Tags = bot.Username, true, &discord.RoleTags{BotID: &bot.ID}
		if err := tx.CreateRole(ctx, guild, role); err != nil {
			return err
		}
		own = append(own, role.ID)
	}
	if _, err := tx.Join(ctx, guild, bot.ID, own); err != nil {
		if errors.Is(err, store.ErrFull) {
			return form.Single("guild_id", "BASE_TYPE_BAD_VALUE", "The guild can take no more members.")
		}
		return err
	}
	entry, err := audit.Entry(c, discord.AuditBotAdd, bot.ID)
	if err != nil {
		return err
	}
	return tx.Audit(ctx, guild, entry)
}
