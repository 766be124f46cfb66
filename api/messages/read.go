package messages

import (
	"context"
	"encoding/json"
	"net/http"
	"sync"
	"time"

	"guildhall.chat/guildhall/api/access"
	"guildhall.chat/guildhall/api/call"
	"guildhall.chat/guildhall/api/form"
	"guildhall.chat/guildhall/api/posting"
	"guildhall.chat/guildhall/internal/coalesce"
	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/permissions"
	"guildhall.chat/guildhall/internal/store"
)

const (
	defaultPage = 50
	maxPage     = 100
)

// list returns a page of messages, newest first. Without READ_MESSAGE_HISTORY there are none.
// https://discord.com/developers/docs/resources/message#get-channel-messages
func (h *Handlers) list(c *call.Call) error {
	room, err := h.room(c)
	if err != nil {
		return err
	}
	page, err := pageOf(c)
	if err != nil {
		return err
	}
	if !room.Here.Has(permissions.ReadMessageHistory) {
		return c.OK([]discord.Message{})
	}
	page.Channel, page.Viewer = room.Channel.ID, c.Caller.UserID
	if posting.MayReadAll(c.Caller, room) {
		return h.sharedPage(c, page)
	}
	messages, err := h.store.Messages(c.Request.Context(), page)
	if err != nil {
		return err
	}
	if messages == nil {
		messages = []discord.Message{}
	}
	for i := range messages {
		posting.Conceal(c.Caller, room, &messages[i])
	}
	return c.OK(messages)
}

// pageTimeout bounds a read of a page that many requests ask for.
const pageTimeout = 8 * time.Second

// readPage is a page for all who ask for it at a time; most of them get the same bytes.
type readPage struct {
	*store.SharedPage
	encode func() ([]byte, error)
}

func pagesOf(s *store.Store) *coalesce.Keyed[store.MessagePage, *readPage] {
	return coalesce.NewKeyed("read messages", pageTimeout, func(ctx context.Context, p store.MessagePage) (*readPage, error) {
		shared, err := s.SharedMessages(ctx, p)
		if err != nil {
			return nil, err
		}
		return &readPage{shared, sync.OnceValues(func() ([]byte, error) {
			if shared.Messages == nil {
				return []byte("[]"), nil
			}
			return json.Marshal(shared.Messages)
		})}, nil
	})
}

// sharedPage answers who may read all messages of a page with what is read for all of those.
func (h *Handlers) sharedPage(c *call.Call, p store.MessagePage) error {
	ctx, key := c.Request.Context(), p
	key.Viewer = 0
	page, err := h.pages.Ask(ctx, key)
	if err != nil {
		return err
	}
	if page.Own || page.Reacted {
		messages, err := h.store.PageFor(ctx, page.SharedPage, p)
		if err != nil {
			return err
		}
		return c.OK(append([]discord.Message{}, messages...)) // never null
	}
	encoded, err := page.encode()
	if err != nil {
		return err
	}
	return c.Encoded(http.StatusOK, encoded)
}

func pageOf(c *call.Call) (page store.MessagePage, err error) {
	if page.Limit, err = c.QueryInt("limit", defaultPage, 1, maxPage); err != nil {
		return page, err
	}
	placements := []struct {
		name      string
		placement store.Placement
	}{{"around", store.Around}, {"before", store.Before}, {"after", store.After}}
	for _, p := range placements {
		anchor, there, err := c.QueryID(p.name)
		switch {
		case err != nil:
			return page, err
		case !there:
			continue
		case page.Placement != store.Newest:
			return page, form.Single(p.name, "BASE_TYPE_BAD_VALUE", "Only one of around, before and after may be given.")
		}
		page.Placement, page.Anchor = p.placement, anchor
	}
	return page, nil
}

// get returns one message.
// https://discord.com/developers/docs/resources/message#get-channel-message
func (h *Handlers) get(c *call.Call) error {
	room, id, err := h.place(c)
	if err != nil {
		return err
	}
	m, err := h.poster.Readable(c.Request.Context(), room, id, c.Caller.UserID)
	return answer(c, room, m, err)
}

// answer tells the caller of a message what it may read of it.
func answer(c *call.Call, room *access.Room, m discord.Message, err error) error {
	if err != nil {
		return err
	}
	posting.Conceal(c.Caller, room, &m)
	return c.OK(m)
}
