package fanout

import (
	"encoding/json"
	"strings"
	"time"

	"guildhall.chat/guildhall/gateway/fanout/roster"
	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/permissions"
	"guildhall.chat/guildhall/internal/snowflake"
)

// MemberQuery asks for members of a guild.
// https://discord.com/developers/docs/events/gateway-events#request-guild-members
type MemberQuery struct {
	Guild     snowflake.ID
	Users     []snowflake.ID // with nil, Prefix and Limit count
	Prefix    string
	Limit     int // 0 with the empty prefix: all
	Presences bool
}

// All reports whether the query is for the whole list.
func (q MemberQuery) All() bool { return q.Users == nil && q.Prefix == "" && q.Limit == 0 }

const (
	// maxSearch bounds the result of a prefix search.
	maxSearch = 100
	// fullListEvery is how often a user may ask for all members of a guild.
	fullListEvery = 30 * time.Second
)

// MemberResult answers a MemberQuery.
type MemberResult struct {
	Members   []json.RawMessage
	Presences []json.RawMessage // one a member, nil if offline; nil as a whole if not asked for, or not allowed
	NotFound  []snowflake.ID
	// RetryAfter is set, and nothing else, when the whole list was asked for too often.
	RetryAfter time.Duration
}

// Members answers a query; ok is false if the session is not in the guild or may not ask. The list is made after the guild is
// let go of.
func (p *Place) Members(q MemberQuery) (result MemberResult, ok bool) {
	s := p.seatIn(q.Guild)
	if s == nil {
		return result, false
	}
	members, wait, ok := s.guild.consult(s, q)
	if !ok || wait > 0 {
		return MemberResult{RetryAfter: wait}, ok
	}
	found, notFound := selectMembers(members, q)
	result.NotFound = notFound
	result.Members = encodeMembers(found)
	if q.Presences && p.profile.Intents&discord.IntentGuildPresences != 0 {
		result.Presences = s.guild.presencesOf(found)
	}
	return result, true
}

// consult returns the members for a query, or how long the user must wait for them.
func (g *Guild) consult(s *seat, q MemberQuery) (members roster.Snapshot, wait time.Duration, ok bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.closed || !s.attached || q.All() && !g.mayList(s) {
		return members, 0, false
	}
	if q.All() {
		if wait := g.throttle(s.user(), time.Now()); wait > 0 {
			return members, wait, true
		}
	}
	return g.members.Snapshot(), 0, true
}

// mayList reports whether a session may have the whole list: a bot with the intent, a user who manages members.
func (g *Guild) mayList(s *seat) bool {
	if s.place.profile.Bot {
		return s.intents()&discord.IntentGuildMembers != 0
	}
	m, is := g.member(s.user())
	managing := question{any: permissions.ManageRoles | permissions.KickMembers | permissions.BanMembers}
	return is && g.may(m, managing, time.Now())
}

// presencesOf returns the presences of members, nil for those who are offline.
func (g *Guild) presencesOf(members []roster.Member) []json.RawMessage {
	list := make([]json.RawMessage, len(members))
	g.mu.Lock()
	defer g.mu.Unlock()
	for i, m := range members {
		list[i] = g.presences[m.User]
	}
	return list
}

// throttle counts a request for the whole list; it returns how long the user must wait, or 0.
func (g *Guild) throttle(user snowflake.ID, now time.Time) time.Duration {
	if last, asked := g.requested[user]; asked {
		if wait := last.Add(fullListEvery).Sub(now); wait > 0 {
			return wait
		}
	}
	for other, last := range g.requested {
		if now.Sub(last) > fullListEvery {
			delete(g.requested, other)
		}
	}
	g.requested[user] = now
	return 0
}

func selectMembers(members roster.Snapshot, q MemberQuery) (found []roster.Member, notFound []snowflake.ID) {
	if q.Users != nil {
		for _, id := range q.Users {
			if m, is := members.Find(id); is {
				found = append(found, m)
			} else {
				notFound = append(notFound, id)
			}
		}
		return found, notFound
	}
	limit, prefix := maxSearch, strings.ToLower(q.Prefix)
	switch {
	case q.All():
		limit = members.Len()
	case q.Limit > 0:
		limit = min(q.Limit, maxSearch)
	}
	for m := range members.All() {
		if len(found) == limit {
			break
		}
		if m.HasPrefix(prefix) {
			found = append(found, m)
		}
	}
	return found, nil
}

// encodeMembers returns the member objects. They share a few large buffers.
func encodeMembers(members []roster.Member) []json.RawMessage {
	const buffer, reserve = 64 << 10, 4 << 10
	list := make([]json.RawMessage, len(members))
	var dst []byte
	for i, m := range members {
		if cap(dst)-len(dst) < reserve {
			dst = make([]byte, 0, min(buffer, reserve*(len(members)-i)))
		}
		begin := len(dst)
		dst = m.AppendJSON(dst)
		list[i] = dst[begin:len(dst):len(dst)]
	}
	return list
}
