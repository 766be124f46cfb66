package permissions

import (
	"slices"
	"time"

	"guildhall.chat/guildhall/internal/snowflake"
)

// Kind says whom an overwrite is about. The values are those on the wire.
type Kind uint8

// The kinds of overwrite.
const (
	OfRole   Kind = 0
	OfMember Kind = 1
)

// Overwrite changes in one channel what a role (@everyone included) or a member may do.
type Overwrite struct {
	ID    snowflake.ID // of the role or the user
	Kind  Kind
	Allow Set
	Deny  Set
}

// Channel is what permissions need to know of a channel, or of the parent of a thread.
type Channel struct {
	Type       int // https://discord.com/developers/docs/resources/channel#channel-object-channel-types
	Overwrites []Overwrite
}

// In returns what the member may do in the channel. Of a thread, pass the parent to InThread instead; if Type is a
// thread's all the same, the Overwrites must be its parent's and the member counts as not having joined.
func (g *Guild) In(m Member, c *Channel, now time.Time) Set {
	if IsThread(c.Type) {
		return g.InThread(m, c, c.Type == privateThread, false, now)
	}
	set := limit(g.overwritten(g.base(m), m, c.Overwrites), m, now)
	switch {
	case !set.Has(ViewChannel):
		return 0
	case isVoice(c.Type) && !set.Has(Connect):
		return ViewChannel
	case !set.Has(SendMessages):
		return set &^ withSending
	}
	return set
}

// InThread returns what the member may do in a thread of the parent. A private thread is only for those who joined it or
// may manage threads.
func (g *Guild) InThread(m Member, parent *Channel, private, joined bool, now time.Time) Set {
	set := limit(g.overwritten(g.base(m), m, parent.Overwrites), m, now)
	switch {
	case !set.Has(ViewChannel), private && !joined && !set.Has(ManageThreads):
		return 0
	case !set.Has(SendMessagesInThreads):
		return set &^ withSending
	}
	return set
}

// withSending is what makes no sense, so isn't there, for who can't send messages.
const withSending = MentionEveryone | SendTTSMessages | AttachFiles | EmbedLinks

// overwritten applies the overwrites to base: @everyone's, then those of all the member's roles together, then the
// member's own; at each step the denials before the allowances. Positions of roles play no part.
func (g *Guild) overwritten(base Set, m Member, overwrites []Overwrite) Set {
	if base.Has(Administrator) {
		return base
	}
	var everyone, roles, member Overwrite
	for i := range overwrites {
		o := &overwrites[i]
		switch {
		case o.Kind == OfMember:
			if o.ID == m.User {
				member = *o
			}
		case o.ID == g.ID:
			everyone = *o
		case g.holds(m, o.ID):
			roles.Deny |= o.Deny
			roles.Allow |= o.Allow
		}
	}
	set := base&^everyone.Deny | everyone.Allow
	set = set&^roles.Deny | roles.Allow
	set = set&^member.Deny | member.Allow
	return set&^guildOnly | base&guildOnly
}

func (g *Guild) holds(m Member, role snowflake.ID) bool {
	if !slices.Contains(m.Roles, role) {
		return false
	}
	_, exists := g.Roles[role]
	return exists
}
