package fanout

import (
	"encoding/json"
	"fmt"
	"slices"

	"guildhall.chat/guildhall/internal/codec"
	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/events"
	"guildhall.chat/guildhall/internal/snowflake"
)

// dispatch is an event in the variants that sessions get: whole, and a message without the content that the session's
// intents don't cover. Each variant is made once, when the first session needs it.
type dispatch struct {
	event    events.Event
	message  bool
	variants [4]*codec.Shared // by what is hidden
	parsed   *message
}

// What is hidden in a variant.
const (
	hideContent    = 1 << iota // of the message
	hideReferenced             // of the message that it replies to
)

func newDispatch(e events.Event) *dispatch {
	return &dispatch{event: e, message: e.Head.Type == discord.EventMessageCreate || e.Head.Type == discord.EventMessageUpdate}
}

// of returns the variant that a session gets. Without MESSAGE_CONTENT a message keeps its content for its author and those
// it mentions.
// https://discord.com/developers/docs/events/gateway#message-content-intent
func (d *dispatch) of(s *seat) (*codec.Shared, error) {
	hidden := 0
	if d.message && s.intents&discord.IntentMessageContent == 0 {
		if s.user != d.event.Head.User && !slices.Contains(d.event.Head.Mentions, s.user) {
			hidden |= hideContent
		}
		m, err := d.parse()
		if err != nil {
			return nil, err
		}
		if m.referenced != nil && !slices.Contains(m.openTo, s.user) {
			hidden |= hideReferenced
		}
	}
	if d.variants[hidden] == nil {
		data := d.event.Data
		if hidden != 0 {
			var err error
			if data, err = d.parsed.without(hidden); err != nil {
				return nil, err
			}
		}
		d.variants[hidden] = codec.NewDispatch(d.event.Head.Type, data)
	}
	return d.variants[hidden], nil
}

// message is a message object taken apart as far as its content goes.
type message struct {
	fields     fields
	referenced fields         // referenced_message; nil if there is none
	openTo     []snowflake.ID // who wrote that, or is mentioned in it
}

type fields map[string]json.RawMessage

func (d *dispatch) parse() (*message, error) {
	if d.parsed != nil {
		return d.parsed, nil
	}
	m := &message{}
	if err := json.Unmarshal(d.event.Data, &m.fields); err != nil {
		return nil, fmt.Errorf("read message: %w", err)
	}
	if raw := m.fields["referenced_message"]; len(raw) > 0 {
		if err := json.Unmarshal(raw, &m.referenced); err != nil {
			return nil, fmt.Errorf("read referenced message: %w", err)
		}
		var people struct {
			Author   struct{ ID snowflake.ID }
			Mentions []struct{ ID snowflake.ID }
		}
		if err := json.Unmarshal(raw, &people); err != nil {
			return nil, fmt.Errorf("read people of referenced message: %w", err)
		}
		m.openTo = append(m.openTo, people.Author.ID)
		for _, mentioned := range people.Mentions {
			m.openTo = append(m.openTo, mentioned.ID)
		}
	}
	d.parsed = m
	return m, nil
}

// without returns the message's JSON with what is to be hidden emptied.
func (m *message) without(hidden int) (json.RawMessage, error) {
	whole := cloneFields(m.fields)
	if hidden&hideContent != 0 {
		if err := empty(whole); err != nil {
			return nil, err
		}
	}
	if hidden&hideReferenced != 0 {
		referenced := cloneFields(m.referenced)
		if err := empty(referenced); err != nil {
			return nil, err
		}
		raw, err := json.Marshal(referenced)
		if err != nil {
			return nil, err
		}
		whole["referenced_message"] = raw
	}
	return json.Marshal(whole)
}

func cloneFields(f fields) fields {
	c := make(fields, len(f))
	for k, v := range f {
		c[k] = v
	}
	return c
}

// empty takes the content out of a message object, and out of the messages that it forwards.
func empty(f fields) error {
	f["content"] = json.RawMessage(`""`)
	for _, key := range []string{"embeds", "attachments", "components"} {
		f[key] = discord.EmptyList
	}
	delete(f, "poll")
	raw, forwards := f["message_snapshots"]
	if !forwards {
		return nil
	}
	var snapshots []struct {
		Message fields `json:"message"`
	}
	if err := json.Unmarshal(raw, &snapshots); err != nil {
		return fmt.Errorf("read forwarded messages: %w", err)
	}
	for _, s := range snapshots {
		if s.Message != nil {
			if err := empty(s.Message); err != nil {
				return err
			}
		}
	}
	raw, err := json.Marshal(snapshots)
	if err != nil {
		return err
	}
	f["message_snapshots"] = raw
	return nil
}
