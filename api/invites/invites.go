// Package invites serves the invites to a guild: making, reading and deleting them, and joining by one.
// https://discord.com/developers/docs/resources/invite
package invites

import (
	"context"
	"errors"
	"net/http"
	"time"

	"guildhall.chat/guildhall/api/access"
	"guildhall.chat/guildhall/api/call"
	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/permissions"
	"guildhall.chat/guildhall/internal/snowflake"
	"guildhall.chat/guildhall/internal/store"
)

// Presences counts the members of a guild who are not offline, approximately.
type Presences interface {
	Count(ctx context.Context, guild snowflake.ID) (int, error)
}

// Handlers serves invites.
type Handlers struct {
	store     *store.Store
	access    *access.Access
	presences Presences
}

// New returns the handlers.
func New(s *store.Store, a *access.Access, presences Presences) *Handlers {
	return &Handlers{store: s, access: a, presences: presences}
}

// Routes lists the operations.
func (h *Handlers) Routes() []call.Route {
	const (
		ofChannel = "/channels/:channel_id/invites"
		one       = "/invites/:code"
	)
	const targets = one + "/target-users"
	reads := call.Per(10, 10*time.Second)
	writes := call.Per(5, 10*time.Second)
	return []call.Route{
		{Method: http.MethodGet, Path: ofChannel, Limit: reads, Handle: h.listOfChannel},
		{Method: http.MethodPost, Path: ofChannel, Limit: writes, Handle: h.create},
		{Method: http.MethodGet, Path: "/guilds/:guild_id/invites", Limit: reads, Handle: h.listOfGuild},
		{Method: http.MethodGet, Path: one, Access: call.Anyone, Limit: reads, Handle: h.get},
		{Method: http.MethodPost, Path: one, Access: call.UsersOnly, Limit: reads, Handle: h.accept},
		{Method: http.MethodDelete, Path: one, Limit: writes, Handle: h.remove},
		{Method: http.MethodGet, Path: targets, Limit: reads, Handle: h.targets},
		{Method: http.MethodPut, Path: targets, Limit: writes, Handle: h.setTargets},
		{Method: http.MethodGet, Path: targets + "/job-status", Limit: reads, Handle: h.targetsJob},
	}
}

// get shows an invite to anyone who has its code.
// https://discord.com/developers/docs/resources/invite#get-invite
func (h *Handlers) get(c *call.Call) error {
	found, err := h.find(c)
	if err != nil {
		return err
	}
	if err := h.admitted(c, found); err != nil {
		return err
	}
	shown := public(found)
	if err := h.addEvent(c, &shown); err != nil {
		return err
	}
	if !c.QueryBool("with_counts") {
		return c.OK(shown)
	}
	shown.ApproximateMemberCount = found.ApproximateMemberCount
	if present, err := h.presences.Count(c.Request.Context(), found.Guild.ID); err == nil {
		shown.ApproximatePresenceCount = &present
	} else {
		c.Logger.Warn("presences not counted", "guild", found.Guild.ID, "error", err)
	}
	return c.OK(shown)
}

// admitted hides an invite from those whom it is not for.
func (h *Handlers) admitted(c *call.Call, i discord.Invite) error {
	if !i.Targeted || !c.Caller.Anonymous() && i.Inviter.ID == c.Caller.UserID {
		return nil
	}
	admits, err := h.store.InviteAdmits(c.Request.Context(), i.Code, c.Caller.UserID)
	if err == nil && !admits {
		return discord.ErrUnknownInvite
	}
	return err
}

// addEvent adds the scheduled event of the guild that the link to the invite names, if there is one that the caller may know
// of. Who is no member sees what a member without roles does.
func (h *Handlers) addEvent(c *call.Call, i *discord.Invite) error {
	id, named, err := c.QueryID("guild_scheduled_event_id")
	if err != nil || !named {
		return err
	}
	event, err := h.store.ScheduledEvent(c.Request.Context(), i.Guild.ID, id)
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	if event.ChannelID != nil {
		if sees, err := h.sees(c, i.Guild.ID, *event.ChannelID); err != nil || !sees {
			return err
		}
	}
	i.ScheduledEvent = &event
	return nil
}

// sees reports whether the caller, who need not be a member, sees a channel.
func (h *Handlers) sees(c *call.Call, guild, channel snowflake.ID) (bool, error) {
	g, err := h.access.Guild(c, guild)
	if err != nil {
		return false, err
	}
	member, err := h.access.Member(c, g, c.Caller.UserID)
	if errors.Is(err, discord.ErrUnknownMember) {
		member = permissions.Member{}
	} else if err != nil {
		return false, err
	}
	return g.PermissionsIn(member, channel).Has(permissions.ViewChannel), nil
}

// find returns the invite that the path names.
func (h *Handlers) find(c *call.Call) (discord.Invite, error) {
	code, ok := c.Text("code")
	if !ok {
		return discord.Invite{}, discord.ErrUnknownInvite
	}
	i, err := h.store.Invite(c.Request.Context(), code)
	return i, known(err)
}

func known(err error) error {
	if errors.Is(err, store.ErrNotFound) {
		return discord.ErrUnknownInvite
	}
	return err
}

// public is an invite without what only those who manage it see.
func public(i discord.Invite) discord.Invite {
	i.Uses, i.MaxUses, i.MaxAge, i.Temporary, i.CreatedAt = nil, nil, nil, nil, nil
	i.ApproximateMemberCount = nil
	return i
}

// managed is an invite with its metadata.
func managed(i discord.Invite) discord.Invite {
	i.ApproximateMemberCount = nil
	return i
}

// listOfChannel returns the invites to a channel.
// https://discord.com/developers/docs/resources/channel#get-channel-invites
func (h *Handlers) listOfChannel(c *call.Call) error {
	id, err := c.ID("channel_id", discord.ErrUnknownChannel)
	if err != nil {
		return err
	}
	room, err := h.access.Room(c, id)
	if err != nil {
		return err
	}
	if room.Direct() {
		return discord.ErrOnDM
	}
	if err := room.Need(permissions.ManageChannels); err != nil {
		return err
	}
	return list(c)(h.store.ChannelInvites(c.Request.Context(), id))
}

// listOfGuild returns the invites to all channels of a guild.
// https://discord.com/developers/docs/resources/guild#get-guild-invites
func (h *Handlers) listOfGuild(c *call.Call) error {
	guild, err := c.ID("guild_id", discord.ErrUnknownGuild)
	if err != nil {
		return err
	}
	visit, err := h.access.Enter(c, guild)
	if err != nil {
		return err
	}
	if err := visit.Need(permissions.ManageGuild); err != nil {
		return err
	}
	return list(c)(h.store.GuildInvites(c.Request.Context(), guild))
}

func list(c *call.Call) func([]discord.Invite, error) error {
	return func(found []discord.Invite, err error) error {
		if err != nil {
			return err
		}
		shown := make([]discord.Invite, len(found))
		for n, i := range found {
			shown[n] = managed(i)
		}
		return c.OK(shown)
	}
}
