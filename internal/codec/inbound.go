package codec

import (
	"encoding/json"
	"errors"
	"unicode/utf8"

	"guildhall.chat/guildhall/internal/discord"
)

// MaxInbound is the largest client message in bytes. Discord documents 4096, but official-like user clients are
// known to send up to 15 KiB.
const MaxInbound = 15360

// maxDepth bounds the nesting of a client message; no documented payload has more than 8 levels.
const maxDepth = 32

// Errors of DecodeFrame. Each closes the connection with 4002, and its text is fit for the client.
var (
	ErrTooLarge   = errors.New("payload too large")
	ErrNotUTF8    = errors.New("payload is not valid UTF-8")
	ErrTooDeep    = errors.New("payload nested too deeply")
	ErrKey        = errors.New("payload has a key that is not a string")
	ErrNotPayload = errors.New("payload is not an object with an integer op")
)

// DecodeFrame reads the envelope of one client message in the encoding. d is JSON in either, null if the client sent
// that, nil if it sent none; it may be a part of data. Unknown keys are ignored. Whether the op is known and d fits it is
// the caller's to say.
func (e Encoding) DecodeFrame(data []byte) (op discord.Opcode, d json.RawMessage, err error) {
	if len(data) > MaxInbound {
		return 0, nil, ErrTooLarge
	}
	if e == ETF {
		if data, err = termToJSON(data); err != nil {
			return 0, nil, err
		}
	}
	switch {
	case !utf8.Valid(data):
		return 0, nil, ErrNotUTF8
	case depth(data) > maxDepth:
		return 0, nil, ErrTooDeep
	}
	// A map, for a struct would also match "OP" and "D".
	var envelope map[string]json.RawMessage
	if err := json.Unmarshal(data, &envelope); err != nil {
		return 0, nil, ErrNotPayload
	}
	var number *discord.Opcode
	if err := json.Unmarshal(envelope["op"], &number); err != nil || number == nil {
		return 0, nil, ErrNotPayload
	}
	return *number, envelope["d"], nil
}

// depth returns how deep data nests, if it is JSON: brackets outside strings.
func depth(data []byte) int {
	var now, deepest int
	inString := false
	for i := 0; i < len(data); i++ {
		switch c := data[i]; {
		case inString && c == '\\':
			i++
		case c == '"':
			inString = !inString
		case inString:
		case c == '{' || c == '[':
			now++
			deepest = max(deepest, now)
		case c == '}' || c == ']':
			now--
		}
	}
	return deepest
}
