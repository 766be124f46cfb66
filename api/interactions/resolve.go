package interactions

import (
	"guildhall.chat/guildhall/api/access"
	"guildhall.chat/guildhall/api/form"
	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/permissions"
	"guildhall.chat/guildhall/internal/snowflake"
)

// named is whom and what a user named, each with the path at which that stands.
type named struct {
	users, roles, mentionables, channels map[snowflake.ID]string
}

func (n *named) add(to *map[snowflake.ID]string, path string, id snowflake.ID) {
	if *to == nil {
		*to = map[snowflake.ID]string{}
	}
	(*to)[id] = path
}

// resolve looks up what the user named and notes what is not there; nil if nothing was named.
func (h *Handlers) resolve(s *scene, p *form.Problems) (*discord.Resolved, error) {
	r := &discord.Resolved{}
	s.resolveRoles(p, r)
	s.resolveChannels(p, r)
	if err := h.resolveUsers(s, p, r); err != nil {
		return nil, err
	}
	if r.Users == nil && r.Roles == nil && r.Channels == nil {
		return nil, nil
	}
	return r, nil
}

func unresolved(p *form.Problems, path, what string) {
	p.Add(path, "INTERACTION_RESOLVED_NOT_FOUND", "There is no such "+what+" here.")
}

func (s *scene) role(id snowflake.ID) *discord.Role {
	if s.room.Direct() {
		return nil
	}
	return s.room.Guild.Role(id)
}

func (s *scene) resolveRoles(p *form.Problems, r *discord.Resolved) {
	for id, path := range s.found.roles {
		role := s.role(id)
		if role == nil {
			unresolved(p, path, "role")
			continue
		}
		if r.Roles == nil {
			r.Roles = map[snowflake.ID]discord.Role{}
		}
		r.Roles[id] = *role
	}
	for id, path := range s.found.mentionables {
		if s.role(id) == nil {
			s.found.add(&s.found.users, path, id)
			continue
		}
		if r.Roles == nil {
			r.Roles = map[snowflake.ID]discord.Role{}
		}
		r.Roles[id] = *s.role(id)
	}
}

// resolveChannels tells of channels of the guild that the user may view.
func (s *scene) resolveChannels(p *form.Problems, r *discord.Resolved) {
	for id, path := range s.found.channels {
		var ch *discord.Channel
		var here permissions.Set
		switch {
		case id == s.room.Channel.ID:
			ch, here = s.room.Channel, s.room.Here
		case !s.room.Direct():
			if ch = s.room.Guild.Channel(id); ch != nil {
				here = s.room.In(ch)
			}
		}
		if ch == nil || !here.Has(permissions.ViewChannel) {
			unresolved(p, path, "channel")
			continue
		}
		if r.Channels == nil {
			r.Channels = map[snowflake.ID]discord.ResolvedChannel{}
		}
		r.Channels[id] = discord.ResolvedChannel{Channel: *ch, Permissions: here, AppPermissions: s.appHere}
	}
}

func (h *Handlers) resolveUsers(s *scene, p *form.Problems, r *discord.Resolved) error {
	if len(s.found.users) == 0 {
		return nil
	}
	ids := make([]snowflake.ID, 0, len(s.found.users))
	for id := range s.found.users {
		ids = append(ids, id)
	}
	var guild snowflake.ID
	if !s.room.Direct() {
		guild = s.room.Guild.Guild.ID
	}
	people, err := h.store.People(s.Request.Context(), guild, ids)
	if err != nil {
		return err
	}
	r.Users = map[snowflake.ID]discord.User{}
	for id, path := range s.found.users {
		person, known := people[id]
		if !known {
			unresolved(p, path, "user")
			continue
		}
		r.Users[id] = person.User
		if m := person.Member; m != nil {
			if r.Members == nil {
				r.Members = map[snowflake.ID]discord.ResolvedMember{}
			}
			m.User = &person.User
			r.Members[id] = discord.ResolvedMember{
				Avatar: m.Avatar, Banner: m.Banner, CommunicationDisabledUntil: m.CommunicationDisabledUntil, Flags: m.Flags,
				JoinedAt: m.JoinedAt, Nick: m.Nick, Pending: m.Pending, PremiumSince: m.PremiumSince, Roles: m.Roles,
				Permissions: s.room.Guild.PermissionsIn(access.MemberRules(*m), s.permissionChannel()),
			}
		}
	}
	return nil
}
