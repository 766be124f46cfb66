package posting

import (
	"context"
	"encoding/json"
	"time"

	"guildhall.chat/guildhall/api/access"
	"guildhall.chat/guildhall/api/call"
	"guildhall.chat/guildhall/api/components"
	"guildhall.chat/guildhall/api/files"
	"guildhall.chat/guildhall/api/form"
	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/permissions"
	"guildhall.chat/guildhall/internal/snowflake"
	"guildhall.chat/guildhall/internal/store"
)

// Edit is what a client sends to change a message; null empties a field.
// https://discord.com/developers/docs/resources/message#edit-message-jsonform-params
type Edit struct {
	Content         form.Field[*string]          `json:"content"`
	Embeds          form.Field[*[]embedBody]     `json:"embeds"`
	Components      form.Field[*json.RawMessage] `json:"components"`
	Flags           form.Field[*form.Int]        `json:"flags"`
	Attachments     form.Field[*[]fileBody]      `json:"attachments"`
	AllowedMentions *AllowedMentions             `json:"allowed_mentions"`
	fixed

	sent     []files.Incoming
	kept     map[snowflake.ID]*fileBody
	received []discord.Attachment
}

// fixed are the parts of a message that no edit changes.
type fixed struct {
	StickerIDs []snowflake.ID  `json:"sticker_ids"`
	Poll       json.RawMessage `json:"poll"`
}

func (f *fixed) refuse(p *form.Problems) {
	if len(f.StickerIDs) > 0 {
		p.Add("sticker_ids", "BASE_TYPE_BAD_VALUE", "The stickers of a message cannot be edited.")
	}
	if len(f.Poll) > 0 && string(f.Poll) != "null" {
		p.Add("poll", "BASE_TYPE_BAD_VALUE", "The poll of a message cannot be edited.")
	}
}

// Read decodes the body and tells what is wrong with it on its own.
func (e *Edit) Read(c *call.Call) error {
	if err := c.Bind(e); err != nil {
		return err
	}
	return e.Check(c)
}

// Check tells what is wrong with an edit that has been decoded; the files that it speaks of are the call's.
func (e *Edit) Check(c *call.Call) error {
	var p form.Problems
	e.refuse(&p)
	e.AllowedMentions.check(&p)
	var said []fileBody
	if e.Attachments.Value != nil {
		said = *e.Attachments.Value
	}
	e.sent, e.kept = readFiles(&p, c, said)
	return p.Err()
}

// Receive keeps the files that came with the body of somebody who may write in the room. It precedes the change in which
// the message is rewritten.
func (p *Poster) Receive(ctx context.Context, room *access.Room, from Sender, e *Edit) (err error) {
	if len(e.sent) == 0 {
		return nil
	}
	if err := room.Need(permissions.AttachFiles); err != nil {
		return err
	}
	e.received, err = p.receive(ctx, room.Channel.ID, from.id(), e.sent, false)
	return err
}

// Says reports whether the body changes what the message says: its author's right alone.
func (e *Edit) Says() bool {
	return e.Content.Set || e.Embeds.Set || e.Components.Set || e.AllowedMentions != nil || e.Attachments.Set ||
		len(e.sent) > 0
}

// Update stores a message that was changed and emits MESSAGE_UPDATE.
func Update(ctx context.Context, tx *store.Tx, room *access.Room, was discord.Message, changed *Post) error {
	if err := tx.UpdateMessage(ctx, was, changed.Message); err != nil {
		return err
	}
	if err := tx.ChangeFiles(ctx, changed.Message, changed.Files, changed.Dropped); err != nil {
		return err
	}
	m := changed.Message
	m.TTS = false // the event never asks to speak
	head, event := Dispatch(room, discord.EventMessageUpdate, m, changed.People)
	return room.Emit(tx, head, event)
}

// Changed returns a held message as it is after an edit, whose files have been received. Who may do that, and whether the guild's
// rules let it pass, is for the caller to check.
func (p *Poster) Changed(ctx context.Context, tx *store.Tx, room *access.Room, was discord.Message, e *Edit) (*Post, error) {
	if was.Poll != nil && e.Says() {
		return nil, discord.ErrPollEdit
	}
	m := was
	dropped, err := p.apply(e, &m, room)
	if err != nil {
		return nil, err
	}
	users := mentionIDs(m.Mentions)
	if e.Says() {
		now := discord.At(time.Now())
		found := mentionsOf(room, said(&m), e.AllowedMentions)
		users = withAnswered(&m, m.Author.ID, found.users, e.AllowedMentions.pings())
		m.EditedTimestamp, m.MentionRoles, m.MentionEveryone = &now, found.roles, found.everyone
	}
	people, err := tx.People(ctx, guildOf(room), withAuthor(m.Author.ID, users))
	if err != nil {
		return nil, err
	}
	m.Mentions = mentionsFrom(people, users)
	return &Post{Message: m, People: people, Files: idsOf(e.received), Dropped: dropped}, nil
}

// apply writes the fields that were sent into the message, and returns the files that it is to lose.
func (p *Poster) apply(e *Edit, m *discord.Message, room *access.Room) (dropped []snowflake.ID, err error) {
	if m.Flags&discord.MessageFlagVoice != 0 && e.Says() {
		return nil, discord.ErrVoiceEdit
	}
	var problems form.Problems
	was := *m
	if e.Flags.Set {
		m.Flags &^= discord.MessageFlagSuppressEmbeds
		if e.Flags.Value != nil {
			m.Flags |= int(*e.Flags.Value) & (discord.MessageFlagSuppressEmbeds | discord.MessageFlagComponentsV2)
		}
	}
	if e.Content.Set {
		m.Content = content(&problems, e.Content.Value)
	}
	if e.Embeds.Set {
		var list []embedBody
		if e.Embeds.Value != nil {
			list = *e.Embeds.Value
		}
		m.Embeds = embeds(&problems, list)
		if !room.Here.Has(permissions.EmbedLinks) {
			m.Embeds = []discord.Embed{}
		}
	}
	if e.Components.Set {
		var raw json.RawMessage
		if e.Components.Value != nil {
			raw = *e.Components.Value
		}
		m.Components = components.Check(&problems, raw, m.Flags)
	}
	relink(room, &was, m)
	if e.Attachments.Set {
		dropped = keep(&problems, m, e.kept)
	}
	if len(m.Attachments)+len(e.received) > files.MaxPerMessage {
		return nil, discord.ErrTooManyFiles
	}
	p.files.CheckLinks(&problems, m)
	show(&problems, m, e.received, p.store.NewID)
	legacyFields(&problems, m.Flags, m.Content, m.Embeds)
	if err := problems.Err(); err != nil {
		return nil, err
	}
	if m.Content == "" && len(m.Embeds) == 0 && string(m.Components) == "[]" && len(m.Attachments) == 0 &&
		len(m.MessageSnapshots) == 0 && m.Poll == nil && len(m.StickerItems) == 0 {
		return nil, discord.ErrEmptyMessage
	}
	return dropped, nil
}
