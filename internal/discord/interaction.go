package discord

import (
	"encoding/json"

	"guildhall.chat/guildhall/internal/permissions"
	"guildhall.chat/guildhall/internal/snowflake"
)

// InteractionType is what a user did.
// https://discord.com/developers/docs/interactions/receiving-and-responding#interaction-object-interaction-type
type InteractionType int

// Kinds of interactions.
const (
	InteractionPing         InteractionType = 1
	InteractionCommand      InteractionType = 2
	InteractionComponent    InteractionType = 3
	InteractionAutocomplete InteractionType = 4
	InteractionModal        InteractionType = 5
)

// CallbackType is how an application answers.
// https://discord.com/developers/docs/interactions/receiving-and-responding#interaction-response-object-interaction-callback-type
type CallbackType int

// Kinds of answers.
const (
	CallbackPong           CallbackType = 1
	CallbackMessage        CallbackType = 4
	CallbackDeferred       CallbackType = 5
	CallbackDeferredEdit   CallbackType = 6
	CallbackUpdate         CallbackType = 7
	CallbackAutocomplete   CallbackType = 8
	CallbackModal          CallbackType = 9
	CallbackPremium        CallbackType = 10 // deprecated by Discord
	CallbackLaunchActivity CallbackType = 12
)

// Interaction is what an application gets when a user does something with it.
// https://discord.com/developers/docs/interactions/receiving-and-responding#interaction-object
type Interaction struct {
	ID                  snowflake.ID            `json:"id"`
	ApplicationID       snowflake.ID            `json:"application_id"`
	Type                InteractionType         `json:"type"`
	Data                any                     `json:"data,omitempty"`
	Guild               *InteractionGuild       `json:"guild,omitempty"`
	GuildID             *snowflake.ID           `json:"guild_id,omitempty"`
	GuildLocale         string                  `json:"guild_locale,omitempty"`
	Channel             *Channel                `json:"channel,omitempty"`
	ChannelID           *snowflake.ID           `json:"channel_id,omitempty"`
	Member              *Member                 `json:"member,omitempty"` // in a guild; else User
	User                *User                   `json:"user,omitempty"`
	Token               string                  `json:"token"`
	Version             int                     `json:"version"`
	Message             *Message                `json:"message,omitempty"` // whose component it was
	AppPermissions      permissions.Set         `json:"app_permissions"`
	Locale              string                  `json:"locale,omitempty"`
	Entitlements        []struct{}              `json:"entitlements"`
	Owners              map[string]snowflake.ID `json:"authorizing_integration_owners"`
	Context             *int                    `json:"context,omitempty"`
	AttachmentSizeLimit int64                   `json:"attachment_size_limit"` // bytes
}

// InteractionGuild is what an interaction tells of its guild.
type InteractionGuild struct {
	ID       snowflake.ID `json:"id"`
	Features []string     `json:"features"`
	Locale   string       `json:"locale"`
}

// CommandData is the data of an interaction by command.
// https://discord.com/developers/docs/interactions/receiving-and-responding#interaction-object-application-command-data-structure
type CommandData struct {
	ID       snowflake.ID   `json:"id"`
	Name     string         `json:"name"`
	Type     CommandType    `json:"type"`
	Resolved *Resolved      `json:"resolved,omitempty"`
	Options  []CommandValue `json:"options,omitempty"`
	GuildID  *snowflake.ID  `json:"guild_id,omitempty"` // of a command of a guild
	TargetID *snowflake.ID  `json:"target_id,omitempty"`
}

// CommandValue is what a user gave for an option.
type CommandValue struct {
	Name    string         `json:"name"`
	Type    OptionType     `json:"type"`
	Value   any            `json:"value,omitempty"`
	Options []CommandValue `json:"options,omitempty"`
	Focused bool           `json:"focused,omitempty"`
}

// ComponentData is the data of an interaction by a component of a message.
type ComponentData struct {
	ID            int       `json:"id"`
	CustomID      string    `json:"custom_id"`
	ComponentType int       `json:"component_type"`
	Values        []string  `json:"values,omitempty"`
	Resolved      *Resolved `json:"resolved,omitempty"`
}

// ModalData is the data of an interaction by a modal.
type ModalData struct {
	CustomID   string          `json:"custom_id"`
	Components json.RawMessage `json:"components"`
	Resolved   *Resolved       `json:"resolved,omitempty"`
}

// Resolved are the objects that a user named.
// https://discord.com/developers/docs/interactions/receiving-and-responding#interaction-object-resolved-data-structure
type Resolved struct {
	Users       map[snowflake.ID]User            `json:"users,omitempty"`
	Members     map[snowflake.ID]ResolvedMember  `json:"members,omitempty"`
	Roles       map[snowflake.ID]Role            `json:"roles,omitempty"`
	Channels    map[snowflake.ID]ResolvedChannel `json:"channels,omitempty"`
	Messages    map[snowflake.ID]Message         `json:"messages,omitempty"`
	Attachments map[snowflake.ID]Attachment      `json:"attachments,omitempty"`
}

// ResolvedMember is a member without what stands in the user, and without voice.
type ResolvedMember struct {
	Avatar                     *string         `json:"avatar"`
	Banner                     *string         `json:"banner"`
	CommunicationDisabledUntil *Timestamp      `json:"communication_disabled_until"`
	Flags                      int             `json:"flags"`
	JoinedAt                   Timestamp       `json:"joined_at"`
	Nick                       *string         `json:"nick"`
	Pending                    bool            `json:"pending"`
	PremiumSince               *Timestamp      `json:"premium_since"`
	Roles                      []snowflake.ID  `json:"roles"`
	Permissions                permissions.Set `json:"permissions"`
}

// ResolvedChannel is a channel as the user sees it.
type ResolvedChannel struct {
	Channel
	Permissions    permissions.Set `json:"permissions"`
	AppPermissions permissions.Set `json:"app_permissions"`
}

// InteractionMetadata tells of a message what it answers.
// https://discord.com/developers/docs/resources/message#message-interaction-metadata-object
type InteractionMetadata struct {
	ID                      snowflake.ID            `json:"id"`
	Type                    InteractionType         `json:"type"`
	User                    User                    `json:"user"`
	Owners                  map[string]snowflake.ID `json:"authorizing_integration_owners"`
	OriginalResponseMessage *snowflake.ID           `json:"original_response_message_id,omitempty"` // of follow-ups
	TargetUser              *User                   `json:"target_user,omitempty"`
	TargetMessage           *snowflake.ID           `json:"target_message_id,omitempty"`
	InteractedMessage       *snowflake.ID           `json:"interacted_message_id,omitempty"`           // whose component it was
	Triggering              *InteractionMetadata    `json:"triggering_interaction_metadata,omitempty"` // what opened the modal
	// What a person's client shows above the message.
	Name        string      `json:"name,omitempty"`
	CommandType CommandType `json:"command_type,omitempty"`
}

// MessageAnswer is the part of a message that tells which interaction it answers.
type MessageAnswer struct {
	Interaction         *MessageInteraction  `json:"interaction,omitempty"` // as it was told before InteractionMetadata
	InteractionMetadata *InteractionMetadata `json:"interaction_metadata,omitempty"`
}

// MessageInteraction is the older form of InteractionMetadata, for commands alone.
// https://discord.com/developers/docs/interactions/receiving-and-responding#message-interaction-object
type MessageInteraction struct {
	ID   snowflake.ID    `json:"id"`
	Type InteractionType `json:"type"`
	Name string          `json:"name"`
	User User            `json:"user"`
}

// InteractionNotice is what the user's session is told of an interaction: that it began, that it was answered, that it
// failed.
type InteractionNotice struct {
	ID         snowflake.ID `json:"id"`
	Nonce      *string      `json:"nonce,omitempty"`
	ReasonCode int          `json:"reason_code,omitempty"` // of a failure
}

// Why an interaction failed.
const (
	FailureUnknown = 1
	FailureTimeout = 2 // the application did not answer in time
)

// ApplicationSummary is what people's clients are told of an application that asks them something.
type ApplicationSummary struct {
	ID          snowflake.ID `json:"id"`
	Name        string       `json:"name"`
	Description string       `json:"description"`
	Icon        *string      `json:"icon"`
	Bot         *User        `json:"bot,omitempty"`
}

// ModalCreate is the payload of INTERACTION_MODAL_CREATE: the user is asked.
type ModalCreate struct {
	ID          snowflake.ID       `json:"id"`
	ChannelID   snowflake.ID       `json:"channel_id"`
	CustomID    string             `json:"custom_id"`
	Application ApplicationSummary `json:"application"`
	Title       string             `json:"title"`
	Components  json.RawMessage    `json:"components"`
	Nonce       *string            `json:"nonce,omitempty"`
}

// AutocompleteResponse is the payload of APPLICATION_COMMAND_AUTOCOMPLETE_RESPONSE: what the user may go on with.
type AutocompleteResponse struct {
	Choices []CommandChoice `json:"choices"`
	Nonce   *string         `json:"nonce,omitempty"`
}

// CallbackResult is the answer to an application that asked what its answer became.
// https://discord.com/developers/docs/interactions/receiving-and-responding#interaction-callback-interaction-callback-response-object
type CallbackResult struct {
	Interaction CallbackInteraction `json:"interaction"`
	Resource    *CallbackResource   `json:"resource,omitempty"`
}

// CallbackInteraction is the interaction in a CallbackResult.
type CallbackInteraction struct {
	ID                snowflake.ID    `json:"id"`
	Type              InteractionType `json:"type"`
	ResponseMessage   *snowflake.ID   `json:"response_message_id,omitempty"`
	ResponseLoading   *bool           `json:"response_message_loading,omitempty"`
	ResponseEphemeral *bool           `json:"response_message_ephemeral,omitempty"`
	ChannelID         *snowflake.ID   `json:"channel_id,omitempty"`
	GuildID           *snowflake.ID   `json:"guild_id,omitempty"`
}

// CallbackResource is what an answer made or changed.
type CallbackResource struct {
	Type    CallbackType `json:"type"`
	Message *Message     `json:"message,omitempty"`
}
