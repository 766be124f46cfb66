package session

import (
	"encoding/json"
	"maps"
	"slices"

	"guildhall.chat/guildhall/gateway/journal"
	"guildhall.chat/guildhall/gateway/memberlist"
	"guildhall.chat/guildhall/internal/codec"
	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/snowflake"
)

// maxSubscriptions bounds what a session may ask for of all its guilds together, in bytes of JSON. What is too much, is
// ignored.
const maxSubscriptions = 30 << 10

// subscriptions is what a person's session wants to know of its guilds beyond their events: op 14 and 37. The record has it,
// so that a session that moves need not be asked again.
type subscriptions struct {
	all     map[snowflake.ID]memberlist.Subscription
	wanted  map[snowflake.ID]memberlist.Subscription // what is yet to be served
	serving bool                                     // somebody serves it
}

// subscribe serves op 14 and 37. Bots have no use for them.
func (c *Client) subscribe(session *Session, op discord.Opcode, d json.RawMessage) error {
	if session.Account.Bot {
		return nil
	}
	var requests []memberlist.Request
	var err error
	if op == discord.OpGuildSubscriptionsBulk {
		requests, err = memberlist.ParseBulk(d)
	} else {
		var one memberlist.Request
		one, err = memberlist.Parse(d)
		requests = append(requests, one)
	}
	if err != nil {
		return errPayload
	}
	if session.want(requests) {
		c.server.spawn(func() { c.server.serveSubscriptions(session) })
	}
	return nil
}

// want notes what a session asks for, as far as it is in the guilds; start says that nobody serves it yet.
func (s *Session) want(requests []memberlist.Request) (start bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ended {
		return false
	}
	if s.subscribed == nil {
		s.subscribed = &subscriptions{}
	}
	for _, r := range requests {
		if _, in := slices.BinarySearch(s.state.guilds, r.Guild); in {
			s.subscribed.add(r)
		}
	}
	s.state.subscribed = true
	s.wantSave()
	return s.subscribed.start()
}

// restore asks anew for what a session that moves here has asked for elsewhere.
func (s *Session) restore(saved json.RawMessage) (start bool) {
	var all map[snowflake.ID]memberlist.Subscription
	if len(saved) == 0 || json.Unmarshal(saved, &all) != nil || len(all) == 0 {
		return false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.subscribed = &subscriptions{all: all, wanted: maps.Clone(all)}
	return s.subscribed.start()
}

func (s *subscriptions) add(r memberlist.Request) {
	one, wanted := s.all[r.Guild], s.wanted[r.Guild]
	one.Merge(r.Subscription)
	wanted.Merge(r.Subscription)
	all := maps.Clone(s.all)
	if all == nil {
		all = map[snowflake.ID]memberlist.Subscription{}
	}
	if all[r.Guild] = one; one.Empty() {
		delete(all, r.Guild)
	}
	if text, err := json.Marshal(all); err != nil || len(text) > maxSubscriptions {
		return
	}
	s.all = all
	if s.wanted == nil {
		s.wanted = map[snowflake.ID]memberlist.Subscription{}
	}
	s.wanted[r.Guild] = wanted
}

func (s *subscriptions) start() bool {
	start := !s.serving && len(s.wanted) > 0
	s.serving = s.serving || start
	return start
}

// nextWanted returns what is to be served next.
func (s *Session) nextWanted() (guild snowflake.ID, wanted memberlist.Subscription, more bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for guild, wanted = range s.subscribed.wanted {
		delete(s.subscribed.wanted, guild)
		return guild, wanted, !s.ended
	}
	s.subscribed.serving = false
	return 0, wanted, false
}

// serveSubscriptions gives a session what it has asked for, as fast as the client reads: of what it asks for meanwhile, only
// the last counts.
func (s *Server) serveSubscriptions(session *Session) {
	for {
		guild, wanted, more := session.nextWanted()
		if !more || session.Room(s.ctx) != nil {
			return
		}
		if place := session.currentPlace(); place != nil {
			place.Subscribe(guild, wanted)
		}
	}
}

// forgetGuild drops what was asked for of a guild that the session is not in any more. The lock is held.
func (s *Session) forgetGuild(guild snowflake.ID) {
	if s.subscribed == nil {
		return
	}
	if _, has := s.subscribed.all[guild]; has {
		all := maps.Clone(s.subscribed.all)
		delete(all, guild)
		s.subscribed.all = all
		s.state.subscribed = true
	}
	delete(s.subscribed.wanted, guild)
}

// subscriptionsJSON is what the record has of it. The lock is held.
func (s *Session) subscriptionsJSON() json.RawMessage {
	if s.subscribed == nil || s.subscribed.all == nil {
		return nil
	}
	text, err := json.Marshal(s.subscribed.all)
	if err != nil {
		return nil // numbers and ids always can be
	}
	return text
}

// maxSynced bounds the guilds of one op 12.
const maxSynced = 100

// syncGuilds serves op 12, which older clients send.
func (c *Client) syncGuilds(session *Session, d json.RawMessage) error {
	if session.Account.Bot {
		return nil
	}
	var guilds []snowflake.ID
	if err := json.Unmarshal(d, &guilds); err != nil {
		return errPayload
	}
	place := session.currentPlace()
	if place == nil {
		return nil
	}
	for _, guild := range guilds[:min(len(guilds), maxSynced)] {
		if data, in := place.Sync(guild); in {
			session.DeliverOwn(journal.Entry{}, codec.NewDispatch(discord.EventGuildSync, data))
		}
	}
	return nil
}
