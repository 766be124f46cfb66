package memberlist

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"

	"guildhall.chat/guildhall/internal/snowflake"
)

// Subscription is what a session wants to know of a guild. In a request a nil field leaves things as they are, any other
// replaces what was there.
type Subscription struct {
	Typing        *bool                   `json:"typing,omitempty"`
	Threads       *bool                   `json:"threads,omitempty"`
	Activities    *bool                   `json:"activities,omitempty"`
	MemberUpdates *bool                   `json:"member_updates,omitempty"`
	Members       []snowflake.ID          `json:"members,omitempty"`             // whose presence and member
	ThreadMembers []snowflake.ID          `json:"thread_member_lists,omitempty"` // threads
	Channels      map[snowflake.ID]Blocks `json:"channels,omitempty"`            // rows of their member lists
}

// Request is a Subscription to change.
type Request struct {
	Guild snowflake.ID
	Subscription
}

// Bounds of one request; with more it is malformed. A session's frames are of bounded size and rate anyway.
const (
	maxGuilds   = 200
	maxChannels = 10   // of a guild; clients keep up to 5
	maxMembers  = 1000 // of a guild, and as many threads
)

// Merge changes what the request says.
func (s *Subscription) Merge(r Subscription) {
	s.Typing = cmp.Or(r.Typing, s.Typing)
	s.Threads = cmp.Or(r.Threads, s.Threads)
	s.Activities = cmp.Or(r.Activities, s.Activities)
	s.MemberUpdates = cmp.Or(r.MemberUpdates, s.MemberUpdates)
	if r.Members != nil {
		s.Members = r.Members
	}
	if r.ThreadMembers != nil {
		s.ThreadMembers = r.ThreadMembers
	}
	if r.Channels != nil {
		s.Channels = r.Channels
	}
}

// Empty reports whether the session has not asked for anything, or no longer does.
func (s *Subscription) Empty() bool {
	return s.Typing == nil && s.Threads == nil && s.Activities == nil && s.MemberUpdates == nil &&
		len(s.Members) == 0 && len(s.ThreadMembers) == 0 && len(s.Channels) == 0
}

// ErrMalformed says that a payload is not what its op wants.
var ErrMalformed = errors.New("memberlist: malformed subscription")

// wire is a Subscription as clients send it.
type wire struct {
	Typing        *bool                    `json:"typing"`
	Threads       *bool                    `json:"threads"`
	Activities    *bool                    `json:"activities"`
	MemberUpdates *bool                    `json:"member_updates"`
	Members       []snowflake.ID           `json:"members"`
	ThreadMembers []snowflake.ID           `json:"thread_member_lists"`
	Channels      map[snowflake.ID][][]int `json:"channels"`
}

func (w *wire) subscription() (Subscription, error) {
	s := Subscription{
		Typing: w.Typing, Threads: w.Threads, Activities: w.Activities, MemberUpdates: w.MemberUpdates,
		Members: w.Members, ThreadMembers: w.ThreadMembers,
	}
	if len(w.Members) > maxMembers || len(w.ThreadMembers) > maxMembers || len(w.Channels) > maxChannels {
		return s, fmt.Errorf("%w: too many members, threads or channels", ErrMalformed)
	}
	if w.Channels != nil {
		s.Channels = make(map[snowflake.ID]Blocks, len(w.Channels))
	}
	for channel, ranges := range w.Channels {
		blocks, err := blocksOf(ranges)
		if err != nil {
			return s, fmt.Errorf("%w: channel %s: %w", ErrMalformed, channel, err)
		}
		if len(blocks) > 0 {
			s.Channels[channel] = blocks
		}
	}
	return s, nil
}

// ParseBulk reads the d of op 37; the requests are in the order of the guilds' ids. The error is ErrMalformed.
func ParseBulk(d json.RawMessage) ([]Request, error) {
	var bulk *struct {
		Subscriptions map[snowflake.ID]*wire `json:"subscriptions"`
	}
	if err := json.Unmarshal(d, &bulk); err != nil || bulk == nil {
		return nil, ErrMalformed
	}
	if len(bulk.Subscriptions) > maxGuilds {
		return nil, fmt.Errorf("%w: too many guilds", ErrMalformed)
	}
	requests := make([]Request, 0, len(bulk.Subscriptions))
	for _, guild := range slices.Sorted(maps.Keys(bulk.Subscriptions)) {
		if bulk.Subscriptions[guild] == nil {
			continue
		}
		s, err := bulk.Subscriptions[guild].subscription()
		if err != nil {
			return nil, err
		}
		requests = append(requests, Request{guild, s})
	}
	return requests, nil
}

// Parse reads the d of op 14, the older form for one guild. The error is ErrMalformed.
func Parse(d json.RawMessage) (Request, error) {
	var single struct {
		Guild snowflake.ID `json:"guild_id"`
		wire
	}
	if err := json.Unmarshal(d, &single); err != nil || bytes.Equal(d, []byte("null")) || single.Guild == 0 {
		return Request{}, ErrMalformed
	}
	s, err := single.subscription()
	return Request{single.Guild, s}, err
}
