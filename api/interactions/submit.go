package interactions

import (
	"encoding/json"
	"errors"
	"unicode/utf8"

	"guildhall.chat/guildhall/api/components"
	"guildhall.chat/guildhall/api/form"
	"guildhall.chat/guildhall/api/posting"
	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/snowflake"
	"guildhall.chat/guildhall/internal/store"
)

// submitted is the data of an invocation by a modal: the interaction that asked, and the answers.
type submitted struct {
	ID          snowflake.ID    `json:"id"`
	CustomID    string          `json:"custom_id"`
	Components  []reply         `json:"components"`
	Attachments posting.Uploads `json:"attachments"`
}

// reply is a component of a modal with what the user gave in it.
type reply struct {
	Type       components.Kind `json:"type"`
	ID         form.Int        `json:"id"`
	CustomID   string          `json:"custom_id,omitempty"`
	Value      any             `json:"value,omitempty"`  // a text; of a radio group a text or nil; of a checkbox a boolean
	Values     *[]string       `json:"values,omitempty"` // of selects, groups and file uploads
	Components []reply         `json:"components,omitempty"`
	Component  *reply          `json:"component,omitempty"`
}

// submit checks the answers to a modal. It can be answered once.
func (h *Handlers) submit(s *scene, sent *invocation) error {
	var p form.Problems
	var data submitted
	if !p.Part("data", sent.Data, &data) {
		return p.Err()
	}
	ctx := s.Request.Context()
	asked, err := h.store.Interaction(ctx, data.ID)
	if errors.Is(err, store.ErrNotFound) || err == nil && (asked.Modal == nil || asked.UserID != s.Caller.UserID ||
		asked.ApplicationID != s.app.ID || asked.ChannelID != s.room.Channel.ID || asked.Modal.CustomID != data.CustomID) {
		return discord.ErrUnknownInteraction
	}
	if err != nil {
		return err
	}
	list, err := components.Parse(asked.Modal.Components)
	if err != nil {
		return err
	}
	given := map[string]*reply{}
	collect(data.Components, given)
	s.files.sent = data.Attachments.Read(s.Call, &p, "data.attachments")
	a := answers{scene: s, problems: &p, given: given}
	out := discord.ModalData{CustomID: asked.Modal.CustomID}
	filled := a.list(list)
	if out.Resolved, err = h.resolve(s, &p); err != nil {
		return err
	}
	if err := p.Err(); err != nil {
		return err
	}
	if out.Resolved, err = h.keep(s, out.Resolved); err != nil {
		return err
	}
	if out.Components, err = json.Marshal(filled); err != nil {
		return err
	}
	triggering := asked.Details.Metadata
	s.details.Metadata.Triggering = &triggering
	s.details.MessageID, s.details.MessageEphemeral = asked.Details.MessageID, asked.Details.MessageEphemeral
	if id := asked.Details.MessageID; id != nil {
		if m, err := h.message(s, *id); err == nil {
			s.payload.Message = &m
		}
	}
	s.payload.Data = out
	return h.store.Change(ctx, func(tx *store.Tx) error {
		held, err := tx.HoldInteraction(ctx, asked.ID)
		if errors.Is(err, store.ErrNotFound) || err == nil && held.Modal == nil {
			return discord.ErrUnknownInteraction
		}
		if err != nil {
			return err
		}
		held.Modal = nil
		return tx.SaveInteraction(ctx, held)
	})
}

// collect finds the answers by their custom ids.
func collect(list []reply, into map[string]*reply) {
	for i := range list {
		one := &list[i]
		if one.CustomID != "" {
			into[one.CustomID] = one
		}
		collect(one.Components, into)
		if one.Component != nil {
			into[one.Component.CustomID] = one.Component
		}
	}
}

// answers goes through what was asked and puts in what was given.
type answers struct {
	*scene
	problems *form.Problems
	given    map[string]*reply
}

func (a *answers) list(asked []components.Component) []reply {
	out := make([]reply, 0, len(asked))
	for i := range asked {
		c := &asked[i]
		one := reply{Type: c.Type, ID: c.ID}
		switch {
		case c.Component != nil:
			inner := a.one(c.Component)
			one.Component = &inner
		case c.CustomID != "":
			one = a.one(c)
		default:
			one.Components = a.list(c.Components)
		}
		out = append(out, one)
	}
	return out
}

// one checks the answer to one component. Problems are noted at its custom id: clients may send the answers in any order.
func (a *answers) one(c *components.Component) reply {
	out := reply{Type: c.Type, ID: c.ID, CustomID: c.CustomID}
	path := form.At("data", "components")
	given := a.given[c.CustomID]
	required := c.Required == nil || *c.Required
	if given == nil {
		given = &reply{}
	}
	switch c.Type {
	case components.TextInput:
		text, _ := given.Value.(string)
		n := utf8.RuneCountInString(text)
		switch {
		case n == 0 && !required:
		case n == 0:
			a.problems.Add(path, "BASE_TYPE_REQUIRED", "An answer is required.")
		case c.MinLength != nil && n < int(*c.MinLength) || c.MaxLength != nil && n > int(*c.MaxLength):
			a.problems.Length(path, text, int(*c.MinLength), int(*c.MaxLength))
		}
		out.Value = text
	case components.Checkbox:
		out.Value, _ = given.Value.(bool)
	case components.RadioGroup:
		text, chosen := given.Value.(string)
		switch {
		case chosen && !offered(c.Options, text):
			a.problems.Add(path, "BASE_TYPE_CHOICES", "Value must be one of the options.")
		case !chosen && required:
			a.problems.Add(path, "BASE_TYPE_REQUIRED", "An answer is required.")
		case chosen:
			out.Value = text
		}
	case components.FileUpload:
		var values []string
		if given.Values != nil {
			values = *given.Values
		}
		ids := a.files.asked(a.problems, path, c, values)
		out.Values = &ids
	default:
		values := []string{}
		if given.Values != nil {
			values = *given.Values
		}
		asked := *c
		if c.Type == components.CheckboxGroup {
			asked.Type = components.StringSelect
		}
		a.choose(a.problems, path, &asked, values)
		out.Values = &values
	}
	return out
}
