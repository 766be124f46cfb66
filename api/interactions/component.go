package interactions

import (
	"errors"
	"fmt"
	"slices"

	"guildhall.chat/guildhall/api/components"
	"guildhall.chat/guildhall/api/form"
	"guildhall.chat/guildhall/api/posting"
	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/snowflake"
	"guildhall.chat/guildhall/internal/store"
)

// componentData is the data of an invocation by a component.
type componentData struct {
	ComponentType components.Kind `json:"component_type"`
	CustomID      string          `json:"custom_id"`
	Values        []string        `json:"values"`
}

// component checks an act on a component of a message of the application.
func (h *Handlers) component(s *scene, sent *invocation) error {
	var p form.Problems
	var data componentData
	if !p.Part("data", sent.Data, &data) {
		return p.Err()
	}
	if sent.MessageID == nil {
		return form.Single("message_id", "BASE_TYPE_REQUIRED", "This field is required")
	}
	m, err := h.message(s, *sent.MessageID)
	if err != nil {
		return err
	}
	list, err := components.Parse(m.Components)
	if err != nil {
		return err
	}
	c := components.Find(list, data.CustomID)
	if c == nil || !c.Interactive() || c.Type != data.ComponentType || c.Disabled != nil && *c.Disabled {
		return form.Single("data", "COMPONENT_VALIDATION_FAILED", "Component validation failed")
	}
	out := discord.ComponentData{ID: int(c.ID), CustomID: c.CustomID, ComponentType: int(c.Type)}
	if c.Type != components.Button {
		out.Values = append([]string{}, data.Values...)
		s.choose(&p, "data.values", c, data.Values)
		if out.Resolved, err = h.resolve(s, &p); err != nil {
			return err
		}
	}
	s.payload.Data, s.payload.Message = out, &m
	s.details.MessageID, s.details.MessageEphemeral = &m.ID, isEphemeral(m)
	s.details.Metadata.InteractedMessage = &m.ID
	return p.Err()
}

// message returns a message of the application in the channel: of its history, or one that only the user sees.
func (h *Handlers) message(s *scene, id snowflake.ID) (discord.Message, error) {
	ctx := s.Request.Context()
	m, err := h.store.Message(ctx, s.room.Channel.ID, id, s.Caller.UserID)
	if errors.Is(err, store.ErrNotFound) {
		if m, _, err = h.store.EphemeralMessage(ctx, id, s.Caller.UserID); err == nil && m.ChannelID != s.room.Channel.ID {
			return m, discord.ErrUnknownMessage
		}
	}
	if err != nil {
		return m, posting.UnknownMessage(err)
	}
	own := m.ApplicationID != nil && *m.ApplicationID == s.app.ID || s.app.Bot != nil && m.Author.ID == s.app.Bot.ID
	if !own {
		return m, discord.ErrUnknownMessage
	}
	return m, nil
}

// choose checks what was chosen in a select and notes it for resolution.
func (s *scene) choose(p *form.Problems, path string, c *components.Component, values []string) {
	if !rightMany(p, path, c, len(values)) {
		return
	}
	for i, value := range values {
		at := form.At(path, i)
		if slices.Contains(values[:i], value) {
			p.Add(at, "SET_TYPE_ALREADY_CONTAINS_VALUE", "The set already contains this value")
		}
		if c.Type == components.StringSelect {
			if !offered(c.Options, value) {
				p.Add(at, "BASE_TYPE_CHOICES", "Value must be one of the options.")
			}
			continue
		}
		id, err := snowflake.Parse(value)
		if err != nil || id == 0 {
			p.Add(at, "NUMBER_TYPE_COERCE", "Value is not snowflake.")
			continue
		}
		switch c.Type {
		case components.UserSelect:
			s.found.add(&s.found.users, at, id)
		case components.RoleSelect:
			s.found.add(&s.found.roles, at, id)
		case components.MentionableSelect:
			s.found.add(&s.found.mentionables, at, id)
		case components.ChannelSelect:
			(&optionValues{scene: s, problems: p}).channel(at, id, c.ChannelTypes)
		}
	}
}

// rightMany reports whether a component is given as many values as it asks for, and notes if it isn't.
func rightMany(p *form.Problems, path string, c *components.Component, given int) bool {
	n := form.Int(given)
	if c.MinValues == nil || c.MaxValues == nil || n >= *c.MinValues && n <= *c.MaxValues || n == 0 && c.Required != nil && !*c.Required {
		return true
	}
	p.Add(path, "BASE_TYPE_BAD_LENGTH", fmt.Sprintf("Must be between %d and %d in length.", *c.MinValues, *c.MaxValues))
	return false
}

func offered(options []components.Option, value string) bool {
	return slices.ContainsFunc(options, func(o components.Option) bool { return o.Value == value })
}
