package permissions

// The channel types that the rules know.
const (
	voice              = 2
	category           = 4
	announcementThread = 10
	publicThread       = 11
	privateThread      = 12
	stage              = 13
	forum              = 15
	media              = 16
)

func isVoice(channelType int) bool { return channelType == voice || channelType == stage }

// IsThread reports whether a channel type is a thread's.
func IsThread(channelType int) bool {
	return channelType == announcementThread || channelType == publicThread || channelType == privateThread
}

// ToRead returns what one needs to receive the messages of a channel of the type. History needs READ_MESSAGE_HISTORY
// besides.
func ToRead(channelType int) Set {
	if isVoice(channelType) {
		return ViewChannel | Connect
	}
	return ViewChannel
}

// ToSend returns what one needs to send messages to a channel of the type.
func ToSend(channelType int) Set {
	if IsThread(channelType) {
		return ViewChannel | SendMessagesInThreads
	}
	return ToRead(channelType) | SendMessages
}

// ToCreateThread returns what one needs to create a thread in a channel of the type. A post in a forum is a message
// first of all.
func ToCreateThread(parentType int, private bool) Set {
	switch {
	case parentType == forum || parentType == media:
		return ViewChannel | SendMessages
	case private:
		return ViewChannel | CreatePrivateThreads
	}
	return ViewChannel | CreatePublicThreads
}

// Overwritable returns what an overwrite on a channel of the type may name; on a category, whatever its children may.
// Threads have no overwrites.
func Overwritable(channelType int) Set {
	switch {
	case IsThread(channelType):
		return 0
	case channelType == category:
		return onText | onVoice | onStage
	case channelType == voice:
		return onVoice
	case channelType == stage:
		return onStage
	}
	return onText
}

// InDM is what a participant may do in a direct message or group: there are no roles.
const InDM = ViewChannel | SendMessages | SendTTSMessages | EmbedLinks | AttachFiles | ReadMessageHistory |
	MentionEveryone | AddReactions | UseExternalEmojis | UseExternalStickers | UseApplicationCommands | SendVoiceMessages |
	SendPolls | UseExternalApps | PinMessages

// AppInDM is what interactions call app_permissions in direct messages.
const AppInDM = AttachFiles | EmbedLinks | MentionEveryone
