// Package threads serves threads and the posts of forums: how they are made, who is in them, and where they are found. Their
// messages are those of any channel (package messages); their settings are changed where those of channels are, by Update and
// Remove.
//
// A thread is made in an access.Change of its channel, with all that comes with it: the message that it begins with, and what
// tells of it in the channel. Changes of a thread that is there hold its row (access.ChangeThread). What a message does to its
// thread beside that is the matter of package posting; worker archives threads in which nothing is said any more.
// https://discord.com/developers/docs/topics/threads
package threads

import (
	"errors"
	"net/http"
	"time"

	"github.com/redis/go-redis/v9"

	"guildhall.chat/guildhall/api/access"
	"guildhall.chat/guildhall/api/call"
	"guildhall.chat/guildhall/api/posting"
	"guildhall.chat/guildhall/api/slowmode"
	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/permissions"
	"guildhall.chat/guildhall/internal/store"
)

// Handlers serves threads.
type Handlers struct {
	store  *store.Store
	access *access.Access
	poster *posting.Poster
	slow   *slowmode.Slowmode
}

// New returns the handlers; Redis holds the slowmode of channels.
func New(s *store.Store, a *access.Access, p *posting.Poster, rdb redis.UniversalClient) *Handlers {
	return &Handlers{store: s, access: a, poster: p, slow: slowmode.New(rdb)}
}

// Routes lists the operations.
func (h *Handlers) Routes() []call.Route {
	const (
		channel = "/channels/:channel_id"
		all     = channel + "/threads"
		members = channel + "/thread-members"
		// The segment is a user or @me.
		member = members + "/:user_id"
	)
	reads := call.Per(10, 10*time.Second)
	writes := call.Per(10, 10*time.Second)
	return []call.Route{
		{Method: http.MethodPost, Path: channel + "/messages/:message_id/threads", Limit: writes, Handle: h.createFromMessage},
		{Method: http.MethodPost, Path: all, Limit: writes, Handle: h.create},
		{Method: http.MethodGet, Path: all + "/archived/public", Limit: reads, Handle: h.archived(false)},
		{Method: http.MethodGet, Path: all + "/archived/private", Limit: reads, Handle: h.archived(true)},
		{Method: http.MethodGet, Path: all + "/search", Limit: reads, Handle: h.search},
		{Method: http.MethodPost, Path: channel + "/post-data", Access: call.UsersOnly, Limit: reads, Handle: h.postData},
		{Method: http.MethodGet, Path: channel + "/users/@me/threads/archived/private", Limit: reads, Handle: h.joinedArchived},
		{Method: http.MethodGet, Path: "/guilds/:guild_id/threads/active", Limit: reads, Handle: h.active},
		{Method: http.MethodGet, Path: members, Limit: reads, Handle: h.members},
		{Method: http.MethodGet, Path: member, Limit: reads, Handle: h.member},
		{Method: http.MethodPut, Path: member, Limit: writes, Handle: h.addMember},
		{Method: http.MethodDelete, Path: member, Limit: writes, Handle: h.removeMember},
		{
			Method: http.MethodPatch, Path: members + "/@me/settings", Access: call.UsersOnly, Limit: writes,
			Handle: h.updateSettings,
		},
	}
}

// parent returns the channel of the path, which must be one that has threads.
func (h *Handlers) parent(c *call.Call) (*access.Room, error) {
	id, err := c.ID("channel_id", discord.ErrUnknownChannel)
	if err != nil {
		return nil, err
	}
	room, err := h.access.Room(c, id)
	if err != nil {
		return nil, err
	}
	if room.Direct() {
		return nil, discord.ErrOnDM
	}
	switch room.Channel.Type {
	case discord.ChannelText, discord.ChannelAnnouncement, discord.ChannelForum, discord.ChannelMedia:
		return room, nil
	}
	return nil, discord.ErrWrongChannelType
}

// thread returns the thread of the path.
func (h *Handlers) thread(c *call.Call) (*access.Room, error) {
	id, err := c.ID("channel_id", discord.ErrUnknownChannel)
	if err != nil {
		return nil, err
	}
	room, err := h.access.Room(c, id)
	if err != nil {
		return nil, err
	}
	if room.Thread == nil {
		return nil, discord.ErrWrongChannelType
	}
	return room, nil
}

// manages reports whether the caller may do in a thread what only who manages threads may.
func manages(r *access.Room) bool { return r.Here.Has(permissions.ManageThreads) }

// owns reports whether the caller has made the thread.
func owns(r *access.Room) bool { return *r.Channel.OwnerID == r.Member.User }

// refused turns the store's refusals into the API's errors.
func refused(err error, kind discord.ChannelType) error {
	switch {
	case errors.Is(err, store.ErrTooManyThreads) && kind == discord.ChannelAnnouncementThread:
		return discord.ErrTooManyAnnounced
	case errors.Is(err, store.ErrTooManyThreads):
		return discord.ErrTooManyThreads
	case errors.Is(err, store.ErrTaken):
		return discord.ErrThreadExists
	case errors.Is(err, store.ErrFull):
		return discord.ErrTooManyInThread
	}
	return err
}
