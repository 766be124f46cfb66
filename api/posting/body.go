package posting

import (
	"encoding/json"
	"strings"
	"unicode/utf8"

	"guildhall.chat/guildhall/api/access"
	"guildhall.chat/guildhall/api/call"
	"guildhall.chat/guildhall/api/components"
	"guildhall.chat/guildhall/api/files"
	"guildhall.chat/guildhall/api/form"
	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/permissions"
	"guildhall.chat/guildhall/internal/snowflake"
)

const maxContent = 2000

// Body is what a client sends to create a message.
// https://discord.com/developers/docs/resources/message#create-message-jsonform-params
type Body struct {
	Content          *string          `json:"content"`
	Embeds           []embedBody      `json:"embeds"`
	Components       json.RawMessage  `json:"components"`
	Nonce            nonce            `json:"nonce"`
	EnforceNonce     *form.Bool       `json:"enforce_nonce"`
	TTS              *form.Bool       `json:"tts"`
	Flags            *form.Int        `json:"flags"`
	AllowedMentions  *AllowedMentions `json:"allowed_mentions"`
	MessageReference *Reference       `json:"message_reference"`
	Poll             *pollBody        `json:"poll"`
	Attachments      []fileBody       `json:"attachments"`
	StickerIDs       []snowflake.ID   `json:"sticker_ids"`
}

// Draft is a message as the sender wants it, checked on its own.
type Draft struct {
	Content    string
	Embeds     []discord.Embed
	Components json.RawMessage
	Nonce      json.RawMessage // nil: none
	Flags      int
	TTS        bool
	Allowed    *AllowedMentions // nil: whoever is mentioned
	Reference  *Reference       // nil: neither a reply nor a forward
	Poll       *Poll            // nil: none
	Files      []files.Incoming
	Stickers   []snowflake.ID
}

// settableFlags are those that a sender may give a message; whether it is ephemeral is for the answers to interactions to say.
const settableFlags = discord.MessageFlagSuppressEmbeds | discord.MessageFlagSuppressNotifications |
	discord.MessageFlagVoice | discord.MessageFlagComponentsV2

// Read decodes the body of a new message and tells everything that is wrong with it.
func (b *Body) Read(c *call.Call) (*Draft, error) {
	if err := c.Bind(b); err != nil {
		return nil, err
	}
	var p form.Problems
	d := b.Draft(c, &p)
	return d, p.Err()
}

// Draft makes the draft of a body that has been decoded, maybe as a part of a larger one, and notes all that is wrong.
func (b *Body) Draft(c *call.Call, p *form.Problems) *Draft {
	d := &Draft{
		Content: content(p, b.Content),
		Embeds:  embeds(p, b.Embeds),
		Nonce:   b.Nonce.value(p),
		TTS:     b.TTS != nil && bool(*b.TTS),
		Allowed: b.AllowedMentions, Reference: b.MessageReference, Stickers: b.StickerIDs,
	}
	if b.Flags != nil {
		d.Flags = int(*b.Flags) & settableFlags
	}
	d.Components = components.Check(p, b.Components, d.Flags)
	d.Poll = b.Poll.read(p, d.Flags)
	checkStickers(p, d.Stickers, d.Flags)
	b.AllowedMentions.check(p)
	b.MessageReference.check(p)
	legacyFields(p, d.Flags, d.Content, d.Embeds)
	sent, kept := readFiles(p, c, b.Attachments)
	if len(kept) > 0 {
		p.Add("attachments", "ATTACHMENT_NOT_FOUND", "An attachment is of no file of the request.")
	}
	d.Files = sent
	return d
}

// Enforced reports whether a message with the same nonce is to be answered instead of a second one.
func (b *Body) Enforced(d *Draft) bool {
	return d.Nonce != nil && b.EnforceNonce != nil && bool(*b.EnforceNonce)
}

// Permit applies what the sender may put into a message. Embeds are left out without EMBED_LINKS; that this leaves
// nothing is the missing permission's fault.
func (d *Draft) Permit(room *access.Room) error {
	if d.TTS && !room.Here.Has(permissions.SendTTSMessages) || d.Poll != nil && !room.Direct() && !room.Here.Has(permissions.SendPolls) {
		return discord.ErrMissingPermissions
	}
	if len(d.Files) > 0 && !room.Here.Has(permissions.AttachFiles) {
		return discord.ErrMissingPermissions
	}
	if d.Flags&discord.MessageFlagVoice != 0 && !room.Direct() && !room.Here.Has(permissions.SendVoiceMessages) {
		return discord.ErrMissingPermissions
	}
	if d.empty() {
		return discord.ErrEmptyMessage
	}
	if !room.Here.Has(permissions.EmbedLinks) {
		d.Embeds = []discord.Embed{}
	}
	if d.empty() {
		return discord.ErrMissingPermissions
	}
	return nil
}

func (d *Draft) empty() bool {
	return d.Content == "" && len(d.Embeds) == 0 && string(d.Components) == "[]" && d.Poll == nil && len(d.Files) == 0 &&
		len(d.Stickers) == 0 && !d.Reference.forward()
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
