package session

import (
	"encoding/json"
	"slices"
	"strconv"
	"time"

	"guildhall.chat/guildhall/gateway/fanout"
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
			session.DeliverOwn(codec.NewDispatch(event, json.RawMessage(`{"guild_id":"`+guild.String()+`","`+list+`":[]}`)))
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
	start, ok := session.enqueue(request)
	if !ok {
		return closeError(discord.CloseRateLimited)
	}
	if start {
		c.server.work.Go(func() { c.server.answerRequests(session) })
	}
	return nil
}

// enqueue adds a request; start says that nobody answers them yet.
func (s *Session) enqueue(r memberRequest) (start, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.requests) >= maxRequests {
		return false, false
	}
	s.requests = append(s.requests, r)
	start, s.answering = !s.answering, true
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
	s.requests = s.requests[1:]
	return r, true
}

func (s *Server) answerRequests(session *Session) {
	for {
		r, more := session.nextRequest()
		if !more {
			return
		}
		for _, query := range r.queries {
			s.answer(session, query, r.nonce)
		}
	}
}

// answer sends the chunks of one query as fast as the client reads. Who may not ask gets no answer, as from Discord.
func (s *Server) answer(session *Session, query fanout.MemberQuery, nonce string) {
	place := session.currentPlace()
	if place == nil {
		return
	}
	result, ok := place.Members(query)
	if !ok {
		return
	}
	if result.RetryAfter > 0 {
		session.DeliverOwn(rateLimited(query.Guild, nonce, result.RetryAfter.Seconds()))
		return
	}
	for _, chunk := range chunks(query.Guild, nonce, result) {
		if session.Room(s.ctx) != nil {
			return
		}
		session.DeliverOwn(codec.NewDispatch(discord.EventGuildMembersChunk, chunk.JSON()))
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
