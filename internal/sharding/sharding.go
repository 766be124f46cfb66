// Package sharding says which shard a guild belongs to. It is the one place that knows, for clients' shards (the
// `shard` of IDENTIFY) and the platform's own gateway shards alike.
//
// https://discord.com/developers/docs/events/gateway#sharding
package sharding

import (
	"encoding/json"
	"errors"

	"guildhall.chat/guildhall/internal/snowflake"
)

// ErrInvalid says that a client's shard can't be: the gateway closes with 4010.
var ErrInvalid = errors.New("sharding: not [id, count] with 0 <= id < count <= 65536")

// maxCount bounds a client's number of shards, far above what one client needs (Discord: 2,500 guilds a shard).
const maxCount = 1 << 16

// ShardOf returns the shard of a guild, of 0 to shards-1. A log, channel or user outside of guilds, id 0, is on shard 0.
// shards must be positive.
func ShardOf(guild snowflake.ID, shards int) int {
	return int((uint64(guild) >> 22) % uint64(shards))
}

// Shard is the part of all guilds that one session gets, [id, count] in JSON. The zero value is no valid one; a session
// that names none has Whole.
type Shard struct {
	ID    int
	Count int
}

// Whole is the shard of an unsharded session: everything.
var Whole = Shard{ID: 0, Count: 1}

// New returns the shard, ErrInvalid if it can't be.
func New(id, count int) (Shard, error) {
	if count < 1 || count > maxCount || id < 0 || id >= count {
		return Shard{}, ErrInvalid
	}
	return Shard{id, count}, nil
}

// Has reports whether the session gets the guild's events.
func (s Shard) Has(guild snowflake.ID) bool { return ShardOf(guild, s.Count) == s.ID }

// HasUser reports whether the session gets what is about the user and no guild: DMs, relationships, ... Shard 0 does.
func (s Shard) HasUser() bool { return s.ID == 0 }

// Home returns the platform's shard, of 0 to shards-1, whose pods receive all guilds of this session already. Without
// that, as when count is no multiple of shards, there is none, and any pod serves as well as another.
func (s Shard) Home(shards int) (shard int, ok bool) {
	if s.Count%shards != 0 {
		return 0, false
	}
	return s.ID % shards, true
}

// MarshalJSON writes [id, count].
func (s Shard) MarshalJSON() ([]byte, error) { return json.Marshal([2]int{s.ID, s.Count}) }

// UnmarshalJSON reads [id, count], ErrInvalid otherwise. By encoding/json's convention null changes nothing.
func (s *Shard) UnmarshalJSON(data []byte) error {
	if string(data) == "null" {
		return nil
	}
	var pair []int
	if err := json.Unmarshal(data, &pair); err != nil || len(pair) != 2 {
		return ErrInvalid
	}
	shard, err := New(pair[0], pair[1])
	if err != nil {
		return err
	}
	*s = shard
	return nil
}
