package fanout

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/permissions"
	"guildhall.chat/guildhall/internal/snowflake"
)

// member is what the view keeps of a member. A guild may have tens of thousands, so it is compact, and its JSON is made
// once.
type member struct {
	raw        json.RawMessage // the member object, user included
	roles      []snowflake.ID
	timedOut   int64 // until then, Unix milliseconds; 0: not
	name, nick string
}

func newMember(m discord.Member) (member, error) {
	raw, err := json.Marshal(m)
	if err != nil {
		return member{}, fmt.Errorf("encode member: %w", err)
	}
	kept := member{raw: raw, roles: m.Roles, name: strings.ToLower(m.User.Username)}
	if m.Nick != nil {
		kept.nick = strings.ToLower(*m.Nick)
	}
	if m.CommunicationDisabledUntil != nil {
		kept.timedOut = m.CommunicationDisabledUntil.UnixMilli()
	}
	return kept, nil
}

// permissions is the member as the rules want it.
func (m member) permissions(user snowflake.ID) permissions.Member {
	p := permissions.Member{User: user, Roles: m.roles}
	if m.timedOut != 0 {
		p.TimedOutUntil = time.UnixMilli(m.timedOut)
	}
	return p
}

// decode returns the member object.
func (m member) decode() (discord.Member, error) {
	var wire discord.Member
	if err := json.Unmarshal(m.raw, &wire); err != nil {
		return wire, fmt.Errorf("decode member: %w", err)
	}
	return wire, nil
}

// hasPrefix reports whether the name or the nick begins with prefix, which is in lower case.
func (m member) hasPrefix(prefix string) bool {
	return strings.HasPrefix(m.name, prefix) || strings.HasPrefix(m.nick, prefix)
}
