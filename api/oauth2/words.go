package oauth2

import (
	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/permissions"
)

// inWords says what a scope lets an application do.
var inWords = map[string]string{
	discord.ScopeIdentify:                  "Know your username, picture and banner",
	discord.ScopeEmail:                     "Know your mail address",
	discord.ScopeConnections:               "Know your accounts elsewhere that you have linked",
	discord.ScopeGuilds:                    "Know which guilds you are in",
	discord.ScopeGuildsJoin:                "Make you a member of guilds",
	discord.ScopeGuildsMembersRead:         "Know your roles and nickname in your guilds",
	discord.ScopeBot:                       "Add its bot to a guild",
	discord.ScopeCommands:                  "Add its commands",
	discord.ScopeCommandsUpdate:            "Change its own commands",
	discord.ScopeCommandsPermissionsUpdate: "Change who may use its commands in your guilds",
	discord.ScopeGDMJoin:                   "Make you a member of group conversations",
	discord.ScopeMessagesRead:              "Read messages through a client on your computer",
	discord.ScopeWebhookIncoming:           "Post messages into a channel",
	discord.ScopeRoleConnectionsWrite:      "Say about you what roles can be given for",
	discord.ScopeOpenID:                    "Know that it is you who logs in",
}

// named is a permission as the page asks for it.
type named struct {
	Bit  permissions.Set
	Name string
}

// permissionNames are in the order of the page: what can do most harm comes first.
var permissionNames = []named{
	{permissions.Administrator, "Administrator: everything"},
	{permissions.ManageGuild, "Manage the guild"},
	{permissions.ManageRoles, "Manage roles"},
	{permissions.ManageChannels, "Manage channels"},
	{permissions.KickMembers, "Kick members"},
	{permissions.BanMembers, "Ban members"},
	{permissions.ModerateMembers, "Time members out"},
	{permissions.ManageNicknames, "Manage nicknames"},
	{permissions.ManageWebhooks, "Manage webhooks"},
	{permissions.ManageGuildExpressions, "Manage emoji and stickers"},
	{permissions.ManageEvents, "Manage events"},
	{permissions.ManageMessages, "Manage messages"},
	{permissions.ManageThreads, "Manage threads"},
	{permissions.MentionEveryone, "Mention everyone"},
	{permissions.ViewAuditLog, "View the audit log"},
	{permissions.ViewGuildInsights, "View insights"},
	{permissions.ViewCreatorMonetizationAnalytics, "View monetization analytics"},
	{permissions.MuteMembers, "Mute members"},
	{permissions.DeafenMembers, "Deafen members"},
	{permissions.MoveMembers, "Move members"},
	{permissions.PrioritySpeaker, "Priority speaker"},
	{permissions.CreateInstantInvite, "Create invites"},
	{permissions.ChangeNickname, "Change its nickname"},
	{permissions.CreateGuildExpressions, "Create emoji and stickers"},
	{permissions.CreateEvents, "Create events"},
	{permissions.PinMessages, "Pin messages"},
	{permissions.BypassSlowmode, "Bypass slowmode"},
	{permissions.ViewChannel, "View channels"},
	{permissions.SendMessages, "Send messages"},
	{permissions.SendMessagesInThreads, "Send messages in threads"},
	{permissions.CreatePublicThreads, "Create public threads"},
	{permissions.CreatePrivateThreads, "Create private threads"},
	{permissions.SendTTSMessages, "Send messages to be read aloud"},
	{permissions.SendVoiceMessages, "Send voice messages"},
	{permissions.SendPolls, "Create polls"},
	{permissions.EmbedLinks, "Embed links"},
	{permissions.AttachFiles, "Attach files"},
	{permissions.ReadMessageHistory, "Read message history"},
	{permissions.AddReactions, "Add reactions"},
	{permissions.UseExternalEmojis, "Use emoji of other guilds"},
	{permissions.UseExternalStickers, "Use stickers of other guilds"},
	{permissions.UseApplicationCommands, "Use application commands"},
	{permissions.UseExternalApps, "Use external apps"},
	{permissions.UseEmbeddedActivities, "Use activities"},
	{permissions.Connect, "Connect to voice"},
	{permissions.Speak, "Speak"},
	{permissions.Stream, "Share video"},
	{permissions.UseVAD, "Use voice activity"},
	{permissions.RequestToSpeak, "Request to speak"},
	{permissions.UseSoundboard, "Use the soundboard"},
	{permissions.UseExternalSounds, "Use sounds of other guilds"},
	{permissions.SetVoiceChannelStatus, "Set the status of voice channels"},
}
