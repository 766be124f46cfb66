package events

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"

	"guildhall.chat/guildhall/internal/permissions"
	"guildhall.chat/guildhall/internal/snowflake"
)

// CredentialsChanged is the type of an event that no client receives: a login of the log's user has ended, or a bot's token
// was reset. A gateway pod that gets it asks store.Identity again for each of the user's sessions and closes those whose
// credentials are no longer good.
const CredentialsChanged = "CREDENTIALS_CHANGED"

// Event is one dispatch on its way from the change that caused it to the sessions that may see it.
type Event struct {
	Log  snowflake.ID
	Seq  int64 // 1, 2, 3... within the log; 0: ephemeral
	Head Header
	Data json.RawMessage // the d of the dispatch
}

// Header says who may receive the event, so that the gateway need not parse the data.
type Header struct {
	Type  string       `json:"t"`
	Guild snowflake.ID `json:"g,omitempty"` // 0: outside any guild
	// Channel restricts the event to sessions that may view it.
	Channel snowflake.ID `json:"c,omitempty"`
	// Needs restricts the event to members with any of these guild permissions (or, with Channel, of these in it).
	Needs permissions.Set `json:"n,omitempty"`
	// User is whom the event is about; some events reach that user without the intent.
	User snowflake.ID `json:"u,omitempty"`
	// Mentions lists the users whose mention opens a message's content to them without the intent.
	Mentions []snowflake.ID `json:"m,omitempty"`
	// Only restricts the event to sessions of these users; nil does not restrict.
	Only []snowflake.ID `json:"o,omitempty"`
	// Session restricts an event of a user's log to one of the user's sessions.
	Session string `json:"s,omitempty"`
	// Thread tells of the thread that Channel is, for views that do not know it.
	Thread *Thread `json:"th,omitempty"`
	// Structure marks a change of roles, overwrites or owner; Membership one of a member's roles or time-out. They
	// move the guild's permission version.
	Structure  bool `json:"ps,omitempty"`
	Membership bool `json:"pm,omitempty"`
	// Access marks a change of who may see what: overwrites, a role's permissions, the owner.
	Access bool `json:"pa,omitempty"`
	// At is when the change was made, in Unix milliseconds; it feeds the delivery-latency metric.
	At int64 `json:"at,omitempty"`
	// Trace is what goes on of the trace of the request that made the event, as tracing.Carry has it; "" unless it is traced.
	Trace string `json:"tr,omitempty"`
}

// New makes an event of a log; data is encoded at once, so that it is what the change saw.
func New(log snowflake.ID, head Header, data any) (Event, error) {
	raw, err := json.Marshal(data)
	if err != nil {
		return Event{}, fmt.Errorf("encode %s: %w", head.Type, err)
	}
	return Event{Log: log, Head: head, Data: raw}, nil
}

// Body is the event without its log and seq: the header as a line of JSON, then the data. It is what the outbox keeps.
func (e Event) Body() ([]byte, error) {
	head, err := json.Marshal(e.Head)
	if err != nil {
		return nil, fmt.Errorf("encode header of %s: %w", e.Head.Type, err)
	}
	body := make([]byte, 0, len(head)+1+len(e.Data))
	body = append(append(body, head...), '\n')
	return append(body, e.Data...), nil
}

var errMalformed = errors.New("malformed event")

// Decode reads a body; data is a part of body, not a copy.
func Decode(log snowflake.ID, seq int64, body []byte) (Event, error) {
	head, data, found := bytes.Cut(body, []byte{'\n'})
	if !found {
		return Event{}, errMalformed
	}
	e := Event{Log: log, Seq: seq, Data: data}
	if err := json.Unmarshal(head, &e.Head); err != nil {
		return Event{}, fmt.Errorf("%w: header: %w", errMalformed, err)
	}
	return e, nil
}

// encodeMessage is the form on the channel: seq, a space, the body.
func encodeMessage(seq int64, body []byte) []byte {
	msg := strconv.AppendInt(make([]byte, 0, len(body)+20), seq, 10)
	return append(append(msg, ' '), body...)
}

func decodeMessage(log snowflake.ID, msg []byte) (Event, error) {
	digits, body, found := bytes.Cut(msg, []byte{' '})
	if !found {
		return Event{}, errMalformed
	}
	seq, err := strconv.ParseInt(string(digits), 10, 64)
	if err != nil || seq < 0 {
		return Event{}, errMalformed
	}
	return Decode(log, seq, body)
}
