// Package snowflake is the platform's id: a 64-bit number that carries its time of creation, so that ids made later
// sort later.
//
// A Generator makes ids in a process, Postgres stores them as bigint, and JSON carries them as decimal strings, because
// JavaScript's numbers can't hold them. Everything from outside comes in through Parse or UnmarshalJSON, which accept
// exactly what Postgres can store.
//
// The layout is Discord's: https://discord.com/developers/docs/reference#snowflakes
package snowflake

import (
	"errors"
	"math"
	"strconv"
	"time"
)

// Epoch is the first moment an id can tell, 2015-01-01T00:00:00Z, in Unix milliseconds.
const Epoch = 1420070400000

// How an id is laid out, from its low end: sequence, process (5 bits) and worker (5 bits) as one, milliseconds.
const (
	sequenceBits = 12
	workerBits   = 10
	timeShift    = sequenceBits + workerBits
)

// Max is the highest id: the highest bigint. (Discord's 64th bit isn't in use before the year 2084.)
const Max ID = math.MaxInt64

// ErrInvalid says that the text isn't an id: decimal without sign or leading zeros, at most Max.
var ErrInvalid = errors.New("snowflake: not a decimal id")

// ID names a user, guild, channel, message, ... Zero stands for none.
type ID uint64

// Parse reads the decimal form, ErrInvalid if it is anything else.
func Parse(s string) (ID, error) { return parse(s) }

func parse[T string | []byte](s T) (ID, error) {
	const longest = len("9223372036854775807")
	if len(s) == 0 || len(s) > longest || (s[0] == '0' && len(s) > 1) {
		return 0, ErrInvalid
	}
	var n uint64 // 19 digits can't overflow it
	for i := range len(s) {
		digit := s[i] - '0'
		if digit > 9 {
			return 0, ErrInvalid
		}
		n = n*10 + uint64(digit)
	}
	if ID(n) > Max {
		return 0, ErrInvalid
	}
	return ID(n), nil
}

// FromTime returns the lowest id of t's millisecond: a bound to compare real ids with. It stays within 0 and Max for
// any t.
func FromTime(t time.Time) ID {
	ms := min(max(t.UnixMilli(), Epoch)-Epoch, int64(Max>>timeShift))
	return ID(ms) << timeShift
}

// Time returns the moment of creation, exact to the millisecond, in UTC.
func (id ID) Time() time.Time {
	return time.UnixMilli(int64(id>>timeShift) + Epoch).UTC()
}

// String returns the decimal form.
func (id ID) String() string { return strconv.FormatUint(uint64(id), 10) }
