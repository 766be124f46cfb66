package discord

// OAuth2 scopes.
// https://discord.com/developers/docs/topics/oauth2#shared-resources-oauth2-scopes
const (
	ScopeIdentify                  = "identify"
	ScopeEmail                     = "email"
	ScopeConnections               = "connections"
	ScopeGuilds                    = "guilds"
	ScopeGuildsJoin                = "guilds.join"
	ScopeGuildsMembersRead         = "guilds.members.read"
	ScopeBot                       = "bot"
	ScopeCommands                  = "applications.commands"
	ScopeCommandsUpdate            = "applications.commands.update"
	ScopeCommandsPermissionsUpdate = "applications.commands.permissions.update"
	ScopeGDMJoin                   = "gdm.join"
	ScopeMessagesRead              = "messages.read"
	ScopeWebhookIncoming           = "webhook.incoming"
	ScopeRoleConnectionsWrite      = "role_connections.write"
	ScopeOpenID                    = "openid"
)

// OAuth2Scopes are the scopes that an application can ask for. The others of Discord's open what Guildhall does not have, or
// what Discord lets only its partners ask for.
var OAuth2Scopes = []string{
	ScopeIdentify, ScopeEmail, ScopeConnections, ScopeGuilds, ScopeGuildsJoin, ScopeGuildsMembersRead, ScopeBot, ScopeCommands,
	ScopeCommandsUpdate, ScopeCommandsPermissionsUpdate, ScopeGDMJoin, ScopeMessagesRead, ScopeWebhookIncoming,
	ScopeRoleConnectionsWrite, ScopeOpenID,
}
