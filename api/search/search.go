// Package search finds messages.
//
// The index is a table beside the messages, with the words and the facets of each as one tsvector (document.go). Index,
// run by api worker, follows the outbox and so learns of every message that was sent, edited or deleted; it also fills in
// what is older than the index. A search becomes a tsquery over words and facets (filter.go) in the channels that the
// caller may read (place.go); what it finds is then read from the messages themselves. See docs/adr/0008-search.md.
package search

import (
	"context"
	"net/http"
	"time"

	"guildhall.chat/guildhall/api/access"
	"guildhall.chat/guildhall/api/call"
	"guildhall.chat/guildhall/api/form"
	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/store"
)

// Handlers serves searches.
type Handlers struct {
	store  *store.Store
	access *access.Access
}

// New returns the handlers.
func New(s *store.Store, a *access.Access) *Handlers { return &Handlers{store: s, access: a} }

// Routes lists the operations.
func (h *Handlers) Routes() []call.Route {
	const search = "/messages/search"
	limit := call.Per(10, 5*time.Second).Shared("search")
	return []call.Route{
		{Method: http.MethodGet, Path: "/guilds/:guild_id" + search, Limit: limit, Handle: h.guild},
		{Method: http.MethodGet, Path: "/channels/:channel_id" + search, Access: call.UsersOnly, Limit: limit, Handle: h.channel},
		{Method: http.MethodPost, Path: "/guilds/:guild_id" + search + "/tabs", Access: call.UsersOnly, Limit: limit, Handle: h.guildTabs},
		{Method: http.MethodPost, Path: "/channels/:channel_id" + search + "/tabs", Access: call.UsersOnly, Limit: limit, Handle: h.channelTabs},
		{Method: http.MethodPost, Path: "/users/@me" + search + "/tabs", Access: call.UsersOnly, Limit: limit, Handle: h.ownTabs},
	}
}

// Result is what a search found.
// https://discord.com/developers/docs/resources/message#search-guild-messages
type Result struct {
	TotalResults   int     `json:"total_results"` // counted up to store.MaxSearchResults
	Messages       [][]Hit `json:"messages"`      // each alone in its list
	DeepHistorical bool    `json:"doing_deep_historical_index"`
}

// Hit is a message that was found; it does not tell its reactions.
type Hit struct {
	discord.Message
	Hit bool `json:"hit"`
}

// notReady is the answer while nothing is indexed yet.
type notReady struct {
	*discord.Error
	Indexed    int `json:"documents_indexed"`
	RetryAfter int `json:"retry_after"` // seconds
}

// retryAfter is when an index that has not begun is likely to have: api worker takes seconds to get its lease.
const retryAfter = 5

// guild searches a guild.
// https://discord.com/developers/docs/resources/message#search-guild-messages
func (h *Handlers) guild(c *call.Call) error {
	id, err := c.ID("guild_id", discord.ErrUnknownGuild)
	if err != nil {
		return err
	}
	return h.answer(c, func() (place, error) { return h.inGuild(c, id) })
}

// channel searches a DM, or one channel of a guild.
func (h *Handlers) channel(c *call.Call) error {
	id, err := c.ID("channel_id", discord.ErrUnknownChannel)
	if err != nil {
		return err
	}
	return h.answer(c, func() (place, error) { return h.inChannel(c, id) })
}

// answer answers a search whose filter is in the query of the request.
func (h *Handlers) answer(c *call.Call, where func() (place, error)) error {
	f, err := fromQuery(c.Request.URL.Query())
	if err != nil {
		return err
	}
	p, err := where()
	if err != nil {
		return err
	}
	var problems form.Problems
	f.check(&problems, "")
	if err := problems.Err(); err != nil {
		return err
	}
	ready, complete, err := h.ready(c)
	if err != nil || !ready {
		return err
	}
	result, err := h.find(c.Request.Context(), p, f)
	if err != nil {
		return err
	}
	result.DeepHistorical = !complete
	return c.OK(result)
}

// ready answers the request if there is no index yet; complete tells whether it has older messages too.
func (h *Handlers) ready(c *call.Call) (ready, complete bool, err error) {
	progress, err := h.store.SearchProgress(c.Request.Context())
	if err == nil && !progress.Begun {
		err = c.Reply(http.StatusAccepted, notReady{Error: discord.ErrIndexNotReady, RetryAfter: retryAfter})
	}
	return progress.Begun, progress.Complete, err
}

// find runs a checked filter.
func (h *Handlers) find(ctx context.Context, p place, f *filter) (Result, error) {
	result := Result{Messages: [][]Hit{}}
	channels, err := p.channels(f)
	if err != nil {
		return result, err
	}
	q, none, err := f.query(ctx, h.store.SearchWords)
	if err != nil || none {
		return result, err
	}
	q.Guild, q.Channels, q.Viewer, q.Managed = p.guild, channels, p.viewer, p.managed()
	ids, total, err := h.store.SearchMessages(ctx, q)
	if err != nil {
		return result, err
	}
	messages, err := h.store.MessagesByID(ctx, ids)
	if err != nil {
		return result, err
	}
	result.TotalResults = total
	for _, m := range messages {
		result.Messages = append(result.Messages, []Hit{{m, true}})
	}
	return result, nil
}
