// Package permissions decides who may do what in a guild. It is the only place that does.
//
// The caller fills a Guild, a Member and a Channel from its own view of the data and asks: Base gives what a member may
// do in the guild, In in a channel, InThread in a thread; OutranksMember and OutranksRole compare ranks; MayGrant,
// GrantableIn and GrantableNew bound what one may give away. Everything is a pure function of its arguments, allocates
// nothing and may be called at once from many goroutines as long as nobody writes to the arguments.
//
// The rules are Discord's: https://discord.com/developers/docs/topics/permissions
package permissions

import (
	"errors"
	"strconv"

	"github.com/jackc/pgx/v5/pgtype"
)

// ErrInvalid says that the input isn't a set: an unsigned decimal of at most 64 bits, without leading zeros.
var ErrInvalid = errors.New("permissions: not a decimal set of bits")

// Set is a set of permissions, one bit each. Bits that have no name are kept as they came.
type Set uint64

// Has reports whether s has every bit of all. Administrators need no exception: Base and In give them All.
func (s Set) Has(all Set) bool { return s&all == all }

// Parse reads the decimal form, ErrInvalid if it is anything else.
func Parse(text string) (Set, error) {
	if len(text) > 1 && text[0] == '0' {
		return 0, ErrInvalid
	}
	n, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		return 0, ErrInvalid
	}
	return Set(n), nil
}

// String returns the decimal form.
func (s Set) String() string { return strconv.FormatUint(uint64(s), 10) }

// MarshalText returns the decimal form; encoding/json makes a string of it.
func (s Set) MarshalText() ([]byte, error) { return strconv.AppendUint(nil, uint64(s), 10), nil }

// UnmarshalText reads the decimal form, ErrInvalid otherwise.
func (s *Set) UnmarshalText(text []byte) error {
	parsed, err := Parse(string(text))
	if err != nil {
		return err
	}
	*s = parsed
	return nil
}

// UnmarshalJSON reads a string or a number, ErrInvalid otherwise. By encoding/json's convention null changes nothing:
// use *Set where it has a meaning.
func (s *Set) UnmarshalJSON(data []byte) error {
	if string(data) == "null" {
		return nil
	}
	if n := len(data); n >= 2 && data[0] == '"' && data[n-1] == '"' {
		data = data[1 : n-1]
	}
	return s.UnmarshalText(data)
}

// ScanInt64 lets pgx read a bigint as 64 bits. NULL is an error: nullable columns use *Set.
func (s *Set) ScanInt64(v pgtype.Int8) error {
	if !v.Valid {
		return errors.New("permissions: NULL in a column that is read as a set")
	}
	*s = Set(v.Int64)
	return nil
}

// Int64Value lets pgx write the 64 bits as a bigint.
func (s Set) Int64Value() (pgtype.Int8, error) {
	return pgtype.Int8{Int64: int64(s), Valid: true}, nil
}
