package store

import (
	"reflect"

	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/snowflake"
)

// messageParts is what few messages have, kept in one column that is null for all others.
type messageParts struct {
	// Author is what a webhook's message shows: the name and picture that the webhook gave it.
	Author      *discord.User         `json:"author,omitempty"`
	Application *snowflake.ID         `json:"application_id,omitempty"`
	Position    *int                  `json:"position,omitempty"`
	Poll        *discord.Poll         `json:"poll,omitempty"` // as it was asked; see addPolls
	Stickers    []discord.StickerItem `json:"stickers,omitempty"`
	discord.MessageAnswer
}

// partsOf returns the rare parts of a message, nil if it has none.
func partsOf(m discord.Message) *messageParts {
	p := messageParts{Application: m.ApplicationID, Position: m.Position, MessageAnswer: m.MessageAnswer, Poll: m.Poll, Stickers: m.StickerItems}
	if m.WebhookID != nil {
		p.Author = &m.Author
	}
	if reflect.ValueOf(p).IsZero() {
		return nil
	}
	return &p
}

// give puts the parts into the message that they were read with.
func (p *messageParts) give(m *discord.Message) {
	if p == nil {
		return
	}
	if p.Author != nil {
		m.Author = *p.Author
	}
	m.ApplicationID, m.Position, m.MessageAnswer, m.Poll = p.Application, p.Position, p.MessageAnswer, p.Poll
	m.StickerItems = p.Stickers
}
