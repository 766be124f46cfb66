// Package pins keeps the messages that are pinned to their channel.
//
// A pin is a row beside the message, so that pins have an order of their own. Pinning is one change: the row, the mark on the
// message, the events of both, and the message that tells the channel.
// https://discord.com/developers/docs/resources/message#message-pin-object
package pins

import (
	"net/http"
	"time"

	"guildhall.chat/guildhall/api/access"
	"guildhall.chat/guildhall/api/call"
	"guildhall.chat/guildhall/api/form"
	"guildhall.chat/guildhall/api/posting"
	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/permissions"
	"guildhall.chat/guildhall/internal/snowflake"
	"guildhall.chat/guildhall/internal/store"
)

// Handlers serves pins.
type Handlers struct {
	store  *store.Store
	access *access.Access
}

// New returns the handlers.
func New(s *store.Store, a *access.Access) *Handlers { return &Handlers{store: s, access: a} }

// Routes lists the operations, in the present form and in the older one.
func (h *Handlers) Routes() []call.Route {
	const (
		all = "/channels/:channel_id/messages/pins"
		old = "/channels/:channel_id/pins"
		one = "/:message_id"
	)
	reads := call.Per(5, 5*time.Second)
	writes := call.Per(5, 4*time.Second).Shared("pins")
	return []call.Route{
		{Method: http.MethodGet, Path: all, Limit: reads, Handle: h.list},
		{Method: http.MethodPut, Path: all + one, Limit: writes, Handle: h.create},
		{Method: http.MethodDelete, Path: all + one, Limit: writes, Handle: h.remove},
		{Method: http.MethodGet, Path: old, Limit: reads, Handle: h.listOld},
		{Method: http.MethodPut, Path: old + one, Limit: writes, Handle: h.create},
		{Method: http.MethodDelete, Path: old + one, Limit: writes, Handle: h.remove},
	}
}

const maxPage = 50

// room returns the channel of the path, which must be one that holds messages.
func (h *Handlers) room(c *call.Call) (*access.Room, error) {
	id, err := c.ID("channel_id", discord.ErrUnknownChannel)
	if err != nil {
		return nil, err
	}
	room, err := h.access.Room(c, id)
	if err != nil {
		return nil, err
	}
	if !room.Channel.Type.HasMessages() {
		return nil, discord.ErrNotText
	}
	return room, nil
}

// list returns a page of pins, the newest first. Without READ_MESSAGE_HISTORY there are none.
// https://discord.com/developers/docs/resources/message#get-channel-pins
func (h *Handlers) list(c *call.Call) error {
	room, err := h.room(c)
	if err != nil {
		return err
	}
	limit, err := c.QueryInt("limit", maxPage, 1, maxPage)
	if err != nil {
		return err
	}
	before := time.Now().Add(time.Hour) // of a clock that is ahead
	if text := c.Query("before"); text != "" {
		if before, err = time.Parse(time.RFC3339Nano, text); err != nil {
			return form.Single("before", "DATE_TIME_TYPE_PARSE", "Could not parse the value. Should be ISO8601.")
		}
	}
	pins, err := h.page(c, room, before, limit+1)
	if err != nil {
		return err
	}
	more := len(pins) > limit
	return c.OK(struct {
		Items   []discord.Pin `json:"items"`
		HasMore bool          `json:"has_more"`
	}{pins[:min(len(pins), limit)], more})
}

// listOld returns the messages of the newest pins.
// https://discord.com/developers/docs/resources/message#get-pinned-messages-deprecated
func (h *Handlers) listOld(c *call.Call) error {
	room, err := h.room(c)
	if err != nil {
		return err
	}
	pins, err := h.page(c, room, time.Now().Add(time.Hour), maxPage)
	if err != nil {
		return err
	}
	messages := make([]discord.Message, len(pins))
	for i := range pins {
		messages[i] = pins[i].Message
	}
	return c.OK(messages)
}

func (h *Handlers) page(c *call.Call, room *access.Room, before time.Time, limit int) ([]discord.Pin, error) {
	if !room.Here.Has(permissions.ReadMessageHistory) {
		return []discord.Pin{}, nil
	}
	pins, err := h.store.Pins(c.Request.Context(), room.Channel.ID, c.Caller.UserID, before, limit)
	for i := range pins {
		posting.Conceal(c.Caller, room, &pins[i].Message)
	}
	return pins, err
}

// place reads channel and message from the path; the caller may pin there.
func (h *Handlers) place(c *call.Call) (*access.Room, snowflake.ID, error) {
	id, err := c.ID("message_id", discord.ErrUnknownMessage)
	if err != nil {
		return nil, 0, err
	}
	room, err := h.room(c)
	if err != nil {
		return nil, 0, err
	}
	if !room.Direct() {
		if err := room.Need(permissions.PinMessages | permissions.ReadMessageHistory); err != nil {
			return nil, 0, err
		}
	}
	return room, id, room.NeedActive()
}
