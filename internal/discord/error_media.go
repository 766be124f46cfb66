package discord

import "net/http"

// Errors of files, emojis and stickers.
// https://discord.com/developers/docs/topics/opcodes-and-status-codes#json
var (
	ErrUnknownSticker     = newError(http.StatusNotFound, 10060, "Unknown Sticker")
	ErrUnknownStickerPack = newError(http.StatusNotFound, 10061, "Unknown Sticker Pack")
	ErrTooManyEmojis      = newError(http.StatusBadRequest, 30008, "Maximum number of emojis reached (50)")
	// ErrEmojiNotFound is ErrUnknownEmoji for a path that names an emoji by its id.
	ErrEmojiNotFound         = newError(http.StatusNotFound, 10014, "Unknown Emoji")
	ErrTooManyAppEmojis      = newError(http.StatusBadRequest, 30008, "Maximum number of emojis reached (2000)")
	ErrTooManyAnimatedEmojis = newError(http.StatusBadRequest, 30018, "Maximum number of animated emojis reached (50)")
	ErrTooManyStickers       = newError(http.StatusBadRequest, 30039, "Maximum number of stickers reached (5)")
	ErrInvalidSticker        = newError(http.StatusBadRequest, 50081, "Invalid sticker sent")
	ErrUploadMissing         = newError(http.StatusBadRequest, 50146, "Uploaded file not found.")
	ErrVoiceExtraContent     = newError(http.StatusBadRequest, 50159, "Voice messages do not support additional content")
	ErrVoiceOneAudio         = newError(http.StatusBadRequest, 50160, "Voice messages must have a single audio attachment")
	ErrVoiceMetadata         = newError(http.StatusBadRequest, 50161, "Voice messages must have supporting metadata")
	ErrVoiceEdit             = newError(http.StatusBadRequest, 50162, "Voice messages cannot be edited")
	ErrFileInvalidLottie     = newError(http.StatusBadRequest, 170001, "Invalid Lottie JSON")
	ErrStickerTooManyPixels  = newError(http.StatusBadRequest, 170003, "Sticker maximum dimensions exceeded")
	ErrStickerFrameRate      = newError(http.StatusBadRequest, 170004, "Sticker frame rate is either too small or too large")
	ErrStickerTooLong        = newError(http.StatusBadRequest, 170005, "Sticker animation duration exceeds maximum of 5 seconds")
	// ErrNoUploads is ours: the instance has no place for files.
	ErrNoUploads = newError(http.StatusServiceUnavailable, 0, "This instance does not take files")
)
