package discord

import "guildhall.chat/guildhall/internal/snowflake"

// StickerFormat is the form of a sticker's file.
// https://discord.com/developers/docs/resources/sticker#sticker-object-sticker-format-types
type StickerFormat int

// Forms of stickers.
const (
	StickerPNG    StickerFormat = 1
	StickerAPNG   StickerFormat = 2
	StickerLottie StickerFormat = 3
	StickerGIF    StickerFormat = 4
)

// StickerGuild is the type of a sticker that a guild has made; those of packs are of type 1.
// https://discord.com/developers/docs/resources/sticker#sticker-object-sticker-types
const StickerGuild = 2

// Sticker is a picture that members send as a message.
// https://discord.com/developers/docs/resources/sticker#sticker-object
type Sticker struct {
	ID          snowflake.ID  `json:"id"`
	Name        string        `json:"name"`
	Description *string       `json:"description"`
	Tags        string        `json:"tags"`
	Type        int           `json:"type"` // StickerGuild
	FormatType  StickerFormat `json:"format_type"`
	Available   bool          `json:"available"`
	GuildID     snowflake.ID  `json:"guild_id"`
	User        *User         `json:"user,omitempty"` // who made it; told to those who may make stickers
}

// StickerItem is what a message shows of a sticker.
// https://discord.com/developers/docs/resources/sticker#sticker-item-object
type StickerItem struct {
	ID         snowflake.ID  `json:"id"`
	Name       string        `json:"name"`
	FormatType StickerFormat `json:"format_type"`
}

// StickersEvent is the payload of GUILD_STICKERS_UPDATE: all stickers that a guild has now.
// https://discord.com/developers/docs/events/gateway-events#guild-stickers-update
type StickersEvent struct {
	GuildID  snowflake.ID `json:"guild_id"`
	Stickers []Sticker    `json:"stickers"`
}

// Audit-log events of stickers.
// https://discord.com/developers/docs/resources/audit-log#audit-log-entry-object-audit-log-events
const (
	AuditStickerCreate AuditAction = 90
	AuditStickerUpdate AuditAction = 91
	AuditStickerDelete AuditAction = 92
)
