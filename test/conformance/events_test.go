package conformance_test

import (
	"fmt"
	"strings"

	"guildhall.chat/guildhall/internal/discord"
)

// event is a dispatch event that is in scope: the intents of which any brings it, and what its data is like. Events without
// an intent come to every session that they concern.
// https://discord.com/developers/docs/events/gateway-events#receive-events
type event struct {
	name    string
	guild   discord.Intents
	direct  discord.Intents // the intents in DMs, of what is there, too
	data    object          // a schema
	outside string          // why it is out of scope
}

// shape makes a schema of fields that are written as name:type. A name that ends with ? is optional, a type that ends with |null
// may be null; types are id, text, int, bool, time, any, #Schema for one of the description, and []type.
func shape(fields ...string) object {
	properties, required := object{}, []any{}
	for _, field := range fields {
		name, kind, _ := strings.Cut(field, ":")
		name, optional := strings.CutSuffix(name, "?")
		if !optional {
			required = append(required, name)
		}
		properties[name] = kindOf(kind)
	}
	return object{"type": "object", "required": required, "properties": properties}
}

func kindOf(kind string) object {
	if kind, nullable := strings.CutSuffix(kind, "|null"); nullable {
		return object{"anyOf": []any{object{"type": "null"}, kindOf(kind)}}
	}
	if element, list := strings.CutPrefix(kind, "[]"); list {
		return object{"type": "array", "items": kindOf(element)}
	}
	if name, named := strings.CutPrefix(kind, "#"); named {
		return object{"$ref": location + "#" + schemas + name}
	}
	switch kind {
	case "id":
		return kindOf("#SnowflakeType")
	case "text":
		return object{"type": "string"}
	case "int":
		return object{"type": "integer"}
	case "bool":
		return object{"type": "boolean"}
	case "time":
		return object{"type": "string", "format": "date-time"}
	case "object":
		return object{"type": "object"}
	case "any":
		return object{}
	}
	panic(fmt.Sprintf("a shape of %q", kind))
}

// of is an object of the description, with more fields.
func of(schema string, fields ...string) object {
	return object{"allOf": []any{kindOf("#" + schema), shape(fields...)}}
}

// oneOfThese is an object of one of the description's schemas, with more fields.
func oneOfThese(names []string, fields ...string) object {
	var branches []any
	for _, name := range names {
		branches = append(branches, kindOf("#"+name))
	}
	return object{"allOf": []any{object{"anyOf": branches}, shape(fields...)}}
}

var (
	autoModRules    = []string{"KeywordRuleResponse", "DefaultKeywordRuleResponse", "MLSpamRuleResponse", "MentionSpamRuleResponse", "UserProfileRuleResponse"}
	channels        = []string{"GuildChannelResponse", "PrivateChannelResponse", "PrivateGroupChannelResponse"}
	scheduledEvents = []string{"ExternalScheduledEventResponse", "VoiceScheduledEventResponse", "StageScheduledEventResponse"}

	messageData  = of("MessageResponse", "guild_id?:id", "member?:object", "channel_type?:int")
	reactionData = shape("user_id:id", "channel_id:id", "message_id:id", "guild_id?:id", "emoji:#MessageReactionEmojiResponse", "burst:bool", "type:int")
	voteData     = shape("user_id:id", "channel_id:id", "message_id:id", "guild_id?:id", "answer_id:int")
	roleData     = shape("guild_id:id", "role:#GuildRoleResponse")
	threadData   = of("ThreadResponse", "newly_created?:bool")
	subscription = shape("guild_scheduled_event_id:id", "user_id:id", "guild_id:id")
	banData      = shape("guild_id:id", "user:#UserResponse")
	guildData    = of("GuildResponse")
)

// memberFields are those of GUILD_MEMBER_UPDATE and of members in lists.
var memberFields = []string{"roles:[]id", "user:#UserResponse", "nick?:text|null", "avatar:text|null", "joined_at:time|null", "pending?:bool"}

// events lists every documented dispatch event.
var events = []event{
	{name: "READY", data: shape("v:int", "user:#UserPIIResponse", "guilds:[]object", "session_id:text", "resume_gateway_url:text", "application?:object")},
	{name: "RESUMED", data: shape()},
	{name: "RATE_LIMITED", data: shape("opcode:int", "retry_after:any", "meta:object")},
	{name: "APPLICATION_COMMAND_PERMISSIONS_UPDATE", data: of("CommandPermissionsResponse")},
	{name: "AUTO_MODERATION_RULE_CREATE", guild: discord.IntentAutoModConfiguration, data: oneOfThese(autoModRules)},
	{name: "AUTO_MODERATION_RULE_UPDATE", guild: discord.IntentAutoModConfiguration, data: oneOfThese(autoModRules)},
	{name: "AUTO_MODERATION_RULE_DELETE", guild: discord.IntentAutoModConfiguration, data: oneOfThese(autoModRules)},
	{name: "AUTO_MODERATION_ACTION_EXECUTION", guild: discord.IntentAutoModExecution, data: shape("guild_id:id", "action:object", "rule_id:id",
		"rule_trigger_type:int", "user_id:id", "channel_id?:id", "message_id?:id", "content?:text", "matched_keyword:text|null", "matched_content?:text|null")},
	{name: "CHANNEL_CREATE", guild: discord.IntentGuilds, data: oneOfThese(channels)},
	{name: "CHANNEL_UPDATE", guild: discord.IntentGuilds, data: oneOfThese(channels)},
	{name: "CHANNEL_DELETE", guild: discord.IntentGuilds, data: oneOfThese(channels)},
	{name: "CHANNEL_PINS_UPDATE", guild: discord.IntentGuilds, direct: discord.IntentDirectMessages, data: shape("guild_id?:id", "channel_id:id", "last_pin_timestamp?:time|null")},
	{name: "THREAD_CREATE", guild: discord.IntentGuilds, data: threadData},
	{name: "THREAD_UPDATE", guild: discord.IntentGuilds, data: threadData},
	{name: "THREAD_DELETE", guild: discord.IntentGuilds, data: shape("id:id", "guild_id:id", "parent_id:id", "type:int")},
	{name: "THREAD_LIST_SYNC", guild: discord.IntentGuilds, data: shape("guild_id:id", "channel_ids?:[]id", "threads:[]#ThreadResponse", "members:[]#ThreadMemberResponse")},
	{name: "THREAD_MEMBER_UPDATE", guild: discord.IntentGuilds, data: of("ThreadMemberResponse", "guild_id:id")},
	{name: "THREAD_MEMBERS_UPDATE", guild: discord.IntentGuilds | discord.IntentGuildMembers, data: shape("id:id", "guild_id:id", "member_count:int", "added_members?:[]#ThreadMemberResponse", "removed_member_ids?:[]id")},
	{name: "GUILD_CREATE", guild: discord.IntentGuilds, data: of("GuildResponse", "joined_at:time", "large:bool", "member_count:int", "voice_states:[]object", "members:[]#GuildMemberResponse",
		"channels:[]#GuildChannelResponse", "threads:[]#ThreadResponse", "presences:[]object", "stage_instances:[]object", "guild_scheduled_events:[]object", "soundboard_sounds:[]object")},
	{name: "GUILD_UPDATE", guild: discord.IntentGuilds, data: guildData},
	{name: "GUILD_DELETE", guild: discord.IntentGuilds, data: shape("id:id", "unavailable?:bool")},
	{name: "GUILD_AUDIT_LOG_ENTRY_CREATE", guild: discord.IntentGuildModeration, data: of("AuditLogEntryResponse", "guild_id:id")},
	{name: "GUILD_BAN_ADD", guild: discord.IntentGuildModeration, data: banData},
	{name: "GUILD_BAN_REMOVE", guild: discord.IntentGuildModeration, data: banData},
	{name: "GUILD_EMOJIS_UPDATE", guild: discord.IntentGuildExpressions, data: shape("guild_id:id", "emojis:[]#EmojiResponse")},
	{name: "GUILD_STICKERS_UPDATE", guild: discord.IntentGuildExpressions, data: shape("guild_id:id", "stickers:[]#GuildStickerResponse")},
	{name: "GUILD_INTEGRATIONS_UPDATE", guild: discord.IntentGuildIntegrations, data: shape("guild_id:id")},
	{name: "GUILD_MEMBER_ADD", guild: discord.IntentGuildMembers, data: of("GuildMemberResponse", "guild_id:id")},
	{name: "GUILD_MEMBER_REMOVE", guild: discord.IntentGuildMembers, data: banData},
	{name: "GUILD_MEMBER_UPDATE", guild: discord.IntentGuildMembers, data: shape(append([]string{"guild_id:id"}, memberFields...)...)},
	{name: "GUILD_MEMBERS_CHUNK", data: shape("guild_id:id", "members:[]#GuildMemberResponse", "chunk_index:int", "chunk_count:int", "not_found?:[]id", "presences?:[]object", "nonce?:text")},
	{name: "GUILD_ROLE_CREATE", guild: discord.IntentGuilds, data: roleData},
	{name: "GUILD_ROLE_UPDATE", guild: discord.IntentGuilds, data: roleData},
	{name: "GUILD_ROLE_DELETE", guild: discord.IntentGuilds, data: shape("guild_id:id", "role_id:id")},
	{name: "GUILD_SCHEDULED_EVENT_CREATE", guild: discord.IntentScheduledEvents, data: oneOfThese(scheduledEvents)},
	{name: "GUILD_SCHEDULED_EVENT_UPDATE", guild: discord.IntentScheduledEvents, data: oneOfThese(scheduledEvents)},
	{name: "GUILD_SCHEDULED_EVENT_DELETE", guild: discord.IntentScheduledEvents, data: oneOfThese(scheduledEvents)},
	{name: "GUILD_SCHEDULED_EVENT_USER_ADD", guild: discord.IntentScheduledEvents, data: subscription},
	{name: "GUILD_SCHEDULED_EVENT_USER_REMOVE", guild: discord.IntentScheduledEvents, data: subscription},
	{name: "INTEGRATION_CREATE", guild: discord.IntentGuildIntegrations, data: of("DiscordIntegrationResponse", "guild_id:id")},
	{name: "INTEGRATION_UPDATE", guild: discord.IntentGuildIntegrations, data: of("DiscordIntegrationResponse", "guild_id:id")},
	{name: "INTEGRATION_DELETE", guild: discord.IntentGuildIntegrations, data: shape("id:id", "guild_id:id", "application_id?:id")},
	{name: "INTERACTION_CREATE", data: shape("id:id", "application_id:id", "type:int", "data?:object", "guild_id?:id", "channel_id?:id", "member?:object", "user?:#UserResponse",
		"token:text", "version:int", "app_permissions:text", "locale?:text", "entitlements:[]object", "authorizing_integration_owners:object", "context?:int", "attachment_size_limit:int")},
	{name: "INVITE_CREATE", guild: discord.IntentGuildInvites, data: shape("channel_id:id", "code:text", "created_at:time", "guild_id?:id", "inviter?:#UserResponse", "max_age:int",
		"max_uses:int", "temporary:bool", "uses:int", "expires_at?:time|null")},
	{name: "INVITE_DELETE", guild: discord.IntentGuildInvites, data: shape("channel_id:id", "guild_id?:id", "code:text")},
	{name: "MESSAGE_CREATE", guild: discord.IntentGuildMessages, direct: discord.IntentDirectMessages, data: messageData},
	{name: "MESSAGE_UPDATE", guild: discord.IntentGuildMessages, direct: discord.IntentDirectMessages, data: messageData},
	{name: "MESSAGE_DELETE", guild: discord.IntentGuildMessages, direct: discord.IntentDirectMessages, data: shape("id:id", "channel_id:id", "guild_id?:id")},
	{name: "MESSAGE_DELETE_BULK", guild: discord.IntentGuildMessages, data: shape("ids:[]id", "channel_id:id", "guild_id?:id")},
	{name: "MESSAGE_REACTION_ADD", guild: discord.IntentGuildMessageReactions, direct: discord.IntentDirectReactions, data: reactionData},
	{name: "MESSAGE_REACTION_REMOVE", guild: discord.IntentGuildMessageReactions, direct: discord.IntentDirectReactions, data: reactionData},
	{name: "MESSAGE_REACTION_REMOVE_ALL", guild: discord.IntentGuildMessageReactions, direct: discord.IntentDirectReactions, data: shape("channel_id:id", "message_id:id", "guild_id?:id")},
	{name: "MESSAGE_REACTION_REMOVE_EMOJI", guild: discord.IntentGuildMessageReactions, direct: discord.IntentDirectReactions,
		data: shape("channel_id:id", "message_id:id", "guild_id?:id", "emoji:#MessageReactionEmojiResponse")},
	{name: "MESSAGE_POLL_VOTE_ADD", guild: discord.IntentGuildMessagePolls, direct: discord.IntentDirectMessagePolls, data: voteData},
	{name: "MESSAGE_POLL_VOTE_REMOVE", guild: discord.IntentGuildMessagePolls, direct: discord.IntentDirectMessagePolls, data: voteData},
	{name: "PRESENCE_UPDATE", guild: discord.IntentGuildPresences, data: shape("user:object", "guild_id?:id", "status:text", "activities:[]object", "client_status:object")},
	{name: "TYPING_START", guild: discord.IntentGuildMessageTyping, direct: discord.IntentDirectTyping, data: shape("channel_id:id", "guild_id?:id", "user_id:id", "timestamp:int", "member?:#GuildMemberResponse")},
	{name: "USER_UPDATE", data: of("UserResponse")},
	{name: "WEBHOOKS_UPDATE", guild: discord.IntentGuildWebhooks, data: shape("guild_id:id", "channel_id:id")},

	{name: "CHANNEL_INFO", outside: "voice"}, {name: "ENTITLEMENT_CREATE", outside: "monetization"}, {name: "ENTITLEMENT_UPDATE", outside: "monetization"},
	{name: "ENTITLEMENT_DELETE", outside: "monetization"}, {name: "SUBSCRIPTION_CREATE", outside: "monetization"}, {name: "SUBSCRIPTION_UPDATE", outside: "monetization"},
	{name: "SUBSCRIPTION_DELETE", outside: "monetization"}, {name: "GUILD_SOUNDBOARD_SOUND_CREATE", outside: "voice"}, {name: "GUILD_SOUNDBOARD_SOUND_UPDATE", outside: "voice"},
	{name: "GUILD_SOUNDBOARD_SOUND_DELETE", outside: "voice"}, {name: "GUILD_SOUNDBOARD_SOUNDS_UPDATE", outside: "voice"}, {name: "SOUNDBOARD_SOUNDS", outside: "voice"},
	{name: "STAGE_INSTANCE_CREATE", outside: "voice"}, {name: "STAGE_INSTANCE_UPDATE", outside: "voice"}, {name: "STAGE_INSTANCE_DELETE", outside: "voice"},
	{name: "VOICE_STATE_UPDATE", outside: "voice"}, {name: "VOICE_SERVER_UPDATE", outside: "voice"}, {name: "VOICE_CHANNEL_EFFECT_SEND", outside: "voice"},
	{name: "VOICE_CHANNEL_START_TIME_UPDATE", outside: "voice"}, {name: "VOICE_CHANNEL_STATUS_UPDATE", outside: "voice"},
}

// lookup finds an event by its name.
func lookup(name string) (event, bool) {
	for _, e := range events {
		if e.name == name {
			return e, true
		}
	}
	return event{}, false
}

// brings reports whether a session with the intents may get the event, in a guild or a DM.
func (e event) brings(intents discord.Intents, inGuild bool) bool {
	switch {
	case e.guild == 0 && e.direct == 0:
		return true
	case inGuild:
		return e.guild&intents != 0
	}
	return e.direct&intents != 0
}
