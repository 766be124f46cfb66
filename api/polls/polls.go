// Package polls serves the votes of polls and closes them.
//
// What a poll asks is a part of its message (package posting); a row beside it has when it ends, and the votes are rows of
// their own. A vote holds the poll's row, so that none comes after its end. A poll is ended by its author or, when its time is
// over, by api worker: the message gets its final results, and a message of its own tells them to the channel.
// https://discord.com/developers/docs/resources/poll
package polls

import (
	"errors"
	"net/http"
	"strconv"
	"time"

	"guildhall.chat/guildhall/api/access"
	"guildhall.chat/guildhall/api/call"
	"guildhall.chat/guildhall/api/form"
	"guildhall.chat/guildhall/api/posting"
	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/events"
	"guildhall.chat/guildhall/internal/permissions"
	"guildhall.chat/guildhall/internal/snowflake"
	"guildhall.chat/guildhall/internal/store"
)

// Handlers serves polls.
type Handlers struct {
	store  *store.Store
	access *access.Access
}

// New returns the handlers.
func New(s *store.Store, a *access.Access) *Handlers { return &Handlers{store: s, access: a} }

// Routes lists the operations.
func (h *Handlers) Routes() []call.Route {
	const one = "/channels/:channel_id/polls/:message_id"
	limit := call.Per(5, 5*time.Second)
	return []call.Route{
		{Method: http.MethodGet, Path: one + "/answers/:answer_id", Limit: limit, Handle: h.voters},
		{Method: http.MethodPut, Path: one + "/answers/@me", Access: call.UsersOnly, Limit: limit, Handle: h.vote},
		{Method: http.MethodPost, Path: one + "/expire", Limit: limit, Handle: h.expire},
	}
}

// poll reads channel and message from the path and returns the message, which must have a poll.
func (h *Handlers) poll(c *call.Call) (*access.Room, discord.Message, error) {
	var m discord.Message
	channel, err := c.ID("channel_id", discord.ErrUnknownChannel)
	if err != nil {
		return nil, m, err
	}
	id, err := c.ID("message_id", discord.ErrUnknownMessage)
	if err != nil {
		return nil, m, err
	}
	room, err := h.access.Room(c, channel)
	if err != nil {
		return nil, m, err
	}
	if err := room.Need(permissions.ReadMessageHistory); err != nil {
		return nil, m, err
	}
	m, err = h.store.Message(c.Request.Context(), room.Channel.ID, id, c.Caller.UserID)
	if err != nil {
		return nil, m, posting.UnknownMessage(err)
	}
	if m.Poll == nil || m.Type == discord.MessagePollResult {
		return nil, m, discord.ErrNoPoll
	}
	return room, m, nil
}

func has(p *discord.Poll, answer int) bool { return answer >= 1 && answer <= len(p.Answers) }

const (
	defaultPage = 25
	maxPage     = 100
)

// voters lists who voted for an answer.
// https://discord.com/developers/docs/resources/poll#get-answer-voters
func (h *Handlers) voters(c *call.Call) error {
	limit, err := c.QueryInt("limit", defaultPage, 1, maxPage)
	if err != nil {
		return err
	}
	after, _, err := c.QueryID("after")
	if err != nil {
		return err
	}
	_, m, err := h.poll(c)
	if err != nil {
		return err
	}
	answer, err := strconv.Atoi(c.Param("answer_id"))
	if err != nil || !has(m.Poll, answer) {
		return discord.ErrNotFound
	}
	users, err := h.store.Voters(c.Request.Context(), m.ID, answer, after, limit)
	if err != nil {
		return err
	}
	return c.OK(map[string][]discord.User{"users": append([]discord.User{}, users...)})
}

// vote makes the answers those that the caller has voted for; none takes the vote back.
func (h *Handlers) vote(c *call.Call) error {
	var body struct {
		AnswerIDs []form.Int `json:"answer_ids"`
	}
	if err := c.Bind(&body); err != nil {
		return err
	}
	room, m, err := h.poll(c)
	if err != nil {
		return err
	}
	var p form.Problems
	p.Max("answer_ids", len(body.AnswerIDs), len(m.Poll.Answers))
	var answers []int
	for i, id := range body.AnswerIDs[:min(len(body.AnswerIDs), len(m.Poll.Answers))] {
		if !has(m.Poll, int(id)) {
			p.Add(form.At("answer_ids", i), "BASE_TYPE_BAD_VALUE", "The poll has no such answer.")
		}
		answers = append(answers, int(id))
	}
	if len(answers) > 1 && !m.Poll.AllowMultiselect {
		p.Add("answer_ids", "BASE_TYPE_MAX_LENGTH", "One can vote for one answer of this poll.")
	}
	if err := p.Err(); err != nil {
		return err
	}
	ctx, user := c.Request.Context(), c.Caller.UserID
	err = h.store.Change(ctx, func(tx *store.Tx) error {
		added, removed, err := tx.Vote(ctx, m.ID, user, answers)
		switch {
		case errors.Is(err, store.ErrPollClosed):
			return discord.ErrPollExpired
		case errors.Is(err, store.ErrNotFound):
			return discord.ErrNoPoll
		case err != nil:
			return err
		}
		if err := tell(tx, room, discord.EventMessagePollVoteRemove, m.ID, user, removed); err != nil {
			return err
		}
		return tell(tx, room, discord.EventMessagePollVoteAdd, m.ID, user, added)
	})
	if err != nil {
		return err
	}
	return c.Done()
}

// tell sends one event for each answer.
func tell(tx *store.Tx, room *access.Room, event string, message, user snowflake.ID, answers []int) error {
	for _, answer := range answers {
		err := room.Emit(tx, events.Header{Type: event, User: user}, discord.PollVoteEvent{
			UserID: user, ChannelID: room.Channel.ID, MessageID: message, GuildID: room.GuildID(), AnswerID: answer,
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// expire ends a poll before its time: its author may.
// https://discord.com/developers/docs/resources/poll#end-poll
func (h *Handlers) expire(c *call.Call) error {
	room, m, err := h.poll(c)
	if err != nil {
		return err
	}
	if m.Author.ID != c.Caller.UserID {
		return discord.ErrNotAuthor
	}
	ctx := c.Request.Context()
	err = h.store.Change(ctx, func(tx *store.Tx) error { return finish(ctx, tx, room, m.ID) })
	if errors.Is(err, store.ErrPollClosed) {
		return discord.ErrPollExpired
	}
	if err != nil {
		return err
	}
	m, err = h.store.Message(ctx, room.Channel.ID, m.ID, c.Caller.UserID)
	if err != nil {
		return posting.UnknownMessage(err)
	}
	return c.OK(m)
}
