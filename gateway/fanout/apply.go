package fanout

import (
	"encoding/json"
	"fmt"
	"slices"

	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/events"
	"guildhall.chat/guildhall/internal/snowflake"
)

// Event implements events.Handler: it folds the event into the view and delivers it.
func (g *Guild) Event(e events.Event) {
	g.hub.line.Room()
	d := newDispatch(e)
	g.mu.Lock()
	var err error
	if !g.closed {
		g.endTimeOuts()
		err = g.handle(d)
		g.settleLists()
		g.remember(&e)
	}
	g.mu.Unlock()
	if err != nil {
		g.hub.log.Error("event can't be applied", "guild", g.id, "seq", e.Seq, "type", e.Head.Type, "error", err)
		g.lose()
	}
}

// handle applies an event and delivers it by the state after it; what is removed, by the state before. The lock is held.
func (g *Guild) handle(d *dispatch) error {
	g.meetThread(&d.event)
	if g.changesSight(&d.event) {
		defer g.syncGained(g.sight())
	}
	switch d.event.Head.Type {
	case discord.EventGuildUpdate:
		return g.updateGuild(d)
	case discord.EventGuildDelete:
		g.deliver(d)
		g.close()
		go g.hub.forget(g)
	case discord.EventGuildRoleCreate, discord.EventGuildRoleUpdate:
		return g.putRole(d)
	case discord.EventGuildRoleDelete:
		return g.deleteRole(d)
	case discord.EventChannelCreate, discord.EventChannelUpdate, discord.EventChannelDelete:
		return g.changeChannel(d)
	case discord.EventThreadCreate, discord.EventThreadUpdate:
		return g.putThread(d)
	case discord.EventThreadDelete:
		return g.deleteThread(d)
	case discord.EventThreadMembersUpdate:
		return g.changeThreadMembers(d)
	case discord.EventThreadMemberUpdate:
		return g.updateThreadMember(d)
	case discord.EventScheduledEventCreate, discord.EventScheduledEventUpdate, discord.EventScheduledEventDelete:
		return g.changeScheduled(d)
	case discord.EventGuildEmojisUpdate, discord.EventGuildStickersUpdate:
		return g.putExpressions(d)
	case discord.EventGuildMemberAdd:
		return g.addMember(d)
	case discord.EventGuildMemberUpdate:
		return g.updateMember(d)
	case discord.EventGuildMemberRemove:
		return g.removeMember(d)
	case discord.EventPresenceUpdate:
		return g.updatePresence(d)
	case discord.EventMessageCreate:
		g.noteMessage(d.event)
		g.noteThreadMessage(d.event)
		g.deliver(d)
	case discord.EventMessageDelete, discord.EventMessageDeleteBulk:
		g.noteThreadMessage(d.event)
		g.deliver(d)
	case discord.EventChannelPinsUpdate:
		g.notePins(d.event)
		g.deliver(d)
	default:
		g.deliver(d)
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

func (g *Guild) updateGuild(d *dispatch) error {
	object, err := decode[discord.Guild](d.event)
	if err != nil {
		return err
	}
	// These change by events of their own.
	object.Roles, object.Emojis, object.Stickers = g.object.Roles, g.object.Emojis, g.object.Stickers
	ownerChanged := object.OwnerID != g.perms.Owner
	g.object, g.perms.Owner = object, object.OwnerID
	g.face.guildChanged()
	if ownerChanged {
		g.rulesChanged()
	}
	g.deliver(d)
	return nil
}

// putExpressions takes in the whole new list of emojis or stickers.
func (g *Guild) putExpressions(d *dispatch) error {
	list, err := decode[struct{ Emojis, Stickers json.RawMessage }](d.event)
	if err != nil {
		return err
	}
	if list.Emojis != nil {
		g.object.Emojis = list.Emojis
	}
	if list.Stickers != nil {
		g.object.Stickers = list.Stickers
	}
	g.face.guildChanged()
	g.deliver(d)
	return nil
}

func (g *Guild) putRole(d *dispatch) error {
	change, err := decode[discord.RoleEvent](d.event)
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
	g.object.Roles = roles
	g.face.guildChanged()
	before, known := g.perms.Roles[role.ID]
	g.perms.Roles[role.ID] = roleOf(role)
	g.listRoles(false)
	if !known || before.Permissions != role.Permissions {
		g.rulesChanged()
	}
	g.deliver(d)
	return nil
}

// deleteRole also takes the role from the members and overwrites that had it: no event says so for each.
func (g *Guild) deleteRole(d *dispatch) error {
	change, err := decode[discord.RoleDeleteEvent](d.event)
	if err != nil {
		return err
	}
	g.object.Roles = slices.DeleteFunc(slices.Clone(g.object.Roles), func(r discord.Role) bool { return r.ID == change.RoleID })
	delete(g.perms.Roles, change.RoleID)
	g.listRoles(g.dropRole(change.RoleID))
	for id, c := range g.channels {
		if c.wire.PermissionOverwrites == nil {
			continue
		}
		kept := slices.DeleteFunc(slices.Clone(*c.wire.PermissionOverwrites),
			func(o discord.Overwrite) bool { return o.ID == change.RoleID })
		if len(kept) == len(*c.wire.PermissionOverwrites) {
			continue
		}
		wire := c.wire
		wire.PermissionOverwrites = &kept
		g.channels[id] = channelOf(wire)
	}
	g.face.guildChanged()
	g.face.channelsChanged()
	g.rulesChanged()
	g.deliver(d)
	return nil
}

// dropRole takes a role from all members, and brings the groups of seats up to that. It reports whether any had it.
func (g *Guild) dropRole(role snowflake.ID) bool {
	if !g.members.DropRole(role) {
		return false
	}
	g.face.membersChanged()
	groups := g.seats.groups
	g.seats.regroup()
	for _, group := range groups {
		for _, s := range group {
			access, _ := g.members.Access(s.user())
			g.seats.join(s, access.Roles)
		}
	}
	return true
}

// changeChannel goes to those who could see the channel before, or can see it now.
func (g *Guild) changeChannel(d *dispatch) error {
	c, err := decode[discord.Channel](d.event)
	if err != nil {
		return err
	}
	sc := g.scope(&d.event)
	sc.question = toView(c.ID)
	var before bitset
	if g.channels[c.ID] != nil {
		before.or(g.receivers(sc).bits)
	}
	if d.event.Head.Type == discord.EventChannelDelete {
		g.deleteThreadsOf(c.ID)
		g.channelChanged(c.ID)
		delete(g.channels, c.ID)
	} else {
		kept := channelOf(c)
		if old := g.channels[c.ID]; old == nil || !old.sameRules(kept) {
			g.channelChanged(c.ID)
		}
		g.channels[c.ID] = kept
	}
	g.face.channelsChanged()
	now := g.receivers(sc)
	if len(before) == 0 {
		g.submit(d, part(d.whole(), now))
		return nil
	}
	before.or(now.bits)
	g.submit(d, part(d.whole(), g.intern(before)))
	return nil
}

// addMember tells the others, and attaches the user's own sessions, which wait.
func (g *Guild) addMember(d *dispatch) error {
	change, err := memberOf(d.event)
	if err != nil {
		return err
	}
	user := change.User.ID
	if err := g.members.Put(&change.Member); err != nil {
		return err
	}
	g.face.membersChanged()
	g.listMember(user)
	g.memberChanged(user) // the event may repeat for a member
	g.deliverTo(d, g.aboutMember(d, user))
	for s := g.seats.byUser[user]; s != nil; s = s.next {
		if !s.attached {
			s.joined = true
			g.admit(s)
		}
	}
	return nil
}

// aboutMember is the scope of an event about a member, whose header may lack the user.
func (g *Guild) aboutMember(d *dispatch, user snowflake.ID) scope {
	e := d.event
	e.Head.User = user
	return g.scope(&e)
}

func (g *Guild) updateMember(d *dispatch) error {
	change, err := memberOf(d.event)
	if err != nil {
		return err
	}
	user := change.User.ID
	if !g.members.Has(user) {
		g.submit(d) // late news of somebody who has left
		return nil
	}
	if err := g.members.Put(&change.Member); err != nil {
		return err
	}
	g.face.membersChanged()
	g.listMember(user)
	g.memberChanged(user)
	g.deliverTo(d, g.aboutMember(d, user))
	return nil
}

// memberOf returns the member of an event; its user is never nil.
func memberOf(e events.Event) (discord.MemberEvent, error) {
	change, err := decode[discord.MemberEvent](e)
	if err == nil && change.User == nil {
		err = fmt.Errorf("data of %s has no user", e.Head.Type)
	}
	return change, err
}

// removeMember tells the others. To the user's own sessions the guild is gone; their seats wait, for the user may have
// come back already.
func (g *Guild) removeMember(d *dispatch) error {
	change, err := decode[discord.MemberRemoveEvent](d.event)
	if err != nil {
		return err
	}
	user := change.User.ID
	if g.isAttending(user) {
		g.hub.presences.Left(user, g.id)
	}
	for s := g.seats.byUser[user]; s != nil; s = s.next {
		if s.attached {
			g.dismiss(s)
			s.place.gone(g.id)
		}
	}
	g.members.Delete(user)
	if _, online := g.presences[user]; online {
		delete(g.presences, user)
		g.face.presencesChanged()
	}
	for _, t := range g.threads {
		t.remove(user)
	}
	g.face.membersChanged()
	g.listMember(user)
	g.deliverTo(d, g.aboutMember(d, user))
	return nil
}

func (g *Guild) updatePresence(d *dispatch) error {
	change, err := decode[struct {
		User   struct{ ID snowflake.ID }
		Status string
	}](d.event)
	if err != nil {
		return err
	}
	user := change.User.ID
	if !g.members.Has(user) {
		return nil // late news of somebody who has left
	}
	if change.Status == "offline" {
		delete(g.presences, user)
	} else {
		g.presences[user] = slices.Clone(d.event.Data)
	}
	g.face.presencesChanged()
	g.listMember(user)
	g.deliverPresence(d, user)
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
		c.json = nil
		g.face.sharedChanged()
	}
}

func (g *Guild) notePins(e events.Event) {
	c, t := g.channels[e.Head.Channel], g.threads[e.Head.Channel]
	if t == nil && (c == nil || c.wire.LastPinTimestamp == nil) {
		return
	}
	change, err := decode[struct {
		Last *discord.Timestamp `json:"last_pin_timestamp"`
	}](e)
	switch {
	case err != nil:
	case t != nil:
		t.wire.LastPinTimestamp, t.json = &change.Last, nil
	default:
		c.wire.LastPinTimestamp = &change.Last
		c.json = nil
		g.face.sharedChanged()
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
