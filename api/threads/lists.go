package threads

import (
	"guildhall.chat/guildhall/api/access"
	"guildhall.chat/guildhall/api/call"
	"guildhall.chat/guildhall/api/form"
	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/permissions"
	"guildhall.chat/guildhall/internal/store"
)

const (
	minPage = 2
	maxPage = 100
)

// listOf is a list of threads, with the caller's members of them beside. There may be one more than fits.
func listOf(threads []discord.Channel, limit int) discord.ThreadList {
	list := discord.ThreadList{Threads: threads, Members: []discord.ThreadMember{}}
	if len(threads) > limit {
		list.Threads, list.HasMore = threads[:limit], true
	}
	if list.Threads == nil {
		list.Threads = []discord.Channel{}
	}
	for i := range list.Threads {
		if m := list.Threads[i].Member; m != nil {
			list.Members = append(list.Members, *m)
		}
	}
	return list
}

// active lists the threads of a guild that are active and that the caller may see.
// https://discord.com/developers/docs/resources/guild#list-active-guild-threads
func (h *Handlers) active(c *call.Call) error {
	guild, err := c.ID("guild_id", discord.ErrUnknownGuild)
	if err != nil {
		return err
	}
	visit, err := h.access.Enter(c, guild)
	if err != nil {
		return err
	}
	all, err := h.store.ActiveThreads(c.Request.Context(), guild, c.Caller.UserID)
	if err != nil {
		return err
	}
	threads := make([]discord.Channel, 0, len(all))
	for _, t := range all {
		if visible(visit, t) {
			threads = append(threads, t)
		}
	}
	return c.OK(listOf(threads, len(threads)))
}

func visible(v *access.Visit, c discord.Channel) bool {
	_, err := v.RoomOf(&store.Thread{Channel: c})
	return err == nil
}

// archived lists the archived threads of a channel that are open to all who see it, or the private ones, which needs
// MANAGE_THREADS.
// https://discord.com/developers/docs/resources/channel#list-public-archived-threads
func (h *Handlers) archived(private bool) call.Handler {
	need := permissions.ReadMessageHistory
	if private {
		need |= permissions.ManageThreads
	}
	return func(c *call.Call) error {
		room, err := h.parent(c)
		if err != nil {
			return err
		}
		if err := room.Need(need); err != nil {
			return err
		}
		limit, err := c.QueryInt("limit", maxPage, minPage, maxPage)
		if err != nil {
			return err
		}
		page := store.ArchivedPage{Channel: room.Channel.ID, Private: private, Limit: limit + 1}
		if text := c.Query("before"); text != "" {
			var before discord.Timestamp
			if err := before.UnmarshalJSON([]byte(`"` + text + `"`)); err != nil || before.Year() < 1 {
				return form.Single("before", "DATE_TIME_TYPE_PARSE", "Could not parse the value. Should be ISO8601.")
			}
			page.Before = before.Time
		}
		threads, err := h.store.ArchivedThreads(c.Request.Context(), page, c.Caller.UserID)
		if err != nil {
			return err
		}
		return c.OK(listOf(threads, limit))
	}
}

// joinedArchived lists the archived private threads of a channel that the caller is in.
// https://discord.com/developers/docs/resources/channel#list-joined-private-archived-threads
func (h *Handlers) joinedArchived(c *call.Call) error {
	room, err := h.parent(c)
	if err != nil {
		return err
	}
	if err := room.Need(permissions.ReadMessageHistory); err != nil {
		return err
	}
	limit, err := c.QueryInt("limit", maxPage, minPage, maxPage)
	if err != nil {
		return err
	}
	before, _, err := c.QueryID("before")
	if err != nil {
		return err
	}
	threads, err := h.store.JoinedArchivedThreads(c.Request.Context(), room.Channel.ID, c.Caller.UserID, before, limit+1)
	if err != nil {
		return err
	}
	return c.OK(listOf(threads, limit))
}
