package fanout

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"

	"guildhall.chat/guildhall/internal/codec"
	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/events"
	"guildhall.chat/guildhall/internal/snowflake"
)

// dispatch is an event in the variants that sessions get: whole, and without the content that the session's intents don't
// cover. Each variant is made once, when it is first needed. It is not safe for concurrent use.
type dispatch struct {
	event    events.Event
	kind     kind
	variants [4]*codec.Shared // by what is hidden
	parsed   *message
	arrived  time.Time // of what is traced
}

// kind says what of an event is content.
type kind uint8

const (
	plain kind = iota
	aMessage
	anExecution // of an auto-moderation rule
)

// What is hidden in a variant.
const (
	hideContent    = 1 << iota // of the message
	hideReferenced             // of the message that it replies to
)

// nobody is no user's id.
const nobody snowflake.ID = 0

// newDispatch also encodes the whole event, so that this need not be done under a lock.
func newDispatch(e events.Event) *dispatch {
	d := &dispatch{event: e}
	if e.Head.Trace != "" {
		d.arrived = time.Now()
	}
	switch e.Head.Type {
	case discord.EventMessageCreate, discord.EventMessageUpdate:
		d.kind = aMessage
	case discord.EventAutoModActionExecution:
		d.kind = anExecution
	}
	d.variants[0] = codec.NewDispatch(e.Head.Type, e.Data)
	return d
}

func (d *dispatch) whole() *codec.Shared { return d.variants[0] }

// hidden returns what is hidden from a user whose session lacks MESSAGE_CONTENT: nothing of a message from its author and
// those it mentions.
// https://discord.com/developers/docs/events/gateway#message-content-intent
func (d *dispatch) hidden(user snowflake.ID) (int, error) {
	switch d.kind {
	case plain:
		return 0, nil
	case anExecution:
		return hideContent, nil
	}
	m, err := d.parse()
	if err != nil {
		return 0, err
	}
	hidden := 0
	if user == nobody || user != d.event.Head.User && !slices.Contains(d.event.Head.Mentions, user) {
		hidden |= hideContent
	}
	if m.referenced != nil && (user == nobody || !slices.Contains(m.openTo, user)) {
		hidden |= hideReferenced
	}
	return hidden, nil
}

// exempt returns whose sessions may get another variant than those of everybody else without MESSAGE_CONTENT.
func (d *dispatch) exempt() []snowflake.ID {
	if d.kind != aMessage {
		return nil
	}
	users := append([]snowflake.ID{d.event.Head.User}, d.event.Head.Mentions...)
	if d.parsed != nil {
		users = append(users, d.parsed.openTo...)
	}
	return users
}

// variant returns the event without what is hidden.
func (d *dispatch) variant(hidden int) (*codec.Shared, error) {
	if d.variants[hidden] == nil {
		data, err := d.without(hidden)
		if err != nil {
			return nil, err
		}
		d.variants[hidden] = codec.NewDispatch(d.event.Head.Type, data)
	}
	return d.variants[hidden], nil
}

// of returns the variant that a session gets.
func (d *dispatch) of(p Profile) (*codec.Shared, error) {
	if d.kind == plain || p.Intents&discord.IntentMessageContent != 0 {
		return d.whole(), nil
	}
	hidden, err := d.hidden(p.User)
	if err != nil {
		return nil, err
	}
	return d.variant(hidden)
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

// without returns the event's data with what is to be hidden emptied.
func (d *dispatch) without(hidden int) (json.RawMessage, error) {
	if d.kind == anExecution {
		return emptyExecution(d.event.Data)
	}
	m, err := d.parse()
	if err != nil {
		return nil, err
	}
	whole := maps.Clone(m.fields)
	if hidden&hideContent != 0 {
		if err := empty(whole); err != nil {
			return nil, err
		}
	}
	if hidden&hideReferenced != 0 {
		referenced := maps.Clone(m.referenced)
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

// emptyExecution empties what an auto-moderation rule was executed for.
// https://discord.com/developers/docs/events/gateway-events#auto-moderation-action-execution
func emptyExecution(data json.RawMessage) (json.RawMessage, error) {
	var f fields
	if err := json.Unmarshal(data, &f); err != nil {
		return nil, fmt.Errorf("read execution: %w", err)
	}
	f["content"] = json.RawMessage(`""`)
	f["matched_content"] = json.RawMessage(`""`)
	return json.Marshal(f)
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
