package access

import (
	"slices"
	"sync"
	"time"

	"guildhall.chat/guildhall/api/automod/rules"
	"guildhall.chat/guildhall/api/call"
	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/permissions"
	"guildhall.chat/guildhall/internal/snowflake"
	"guildhall.chat/guildhall/internal/store"
)

// Guild is a guild in memory, with its rules ready for package permissions. It is shared and never changed.
type Guild struct {
	*store.GuildSnapshot
	Rules    permissions.Guild
	roles    map[snowflake.ID]*discord.Role
	channels map[snowflake.ID]*discord.Channel
	rules    map[snowflake.ID]*permissions.Channel
	// Filters are the rules of auto-moderation, compiled at the first call; nil if there are none.
	Filters func() *rules.Set
}

func newGuild(snap *store.GuildSnapshot) *Guild {
	g := &Guild{
		GuildSnapshot: snap,
		Rules: permissions.Guild{
			ID: snap.Guild.ID, Owner: snap.Guild.OwnerID,
			Roles: make(map[snowflake.ID]permissions.Role, len(snap.Guild.Roles)),
		},
		roles:    make(map[snowflake.ID]*discord.Role, len(snap.Guild.Roles)),
		channels: make(map[snowflake.ID]*discord.Channel, len(snap.Channels)),
		rules:    make(map[snowflake.ID]*permissions.Channel, len(snap.Channels)),
	}
	g.Filters = sync.OnceValue(func() *rules.Set { return rules.Compile(snap.AutoMod) })
	for i := range snap.Guild.Roles {
		r := &snap.Guild.Roles[i]
		g.roles[r.ID] = r
		g.Rules.Roles[r.ID] = Rule(r)
	}
	for i := range snap.Channels {
		c := &snap.Channels[i]
		g.channels[c.ID], g.rules[c.ID] = c, Rules(c)
	}
	return g
}

// Role returns a role, nil if the guild has none of the id.
func (g *Guild) Role(id snowflake.ID) *discord.Role { return g.roles[id] }

// Channel returns a channel, nil if the guild has none of the id.
func (g *Guild) Channel(id snowflake.ID) *discord.Channel { return g.channels[id] }

// PermissionsIn computes a member's permissions in a channel of the guild; none in one that it does not have.
func (g *Guild) PermissionsIn(m permissions.Member, channel snowflake.ID) permissions.Set {
	rules := g.rules[channel]
	if rules == nil {
		return 0
	}
	return g.Rules.In(m, rules, time.Now())
}

// Rule is a role as package permissions takes it.
func Rule(r *discord.Role) permissions.Role {
	return permissions.Role{ID: r.ID, Position: r.Position, Permissions: r.Permissions}
}

// Rules is a channel as package permissions takes it.
func Rules(c *discord.Channel) *permissions.Channel {
	rules := &permissions.Channel{Type: int(c.Type)}
	if c.PermissionOverwrites != nil {
		rules.Overwrites = make([]permissions.Overwrite, len(*c.PermissionOverwrites))
		for i, o := range *c.PermissionOverwrites {
			rules.Overwrites[i] = permissions.Overwrite{ID: o.ID, Kind: permissions.Kind(o.Type), Allow: o.Allow, Deny: o.Deny}
		}
	}
	return rules
}

// MemberRules is a member as package permissions takes it; the member must carry its user.
func MemberRules(m discord.Member) permissions.Member {
	rules := permissions.Member{
		User: m.User.ID, Roles: m.Roles, Pending: m.Pending, Quarantined: m.Flags&discord.MemberQuarantinedName != 0,
	}
	if until := m.CommunicationDisabledUntil; until != nil {
		rules.TimedOutUntil = until.Time
	}
	return rules
}

// visit is the guild as the caller, a member of it, sees it.
func (g *Guild) visit(caller call.Caller, m permissions.Member) *Visit {
	m.NeedsMFA = g.Guild.MFALevel > 0 && !caller.MFA
	m.Pending = m.Pending && slices.Contains(g.Guild.Features, discord.FeatureScreening) // it may have been turned off since
	return &Visit{Guild: g, Member: m, Permissions: g.Rules.Base(m, time.Now())}
}

// Visit is a guild as one member sees it.
type Visit struct {
	Guild       *Guild
	Member      permissions.Member
	Permissions permissions.Set // in the guild
}

// Need returns ErrMissingPermissions unless the member has all of these in the guild.
func (v *Visit) Need(all permissions.Set) error { return v.need(v.Permissions, all) }

// Owner reports whether the member owns the guild.
func (v *Visit) Owner() bool { return v.Member.User == v.Guild.Guild.OwnerID }

// In computes the caller's permissions in a channel of the guild.
func (v *Visit) In(c *discord.Channel) permissions.Set { return v.Guild.PermissionsIn(v.Member, c.ID) }

// Room is a channel as the caller sees it. In a DM Visit is nil and Recipients are all who are in it, the caller first. In a
// thread Thread is what Channel is a part of, and Parent the channel that it is in.
type Room struct {
	*Visit
	Channel    *discord.Channel
	Thread     *store.Thread
	Parent     *discord.Channel
	Recipients []snowflake.ID
	Here       permissions.Set
}

// Direct reports whether the room is a DM.
func (r *Room) Direct() bool { return r.Visit == nil }

// Need returns ErrMissingPermissions unless the caller has all of these in the channel.
func (r *Room) Need(all permissions.Set) error { return r.need(r.Here, all) }

// need is of any visit, nil for a DM.
func (v *Visit) need(have, all permissions.Set) error {
	switch {
	case have.Has(all):
		return nil
	case v != nil && v.Member.NeedsMFA && (have | permissions.NeedMFA).Has(all):
		return discord.ErrNeedsMFA
	}
	return discord.ErrMissingPermissions
}
