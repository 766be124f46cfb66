package fanout

import (
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"guildhall.chat/guildhall/gateway/journal"
	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/events"
	"guildhall.chat/guildhall/internal/permissions"
	"guildhall.chat/guildhall/internal/snowflake"
)

// Event implements events.Handler: it folds the event into the view and delivers it.
func (g *Guild) Event(e events.Event) {
	g.mu.Lock()
	var err error
	if !g.closed {
		err = g.handle(e)
	}
	g.mu.Unlock()
	if err != nil {
		g.hub.log.Error("event can't be applied", "guild", g.id, "seq", e.Seq, "type", e.Head.Type, "error", err)
		g.lose()
	}
	observeLatency(e)
}

// handle applies an event and delivers it by the state after it; what is removed, by the state before. The lock is held.
func (g *Guild) handle(e events.Event) error {
	switch e.Head.Type {
	case discord.EventGuildUpdate:
		return g.updateGuild(e)
	case discord.EventGuildDelete:
		g.deleteGuild(e)
	case discord.EventGuildRoleCreate, discord.EventGuildRoleUpdate:
		return g.putRole(e)
	case discord.EventGuildRoleDelete:
		return g.deleteRole(e)
	case discord.EventChannelCreate, discord.EventChannelUpdate, discord.EventChannelDelete:
		return g.changeChannel(e)
	case discord.EventGuildMemberAdd:
		return g.addMember(e)
	case discord.EventGuildMemberUpdate:
		return g.updateMember(e)
	case discord.EventGuildMemberRemove:
		return g.removeMember(e)
	case discord.EventPresenceUpdate:
		return g.updatePresence(e)
	case discord.EventMessageCreate:
		g.noteMessage(e)
		g.deliver(e, g.receivers(e))
	case discord.EventChannelPinsUpdate:
		g.notePins(e)
		g.deliver(e, g.receivers(e))
	default:
		g.deliver(e, g.receivers(e))
	}
	return nil
}

func decode[T any](e events.Event) (T, error) {
	var data T
	if err := json.Unmarshal(e.Data, &data); err != nil {
		return data, fmt.Errorf("data of %s: %w", e.Head.Type, err)
	}
	return data, nil
}

func (g *Guild) updateGuild(e events.Event) error {
	object, err := decode[discord.Guild](e)
	if err != nil {
		return err
	}
	object.Roles = g.object.Roles // they change by events of their own
	ownerChanged := object.OwnerID != g.perms.Owner
	g.object, g.perms.Owner, g.shared = object, object.OwnerID, nil
	if ownerChanged {
		g.accessChanged()
	}
	g.deliver(e, g.attending())
	return nil
}

// deleteGuild tells everybody and closes the view.
func (g *Guild) deleteGuild(e events.Event) {
	g.deliver(e, g.attending())
	g.closed = true
	g.seats = map[*Place]*seat{}
	go g.hub.forget(g)
}

func (g *Guild) putRole(e events.Event) error {
	change, err := decode[discord.RoleEvent](e)
	if err != nil {
		return err
	}
	role := change.Role
	// A new slice: the old one may be in use as a part of the snapshot's object.
	roles := slices.Clone(g.object.Roles)
	if i := slices.IndexFunc(roles, func(r discord.Role) bool { return r.ID == role.ID }); i >= 0 {
		roles[i] = role
	} else {
		roles = append(roles, role)
	}
	g.object.Roles, g.shared = roles, nil
	if before, known := g.perms.Roles[role.ID]; !known || before.Permissions != role.Permissions {
		g.accessChanged()
	}
	g.perms.Roles[role.ID] = roleOf(role)
	g.deliver(e, g.attending())
	return nil
}

// deleteRole also takes the role from the members and overwrites that had it: no event says so for each.
func (g *Guild) deleteRole(e events.Event) error {
	change, err := decode[discord.RoleDeleteEvent](e)
	if err != nil {
		return err
	}
	g.object.Roles = slices.DeleteFunc(slices.Clone(g.object.Roles), func(r discord.Role) bool { return r.ID == change.RoleID })
	delete(g.perms.Roles, change.RoleID)
	for user, m := range g.members {
		if !slices.Contains(m.roles, change.RoleID) {
			continue
		}
		wire, err := m.decode()
		if err != nil {
			return err
		}
		wire.Roles = slices.DeleteFunc(wire.Roles, func(id snowflake.ID) bool { return id == change.RoleID })
		if g.members[user], err = newMember(wire); err != nil {
			return err
		}
	}
	for id, c := range g.channels {
		if c.wire.PermissionOverwrites == nil {
			continue
		}
		kept := slices.DeleteFunc(slices.Clone(*c.wire.PermissionOverwrites),
			func(o discord.Overwrite) bool { return o.ID == change.RoleID })
		wire := c.wire
		wire.PermissionOverwrites = &kept
		g.channels[id] = channelOf(wire)
	}
	g.shared = nil
	g.accessChanged()
	g.deliver(e, g.attending())
	return nil
}

// changeChannel goes to those who could see the channel before, or can see it now.
func (g *Guild) changeChannel(e events.Event) error {
	c, err := decode[discord.Channel](e)
	if err != nil {
		return err
	}
	before := g.viewers(c.ID)
	if e.Head.Type == discord.EventChannelDelete {
		delete(g.channels, c.ID)
	} else {
		g.channels[c.ID] = channelOf(c)
	}
	delete(g.audiences, c.ID)
	g.shared = nil
	receivers := before
	for _, s := range g.viewers(c.ID) {
		if !slices.Contains(before, s) {
			receivers = append(receivers, s)
		}
	}
	g.deliver(e, receivers)
	return nil
}

// addMember tells the others, and attaches the user's own sessions, which wait.
func (g *Guild) addMember(e events.Event) error {
	change, m, err := memberOf(e)
	if err != nil {
		return err
	}
	user := change.User.ID
	g.members[user], g.shared = m, nil
	if g.isAttending(user) { // the event may repeat for a member
		g.accessChanged()
	}
	g.deliver(e, g.others(user))
	for _, s := range g.seats {
		if s.user == user && !s.attached {
			if _, err := g.admit(s, false); err != nil {
				return err
			}
		}
	}
	return nil
}

func (g *Guild) updateMember(e events.Event) error {
	change, m, err := memberOf(e)
	if err != nil {
		return err
	}
	user := change.User.ID
	if _, member := g.members[user]; !member {
		return nil // ephemeral news of somebody who has left
	}
	g.members[user] = m
	if g.isAttending(user) {
		g.accessChanged()
	}
	g.deliver(e, g.attending(), user)
	return nil
}

// memberOf returns the member of an event; its user is never nil.
func memberOf(e events.Event) (discord.MemberEvent, member, error) {
	change, err := decode[discord.MemberEvent](e)
	if err != nil {
		return change, member{}, err
	}
	if change.User == nil {
		return change, member{}, fmt.Errorf("data of %s has no user", e.Head.Type)
	}
	m, err := newMember(change.Member)
	return change, m, err
}

// removeMember tells the others. To the user's own sessions the guild is gone; their seats wait, for the user may have
// come back already.
func (g *Guild) removeMember(e events.Event) error {
	change, err := decode[discord.MemberRemoveEvent](e)
	if err != nil {
		return err
	}
	user := change.User.ID
	g.deliver(e, g.others(user))
	delete(g.members, user)
	delete(g.presences, user)
	g.shared = nil
	if g.isAttending(user) {
		g.hub.presences.Left(user, g.id)
	}
	for _, s := range g.seats {
		if s.user != user || !s.attached {
			continue
		}
		if s.place.profile.wants(discord.EventGuildDelete) {
			s.sub.DeliverOwn(journal.Entry{Kind: journal.Left, Log: g.id}, goneGuild(g.id))
		}
		s.attached, s.since = false, time.Now()
		g.attendanceChanged()
	}
	return nil
}

func (g *Guild) updatePresence(e events.Event) error {
	change, err := decode[struct {
		User   struct{ ID snowflake.ID }
		Status string
	}](e)
	if err != nil {
		return err
	}
	if _, member := g.members[change.User.ID]; !member {
		return nil
	}
	if change.Status == "offline" {
		delete(g.presences, change.User.ID)
	} else {
		g.presences[change.User.ID] = e.Data
	}
	g.deliver(e, g.attending())
	return nil
}

// noteMessage keeps last_message_id, which no CHANNEL_UPDATE tells.
func (g *Guild) noteMessage(e events.Event) {
	c := g.channels[e.Head.Channel]
	if c == nil || c.wire.LastMessageID == nil {
		return
	}
	if id, ok := messageID(e.Data); ok {
		last := &id
		c.wire.LastMessageID = &last
		g.shared = nil
	}
}

func (g *Guild) notePins(e events.Event) {
	c := g.channels[e.Head.Channel]
	if c == nil || c.wire.LastPinTimestamp == nil {
		return
	}
	change, err := decode[struct {
		Last *discord.Timestamp `json:"last_pin_timestamp"`
	}](e)
	if err == nil {
		c.wire.LastPinTimestamp = &change.Last
		g.shared = nil
	}
}

// messageID returns the id of a message object. It is the first key of ours, which spares reading the whole message.
func messageID(data []byte) (snowflake.ID, bool) {
	const begin = `{"id":"`
	if len(data) > len(begin) && string(data[:len(begin)]) == begin {
		rest := data[len(begin):]
		if end := slices.Index(rest[:min(len(rest), 24)], '"'); end > 0 {
			id, err := snowflake.Parse(string(rest[:end]))
			return id, err == nil
		}
	}
	var m struct{ ID snowflake.ID }
	err := json.Unmarshal(data, &m)
	return m.ID, err == nil && m.ID != 0
}

// rules returns what the rules need of a seat's member. The lock is held.
func (g *Guild) rules(s *seat) permissions.Member { return g.members[s.user].permissions(s.user) }
