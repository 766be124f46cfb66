package discord

// Intents is the bit set of event groups that a session asks for.
// https://discord.com/developers/docs/events/gateway#gateway-intents
type Intents uint64

// The documented intents.
const (
	IntentGuilds                Intents = 1 << 0
	IntentGuildMembers          Intents = 1 << 1
	IntentGuildModeration       Intents = 1 << 2
	IntentGuildExpressions      Intents = 1 << 3
	IntentGuildIntegrations     Intents = 1 << 4
	IntentGuildWebhooks         Intents = 1 << 5
	IntentGuildInvites          Intents = 1 << 6
	IntentGuildVoiceStates      Intents = 1 << 7
	IntentGuildPresences        Intents = 1 << 8
	IntentGuildMessages         Intents = 1 << 9
	IntentGuildMessageReactions Intents = 1 << 10
	IntentGuildMessageTyping    Intents = 1 << 11
	IntentDirectMessages        Intents = 1 << 12
	IntentDirectReactions       Intents = 1 << 13
	IntentDirectTyping          Intents = 1 << 14
	IntentMessageContent        Intents = 1 << 15
	IntentScheduledEvents       Intents = 1 << 16
	IntentAutoModConfiguration  Intents = 1 << 20
	IntentAutoModExecution      Intents = 1 << 21
	IntentGuildMessagePolls     Intents = 1 << 24
	IntentDirectMessagePolls    Intents = 1 << 25

	// IntentsAll is every documented intent; a user session, which sends none, has them all.
	IntentsAll Intents = 53608447
	// IntentsPrivileged need a flag on the application.
	IntentsPrivileged = IntentGuildMembers | IntentGuildPresences | IntentMessageContent
	// intentsUser are undocumented bits that user clients send; accepted from users and without effect.
	intentsUser Intents = 1<<17 | 1<<18 | 1<<19 | 1<<22 | 1<<23 | 1<<26 | 1<<27 | 1<<28
)

// Valid reports whether a session of a bot, or of a user, may name these bits at all.
func (i Intents) Valid(bot bool) bool {
	known := IntentsAll
	if !bot {
		known |= intentsUser
	}
	return i&^known == 0
}

// Application flags that grant privileged intents; the limited form is for applications below Discord's
// verification threshold and grants the same.
// https://discord.com/developers/docs/resources/application#application-object-application-flags
const (
	AppFlagPresence              = 1 << 12
	AppFlagPresenceLimited       = 1 << 13
	AppFlagGuildMembers          = 1 << 14
	AppFlagGuildMembersLimited   = 1 << 15
	AppFlagMessageContent        = 1 << 18
	AppFlagMessageContentLimited = 1 << 19
)

// GrantedIntents returns the privileged intents that an application's flags allow.
func GrantedIntents(flags int64) Intents {
	var granted Intents
	if flags&(AppFlagPresence|AppFlagPresenceLimited) != 0 {
		granted |= IntentGuildPresences
	}
	if flags&(AppFlagGuildMembers|AppFlagGuildMembersLimited) != 0 {
		granted |= IntentGuildMembers
	}
	if flags&(AppFlagMessageContent|AppFlagMessageContentLimited) != 0 {
		granted |= IntentMessageContent
	}
	return granted
}

// intentsOf names, for each dispatch, the intents of which one is needed: in a guild, and outside. What is not named is
// always sent. Events about the session's own user may reach it without: see gateway/fanout.
var intentsOf = map[string]struct{ guild, direct Intents }{
	EventAutoModRuleCreate:        {IntentAutoModConfiguration, 0},
	EventAutoModRuleUpdate:        {IntentAutoModConfiguration, 0},
	EventAutoModRuleDelete:        {IntentAutoModConfiguration, 0},
	EventAutoModActionExecution:   {IntentAutoModExecution, 0},
	EventChannelCreate:            {IntentGuilds, 0},
	EventChannelUpdate:            {IntentGuilds, 0},
	EventChannelDelete:            {IntentGuilds, 0},
	EventChannelPinsUpdate:        {IntentGuilds, IntentDirectMessages},
	EventThreadCreate:             {IntentGuilds, 0},
	EventThreadUpdate:             {IntentGuilds, 0},
	EventThreadDelete:             {IntentGuilds, 0},
	EventThreadListSync:           {IntentGuilds, 0},
	EventThreadMemberUpdate:       {IntentGuilds, 0},
	EventThreadMembersUpdate:      {IntentGuildMembers, 0},
	EventGuildCreate:              {IntentGuilds, 0},
	EventGuildUpdate:              {IntentGuilds, 0},
	EventGuildDelete:              {IntentGuilds, 0},
	EventAuditLogEntryCreate:      {IntentGuildModeration, 0},
	EventGuildBanAdd:              {IntentGuildModeration, 0},
	EventGuildBanRemove:           {IntentGuildModeration, 0},
	EventGuildEmojisUpdate:        {IntentGuildExpressions, 0},
	EventGuildStickersUpdate:      {IntentGuildExpressions, 0},
	EventGuildIntegrationsUpdate:  {IntentGuildIntegrations, 0},
	EventGuildMemberAdd:           {IntentGuildMembers, 0},
	EventGuildMemberUpdate:        {IntentGuildMembers, 0},
	EventGuildMemberRemove:        {IntentGuildMembers, 0},
	EventGuildRoleCreate:          {IntentGuilds, 0},
	EventGuildRoleUpdate:          {IntentGuilds, 0},
	EventGuildRoleDelete:          {IntentGuilds, 0},
	EventScheduledEventCreate:     {IntentScheduledEvents, 0},
	EventScheduledEventUpdate:     {IntentScheduledEvents, 0},
	EventScheduledEventDelete:     {IntentScheduledEvents, 0},
	EventScheduledEventUserAdd:    {IntentScheduledEvents, 0},
	EventScheduledEventUserRemove: {IntentScheduledEvents, 0},
	EventIntegrationCreate:        {IntentGuildIntegrations, 0},
	EventIntegrationUpdate:        {IntentGuildIntegrations, 0},
	EventIntegrationDelete:        {IntentGuildIntegrations, 0},
	EventInviteCreate:             {IntentGuildInvites, 0},
	EventInviteDelete:             {IntentGuildInvites, 0},
	EventMessageCreate:            {IntentGuildMessages, IntentDirectMessages},
	EventMessageUpdate:            {IntentGuildMessages, IntentDirectMessages},
	EventMessageDelete:            {IntentGuildMessages, IntentDirectMessages},
	EventMessageDeleteBulk:        {IntentGuildMessages, IntentDirectMessages},
	EventMessageReactionAdd:       {IntentGuildMessageReactions, IntentDirectReactions},
	EventMessageReactionRemove:    {IntentGuildMessageReactions, IntentDirectReactions},
	EventMessageReactionRemoveAll: {IntentGuildMessageReactions, IntentDirectReactions},
	EventMessageReactionRemoveEmo: {IntentGuildMessageReactions, IntentDirectReactions},
	EventMessagePollVoteAdd:       {IntentGuildMessagePolls, IntentDirectMessagePolls},
	EventMessagePollVoteRemove:    {IntentGuildMessagePolls, IntentDirectMessagePolls},
	EventPresenceUpdate:           {IntentGuildPresences, 0},
	EventTypingStart:              {IntentGuildMessageTyping, IntentDirectTyping},
	EventWebhooksUpdate:           {IntentGuildWebhooks, 0},
}

// NeededIntents returns the intents of which a session needs one to receive the event; 0 means that it is always
// sent.
func NeededIntents(event string, direct bool) Intents {
	needed := intentsOf[event]
	if direct {
		return needed.direct
	}
	return needed.guild
}
