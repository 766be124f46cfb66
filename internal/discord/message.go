package discord

import (
	"encoding/json"

	"guildhall.chat/guildhall/internal/snowflake"
)

// MessageType says what a message is beside a text that somebody wrote.
// https://discord.com/developers/docs/resources/message#message-object-message-types
type MessageType int

// Message types that are made here.
const (
	MessageDefault         MessageType = 0
	MessageRecipientAdd    MessageType = 1
	MessageRecipientRemove MessageType = 2
	MessageChannelName     MessageType = 4
	MessageChannelIcon     MessageType = 5
	MessageUserJoin        MessageType = 7
	MessageThreadCreated   MessageType = 18
	MessageReply           MessageType = 19
	MessageThreadStarter   MessageType = 21

	MessageChatCommand    MessageType = 20
	MessageContextCommand MessageType = 23
)

// Message flags.
// https://discord.com/developers/docs/resources/message#message-object-message-flags
const (
	MessageFlagSuppressEmbeds        = 1 << 2
	MessageFlagHasThread             = 1 << 5
	MessageFlagEphemeral             = 1 << 6
	MessageFlagLoading               = 1 << 7
	MessageFlagSuppressNotifications = 1 << 12
	MessageFlagVoice                 = 1 << 13
	MessageFlagHasSnapshot           = 1 << 14
	MessageFlagComponentsV2          = 1 << 15
)

// Kinds of MessageReference.
// https://discord.com/developers/docs/resources/message#message-reference-types
const (
	ReferenceReply   = 0
	ReferenceForward = 1
)

// Message as REST returns it. In a dispatch it stands inside MessageEvent.
// https://discord.com/developers/docs/resources/message#message-object
type Message struct {
	ID                snowflake.ID      `json:"id"`
	ChannelID         snowflake.ID      `json:"channel_id"`
	Type              MessageType       `json:"type"`
	Author            User              `json:"author"`
	Content           string            `json:"content"`
	Timestamp         Timestamp         `json:"timestamp"`
	EditedTimestamp   *Timestamp        `json:"edited_timestamp"`
	TTS               bool              `json:"tts"`
	MentionEveryone   bool              `json:"mention_everyone"`
	Mentions          []Mention         `json:"mentions"`
	MentionRoles      []snowflake.ID    `json:"mention_roles"`
	MentionChannels   []ChannelRef      `json:"mention_channels,omitempty"`
	Attachments       []Attachment      `json:"attachments"`
	Embeds            []Embed           `json:"embeds"`
	Reactions         []Reaction        `json:"reactions,omitempty"`
	Pinned            bool              `json:"pinned"`
	Flags             int               `json:"flags"`
	Components        json.RawMessage   `json:"components"`
	Nonce             json.RawMessage   `json:"nonce,omitempty"` // string or number, as the sender gave it
	WebhookID         *snowflake.ID     `json:"webhook_id,omitempty"`
	ApplicationID     *snowflake.ID     `json:"application_id,omitempty"` // whose webhook or interaction it is of
	MessageReference  *MessageReference `json:"message_reference,omitempty"`
	ReferencedMessage **Message         `json:"referenced_message,omitempty"` // outer nil: not fetched; inner nil: deleted
	MessageSnapshots  []MessageSnapshot `json:"message_snapshots,omitempty"`
	Unfurl            bool              `json:"-"` // its links are to be looked up once it is stored
	MessageAnswer

	StickerItems []StickerItem `json:"sticker_items,omitempty"`

	Poll     *Poll    `json:"poll,omitempty"`
	Thread   *Channel `json:"thread,omitempty"`   // that was made from the message
	Position *int     `json:"position,omitempty"` // about where in its thread it stands
}

// Deletable reports whether messages of the type can be deleted.
// https://discord.com/developers/docs/resources/message#message-object-message-types
func (t MessageType) Deletable() bool {
	switch t {
	case 1, 2, 3, 4, 5, 14, 15, 16, 17, 21:
		return false
	}
	return true
}

// Written reports whether somebody wrote the message, so that it can be edited and forwarded.
func (t MessageType) Written() bool {
	switch t {
	case MessageDefault, MessageReply, MessageChatCommand, MessageContextCommand:
		return true
	}
	return false
}

// Mention is a mentioned user; dispatches in guilds add the member.
type Mention struct {
	User
	Member *Member `json:"member,omitempty"`
}

// MessageEvent is the payload of MESSAGE_CREATE and MESSAGE_UPDATE.
type MessageEvent struct {
	Message
	GuildID     *snowflake.ID `json:"guild_id,omitempty"`
	Member      *Member       `json:"member,omitempty"` // the author's, without user
	ChannelType ChannelType   `json:"channel_type"`
}

// MessageSnapshot is a forwarded message as it was at that moment; it never changes and does not tell the author.
// https://discord.com/developers/docs/resources/message#message-snapshot-object
type MessageSnapshot struct {
	Message SnapshotMessage `json:"message"`
}

// SnapshotMessage is what a MessageSnapshot keeps of the message.
type SnapshotMessage struct {
	Type            MessageType     `json:"type"`
	Content         string          `json:"content"`
	Timestamp       Timestamp       `json:"timestamp"`
	EditedTimestamp *Timestamp      `json:"edited_timestamp"`
	Mentions        []User          `json:"mentions"`
	MentionRoles    []snowflake.ID  `json:"mention_roles"`
	Attachments     []Attachment    `json:"attachments"`
	Embeds          []Embed         `json:"embeds"`
	Flags           int             `json:"flags"`
	Components      json.RawMessage `json:"components"`
	StickerItems    []StickerItem   `json:"sticker_items,omitempty"`
}

// MessageReference points at another message: type 0 a reply, 1 a forward.
// https://discord.com/developers/docs/resources/message#message-reference-structure
type MessageReference struct {
	Type      int           `json:"type"` // ReferenceReply or ReferenceForward
	MessageID *snowflake.ID `json:"message_id,omitempty"`
	ChannelID snowflake.ID  `json:"channel_id"`
	GuildID   *snowflake.ID `json:"guild_id,omitempty"`
}

// MessageDeleteEvent is the payload of MESSAGE_DELETE.
type MessageDeleteEvent struct {
	ID        snowflake.ID  `json:"id"`
	ChannelID snowflake.ID  `json:"channel_id"`
	GuildID   *snowflake.ID `json:"guild_id,omitempty"`
}

// MessageDeleteBulkEvent is the payload of MESSAGE_DELETE_BULK.
type MessageDeleteBulkEvent struct {
	IDs       []snowflake.ID `json:"ids"`
	ChannelID snowflake.ID   `json:"channel_id"`
	GuildID   *snowflake.ID  `json:"guild_id,omitempty"`
}

// Embed is rich content under a message.
// https://discord.com/developers/docs/resources/message#embed-object
type Embed struct {
	Type        string         `json:"type"`
	Title       string         `json:"title,omitempty"`
	Description string         `json:"description,omitempty"`
	URL         string         `json:"url,omitempty"`
	Timestamp   *Timestamp     `json:"timestamp,omitempty"`
	Color       *int           `json:"color,omitempty"`
	Footer      *EmbedFooter   `json:"footer,omitempty"`
	Image       *EmbedMedia    `json:"image,omitempty"`
	Thumbnail   *EmbedMedia    `json:"thumbnail,omitempty"`
	Video       *EmbedMedia    `json:"video,omitempty"`
	Provider    *EmbedProvider `json:"provider,omitempty"`
	Author      *EmbedAuthor   `json:"author,omitempty"`
	Fields      []EmbedField   `json:"fields,omitempty"`
}

// Generated reports whether the embed was made of a link in the message.
func (e Embed) Generated() bool { return e.Type != "rich" }

// EmbedFooter is the last line of an embed.
type EmbedFooter struct {
	Text    string `json:"text"`
	IconURL string `json:"icon_url,omitempty"`
}

// EmbedMedia is an image, thumbnail or video of an embed.
type EmbedMedia struct {
	URL      string `json:"url"`
	ProxyURL string `json:"proxy_url,omitempty"`
	Width    int    `json:"width,omitempty"`
	Height   int    `json:"height,omitempty"`
}

// EmbedProvider names the site that an embed was made from.
type EmbedProvider struct {
	Name string `json:"name,omitempty"`
	URL  string `json:"url,omitempty"`
}

// EmbedAuthor is the line above the title.
type EmbedAuthor struct {
	Name    string `json:"name"`
	URL     string `json:"url,omitempty"`
	IconURL string `json:"icon_url,omitempty"`
}

// EmbedField is one name and value.
type EmbedField struct {
	Name   string `json:"name"`
	Value  string `json:"value"`
	Inline bool   `json:"inline"`
}
