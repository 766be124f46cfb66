package snowflake

import "strconv"

// AppendText appends the decimal form; encoding.TextAppender.
func (id ID) AppendText(b []byte) ([]byte, error) {
	return strconv.AppendUint(b, uint64(id), 10), nil
}

// MarshalText returns the decimal form. encoding/json makes a string of it, as a value and as the key of a map.
func (id ID) MarshalText() ([]byte, error) { return id.AppendText(nil) }

// UnmarshalText reads the decimal form, ErrInvalid otherwise.
func (id *ID) UnmarshalText(text []byte) error {
	parsed, err := parse(text)
	if err != nil {
		return err
	}
	*id = parsed
	return nil
}

// UnmarshalJSON reads a string or a number, as Discord does; ErrInvalid otherwise. By encoding/json's convention null
// changes nothing: use *ID where it has a meaning.
func (id *ID) UnmarshalJSON(data []byte) error {
	if string(data) == "null" {
		return nil
	}
	if n := len(data); n >= 2 && data[0] == '"' && data[n-1] == '"' {
		data = data[1 : n-1]
	}
	return id.UnmarshalText(data)
}
