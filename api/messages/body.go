package messages

import (
	"encoding/json"
	"strings"
	"unicode/utf8"

	"guildhall.chat/guildhall/api/call"
	"guildhall.chat/guildhall/api/form"
	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/snowflake"
)

const maxContent = 2000

// createBody is what a client sends to create a message.
// https://discord.com/developers/docs/resources/message#create-message-jsonform-params
type createBody struct {
	Content          *string          `json:"content"`
	Embeds           []embedBody      `json:"embeds"`
	Components       json.RawMessage  `json:"components"`
	Nonce            nonce            `json:"nonce"`
	EnforceNonce     *form.Bool       `json:"enforce_nonce"`
	TTS              *form.Bool       `json:"tts"`
	Flags            *form.Int        `json:"flags"`
	AllowedMentions  *allowedMentions `json:"allowed_mentions"`
	MessageReference *reference       `json:"message_reference"`
	refused
}

// refused are the parts of a message that this version does not have.
type refused struct {
	Attachments []json.RawMessage `json:"attachments"`
	StickerIDs  []snowflake.ID    `json:"sticker_ids"`
	Poll        json.RawMessage   `json:"poll"`
}

func (r *refused) refuse(p *form.Problems, c *call.Call) {
	if len(r.Attachments) > 0 || hasFiles(c) {
		p.Add("attachments", "BASE_TYPE_BAD_VALUE", "Attachments are not supported by this version of the server.")
	}
	if len(r.StickerIDs) > 0 {
		p.Add("sticker_ids", "BASE_TYPE_BAD_VALUE", "Stickers are not supported by this version of the server.")
	}
	if len(r.Poll) > 0 && string(r.Poll) != "null" {
		p.Add("poll", "BASE_TYPE_BAD_VALUE", "Polls are not supported by this version of the server.")
	}
}

func hasFiles(c *call.Call) bool {
	return c.Request.MultipartForm != nil && len(c.Request.MultipartForm.File) > 0
}

// draft is a message as the client wants it, checked on its own.
type draft struct {
	content    string
	embeds     []discord.Embed
	components json.RawMessage
	nonce      json.RawMessage
	flags      int
	tts        bool
	allowed    *allowedMentions
	reference  *reference
}

const settableFlags = discord.MessageFlagSuppressEmbeds | discord.MessageFlagSuppressNotifications |
	discord.MessageFlagComponentsV2

// read decodes the body of a new message and tells everything that is wrong with it.
func (b *createBody) read(c *call.Call) (*draft, error) {
	if err := c.Bind(b); err != nil {
		return nil, err
	}
	var p form.Problems
	b.refuse(&p, c)
	d := &draft{
		content: content(&p, b.Content),
		embeds:  embeds(&p, b.Embeds),
		nonce:   b.Nonce.value(&p),
		tts:     b.TTS != nil && bool(*b.TTS),
		allowed: b.AllowedMentions, reference: b.MessageReference,
	}
	if b.Flags != nil {
		if *b.Flags&discord.MessageFlagVoice != 0 {
			p.Add("flags", "BASE_TYPE_BAD_VALUE", "Voice messages are not supported by this version of the server.")
		}
		d.flags = int(*b.Flags) & settableFlags
	}
	d.components = components(&p, b.Components, d.flags)
	b.AllowedMentions.check(&p)
	b.MessageReference.check(&p)
	legacyFields(&p, d.flags, d.content, d.embeds)
	return d, p.Err()
}

func (d *draft) empty() bool {
	return d.content == "" && len(d.embeds) == 0 && string(d.components) == "[]" && !d.reference.forward()
}

func content(p *form.Problems, text *string) string {
	if text == nil {
		return ""
	}
	trimmed := strings.TrimSpace(*text)
	p.Max("content", utf8.RuneCountInString(trimmed), maxContent)
	return trimmed
}

// legacyFields checks that a message of components v2 has nothing else.
// https://discord.com/developers/docs/resources/message#message-object-message-flags
func legacyFields(p *form.Problems, flags int, content string, embeds []discord.Embed) {
	if flags&discord.MessageFlagComponentsV2 == 0 {
		return
	}
	const code = "MESSAGE_CANNOT_USE_LEGACY_FIELDS_WITH_COMPONENTS_V2"
	if content != "" {
		p.Add("content", code, "The 'content' field cannot be used when using MessageFlags.IS_COMPONENTS_V2")
	}
	if len(embeds) > 0 {
		p.Add("embeds", code, "The 'embeds' field cannot be used when using MessageFlags.IS_COMPONENTS_V2")
	}
}

// nonce is a number or a text that the client recognizes its message by.
type nonce struct{ raw json.RawMessage }

const maxNonce = 25

// UnmarshalJSON keeps the value as it came; value judges it.
func (n *nonce) UnmarshalJSON(b []byte) error {
	if string(b) != "null" {
		n.raw = append(json.RawMessage(nil), b...)
	}
	return nil
}

// value returns the nonce in the form in which it is echoed, nil if there is none.
func (n *nonce) value(p *form.Problems) json.RawMessage {
	if n.raw == nil {
		return nil
	}
	var number int64
	if json.Unmarshal(n.raw, &number) == nil {
		return n.raw
	}
	var text string
	if json.Unmarshal(n.raw, &text) != nil {
		p.Add("nonce", "BASE_TYPE_INVALID", "A nonce is a string or an integer.")
		return nil
	}
	text = strings.ReplaceAll(text, "\x00", "")
	p.Max("nonce", utf8.RuneCountInString(text), maxNonce)
	if text == "" {
		return nil
	}
	// Encoded anew, so that equal nonces are equal bytes.
	encoded, err := json.Marshal(text)
	if err != nil {
		return nil
	}
	return encoded
}
