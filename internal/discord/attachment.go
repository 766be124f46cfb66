package discord

import "guildhall.chat/guildhall/internal/snowflake"

// Attachment is a file of a message.
// https://discord.com/developers/docs/resources/message#attachment-object
type Attachment struct {
	ID           snowflake.ID `json:"id"`
	Filename     string       `json:"filename"`
	Title        *string      `json:"title,omitempty"` // the name as it was sent, if that can't be part of a URL
	Description  *string      `json:"description,omitempty"`
	ContentType  *string      `json:"content_type,omitempty"`
	Size         int64        `json:"size"` // bytes
	URL          string       `json:"url"`  // signed; expires
	ProxyURL     string       `json:"proxy_url"`
	Width        *int         `json:"width,omitempty"`
	Height       *int         `json:"height,omitempty"`
	DurationSecs *float64     `json:"duration_secs,omitempty"` // of a voice message
	Waveform     *string      `json:"waveform,omitempty"`      // of a voice message: base64
	Ephemeral    bool         `json:"ephemeral,omitempty"`
	Flags        int          `json:"flags,omitempty"`
}

// Attachment flags.
// https://discord.com/developers/docs/resources/message#attachment-object-attachment-flags
const (
	AttachmentFlagRemix    = 1 << 2
	AttachmentFlagSpoiler  = 1 << 3
	AttachmentFlagAnimated = 1 << 5
)
