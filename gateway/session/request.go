package session

import (
	"encoding/json"
	"iter"
	"slices"
	"strconv"
	"time"

	"guildhall.chat/guildhall/gateway/fanout"
	"guildhall.chat/guildhall/gateway/journal"
	"guildhall.chat/guildhall/gateway/ready"
	"guildhall.chat/guildhall/internal/codec"
	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/snowflake"
)

// request serves what a client may ask for once it has a session.
func (c *Client) request(op discord.Opcode, d json.RawMessage) error {
	if !accepted(op) {
		return closeError(discord.CloseUnknownOpcode)
	}
	session := c.session()
	if session == nil {
		return closeError(discord.CloseNotAuthenticated)
	}
	switch op {
	case discord.OpPresenceUpdate:
		return c.updatePresence(session, d)
	case discord.OpRequestGuildMembers:
		return c.requestMembers(session, d)
	case discord.OpGuildSubscriptions, discord.OpGuildSubscriptionsBulk:
		return c.subscribe(session, op, d)
	case discord.OpGuildSync:
		return c.syncGuilds(session, d)
	case discord.OpRequestSoundboard:
		return answerEmpty(session, d, "SOUNDBOARD_SOUNDS", "soundboard_sounds")
	case discord.OpRequestChannelInfo:
		return answerEmpty(session, d, "CHANNEL_INFO", "channels")
	default:
		return nil
	}
}

// updatePresence serves op 3. What comes too fast is ignored, as by Discord.
func (c *Client) updatePresence(session *Session, d json.RawMessage) error {
	update, err := parsePresence(d, session.Account, session.client)
	if err != nil || !c.presences.take(time.Now()) {
		return err
	}
	if n := session.presence.Load(); n != nil {
		n.set(update)
		session.presenceChanged()
	}
	return nil
}

// accepted reports whether clients are known to send the op. Of those that are not served, voice, calls and streams have no
// counterpart here, and for the rest to be ignored is an answer that clients know.
func accepted(op discord.Opcode) bool {
	switch {
	case op == discord.OpPresenceUpdate, op == discord.OpVoiceStateUpdate, op == discord.OpVoiceServerPing:
		return true
	case op == discord.OpRequestGuildMembers:
		return true
	case op >= discord.OpGuildSync && op <= 22, op >= 28 && op <= discord.OpTimeSpentSession:
		return true
	}
	return op == discord.OpRequestChannelInfo
}

// maxEmptyAnswers bounds the guilds that one request gets an empty list for.
const maxEmptyAnswers = 100

// answerEmpty answers a request for what the platform has none of, for each guild of the session's that is named.
func answerEmpty(session *Session, d json.RawMessage, event, list string) error {
	guilds, err := guildIDs(d)
	if err != nil {
		return err
	}
	for _, guild := range guilds[:min(len(guilds), maxEmptyAnswers)] {
		if session.inGuild(guild) {
			session.DeliverOwn(journal.Entry{}, codec.NewDispatch(event, json.RawMessage(`{"guild_id":"`+guild.String()+`","`+list+`":[]}`)))
		}
	}
	return nil
}

// maxRequests bounds the member requests of a session that wait for their turn.
const maxRequests = 32

// requestMembers answers op 8, one request after the other.
func (c *Client) requestMembers(session *Session, d json.RawMessage) error {
	request, err := parseMemberRequest(d)
	if err != nil {
		return err
	}
	if !c.server.ask(session, request) {
		return closeError(discord.CloseRateLimited)
	}
	return nil
}

// ask has a request answered; false if too many wait.
func (s *Server) ask(session *Session, r memberRequest) bool {
	start, ok := session.enqueueRequest(r)
	if start {
		s.spawn(func() { s.answerRequests(session) })
	}
	return ok
}

// enqueueRequest adds a request; start says that nobody answers them yet. The journal has the request until it is answered,
// so that it is not lost with the pod.
func (s *Session) enqueueRequest(r memberRequest) (start, ok bool) {
	s.mu.Lock()
	if len(s.requests) >= maxRequests {
		s.mu.Unlock()
		return false, false
	}
	s.asked++
	r.number = s.asked
	s.requests = append(s.requests, r)
	start, s.answering = !s.answering, true
	s.mu.Unlock()
	s.DeliverOwn(journal.Entry{Kind: journal.Asked, Seq: r.number, Data: r.raw}, nil)
	return start, true
}

func (s *Session) nextRequest() (memberRequest, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.requests) == 0 || s.ended {
		s.answering = false
		return memberRequest{}, false
	}
	r := s.requests[0]
	if s.requests = s.requests[1:]; len(s.requests) == 0 {
		s.requests = nil
	}
	return r, true
}

func (s *Server) answerRequests(session *Session) {
	for {
		r, more := session.nextRequest()
		if !more {
			return
		}
		s.answer(session, r)
	}
}

// answer sends the chunks of a request as fast as the client reads. The last of them is journaled as the end of it.
func (s *Server) answer(session *Session, r memberRequest) {
	var last *codec.Shared
	for _, query := range r.queries {
		for d := range s.answers(session, query, r.nonce) {
			if last != nil {
				session.DeliverOwn(journal.Entry{}, last)
			}
			if session.Room(s.ctx) != nil {
				return
			}
			last = d
		}
	}
	session.DeliverOwn(journal.Entry{Kind: journal.Answered, Seq: r.number}, last)
}

// answers makes the answer to one query. Who may not ask gets none, as from Discord.
func (s *Server) answers(session *Session, query fanout.MemberQuery, nonce string) iter.Seq[*codec.Shared] {
	return func(yield func(*codec.Shared) bool) {
		place := session.currentPlace()
		if place == nil {
			return
		}
		result, ok := place.Members(query)
		if !ok {
			return
		}
		if result.RetryAfter > 0 {
			yield(rateLimited(query.Guild, nonce, result.RetryAfter.Seconds()))
			return
		}
		for _, chunk := range chunks(query.Guild, nonce, result) {
			if !yield(codec.NewDispatch(discord.EventGuildMembersChunk, chunk.JSON())) {
				return
			}
		}
	}
}

// chunks divides a result; an empty one still has one chunk.
func chunks(guild snowflake.ID, nonce string, result fanout.MemberResult) []ready.Chunk {
	count := max(1, (len(result.Members)+ready.ChunkSize-1)/ready.ChunkSize)
	list := make([]ready.Chunk, count)
	for i := range list {
		begin, end := i*ready.ChunkSize, min((i+1)*ready.ChunkSize, len(result.Members))
		list[i] = ready.Chunk{Guild: guild, Members: result.Members[begin:end], Index: i, Count: count, Nonce: nonce}
		if result.Presences != nil {
			list[i].Presences = slices.DeleteFunc(slices.Clone(result.Presences[begin:end]),
				func(presence json.RawMessage) bool { return presence == nil })
		}
	}
	for _, id := range result.NotFound {
		last := &list[count-1]
		last.NotFound = append(last.NotFound, id.String())
	}
	return list
}

// rateLimited is the dispatch that tells a client to ask later.
// https://discord.com/developers/docs/events/gateway-events#rate-limited
func rateLimited(guild snowflake.ID, nonce string, retryAfter float64) *codec.Shared {
	data := []byte(`{"opcode":8,"retry_after":`)
	data = strconv.AppendFloat(data, retryAfter, 'f', 3, 64)
	data = append(data, `,"meta":{"guild_id":"`+guild.String()+`"`...)
	if nonce != "" {
		quoted, err := json.Marshal(nonce)
		if err == nil {
			data = append(append(data, `,"nonce":`...), quoted...)
		}
	}
	return codec.NewDispatch(discord.EventRateLimited, append(data, `}}`...))
}
