package form

import (
	"encoding/json"
	"strings"

	"guildhall.chat/guildhall/internal/snowflake"
)

// IDs is a list of ids that may be sent as a text with commas in between, too.
type IDs []snowflake.ID

// UnmarshalJSON accepts both forms.
func (l *IDs) UnmarshalJSON(b []byte) error {
	if len(b) == 0 || b[0] != '"' {
		return json.Unmarshal(b, (*[]snowflake.ID)(l))
	}
	var text string
	if err := json.Unmarshal(b, &text); err != nil {
		return err
	}
	return l.Add(text)
}

// Add appends the ids of a text with commas in between.
func (l *IDs) Add(text string) error {
	for part := range strings.SplitSeq(text, ",") {
		if part = strings.TrimSpace(part); part == "" {
			continue
		}
		id, err := snowflake.Parse(part)
		if err != nil {
			return err
		}
		*l = append(*l, id)
	}
	return nil
}
