package interactions

import (
	"context"
	"encoding/json"

	"guildhall.chat/guildhall/api/access"
	"guildhall.chat/guildhall/api/call"
	"guildhall.chat/guildhall/api/form"
	"guildhall.chat/guildhall/api/posting"
	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/events"
	"guildhall.chat/guildhall/internal/snowflake"
	"guildhall.chat/guildhall/internal/store"
)

// say answers with a message, or with the promise of one.
func (h *Handlers) say(c *call.Call, i store.Interaction, body callbackBody) (*discord.CallbackResult, error) {
	ctx := c.Request.Context()
	room, err := h.room(ctx, i)
	if err != nil {
		return nil, err
	}
	deferred := body.Type == discord.CallbackDeferred
	post, err := h.compose(c, room, i, body.Data, deferred)
	if err != nil {
		return nil, form.Within("data", err)
	}
	err = h.publish(ctx, room, post, func() error {
		return h.first(ctx, i, func(tx *store.Tx, held *store.Interaction) error {
			held.ResponseID, held.Loading = &post.ID, deferred
			return insert(ctx, tx, room, *held, post)
		})
	})
	if err != nil {
		return nil, err
	}
	h.succeed(ctx, c, i)
	ephemeral := isEphemeral(post.Message)
	result := resultOf(i)
	result.Interaction.ResponseMessage = &post.ID
	result.Interaction.ResponseLoading, result.Interaction.ResponseEphemeral = &deferred, &ephemeral
	result.Resource = &discord.CallbackResource{Type: body.Type, Message: &post.Message}
	return result, nil
}

func (h *Handlers) succeed(ctx context.Context, c *call.Call, i store.Interaction) {
	h.notify(ctx, c.Logger, i, discord.EventInteractionSuccess, discord.InteractionNotice{ID: i.ID, Nonce: i.Nonce})
}

// compose makes a message that answers an interaction. A promise says nothing but whether it is ephemeral.
func (h *Handlers) compose(c *call.Call, room *access.Room, i store.Interaction, data json.RawMessage, promise bool) (*posting.Post, error) {
	var p form.Problems
	body := posting.Body{}
	if len(data) > 0 && string(data) != "null" && !p.Part("", data, &body) {
		return nil, p.Err()
	}
	return h.composeBody(c, room, i, body, promise)
}

func (h *Handlers) composeBody(c *call.Call, room *access.Room, i store.Interaction, body posting.Body, promise bool) (*posting.Post, error) {
	var p form.Problems
	var sent int
	if body.Flags != nil {
		sent = int(*body.Flags)
	}
	d := &posting.Draft{Embeds: []discord.Embed{}, Components: discord.EmptyList}
	if !promise {
		body.MessageReference, body.EnforceNonce = nil, nil
		if body.AllowedMentions == nil {
			body.AllowedMentions = &posting.AllowedMentions{Parse: []string{"users"}}
		}
		d = body.Draft(c, &p)
		if err := p.Err(); err != nil {
			return nil, err
		}
		d.TTS = false
		if err := d.Permit(room); err != nil {
			return nil, err
		}
	}
	app := i.ApplicationID
	from := posting.Sender{Webhook: &app, Application: &app}
	a, err := h.store.Application(c.Request.Context(), app)
	if err != nil {
		return nil, err
	}
	if a.Bot != nil {
		from.User = a.Bot.ID
	} else {
		from.Author = &discord.User{ID: app, Username: a.Name, Discriminator: "0000", Avatar: a.Icon, Bot: true}
	}
	post, err := h.poster.Compose(c, room, from, d)
	if err != nil {
		return nil, err
	}
	h.mark(i, &post.Message)
	if promise {
		post.Flags |= discord.MessageFlagLoading
	}
	if sent&discord.MessageFlagEphemeral != 0 || i.Details.Hidden {
		post.Flags |= discord.MessageFlagEphemeral
	}
	return post, nil
}

// mark makes a message one that answers the interaction.
func (h *Handlers) mark(i store.Interaction, m *discord.Message) {
	meta := i.Details.Metadata
	if i.ResponseID != nil {
		meta.OriginalResponseMessage = i.ResponseID
	}
	m.InteractionMetadata = &meta
	if i.Type != discord.InteractionCommand {
		return
	}
	m.Interaction = &discord.MessageInteraction{ID: i.ID, Type: i.Type, Name: meta.Name, User: meta.User}
	if i.State == store.InteractionWaiting {
		m.Type = discord.MessageContextCommand
		if meta.CommandType == discord.CommandChat {
			m.Type = discord.MessageChatCommand
		}
	}
}

// publish has write bring a message on its way as any other message: unless the guild's rules block it, and into a thread that is
// awake. What only one user sees concerns neither.
func (h *Handlers) publish(ctx context.Context, room *access.Room, post *posting.Post, write func() error) error {
	if isEphemeral(post.Message) {
		return write()
	}
	return h.poster.Judge(ctx, room, post, func() error {
		if err := h.poster.Enter(ctx, room, post); err != nil {
			return err
		}
		return write()
	})
}

// insert stores a message where it belongs, with its event.
func insert(ctx context.Context, tx *store.Tx, room *access.Room, i store.Interaction, post *posting.Post) error {
	if !isEphemeral(post.Message) {
		return posting.Insert(ctx, tx, room, post)
	}
	if err := tx.PutEphemeral(ctx, i.ID, i.UserID, post.Message); err != nil {
		return err
	}
	return whisper(tx, i, discord.EventMessageCreate, post.Author.ID, discord.MessageEvent{Message: post.Message, ChannelType: room.Channel.Type})
}

// whisper tells the user and the application's bot, and nobody else, as if it were a DM.
func whisper(tx *store.Tx, i store.Interaction, event string, bot snowflake.ID, data any) error {
	head := events.Header{Type: event, User: bot, Mentions: []snowflake.ID{i.UserID}}
	if err := tx.Emit(i.UserID, head, data); err != nil {
		return err
	}
	if bot == i.ApplicationID {
		return nil // there is no bot to listen
	}
	return tx.Emit(bot, head, data)
}

// change answers with a change of the message whose component it was, or with the promise of one.
func (h *Handlers) change(c *call.Call, i store.Interaction, body callbackBody) (*discord.CallbackResult, error) {
	ctx := c.Request.Context()
	room, err := h.room(ctx, i)
	if err != nil {
		return nil, err
	}
	id := *i.Details.MessageID
	edit, err := readEdit(c, body)
	if err != nil {
		return nil, form.Within("data", err)
	}
	if err := h.receive(ctx, room, i, edit); err != nil {
		return nil, err
	}
	var changed discord.Message
	err = h.poster.Judged(ctx, room, func(judge func(*posting.Post) error) error {
		return h.first(ctx, i, func(tx *store.Tx, held *store.Interaction) (err error) {
			held.ResponseID = &id
			if edit == nil {
				return nil
			}
			changed, err = h.rewrite(ctx, tx, room, *held, id, edit, judge)
			return form.Within("data", err)
		})
	})
	if err != nil {
		return nil, err
	}
	h.succeed(ctx, c, i)
	result := resultOf(i)
	loading := false
	result.Interaction.ResponseMessage = &id
	result.Interaction.ResponseLoading, result.Interaction.ResponseEphemeral = &loading, &i.Details.MessageEphemeral
	if edit != nil {
		result.Resource = &discord.CallbackResource{Type: body.Type, Message: &changed}
	}
	return result, nil
}

// readEdit reads a change of a message; nil: none yet.
func readEdit(c *call.Call, body callbackBody) (*posting.Edit, error) {
	if body.Type == discord.CallbackDeferredEdit {
		return nil, nil
	}
	edit := &posting.Edit{}
	var p form.Problems
	if len(body.Data) > 0 && string(body.Data) != "null" && !p.Part("", body.Data, edit) {
		return nil, p.Err()
	}
	return edit, checkEdit(c, edit)
}

func checkEdit(c *call.Call, edit *posting.Edit) error {
	if edit.Says() && edit.AllowedMentions == nil {
		edit.AllowedMentions = &posting.AllowedMentions{Parse: []string{"users"}}
	}
	return edit.Check(c)
}

// receive keeps the files that come with a change of a message; nil: none.
func (h *Handlers) receive(ctx context.Context, room *access.Room, i store.Interaction, edit *posting.Edit) error {
	if edit == nil {
		return nil
	}
	return h.poster.Receive(ctx, room, posting.Sender{User: i.ApplicationID}, edit)
}

// rewrite changes a message of the application, wherever it is kept, and returns it as it is then. What others see of it is judged.
func (h *Handlers) rewrite(ctx context.Context, tx *store.Tx, room *access.Room, i store.Interaction, id snowflake.ID,
	edit *posting.Edit, judge func(*posting.Post) error,
) (discord.Message, error) {
	was, hidden, err := hold(ctx, tx, room, i, id)
	if err != nil {
		return was, err
	}
	changed, err := h.poster.Changed(ctx, tx, room, was, edit)
	if err != nil {
		return was, err
	}
	if was.Flags&discord.MessageFlagLoading != 0 {
		changed.Flags &^= discord.MessageFlagLoading
		changed.EditedTimestamp = was.EditedTimestamp // it has only now been said
	}
	if hidden {
		return changed.Message, rewhisper(ctx, tx, room, i, changed.Message)
	}
	if edit.Says() {
		if err := judge(changed); err != nil {
			return was, err
		}
	}
	return changed.Message, posting.Update(ctx, tx, room, was, changed)
}

// rewhisper writes a message anew that only one user sees.
func rewhisper(ctx context.Context, tx *store.Tx, room *access.Room, i store.Interaction, m discord.Message) error {
	if err := tx.PutEphemeral(ctx, i.ID, i.UserID, m); err != nil {
		return err
	}
	return whisper(tx, i, discord.EventMessageUpdate, m.Author.ID, discord.MessageEvent{Message: m, ChannelType: room.Channel.Type})
}
