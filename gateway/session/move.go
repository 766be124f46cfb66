package session

import (
	"context"
	"encoding/json"
	"errors"
	"slices"

	"golang.org/x/sync/errgroup"

	"guildhall.chat/guildhall/gateway/fanout"
	"guildhall.chat/guildhall/gateway/journal"
	"guildhall.chat/guildhall/internal/codec"
	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/events"
	"guildhall.chat/guildhall/internal/presence"
	"guildhall.chat/guildhall/internal/sharding"
	"guildhall.chat/guildhall/internal/snowflake"
)

const (
	// maxReplay bounds what one session is sent again, in bytes.
	maxReplay = 32 << 20
	// rejoinConcurrency is how many guilds a session is seated in side by side.
	rejoinConcurrency = 8
)

// move is a session on its way to this process.
type move struct {
	id      string
	account Account
	record  journal.Record
	seq     int64 // what the client has

	journal *journal.Journal // of the owner
	session *Session
	place   *fanout.Place
	was     past
	now     fanout.State
	seats   map[snowflake.ID]int64 // up to which event of its log the session is to be told of each guild
}

// position is where the client has got to on the owner's line.
func (m *move) position() int64 { return m.seq - m.record.Base }

// resumeElsewhere continues a session that another process has, or had, with what its journal and the logs say. It takes a
// place in the views first, and holds back what comes; then it finds out what the client has missed until there.
func (s *Server) resumeElsewhere(c *Client, m move) error {
	if m.seq < m.record.From {
		return refusal("before_move")
	}
	if m.seq == 1 && m.record.Capabilities.Has(discord.CapPrioritizedReady) {
		return refusal("supplemental") // which is in no log
	}
	ctx, done, err := s.admit(c)
	if err != nil {
		return err
	}
	defer done()
	m.journal, err = s.journals.Read(ctx, m.record.Owner, m.position())
	if errors.Is(err, journal.ErrGone) {
		return refusal("journal_gone")
	}
	if err != nil {
		return err
	}
	if m.was, err = pastOf(m.journal, m.record, journal.Key(m.id), m.position()); err != nil {
		return err
	}
	m.session = newSession(s.host, m.id, m.account, profileOf(m.account, m.record))
	m.session.client, m.session.state.compress = presence.Client(m.record.Client), m.record.Compress
	m.session.asked = m.was.asked
	if !s.sessions.put(m.session, limitOf(m.account)) {
		return closeError(discord.CloseTooManySessions)
	}
	err = s.continueHere(ctx, c, &m)
	if err != nil {
		m.session.End("failed")
	}
	return err
}

func profileOf(account Account, r journal.Record) fanout.Profile {
	shard := sharding.Whole
	if r.Shard != nil {
		shard = *r.Shard
	}
	return fanout.Profile{
		User: account.User, Bot: account.Bot, Intents: r.Intents, Shard: shard, LargeThreshold: r.LargeThreshold,
		Capabilities: r.Capabilities,
	}
}

func (s *Server) continueHere(ctx context.Context, c *Client, m *move) error {
	if err := s.rejoin(ctx, m); err != nil {
		return err
	}
	passed := m.session.pass()
	replay, err := s.replayOf(ctx, m)
	if err != nil {
		return err
	}
	if err := await(ctx, passed); err != nil {
		return err
	}
	o := m.opening(replay, s.resumed())
	if o.number > maxNumber {
		return refusal("numbers")
	}
	if err := s.claim(ctx, m, o); err != nil {
		return err
	}
	if m.record.Compress {
		c.conn.CompressPayloads()
	}
	l := m.session.open(c.conn, o)
	if l == nil {
		return ErrEnded
	}
	replayed.Add(float64(len(o.replay)))
	// What the client says next comes on top of what it has said.
	var about presence.Update
	if json.Unmarshal(m.record.Presence, &about) == nil && about.Status != "" {
		m.session.presence.Store(s.online.announce(m.account, m.id, about))
	}
	subscribed := m.session.restore(m.record.Subscriptions)
	c.take(l)
	s.settle(m)
	if subscribed {
		s.spawn(func() { s.serveSubscriptions(m.session) })
	}
	return nil
}

// rejoin seats the session in the views of its user and of its guilds, each at or behind what the owner has told.
func (s *Server) rejoin(ctx context.Context, m *move) error {
	head, ok := m.journal.Head(m.account.User)
	if !ok {
		return refusal("user_not_followed")
	}
	for _, guild := range m.was.guilds {
		if _, ok := m.journal.Head(guild); !ok {
			return refusal("guild_not_followed")
		}
	}
	m.session.in(m.was.guilds)
	var err error
	if m.place, m.now, err = s.hub.Rejoin(ctx, m.session, max(head, m.was.since[m.account.User])); err != nil {
		return err
	}
	if !m.session.sit(m.place) {
		m.place.Leave()
		return ErrEnded
	}
	m.session.DeliverOwn(journal.Entry{Kind: journal.Seated, Log: m.account.User, Seq: m.now.Seq}, nil)
	seqs := make([]int64, len(m.was.guilds))
	group, groupCtx := errgroup.WithContext(ctx)
	group.SetLimit(rejoinConcurrency)
	for i, guild := range m.was.guilds {
		if _, still := slices.BinarySearch(m.now.Guilds, guild); !still {
			return refusal("guilds")
		}
		head, _ := m.journal.Head(guild)
		group.Go(func() error {
			seq, member, err := m.place.Rejoin(groupCtx, guild, max(head, m.was.since[guild]))
			if err == nil && !member {
				err = refusal("guilds")
			}
			seqs[i] = seq
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return err
	}
	m.seats = make(map[snowflake.ID]int64, len(seqs))
	for i, guild := range m.was.guilds {
		m.seats[guild] = seqs[i]
	}
	return nil
}

// replay is what a client has missed.
type replay struct {
	journaled []numbered      // what the owner has numbered, ascending
	later     []*codec.Shared // what came after the end of the journal
	bytes     int
}

func (r *replay) count(d *codec.Shared) error {
	if r.bytes += size(d); r.bytes > maxReplay {
		return refusal("too_much")
	}
	return nil
}

// replayOf finds out what the client has missed up to where the session has its seats.
func (s *Server) replayOf(ctx context.Context, m *move) (replay, error) {
	var r replay
	judgeUser := func(past []events.Event) ([]*codec.Shared, bool) { return m.place.JudgeUser(past) }
	if err := s.replayLog(ctx, m, &r, m.account.User, m.now.Seq, judgeUser); err != nil {
		return r, err
	}
	for _, guild := range m.was.guilds {
		if position, entered := m.was.entered[guild]; entered {
			d, ok := m.place.GuildCreate(guild)
			if !ok {
				return r, refusal("guilds")
			}
			if d != nil {
				if err := r.count(d); err != nil {
					return r, err
				}
				r.journaled = append(r.journaled, numbered{m.record.Base + position, d})
			}
		}
		seat := m.seats[guild]
		judge := func(past []events.Event) ([]*codec.Shared, bool) { return m.place.Judge(guild, past, seat) }
		if err := s.replayLog(ctx, m, &r, guild, seat, judge); err != nil {
			return r, err
		}
	}
	slices.SortFunc(r.journaled, func(a, b numbered) int { return int(min(max(a.s-b.s, -1), 1)) })
	return r, nil
}

// replayLog adds what the client has missed of one log, up to a seq.
func (s *Server) replayLog(ctx context.Context, m *move, r *replay, log snowflake.ID, upTo int64,
	judge func([]events.Event) ([]*codec.Shared, bool)) error {
	head, _ := m.journal.Head(log)
	after := max(head, m.was.since[log])
	journaled := m.was.events[log]
	if len(journaled) > 0 {
		after = journaled[0].Seq - 1
		if journaled[len(journaled)-1].Seq != head || int64(len(journaled)) != head-after {
			return refusal("journal_hole")
		}
	}
	if after >= upTo {
		return nil
	}
	past, err := s.hub.Past(ctx, log, after, upTo)
	if errors.Is(err, fanout.ErrPast) {
		return refusal("log")
	}
	if err != nil {
		return err
	}
	dispatches, exact := judge(past)
	if !exact {
		return refusal("access")
	}
	for i, d := range dispatches {
		if d == nil {
			continue
		}
		if err := r.count(d); err != nil {
			return err
		}
		if i < len(journaled) {
			r.journaled = append(r.journaled, numbered{m.record.Base + journaled[i].Position, d})
		} else {
			r.later = append(r.later, d)
		}
	}
	return nil
}

// opening numbers what the client is sent. What the owner has numbered keeps its number. The rest, and all to come, is far
// above: should Redis lose the claim in a failover, nobody takes these numbers for the owner's.
func (m *move) opening(r replay, resumed *codec.Shared) opening {
	o := opening{first: resumed, has: m.seq, replay: r.journaled}
	next := max(m.seq, m.record.Base+m.journal.Last()) + journal.Jump
	for _, d := range r.later {
		o.replay = append(o.replay, numbered{next, d})
		next++
	}
	o.number = next
	return o
}

// claim makes this process the one that has the session.
func (s *Server) claim(ctx context.Context, m *move, o opening) error {
	record := m.record
	record.Owner, record.Base, record.From = s.process, o.number-m.session.start, o.number
	record.Login, record.Application, record.AppFlags = m.account.login, m.account.Application, m.account.AppFlags
	record.Guilds, record.GuildsAt = m.was.guilds, m.session.start
	err := s.records.Claim(ctx, m.id, m.record, record)
	if errors.Is(err, journal.ErrNoSession) {
		return refusal("unknown")
	}
	return err
}

// settle begins what a session does once it is here.
func (s *Server) settle(m *move) {
	session := m.session
	session.recorded(session.start)
	s.finish(session)
	for _, raw := range m.was.unanswered {
		if request, err := parseMemberRequest(raw); err == nil {
			s.ask(session, request)
		}
	}
	var rest []snowflake.ID
	for _, guild := range m.now.Guilds {
		if _, in := m.seats[guild]; !in && session.profile.Shard.Has(guild) {
			rest = append(rest, guild)
		}
	}
	s.spawn(func() { s.enterGuilds(session, m.place, rest) })
}
