package threads

import (
	"slices"
	"strings"

	"guildhall.chat/guildhall/api/access"
	"guildhall.chat/guildhall/api/call"
	"guildhall.chat/guildhall/api/form"
	"guildhall.chat/guildhall/api/posting"
	"guildhall.chat/guildhall/internal/permissions"
	"guildhall.chat/guildhall/internal/snowflake"
	"guildhall.chat/guildhall/internal/store"
)

const (
	maxSearched   = 25
	maxOffset     = 9975
	maxSlop       = 100
	defaultSlop   = 2
	maxSearchTags = 20
)

// search finds threads of a channel by name and tags, with the messages that they began with.
func (h *Handlers) search(c *call.Call) error {
	room, err := h.parent(c)
	if err != nil {
		return err
	}
	if err := room.Need(permissions.ReadMessageHistory); err != nil {
		return err
	}
	q, err := searchOf(c)
	if err != nil {
		return err
	}
	q.Channel, q.Private = room.Channel.ID, manages(room)
	ctx := c.Request.Context()
	threads, total, err := h.store.SearchThreads(ctx, q, c.Caller.UserID)
	if err != nil {
		return err
	}
	list := listOf(threads, q.Limit)
	list.TotalResults, list.HasMore = &total, q.Offset+len(threads) < total
	ids := make([]snowflake.ID, len(threads))
	for i := range threads {
		ids[i] = threads[i].ID
	}
	if list.FirstMessages, err = h.store.FirstMessages(ctx, ids, c.Caller.UserID); err != nil {
		return err
	}
	for i := range list.FirstMessages {
		posting.Conceal(c.Caller, &access.Room{Visit: room.Visit, Channel: room.Channel}, &list.FirstMessages[i])
	}
	return c.OK(list)
}

// searchOf reads the query.
func searchOf(c *call.Call) (q store.ThreadSearch, err error) {
	if q.Name, err = c.QueryText("name", 0, maxName); err != nil {
		return q, err
	}
	for _, number := range []struct {
		name                   string
		to                     *int
		otherwise, least, most int
	}{{"slop", &q.Slop, defaultSlop, 0, maxSlop}, {"limit", &q.Limit, maxSearched, 1, maxSearched}, {"offset", &q.Offset, 0, 0, maxOffset}} {
		if *number.to, err = c.QueryInt(number.name, number.otherwise, number.least, number.most); err != nil {
			return q, err
		}
	}
	if q.MinID, _, err = c.QueryID("min_id"); err != nil {
		return q, err
	}
	if q.MaxID, _, err = c.QueryID("max_id"); err != nil {
		return q, err
	}
	if c.Query("archived") != "" {
		archived := c.QueryBool("archived")
		q.Archived = &archived
	}
	var p form.Problems
	q.Tags = tagsOf(c, &p)
	setting, order := c.DefaultQuery("tag_setting", "match_some"), c.DefaultQuery("sort_order", "desc")
	q.Sort = c.DefaultQuery("sort_by", "last_message_time")
	form.OneOf(&p, "tag_setting", setting, "match_all", "match_some")
	form.OneOf(&p, "sort_order", order, "asc", "desc")
	form.OneOf(&p, "sort_by", q.Sort, "relevance", "creation_time", "last_message_time", "archive_time")
	q.AllTags, q.Ascending = setting == "match_all", order == "asc"
	return q, p.Err()
}

// tagsOf reads the tags, each a value of its own or all of them in one.
func tagsOf(c *call.Call, p *form.Problems) (tags []snowflake.ID) {
	texts := c.QueryArray("tag")
	if len(texts) == 1 {
		texts = strings.Split(texts[0], ",")
	}
	texts = slices.DeleteFunc(texts, func(text string) bool { return text == "" })
	p.Max("tag", len(texts), maxSearchTags)
	for i, text := range texts[:min(len(texts), maxSearchTags)] {
		id, err := snowflake.Parse(text)
		if err != nil {
			p.Add(form.At("tag", i), "NUMBER_TYPE_COERCE", "Value is not snowflake.")
		}
		tags = append(tags, id)
	}
	return tags
}
