package discord

// Dispatches that only people's clients get. Discord does not document them.
const (
	EventReadySupplemental      = "READY_SUPPLEMENTAL"
	EventSessionsReplace        = "SESSIONS_REPLACE"
	EventGuildSync              = "GUILD_SYNC"
	EventCommandIndexUpdate     = "GUILD_APPLICATION_COMMAND_INDEX_UPDATE"
	EventAutocompleteResponse   = "APPLICATION_COMMAND_AUTOCOMPLETE_RESPONSE"
	EventInteractionSuccess     = "INTERACTION_SUCCESS"
	EventInteractionFailure     = "INTERACTION_FAILURE"
	EventInteractionModalCreate = "INTERACTION_MODAL_CREATE"
	EventGuildMemberListUpdate  = "GUILD_MEMBER_LIST_UPDATE"

	EventUserSettingsUpdate      = "USER_SETTINGS_UPDATE"
	EventUserSettingsProtoUpdate = "USER_SETTINGS_PROTO_UPDATE"
	EventUserGuildSettingsUpdate = "USER_GUILD_SETTINGS_UPDATE"
	EventNotificationSettings    = "NOTIFICATION_SETTINGS_UPDATE"
	EventUserNoteUpdate          = "USER_NOTE_UPDATE"

	EventRelationshipAdd    = "RELATIONSHIP_ADD"
	EventRelationshipUpdate = "RELATIONSHIP_UPDATE"
	EventRelationshipRemove = "RELATIONSHIP_REMOVE"

	EventChannelRecipientAdd    = "CHANNEL_RECIPIENT_ADD"
	EventChannelRecipientRemove = "CHANNEL_RECIPIENT_REMOVE"

	EventMessageAck          = "MESSAGE_ACK"
	EventChannelPinsAck      = "CHANNEL_PINS_ACK"
	EventGuildFeatureAck     = "GUILD_FEATURE_ACK"
	EventUserNonChannelAck   = "USER_NON_CHANNEL_ACK"
	EventRecentMentionDelete = "RECENT_MENTION_DELETE"

	EventThreadMemberListUpdate = "THREAD_MEMBER_LIST_UPDATE"
)

// ForPeople reports whether bots don't get the dispatch.
func ForPeople(event string) bool {
	switch event {
	case EventReadySupplemental, EventSessionsReplace, EventGuildSync, EventCommandIndexUpdate, EventAutocompleteResponse,
		EventInteractionSuccess, EventInteractionFailure, EventInteractionModalCreate, EventGuildMemberListUpdate,
		EventUserSettingsUpdate, EventUserSettingsProtoUpdate, EventUserGuildSettingsUpdate, EventNotificationSettings,
		EventUserNoteUpdate, EventRelationshipAdd, EventRelationshipUpdate, EventRelationshipRemove,
		EventChannelRecipientAdd, EventChannelRecipientRemove, EventMessageAck, EventChannelPinsAck, EventGuildFeatureAck,
		EventUserNonChannelAck, EventRecentMentionDelete, EventThreadMemberListUpdate:
		return true
	}
	return false
}
