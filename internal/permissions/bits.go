package permissions

// The permissions that have a name, by bit. T, V, S: an overwrite on a text, voice, stage channel may name it; guild:
// only roles give it.
// https://discord.com/developers/docs/topics/permissions#permissions-bitwise-permission-flags
const (
	CreateInstantInvite              Set = 1 << 0  // TVS
	KickMembers                      Set = 1 << 1  // guild
	BanMembers                       Set = 1 << 2  // guild
	Administrator                    Set = 1 << 3  // guild
	ManageChannels                   Set = 1 << 4  // TVS
	ManageGuild                      Set = 1 << 5  // guild
	AddReactions                     Set = 1 << 6  // TVS
	ViewAuditLog                     Set = 1 << 7  // guild
	PrioritySpeaker                  Set = 1 << 8  // V
	Stream                           Set = 1 << 9  // VS
	ViewChannel                      Set = 1 << 10 // TVS
	SendMessages                     Set = 1 << 11 // TVS
	SendTTSMessages                  Set = 1 << 12 // TVS
	ManageMessages                   Set = 1 << 13 // TVS
	EmbedLinks                       Set = 1 << 14 // TVS
	AttachFiles                      Set = 1 << 15 // TVS
	ReadMessageHistory               Set = 1 << 16 // TVS
	MentionEveryone                  Set = 1 << 17 // TVS
	UseExternalEmojis                Set = 1 << 18 // TVS
	ViewGuildInsights                Set = 1 << 19 // guild
	Connect                          Set = 1 << 20 // VS
	Speak                            Set = 1 << 21 // V
	MuteMembers                      Set = 1 << 22 // VS
	DeafenMembers                    Set = 1 << 23 // V
	MoveMembers                      Set = 1 << 24 // VS
	UseVAD                           Set = 1 << 25 // V
	ChangeNickname                   Set = 1 << 26 // guild
	ManageNicknames                  Set = 1 << 27 // guild
	ManageRoles                      Set = 1 << 28 // TVS
	ManageWebhooks                   Set = 1 << 29 // TVS
	ManageGuildExpressions           Set = 1 << 30 // guild
	UseApplicationCommands           Set = 1 << 31 // TVS
	RequestToSpeak                   Set = 1 << 32 // S
	ManageEvents                     Set = 1 << 33 // VS
	ManageThreads                    Set = 1 << 34 // T
	CreatePublicThreads              Set = 1 << 35 // T
	CreatePrivateThreads             Set = 1 << 36 // T
	UseExternalStickers              Set = 1 << 37 // TVS
	SendMessagesInThreads            Set = 1 << 38 // T
	UseEmbeddedActivities            Set = 1 << 39 // TV
	ModerateMembers                  Set = 1 << 40 // guild
	ViewCreatorMonetizationAnalytics Set = 1 << 41 // guild
	UseSoundboard                    Set = 1 << 42 // V
	CreateGuildExpressions           Set = 1 << 43 // guild
	CreateEvents                     Set = 1 << 44 // VS
	UseExternalSounds                Set = 1 << 45 // V
	SendVoiceMessages                Set = 1 << 46 // TVS
	SetVoiceChannelStatus            Set = 1 << 48 // V
	SendPolls                        Set = 1 << 49 // TVS
	UseExternalApps                  Set = 1 << 50 // TVS
	PinMessages                      Set = 1 << 51 // T
	BypassSlowmode                   Set = 1 << 52 // TVS
)

// All is every permission that has a name.
const All Set = 1<<53 - 1 - 1<<47

// NeedMFA is what a member may only use with two-factor authentication where the guild asks for it (mfa_level 1).
const NeedMFA = KickMembers | BanMembers | Administrator | ManageChannels | ManageGuild | ManageMessages | ManageRoles |
	ManageWebhooks | ManageGuildExpressions | ManageThreads | ViewCreatorMonetizationAnalytics

// guildOnly is what an overwrite can neither give nor take.
const guildOnly = KickMembers | BanMembers | Administrator | ManageGuild | ViewAuditLog | ViewGuildInsights |
	ChangeNickname | ManageNicknames | ManageGuildExpressions | ModerateMembers | ViewCreatorMonetizationAnalytics |
	CreateGuildExpressions

// What an overwrite may name: on every channel, and besides on text, voice and stage channels.
const (
	onAny = CreateInstantInvite | ManageChannels | AddReactions | ViewChannel | SendMessages | SendTTSMessages |
		ManageMessages | EmbedLinks | AttachFiles | ReadMessageHistory | MentionEveryone | UseExternalEmojis | ManageRoles |
		ManageWebhooks | UseApplicationCommands | UseExternalStickers | SendVoiceMessages | SendPolls | UseExternalApps |
		BypassSlowmode
	onText = onAny | ManageThreads | CreatePublicThreads | CreatePrivateThreads | SendMessagesInThreads |
		UseEmbeddedActivities | PinMessages
	onStage = onAny | Stream | Connect | MuteMembers | MoveMembers | RequestToSpeak | ManageEvents | CreateEvents
	onVoice = onAny | Stream | Connect | MuteMembers | MoveMembers | ManageEvents | CreateEvents | PrioritySpeaker | Speak |
		DeafenMembers | UseVAD | UseEmbeddedActivities | UseSoundboard | UseExternalSounds | SetVoiceChannelStatus
)
