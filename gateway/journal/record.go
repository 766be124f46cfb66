package journal

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"

	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/sharding"
	"guildhall.chat/guildhall/internal/snowflake"
)

// Record is what it takes to continue a session elsewhere. It has no token: who resumes proves who it is anew.
type Record struct {
	Version int // of the encoding; Put and Claim set it

	Owner Process // which process has the session
	// Base is what the session's `s` is above the position of the owner's line. A process that claims a session should
	// begin its numbers Jump above the client's: should Redis lose the claim in a failover, they can't be taken for the
	// old owner's.
	Base int64
	// From is the lowest `s` that the owner's journal explains; a client below it can't move.
	From int64

	User        snowflake.ID
	Login       snowflake.ID // of a user: what the access token belongs to
	Bot         bool
	Application snowflake.ID // of a bot
	AppFlags    int64        // of a bot's application

	Intents        discord.Intents
	Shard          *sharding.Shard // nil: the client named none
	LargeThreshold int
	Capabilities   discord.Capabilities // of a person's client
	Compress       bool                 // payload compression
	APIVersion     int

	Client        string          // the kind of program
	Presence      json.RawMessage // what the session says of itself; nil: nothing yet
	Subscriptions json.RawMessage // op 14 and 37; nil: none

	Guilds []snowflake.ID // ascending
	// GuildsAt is the position of the owner's line at which they became these. A journal that does not reach to it
	// can't tell how they did.
	GuildsAt int64
}

// A record is a hash. What changes has a field of its own.
const (
	fieldVersion       = "v"
	fieldOwner         = "o"
	fieldBase          = "b"
	fieldProfile       = "i" // JSON
	fieldPresence      = "p"
	fieldSubscriptions = "s"
	fieldGuilds        = "g" // uvarints, each less the one before
	fieldGuildsAt      = "a"
)

const recordVersion = 1

// Bounds of a record: together it is at most a little more than 128 KiB, usually a few hundred bytes.
const (
	maxGuilds        = 10_000
	maxPresence      = 16 << 10
	maxSubscriptions = 32 << 10
)

// profile is what does not change while a process has a session.
type profile struct {
	From           int64                `json:"f,omitempty"`
	User           snowflake.ID         `json:"u"`
	Login          snowflake.ID         `json:"l,omitempty"`
	Bot            bool                 `json:"b,omitempty"`
	Application    snowflake.ID         `json:"a,omitempty"`
	AppFlags       int64                `json:"af,omitempty"`
	Intents        discord.Intents      `json:"i"`
	Shard          *sharding.Shard      `json:"s,omitempty"`
	LargeThreshold int                  `json:"t,omitempty"`
	Capabilities   discord.Capabilities `json:"k,omitempty"`
	Compress       bool                 `json:"z,omitempty"`
	APIVersion     int                  `json:"v,omitempty"`
	Client         string               `json:"c,omitempty"`
}

// fields returns the record as a hash's fields and values; ErrTooLarge.
func (r *Record) fields() ([]any, error) {
	if len(r.Guilds) > maxGuilds || len(r.Presence) > maxPresence || len(r.Subscriptions) > maxSubscriptions {
		return nil, ErrTooLarge
	}
	about, err := json.Marshal(profile{
		From: r.From, User: r.User, Login: r.Login, Bot: r.Bot, Application: r.Application, AppFlags: r.AppFlags,
		Intents: r.Intents, Shard: r.Shard, LargeThreshold: r.LargeThreshold, Compress: r.Compress, APIVersion: r.APIVersion,
		Client: r.Client, Capabilities: r.Capabilities,
	})
	if err != nil {
		return nil, fmt.Errorf("encode session record: %w", err)
	}
	fields := []any{
		fieldVersion, recordVersion, fieldOwner, string(r.Owner), fieldBase, r.Base, fieldProfile, about,
		fieldGuilds, encodeIDs(r.Guilds), fieldGuildsAt, r.GuildsAt,
	}
	if len(r.Presence) > 0 {
		fields = append(fields, fieldPresence, []byte(r.Presence))
	}
	if len(r.Subscriptions) > 0 {
		fields = append(fields, fieldSubscriptions, []byte(r.Subscriptions))
	}
	return fields, nil
}

// recordOf reads a record from its hash. One that a later version wrote in another way is none.
func recordOf(hash map[string]string) (Record, error) {
	var r Record
	var about profile
	var err error
	number := func(field string) (n int64) {
		if err == nil {
			n, err = strconv.ParseInt(hash[field], 10, 64)
		}
		return n
	}
	r.Version = int(number(fieldVersion))
	if err == nil && r.Version != recordVersion {
		return Record{}, fmt.Errorf("%w: record of version %d", ErrNoSession, r.Version)
	}
	r.Owner, r.Base, r.GuildsAt = Process(hash[fieldOwner]), number(fieldBase), number(fieldGuildsAt)
	if err == nil {
		r.Guilds, err = decodeIDs(hash[fieldGuilds])
	}
	if err == nil {
		err = json.Unmarshal([]byte(hash[fieldProfile]), &about)
	}
	if err != nil {
		return Record{}, fmt.Errorf("session record: %w", err)
	}
	r.From, r.User, r.Login, r.Bot = about.From, about.User, about.Login, about.Bot
	r.Application, r.AppFlags = about.Application, about.AppFlags
	r.Intents, r.Shard, r.LargeThreshold = about.Intents, about.Shard, about.LargeThreshold
	r.Compress, r.APIVersion, r.Client, r.Capabilities = about.Compress, about.APIVersion, about.Client, about.Capabilities
	if text := hash[fieldPresence]; text != "" {
		r.Presence = json.RawMessage(text)
	}
	if text := hash[fieldSubscriptions]; text != "" {
		r.Subscriptions = json.RawMessage(text)
	}
	return r, nil
}

// encodeIDs writes ids, in any order, in ascending order.
func encodeIDs(ids []snowflake.ID) []byte {
	if !slices.IsSorted(ids) {
		ids = slices.Sorted(slices.Values(ids))
	}
	b := make([]byte, 0, 8*len(ids))
	var last snowflake.ID
	for _, id := range ids {
		b = binary.AppendUvarint(b, uint64(id-last))
		last = id
	}
	return b
}

func decodeIDs(text string) ([]snowflake.ID, error) {
	d := decoder{rest: []byte(text)}
	var ids []snowflake.ID
	var last snowflake.ID
	for len(d.rest) > 0 {
		last += snowflake.ID(d.uvarint())
		ids = append(ids, last)
	}
	if d.bad || len(ids) > maxGuilds || !slices.IsSorted(ids) {
		return nil, errMalformed
	}
	return ids, nil
}

// Key returns the key of a session in entries: FNV-1a of its id, which no client chooses.
func Key(id string) uint64 {
	const offset, prime = 14695981039346656037, 1099511628211
	hash := uint64(offset)
	for i := range len(id) {
		hash = (hash ^ uint64(id[i])) * prime
	}
	return hash
}
