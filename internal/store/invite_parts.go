package store

import (
	"context"
	"fmt"
	"slices"

	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/snowflake"
)

// fillInvites reads whom and what invites are for and the roles that they give, all at once. What is gone, they are not for
// any more.
func fillInvites(ctx context.Context, q querier, invites []discord.Invite) error {
	var users, apps, roles []snowflake.ID
	for _, i := range invites {
		if i.TargetUser != nil {
			users = append(users, i.TargetUser.ID)
		}
		if i.TargetApplication != nil {
			apps = append(apps, i.TargetApplication.ID)
		}
		for _, r := range i.Roles {
			roles = append(roles, r.ID)
		}
	}
	if len(users) > 0 {
		if err := fillTargetUsers(ctx, q, invites, users); err != nil {
			return err
		}
	}
	if len(apps) > 0 {
		if err := fillTargetApplications(ctx, q, invites, apps); err != nil {
			return err
		}
	}
	if len(roles) > 0 {
		return fillInviteRoles(ctx, q, invites, roles)
	}
	return nil
}

func fillTargetUsers(ctx context.Context, q querier, invites []discord.Invite, ids []snowflake.ID) error {
	users, err := collect(ctx, q, scanUser, `select `+userColumns+` from users u where u.id = any($1)`, ids)
	if err != nil {
		return fmt.Errorf("targets of invites: %w", err)
	}
	for n := range invites {
		if target := invites[n].TargetUser; target != nil {
			at := slices.IndexFunc(users, func(u discord.User) bool { return u.ID == target.ID })
			invites[n].TargetUser = &users[at] // referenced, so it exists
		}
	}
	return nil
}

func fillTargetApplications(ctx context.Context, q querier, invites []discord.Invite, ids []snowflake.ID) error {
	apps, err := applications(ctx, q, `a.id = any($1)`, ids)
	if err != nil {
		return fmt.Errorf("targets of invites: %w", err)
	}
	for n := range invites {
		target := invites[n].TargetApplication
		if target == nil {
			continue
		}
		at := slices.IndexFunc(apps, func(a discord.Application) bool { return a.ID == target.ID })
		if at < 0 { // deleted since the invite was read
			invites[n].TargetApplication = nil
			continue
		}
		a := apps[at]
		*target = discord.InviteApplication{
			ID: a.ID, Name: a.Name, Icon: a.Icon, Description: a.Description, Type: a.Type, Bot: a.Bot,
			BotPublic: a.BotPublic, BotRequireCodeGrant: a.BotRequireCodeGrant, VerifyKey: a.VerifyKey,
			Flags: a.Flags, FlagsNew: a.FlagsNew, Tags: a.Tags,
		}
	}
	return nil
}

func fillInviteRoles(ctx context.Context, q querier, invites []discord.Invite, ids []snowflake.ID) error {
	roles, err := collect(ctx, q, scanRole, `select `+roleColumns+` from roles where id = any($1)`, ids)
	if err != nil {
		return fmt.Errorf("roles of invites: %w", err)
	}
	byID := make(map[snowflake.ID]discord.Role, len(roles))
	for _, r := range roles {
		byID[r.ID] = r
	}
	for n := range invites {
		var kept []discord.InviteRole
		for _, given := range invites[n].Roles {
			if r, is := byID[given.ID]; is {
				kept = append(kept, discord.InviteRole{
					ID: r.ID, Name: r.Name, Position: r.Position, Color: r.Color, Colors: r.Colors, Icon: r.Icon,
					UnicodeEmoji: r.UnicodeEmoji,
				})
			}
		}
		invites[n].Roles = kept
	}
	return nil
}
