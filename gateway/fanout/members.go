package fanout

import (
	"encoding/json"
	"slices"
	"strings"
	"time"

	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/permissions"
	"guildhall.chat/guildhall/internal/snowflake"
)

// maxPresenceGuild is the size from which on a guild's GUILD_CREATE has no presences.
// https://discord.com/developers/docs/events/gateway-events#guild-create
const maxPresenceGuild = 75_000

// initialMembers returns the members and presences that GUILD_CREATE lists for a seat. The lock is held.
func (g *Guild) initialMembers(s *seat) (members, presences []json.RawMessage) {
	if s.intents&discord.IntentGuildPresences == 0 || len(g.members) > maxPresenceGuild {
		return []json.RawMessage{g.members[s.user].raw}, nil
	}
	all := len(g.members) <= s.place.profile.LargeThreshold
	for _, id := range g.memberIDs() {
		m := g.members[id]
		presence, online := g.presences[id]
		if all || online || id == s.user || len(m.roles) > 0 || m.nick != "" {
			members = append(members, m.raw)
			if online {
				presences = append(presences, presence)
			}
		}
	}
	return members, presences
}

// memberIDs returns all members, ascending. The lock is held.
func (g *Guild) memberIDs() []snowflake.ID {
	ids := make([]snowflake.ID, 0, len(g.members))
	for id := range g.members {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	return ids
}

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

// Members answers a query; ok is false if the session is not in the guild or may not ask.
func (p *Place) Members(q MemberQuery) (result MemberResult, ok bool) {
	g := p.guild(q.Guild)
	if g == nil {
		return result, false
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	s := g.seats[p]
	if g.closed || s == nil || !s.attached || q.All() && !g.mayList(s) {
		return result, false
	}
	if q.All() {
		if wait := g.throttle(s.user, time.Now()); wait > 0 {
			return MemberResult{RetryAfter: wait}, true
		}
	}
	ids, notFound := g.selectMembers(q)
	result.NotFound = notFound
	result.Members = make([]json.RawMessage, len(ids))
	for i, id := range ids {
		result.Members[i] = g.members[id].raw
	}
	if q.Presences && s.intents&discord.IntentGuildPresences != 0 {
		result.Presences = make([]json.RawMessage, len(ids))
		for i, id := range ids {
			result.Presences[i] = g.presences[id]
		}
	}
	return result, true
}

// mayList reports whether a session may have the whole list: a bot with the intent, a user who manages members.
func (g *Guild) mayList(s *seat) bool {
	if s.place.profile.Bot {
		return s.intents&discord.IntentGuildMembers != 0
	}
	base := g.perms.Base(g.members[s.user].permissions(s.user), time.Now())
	return base&(permissions.ManageRoles|permissions.KickMembers|permissions.BanMembers) != 0
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

func (g *Guild) selectMembers(q MemberQuery) (found, notFound []snowflake.ID) {
	if q.Users != nil {
		for _, id := range q.Users {
			if _, member := g.members[id]; member {
				found = append(found, id)
			} else {
				notFound = append(notFound, id)
			}
		}
		return found, notFound
	}
	ids := g.memberIDs()
	if q.All() {
		return ids, nil
	}
	limit := maxSearch
	if q.Limit > 0 {
		limit = min(q.Limit, maxSearch)
	}
	prefix := strings.ToLower(q.Prefix)
	for _, id := range ids {
		if len(found) == limit {
			break
		}
		if g.members[id].hasPrefix(prefix) {
			found = append(found, id)
		}
	}
	return found, nil
}

// wireChannels returns all channels in the order in which they are shown. The lock is held.
func (g *Guild) wireChannels() []discord.Channel {
	list := make([]discord.Channel, 0, len(g.channels))
	for _, c := range g.channels {
		list = append(list, c.wire)
	}
	slices.SortFunc(list, func(a, b discord.Channel) int {
		if pa, pb := position(a), position(b); pa != pb {
			return pa - pb
		}
		if a.ID < b.ID {
			return -1
		}
		return 1
	})
	return list
}

func position(c discord.Channel) int {
	if c.Position == nil {
		return 0
	}
	return *c.Position
}
