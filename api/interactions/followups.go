package interactions

import (
	"context"
	"errors"
	"strings"

	"guildhall.chat/guildhall/api/access"
	"guildhall.chat/guildhall/api/call"
	"guildhall.chat/guildhall/api/posting"
	"guildhall.chat/guildhall/internal/auth"
	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/events"
	"guildhall.chat/guildhall/internal/snowflake"
	"guildhall.chat/guildhall/internal/store"
)

// maxFollowups is how many messages an application that is only the user's may add to its first answer.
// https://discord.com/developers/docs/interactions/receiving-and-responding#create-followup-message
const maxFollowups = 5

// original stands in paths for the first answer.
const original = "@original"

// Owns reports whether the path of a webhook is one of follow-ups.
func (h *Handlers) Owns(c *call.Call) bool {
	return strings.HasPrefix(c.Param("webhook_token"), mark)
}

// answered returns the interaction of the path, which has been answered.
func (h *Handlers) answered(c *call.Call) (store.Interaction, error) {
	app, err := c.ID("webhook_id", discord.ErrUnknownWebhook)
	if err != nil {
		return store.Interaction{}, err
	}
	id, hash, ok := splitToken(c.Param("webhook_token"))
	if !ok {
		return store.Interaction{}, discord.ErrWebhookToken
	}
	i, err := h.store.Interaction(c.Request.Context(), id)
	switch {
	case errors.Is(err, store.ErrNotFound):
		return i, discord.ErrWebhookToken // it is past its time
	case err != nil:
		return i, err
	case i.ApplicationID != app || !auth.SameHash(hash, i.TokenHash):
		return i, discord.ErrWebhookToken
	case i.State != store.InteractionAnswered:
		return i, discord.ErrUnknownWebhook
	}
	return i, nil
}

// Create posts another message. The first one after a promise is what was promised.
// https://discord.com/developers/docs/interactions/receiving-and-responding#create-followup-message
func (h *Handlers) Create(c *call.Call) error {
	i, err := h.answered(c)
	if err != nil {
		return err
	}
	ctx := c.Request.Context()
	room, err := h.room(ctx, i)
	if err != nil {
		return err
	}
	var raw posting.Body
	if err := c.Bind(&raw); err != nil {
		return err
	}
	post, err := h.composeBody(c, room, i, raw, false)
	if err != nil {
		return err
	}
	if i.Loading {
		promised, err := h.find(ctx, room, i, *i.ResponseID)
		if err != nil {
			return err
		}
		// Who sees it was said with the promise.
		post.Flags = post.Flags&^discord.MessageFlagEphemeral | promised.Flags&discord.MessageFlagEphemeral
	}
	var sent discord.Message
	err = h.publish(ctx, room, post, func() error {
		return h.store.Change(ctx, func(tx *store.Tx) error {
			held, err := tx.HoldInteraction(ctx, i.ID)
			if err != nil {
				return err
			}
			if held.Loading {
				held.Loading = false
				sent, err = keepPromise(ctx, tx, room, held, post)
			} else if held.Followups++; held.Details.UserInstalled && held.Followups > maxFollowups {
				return discord.ErrTooManyFollowups
			} else {
				sent, err = post.Message, insert(ctx, tx, room, held, post)
			}
			if err != nil {
				return err
			}
			return tx.SaveInteraction(ctx, held)
		})
	})
	if err != nil {
		return err
	}
	return c.OK(sent)
}

// keepPromise puts a message in the place of the one that was promised.
func keepPromise(ctx context.Context, tx *store.Tx, room *access.Room, i store.Interaction, post *posting.Post) (discord.Message, error) {
	was, hidden, err := hold(ctx, tx, room, i, *i.ResponseID)
	if err != nil {
		return was, err
	}
	said := post.Message
	said.ID, said.Type, said.Timestamp = was.ID, was.Type, was.Timestamp
	said.InteractionMetadata, said.Interaction = was.InteractionMetadata, was.Interaction
	if hidden {
		return said, rewhisper(ctx, tx, room, i, said)
	}
	return said, posting.Update(ctx, tx, room, was, &posting.Post{Message: said, People: post.People, Files: post.Files})
}

// named returns the interaction of the path, its room and the id of the message that the path names.
func (h *Handlers) named(c *call.Call) (store.Interaction, *access.Room, snowflake.ID, error) {
	i, err := h.answered(c)
	if err != nil {
		return i, nil, 0, err
	}
	room, err := h.room(c.Request.Context(), i)
	if err != nil {
		return i, nil, 0, err
	}
	if c.Param("message_id") != original {
		id, err := c.ID("message_id", discord.ErrUnknownMessage)
		return i, room, id, err
	}
	if i.ResponseID == nil {
		return i, room, 0, discord.ErrUnknownMessage
	}
	return i, room, *i.ResponseID, nil
}

// own checks that a message is the application's, and answers this interaction or is what it was about.
func own(i store.Interaction, m discord.Message) error {
	about := i.Details.MessageID != nil && *i.Details.MessageID == m.ID
	answers := m.InteractionMetadata != nil && m.InteractionMetadata.ID == i.ID
	if !about && !answers {
		return discord.ErrUnknownMessage
	}
	return nil
}

// Get returns a message that answers the interaction.
// https://discord.com/developers/docs/interactions/receiving-and-responding#get-original-interaction-response
func (h *Handlers) Get(c *call.Call) error {
	i, room, id, err := h.named(c)
	if err != nil {
		return err
	}
	m, err := h.find(c.Request.Context(), room, i, id)
	if err != nil {
		return err
	}
	return c.OK(m)
}

// find returns a message that answers the interaction, or is what it was about.
func (h *Handlers) find(ctx context.Context, room *access.Room, i store.Interaction, id snowflake.ID) (discord.Message, error) {
	m, err := h.store.Message(ctx, room.Channel.ID, id, i.ApplicationID)
	if errors.Is(err, store.ErrNotFound) {
		m, _, err = h.store.EphemeralMessage(ctx, id, i.UserID)
	}
	if err == nil {
		err = own(i, m)
	}
	return m, posting.UnknownMessage(err)
}

// hold returns a message that the interaction may change, and whether only the user sees it; nobody else changes it
// meanwhile.
func hold(ctx context.Context, tx *store.Tx, room *access.Room, i store.Interaction, id snowflake.ID) (m discord.Message, hidden bool, err error) {
	m, err = tx.HoldMessage(ctx, room.Channel.ID, id)
	if errors.Is(err, store.ErrNotFound) {
		hidden = true
		m, err = tx.HoldEphemeral(ctx, id, i.UserID)
	}
	if err == nil {
		err = own(i, m)
	}
	return m, hidden, posting.UnknownMessage(err)
}

// Edit changes a message that answers the interaction. A promise is kept by that.
// https://discord.com/developers/docs/interactions/receiving-and-responding#edit-original-interaction-response
func (h *Handlers) Edit(c *call.Call) error {
	i, room, id, err := h.named(c)
	if err != nil {
		return err
	}
	edit := &posting.Edit{}
	if err := c.Bind(edit); err != nil {
		return err
	}
	if err := checkEdit(c, edit); err != nil {
		return err
	}
	ctx := c.Request.Context()
	if err := h.receive(ctx, room, i, edit); err != nil {
		return err
	}
	var changed discord.Message
	err = h.poster.Judged(ctx, room, func(judge func(*posting.Post) error) error {
		return h.store.Change(ctx, func(tx *store.Tx) error {
			held, err := tx.HoldInteraction(ctx, i.ID)
			if err != nil {
				return err
			}
			if changed, err = h.rewrite(ctx, tx, room, held, id, edit, judge); err != nil {
				return err
			}
			if held.Loading && held.ResponseID != nil && *held.ResponseID == id {
				held.Loading = false
				return tx.SaveInteraction(ctx, held)
			}
			return nil
		})
	})
	if err != nil {
		return err
	}
	return c.OK(changed)
}

// Delete removes a message that answers the interaction.
func (h *Handlers) Delete(c *call.Call) error {
	i, room, id, err := h.named(c)
	if err != nil {
		return err
	}
	ctx := c.Request.Context()
	err = h.store.Change(ctx, func(tx *store.Tx) error {
		m, hidden, err := hold(ctx, tx, room, i, id)
		if err != nil {
			return err
		}
		gone := discord.MessageDeleteEvent{ID: m.ID, ChannelID: m.ChannelID, GuildID: room.GuildID()}
		if hidden {
			gone.GuildID = nil
			if err := tx.DeleteEphemeral(ctx, id); err != nil {
				return err
			}
			return whisper(tx, i, discord.EventMessageDelete, m.Author.ID, gone)
		}
		if _, err := tx.DeleteMessages(ctx, m.ChannelID, m.Author.ID, id); err != nil {
			return err
		}
		return room.Emit(tx, events.Header{Type: discord.EventMessageDelete}, gone)
	})
	if err != nil {
		return err
	}
	return c.Done()
}
