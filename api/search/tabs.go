package search

import (
	"fmt"

	"guildhall.chat/guildhall/api/call"
	"guildhall.chat/guildhall/api/form"
	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/snowflake"
)

// maxTabs bounds the tabs of one request; clients show five.
const maxTabs = 5

// tabsBody asks several questions about one place.
type tabsBody struct {
	Tabs        map[string]*tabFilter `json:"tabs"`
	ChannelIDs  []snowflake.ID        `json:"channel_ids"`
	IncludeNSFW *form.Bool            `json:"include_nsfw"`
}

// tabFilter is a filter that goes on where an earlier answer ended.
type tabFilter struct {
	filter
	Cursor *cursor `json:"cursor"`
}

// cursor is the place of a hit among all: those after it come next.
type cursor struct {
	Type      string       `json:"type"` // timestamp
	Timestamp snowflake.ID `json:"timestamp"`
}

// tab is the answer to one question.
type tab struct {
	Result
	Cursor *cursor `json:"cursor"` // null at the end
}

func (h *Handlers) guildTabs(c *call.Call) error {
	id, err := c.ID("guild_id", discord.ErrUnknownGuild)
	if err != nil {
		return err
	}
	return h.tabs(c, func() (place, error) { return h.inGuild(c, id) })
}

func (h *Handlers) channelTabs(c *call.Call) error {
	id, err := c.ID("channel_id", discord.ErrUnknownChannel)
	if err != nil {
		return err
	}
	return h.tabs(c, func() (place, error) { return h.inChannel(c, id) })
}

// ownTabs searches all open DMs.
func (h *Handlers) ownTabs(c *call.Call) error {
	return h.tabs(c, func() (place, error) { return h.inDirect(c) })
}

func (h *Handlers) tabs(c *call.Call, where func() (place, error)) error {
	var body tabsBody
	if err := c.Bind(&body); err != nil {
		return err
	}
	var problems form.Problems
	if len(body.Tabs) == 0 {
		problems.Required("tabs")
	}
	problems.Max("tabs", len(body.Tabs), maxTabs)
	for name, t := range body.Tabs {
		if t == nil {
			problems.Required(form.At("tabs", name))
			continue
		}
		t.check(&problems, form.At("tabs", name))
		t.inherit(&body)
	}
	if err := problems.Err(); err != nil {
		return err
	}
	p, err := where()
	if err != nil {
		return err
	}
	ready, complete, err := h.ready(c)
	if err != nil || !ready {
		return err
	}
	ctx := c.Request.Context()
	answers := map[string]tab{}
	for name, t := range body.Tabs {
		result, err := h.find(ctx, p, &t.filter)
		if err != nil {
			return fmt.Errorf("tab %s: %w", name, err)
		}
		result.DeepHistorical = !complete
		answers[name] = tab{Result: result, Cursor: t.next(&result)}
	}
	return c.OK(map[string]any{"tabs": answers})
}

// inherit takes over what the request says for all tabs, and turns the cursor into a bound.
func (t *tabFilter) inherit(body *tabsBody) {
	if len(t.ChannelID) == 0 {
		t.ChannelID = body.ChannelIDs
	}
	if t.IncludeNSFW == nil {
		t.IncludeNSFW = body.IncludeNSFW
	}
	if t.Cursor == nil {
		return
	}
	if bound := &t.Cursor.Timestamp; t.ascending() {
		t.MinID = bound
	} else {
		t.MaxID = bound
	}
}

func (t *tabFilter) next(r *Result) *cursor {
	if n := len(r.Messages); n == number(t.Limit, defaultLimit) && (t.SortBy == nil || *t.SortBy != "relevance") {
		return &cursor{Type: "timestamp", Timestamp: r.Messages[n-1][0].ID}
	}
	return nil
}
