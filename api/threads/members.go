package threads

import (
	"errors"
	"time"

	"guildhall.chat/guildhall/api/access"
	"guildhall.chat/guildhall/api/call"
	"guildhall.chat/guildhall/api/form"
	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/permissions"
	"guildhall.chat/guildhall/internal/snowflake"
	"guildhall.chat/guildhall/internal/store"
)

const (
	// membersPage is how many members of a thread are listed at once, with the members of the guild.
	membersPage = 100
	// membersAll is how many there can be, which are listed at once without.
	membersAll = 1000
)

// members lists who is in a thread. Bots must be granted GUILD_MEMBERS.
// https://discord.com/developers/docs/resources/channel#list-thread-members
func (h *Handlers) members(c *call.Call) error {
	room, err := h.thread(c)
	if err != nil {
		return err
	}
	if c.Caller.Bot && discord.GrantedIntents(c.Caller.AppFlags)&discord.IntentGuildMembers == 0 {
		return discord.ErrMissingAccess
	}
	with := c.QueryBool("with_member")
	page := store.Page{Limit: membersAll}
	limit, err := c.QueryInt("limit", membersPage, 1, membersPage)
	if err != nil {
		return err
	}
	after, _, err := c.QueryID("after")
	if err != nil {
		return err
	}
	if with {
		page = store.Page{After: after, Limit: limit}
	}
	members, err := h.store.ThreadMembers(c.Request.Context(), room.Channel.ID, page)
	if err != nil {
		return err
	}
	list := make([]discord.ThreadMember, len(members))
	for i, m := range members {
		list[i] = seen(c, m, with)
	}
	return c.OK(list)
}

// seen is a member as the caller sees it: only one's own settings.
func seen(c *call.Call, m discord.ThreadMember, with bool) discord.ThreadMember {
	if !with {
		m.Member = nil
	}
	if m.UserID != c.Caller.UserID {
		m.Muted, m.MuteConfig = false, nil
	}
	return m
}

// user is whom the path is about.
func user(c *call.Call) (snowflake.ID, error) {
	if c.Param("user_id") == "@me" {
		return c.Caller.UserID, nil
	}
	return c.ID("user_id", discord.ErrUnknownUser)
}

// member returns one who is in a thread.
// https://discord.com/developers/docs/resources/channel#get-thread-member
func (h *Handlers) member(c *call.Call) error {
	room, err := h.thread(c)
	if err != nil {
		return err
	}
	id, err := user(c)
	if err != nil {
		return err
	}
	m, err := h.store.ThreadMember(c.Request.Context(), room.Channel.ID, id)
	if errors.Is(err, store.ErrNotFound) {
		return discord.ErrUnknownMember
	}
	if err != nil {
		return err
	}
	return c.OK(seen(c, m, c.QueryBool("with_member")))
}

// addMember takes the caller or another user into a thread.
// https://discord.com/developers/docs/resources/channel#add-thread-member
func (h *Handlers) addMember(c *call.Call) error {
	room, err := h.thread(c)
	if err != nil {
		return err
	}
	id, err := user(c)
	if err != nil {
		return err
	}
	if id != c.Caller.UserID {
		if err := h.mayAdd(c, room, id); err != nil {
			return err
		}
	}
	err = h.access.ChangeThread(c, room, func(tx *store.Tx, r *access.Room) error {
		if err := r.NeedActive(); err != nil {
			return err
		}
		_, err := tx.AddThreadMembers(c.Request.Context(), r.Thread, id)
		return refused(err, r.Channel.Type)
	})
	if err != nil {
		return err
	}
	return c.Done()
}

// mayAdd: who may speak in the thread may add members that see its channel; to a private one that is not open to that, only
// who made it or manages threads.
func (h *Handlers) mayAdd(c *call.Call, r *access.Room, id snowflake.ID) error {
	if err := r.Need(permissions.SendMessagesInThreads); err != nil {
		return err
	}
	if invitable := r.Channel.ThreadMetadata.Invitable; invitable != nil && !*invitable && !manages(r) && !owns(r) {
		return discord.ErrMissingPermissions
	}
	member, err := h.access.Member(c, r.Guild, id)
	if err != nil {
		return err
	}
	if !r.Guild.Rules.In(member, access.Rules(r.Parent), time.Now()).Has(permissions.ViewChannel) {
		return discord.ErrMissingAccess
	}
	return nil
}

// removeMember takes the caller or another user out of a thread: who manages threads may, and of a private one who made it.
// https://discord.com/developers/docs/resources/channel#remove-thread-member
func (h *Handlers) removeMember(c *call.Call) error {
	room, err := h.thread(c)
	if err != nil {
		return err
	}
	id, err := user(c)
	if err != nil {
		return err
	}
	if id != c.Caller.UserID && !manages(room) && (!room.Thread.Private() || !owns(room)) {
		return discord.ErrMissingPermissions
	}
	err = h.access.ChangeThread(c, room, func(tx *store.Tx, r *access.Room) error {
		if err := r.NeedActive(); err != nil {
			return err
		}
		err := tx.RemoveThreadMember(c.Request.Context(), r.Thread, id)
		if errors.Is(err, store.ErrNotFound) {
			return discord.ErrUnknownMember
		}
		return err
	})
	if err != nil {
		return err
	}
	return c.Done()
}

// notifications are the flags of a thread member that the user sets: which messages call, and that it has looked at the thread.
const notifications = 1<<4 - 1

// updateSettings changes the caller's settings for a thread that it is in, which the user clients' thread menu does.
func (h *Handlers) updateSettings(c *call.Call) error {
	room, err := h.thread(c)
	if err != nil {
		return err
	}
	var b struct {
		Flags      form.Field[form.Int]            `json:"flags"`
		Muted      form.Field[form.Bool]           `json:"muted"`
		MuteConfig form.Field[*discord.MuteConfig] `json:"mute_config"`
	}
	if err := c.Bind(&b); err != nil {
		return err
	}
	if b.Flags.Value&^notifications != 0 {
		return discord.ErrThreadSetting
	}
	var result discord.ThreadMember
	err = h.access.ChangeThread(c, room, func(tx *store.Tx, r *access.Room) error {
		if r.Channel.Member == nil {
			return discord.ErrUnknownMember
		}
		result = *r.Channel.Member
		if b.Flags.Set {
			result.Flags = int(b.Flags.Value)
		}
		if b.Muted.Set {
			result.Muted = bool(b.Muted.Value)
		}
		b.MuteConfig.Apply(&result.MuteConfig)
		return tx.UpdateThreadMember(c.Request.Context(), r.Thread, result)
	})
	if err != nil {
		return err
	}
	return c.OK(result)
}
