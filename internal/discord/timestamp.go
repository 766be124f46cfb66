package discord

import (
	"fmt"
	"time"
)

// Timestamp is a moment as Discord writes it: ISO 8601, microseconds, offset +00:00.
type Timestamp struct{ time.Time }

const timestampLayout = "2006-01-02T15:04:05.000000-07:00"

// At returns t as a Timestamp in UTC, cut to the microsecond that Postgres keeps.
func At(t time.Time) Timestamp { return Timestamp{t.UTC().Truncate(time.Microsecond)} }

// AtOrNil is At for nullable times.
func AtOrNil(t *time.Time) *Timestamp {
	if t == nil {
		return nil
	}
	ts := At(*t)
	return &ts
}

// MarshalJSON writes the timestamp as a JSON string.
func (t Timestamp) MarshalJSON() ([]byte, error) { return t.AppendJSON(make([]byte, 0, 34)), nil }

// AppendJSON appends what MarshalJSON returns.
func (t Timestamp) AppendJSON(dst []byte) []byte {
	return t.UTC().AppendFormat(dst, `"`+timestampLayout+`"`)
}

// UnmarshalJSON accepts any RFC 3339 moment.
func (t *Timestamp) UnmarshalJSON(b []byte) error {
	if string(b) == "null" {
		return nil
	}
	if len(b) < 2 || b[0] != '"' || b[len(b)-1] != '"' {
		return fmt.Errorf("timestamp must be a string")
	}
	parsed, err := time.Parse(time.RFC3339Nano, string(b[1:len(b)-1]))
	if err != nil {
		return fmt.Errorf("timestamp is not ISO 8601")
	}
	*t = At(parsed)
	return nil
}
