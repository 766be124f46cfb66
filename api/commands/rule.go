package commands

import (
	"slices"

	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/permissions"
	"guildhall.chat/guildhall/internal/snowflake"
)

// User is who would use a command, and where.
type User struct {
	Guild       snowflake.ID
	Channel     snowflake.ID
	Member      permissions.Member
	Permissions permissions.Set // in the guild
	Here        permissions.Set // in the channel
}

// May reports whether a member may use a command in a channel of a guild, given all that the guild says of the application's
// commands. What is said of the command itself goes first; what is said of the whole application can only take away, and
// leaves the rest to the permissions that the application asks for. Administrators may always.
// https://discord.com/developers/docs/interactions/application-commands#permissions
func May(u User, c *discord.Command, said []discord.CommandPermissions) bool {
	if u.Permissions.Has(permissions.Administrator) {
		return true
	}
	if !u.Here.Has(permissions.UseApplicationCommands) {
		return false
	}
	command, application := overwrites(said, c.ID), overwrites(said, c.ApplicationID)
	channel, decided := u.inChannel(command)
	if !decided {
		channel, decided = u.inChannel(application)
	}
	if decided && !channel {
		return false
	}
	if allowed, decided := u.asMember(command); decided {
		return allowed
	}
	if allowed, decided := u.asMember(application); decided && !allowed {
		return false
	}
	needed := c.DefaultMemberPermissions
	return needed == nil || *needed != 0 && u.Permissions.Has(*needed)
}

func overwrites(said []discord.CommandPermissions, target snowflake.ID) []discord.CommandPermission {
	i := slices.IndexFunc(said, func(p discord.CommandPermissions) bool { return p.ID == target })
	if i < 0 {
		return nil
	}
	return said[i].Permissions
}

// lookup returns what overwrites say about one id.
func lookup(list []discord.CommandPermission, kind int, id snowflake.ID) (allowed, decided bool) {
	for _, p := range list {
		if p.Type == kind && p.ID == id {
			return p.Permission, true
		}
	}
	return false, false
}

// inChannel is what overwrites say about the channel, or else about all channels.
func (u User) inChannel(list []discord.CommandPermission) (allowed, decided bool) {
	if allowed, decided = lookup(list, discord.CommandPermissionChannel, u.Channel); decided {
		return allowed, true
	}
	return lookup(list, discord.CommandPermissionChannel, AllChannels(u.Guild))
}

// asMember is what overwrites say about the user, or else about the user's roles, of which one that allows is enough, or else
// about everyone.
func (u User) asMember(list []discord.CommandPermission) (allowed, decided bool) {
	if allowed, decided = lookup(list, discord.CommandPermissionUser, u.Member.User); decided {
		return allowed, true
	}
	for _, role := range u.Member.Roles {
		if one, known := lookup(list, discord.CommandPermissionRole, role); known {
			allowed, decided = allowed || one, true
		}
	}
	if decided {
		return allowed, true
	}
	return lookup(list, discord.CommandPermissionRole, u.Guild)
}

// AllChannels is the id that stands for all channels of a guild.
// https://discord.com/developers/docs/interactions/application-commands#application-command-permissions-object-application-command-permissions-constants
func AllChannels(guild snowflake.ID) snowflake.ID { return guild - 1 }
