package session

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"guildhall.chat/guildhall/gateway/delivery"
	"guildhall.chat/guildhall/gateway/fanout"
	"guildhall.chat/guildhall/gateway/journal"
	"guildhall.chat/guildhall/gateway/socket"
	"guildhall.chat/guildhall/internal/auth"
	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/sessionlimit"
	"guildhall.chat/guildhall/internal/store"
)

// Config says how a pod serves sessions.
type Config struct {
	Pod               string // its name, a part of session ids
	ResumeURL         string // resume_gateway_url of READY
	HeartbeatInterval time.Duration
	ResumeWindow      time.Duration // how long a session waits for its client to come back
	MaxBacklog        int           // bytes of events that may wait for a client that is connected
	// OpenTimeout bounds an IDENTIFY or RESUME; 0: 10 s, for discord.js gives up after 15.
	OpenTimeout time.Duration
	// Unlimited lifts the limits of what clients may do, for load tests: frames a minute, and sessions that a bot may start.
	Unlimited bool
}

// Journal is where sessions find what others have left, and leave what others may need.
type Journal struct {
	Process journal.Process // this one's name
	Records *journal.Sessions
	Reader  *journal.Reader
}

// Server makes sessions and keeps them.
type Server struct {
	config    Config
	host      *host
	process   journal.Process
	records   *journal.Sessions
	journals  *journal.Reader
	keys      *auth.Keys
	store     *store.Store
	hub       *fanout.Hub
	starts    *sessionlimit.Limiter
	online    *Announcer
	log       *slog.Logger
	sessions  *Registry
	resuming  turns
	began     time.Time
	unmeasure func()

	ctx       context.Context // ends with Stop
	stop      context.CancelFunc
	work      sync.WaitGroup // goroutines of clients and sessions; see spawn
	admission chan struct{}
	waiting   atomic.Int64
	openings  atomic.Int64 // IDENTIFYs and RESUMEs that were served
	stopping  atomic.Bool

	mu      sync.Mutex
	clients map[*Client]struct{}
	drained chan struct{} // closed when the last client has gone after Drain began; nil before
}

const (
	// identifyTimeout bounds an IDENTIFY or RESUME once it has its turn, unless the configuration says otherwise.
	identifyTimeout = 10 * time.Second
	// identifyConcurrency bounds the IDENTIFYs that load at once, identifyQueue those that wait for it: all clients of a pod,
	// when they come back at once, for whoever is refused comes again and makes it worse.
	identifyConcurrency = 32
	identifyQueue       = 1 << 14
	// maxUserSessions is how many sessions a user may have on one pod; a bot's are limited by what it may start. Over all pods
	// nobody counts: it would cost each IDENTIFY another round trip, and keeps no one from more than a user may do anyway.
	maxUserSessions = 50
	maxBotSessions  = sessionlimit.Total
	// maxShardGuilds is how many guilds a bot's session may have before it must be sharded further.
	maxShardGuilds = 2500
)

// NewServer returns a server without sessions, which take their dispatches from the line.
func NewServer(c Config, line *delivery.Line, j Journal, keys *auth.Keys, st *store.Store, hub *fanout.Hub,
	starts *sessionlimit.Limiter, online *Announcer, log *slog.Logger) *Server {
	ctx, stop := context.WithCancel(context.Background())
	c.OpenTimeout = cmp.Or(c.OpenTimeout, identifyTimeout)
	s := &Server{
		config: c, process: j.Process, records: j.Records, journals: j.Reader,
		keys: keys, store: st, hub: hub, starts: starts, online: online, log: log,
		sessions: newRegistry(), ctx: ctx, stop: stop, began: time.Now(),
		admission: make(chan struct{}, identifyConcurrency),
		clients:   map[*Client]struct{}{},
	}
	s.host = &host{
		line: line, window: c.ResumeWindow, maxBacklog: cmp.Or(c.MaxBacklog, DefaultMaxBacklog), over: s.over,
		save:    func(session *Session) { s.spawn(func() { s.save(session) }) },
		recheck: func(session *Session) { s.spawn(func() { s.recheck(session) }) },
	}
	s.unmeasure = s.measure()
	s.spawn(s.keepRecords)
	s.spawn(s.giveBack)
	return s
}

// DefaultMaxBacklog is what Config.MaxBacklog is if not set.
const DefaultMaxBacklog = 8 << 20

// spawn runs a task that Stop waits for, unless it has begun.
func (s *Server) spawn(task func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ctx.Err() == nil {
		s.work.Go(task)
	}
}

// closeError ends a connection with its code.
type closeError discord.CloseCode

func (e closeError) Error() string { return discord.CloseCode(e).Reason() }

// errRefused says that an IDENTIFY or RESUME can't be served now; the client identifies again.
var errRefused = errors.New("refused")

// errTooFast says that a bot begins sessions faster than it may.
var errTooFast = fmt.Errorf("%w: sessions started too fast", errRefused)

// admit waits for a turn to load, as long as the client does, and returns the context of what is then done for it. The caller
// must call done.
func (s *Server) admit(c *Client) (ctx context.Context, done func(), err error) {
	if s.waiting.Add(1) > identifyQueue {
		s.waiting.Add(-1)
		return nil, nil, fmt.Errorf("%w: too many wait", errRefused)
	}
	defer s.waiting.Add(-1)
	select {
	case s.admission <- struct{}{}:
	case <-c.attempt.Done():
		return nil, nil, c.attempt.Err()
	}
	ctx, cancel := context.WithTimeout(c.attempt, s.config.OpenTimeout)
	return ctx, func() { cancel(); <-s.admission }, nil
}

// Drain tells all clients to connect anew, spread over the time that it is given, and closes their connections. It returns
// when they have gone or ctx ends. A server drains once.
func (s *Server) Drain(ctx context.Context, spread time.Duration) {
	s.stopping.Store(true)
	s.mu.Lock()
	clients := make([]*Client, 0, len(s.clients))
	for c := range s.clients {
		clients = append(clients, c)
	}
	drained := make(chan struct{})
	s.drained = drained
	s.checkDrained()
	s.mu.Unlock()
	rand.Shuffle(len(clients), func(i, j int) { clients[i], clients[j] = clients[j], clients[i] })
	begun := time.Now()
	for i, c := range clients {
		at := begun.Add(spread * time.Duration(i) / time.Duration(len(clients)))
		select {
		case <-time.After(time.Until(at)):
		case <-ctx.Done():
		}
		c.dismiss()
	}
	select {
	case <-drained:
	case <-ctx.Done():
	}
}

// checkDrained tells Drain if no client is left. The lock is held.
func (s *Server) checkDrained() {
	if s.drained != nil && len(s.clients) == 0 {
		close(s.drained)
		s.drained = nil
	}
}

// Stop ends the process' part in all sessions, and waits for what they do. Other pods find them in their records and in the
// journal.
func (s *Server) Stop() {
	s.stopping.Store(true)
	s.unmeasure()
	s.mu.Lock()
	s.stop()
	s.mu.Unlock()
	for _, session := range s.sessions.all() {
		session.End("shutdown")
	}
	s.work.Wait()
}

// Open makes the protocol of a connection and greets the client, if the router has not.
func (s *Server) Open(conn *socket.Conn, o socket.Opening) socket.Protocol {
	return s.open(conn, o)
}

func (s *Server) open(conn Transport, o socket.Opening) *Client {
	now := time.Now()
	c := &Client{
		server: s, conn: conn, params: o.Params, trace: o.Trace,
		frames:        window{limit: maxFrames, every: frameWindow, began: now},
		presences:     window{limit: maxPresences, every: presenceWindow, began: now},
		strangerUntil: now.Add(strangerTimeout),
	}
	if s.config.Unlimited {
		c.frames.limit, c.presences.limit = math.MaxInt, math.MaxInt
	}
	if o.Greeted {
		c.frames.began, c.frames.n = o.HelloAt, o.Frames
	} else {
		conn.Send(discord.OpHello, discord.Hello{
			HeartbeatInterval: s.config.HeartbeatInterval.Milliseconds(), Trace: []string{s.config.Pod},
		})
	}
	c.expectBeat(now)
	s.mu.Lock()
	s.clients[c] = struct{}{}
	s.mu.Unlock()
	if s.stopping.Load() {
		c.dismiss()
	}
	return c
}

func (s *Server) forget(c *Client) {
	s.mu.Lock()
	delete(s.clients, c)
	s.checkDrained()
	s.mu.Unlock()
}

// over takes an ended session out of everything. One that goes on, or may, leaves its record and its presence.
func (s *Server) over(session *Session, why string) {
	s.sessions.remove(session)
	goesOn := why == "claimed" || why == "moved" || why == "shutdown"
	if n := session.presence.Load(); n != nil {
		if goesOn {
			n.forget()
		} else {
			n.end()
		}
	}
	if why != "moved" {
		session.leavePlace()
	}
	if !goesOn && session.isRecorded() {
		s.spawn(func() { s.remove(session) })
	}
}

// remove deletes a session's record. If Redis does not answer, it is left for its time to run out.
func (s *Server) remove(session *Session) {
	ctx, cancel := context.WithTimeout(s.ctx, recordTimeout)
	defer cancel()
	if err := s.records.Remove(ctx, session.ID, s.process); err != nil {
		s.log.Warn("record of an ended session not removed", "error", err)
	}
}

// Ready is a readiness check: it fails once the server drains.
func (s *Server) Ready(context.Context) error {
	if s.stopping.Load() {
		return errDraining
	}
	return nil
}

// Draining reports whether the server drains, or has.
func (s *Server) Draining() bool { return s.stopping.Load() }

var errDraining = errors.New("draining")

// Len returns the number of sessions, those that wait for a resume included.
func (s *Server) Len() int { return len(s.sessions.all()) }
