package gatewayclient

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/url"
	"sync"
	"sync/atomic"
	"time"
)

// Options of a Session.
type Options struct {
	Gateway string // what GET /gateway tells
	Token   string
	Intents int    // 0 leaves them out, as user clients do
	Shard   [2]int // the zero value leaves it out
	// Encoding is "" or "json", or "etf".
	Encoding string
	// Compression is "", "zlib-stream" or "zstd-stream" for the transport, or "payload" for single payloads.
	Compression string
	// OnEvent is called for every dispatch, READY and RESUMED too, in the order they arrive, by one goroutine.
	OnEvent func(Event)
	// OnTurn, unless nil, is called for every Turn, by one goroutine but for Unacknowledged.
	OnTurn func(Turn)
	// Logf, unless nil, is told of every connection that is lost or made.
	Logf func(format string, args ...any)
}

// Turn is what happens to a session besides its dispatches.
type Turn struct {
	Kind TurnKind
	Life int   // as in Event
	Seq  int64 // that the client has
	Err  error // of Dropped and Invalidated: what the client was told, or saw
	At   time.Time
}

// TurnKind tells turns apart.
type TurnKind string

// The kinds of turns.
const (
	Dropped        TurnKind = "dropped"        // a connection has ended, or could not be made
	Resuming       TurnKind = "resuming"       // RESUME was sent
	Identifying    TurnKind = "identifying"    // IDENTIFY was sent
	Deferred       TurnKind = "deferred"       // IDENTIFY was answered with Invalid Session: too many at once
	Invalidated    TurnKind = "invalidated"    // the session is gone, and the client was told so
	Unacknowledged TurnKind = "unacknowledged" // a heartbeat had no answer for an interval
)

const payload = "payload" // Options.Compression of single payloads

// Event is a dispatch as one session saw it.
type Event struct {
	Type string
	Data json.RawMessage
	Seq  int64
	// Life counts the sessions that this client had: 1 for the first READY, and one more for each READY after an Invalid
	// Session. Within a life every event comes once, and Seq rises.
	Life int
	At   time.Time
}

// String shows the beginning of the data.
func (e Event) String() string {
	return fmt.Sprintf("life %d, s=%d: %s %.400s", e.Life, e.Seq, e.Type, e.Data)
}

// Session is a client that reconnects until it is closed.
type Session struct {
	opts   Options
	cancel context.CancelFunc
	done   chan struct{}
	ready  chan struct{} // closed at the first READY

	mu   sync.Mutex
	conn *Conn
	err  error

	id, resumeURL string // of the live session, owned by run
	seq           atomic.Int64
	life          atomic.Int64
	resumes       atomic.Int64
	binary        atomic.Int64
	unacked       atomic.Int64 // heartbeats sent and not acknowledged
}

// errDeferred is Invalid Session in answer to IDENTIFY.
var errDeferred = errors.New("identify was put off")

// Open connects and waits for READY.
func Open(ctx context.Context, opts Options) (*Session, error) {
	run, cancel := context.WithCancel(context.Background())
	s := &Session{opts: opts, cancel: cancel, done: make(chan struct{}), ready: make(chan struct{})}
	go s.run(run)
	select {
	case <-s.ready:
		return s, nil
	case <-s.done:
		return nil, s.Err()
	case <-ctx.Done():
		s.Close()
		return nil, fmt.Errorf("no READY: %w", errors.Join(ctx.Err(), s.Err()))
	}
}

// Cut drops the connection under the session, which then resumes.
func (s *Session) Cut() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.conn != nil {
		s.conn.Cut()
	}
}

// Send writes a payload on the present connection.
func (s *Session) Send(op int, d any) error {
	s.mu.Lock()
	conn := s.conn
	s.mu.Unlock()
	if conn == nil {
		return errors.New("not connected")
	}
	return conn.Write(op, d)
}

// Resumes counts the RESUMED events so far.
func (s *Session) Resumes() int { return int(s.resumes.Load()) }

// Binary counts the binary frames of the present connection.
func (s *Session) Binary() int { return int(s.binary.Load()) }

// Done is closed when the session has ended for good, by Close or by a close code that forbids reconnecting.
func (s *Session) Done() <-chan struct{} { return s.done }

// Err is the last thing that went wrong, nil if nothing did.
func (s *Session) Err() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.err
}

// Close leaves with code 1000 and waits for the reader.
func (s *Session) Close() {
	s.cancel()
	s.mu.Lock()
	if s.conn != nil {
		s.conn.Leave()
	}
	s.mu.Unlock()
	<-s.done
}

func (s *Session) run(ctx context.Context) {
	defer close(s.done)
	for ctx.Err() == nil {
		err := s.connection(ctx)
		if ctx.Err() != nil {
			return
		}
		s.mu.Lock()
		s.conn, s.err = nil, err
		s.mu.Unlock()
		s.logf("connection lost: %v", err)
		s.turn(Dropped, err)
		switch code := CloseCode(err); code {
		case 4004, 4010, 4011, 4012, 4013, 4014: // reconnecting is forbidden
			return
		case 1000, 4003, 4005, 4007, 4009: // the session is gone, a new one may be made
			s.forget(err)
		}
		pause := 100*time.Millisecond + rand.N(400*time.Millisecond)
		if errors.Is(err, errDeferred) { // https://discord.com/developers/docs/events/gateway#resuming
			pause = time.Second + rand.N(4*time.Second)
		}
		select {
		case <-time.After(pause):
		case <-ctx.Done():
		}
	}
}

// forget gives the session up because of what the client was told.
func (s *Session) forget(told error) {
	if s.id != "" {
		s.turn(Invalidated, told)
	}
	s.id, s.resumeURL = "", ""
	s.seq.Store(0)
}

func (s *Session) turn(kind TurnKind, err error) {
	if s.opts.OnTurn != nil {
		s.opts.OnTurn(Turn{Kind: kind, Life: int(s.life.Load()), Seq: s.seq.Load(), Err: err, At: time.Now()})
	}
}

// connection lives through one WebSocket and returns why it ended.
func (s *Session) connection(ctx context.Context) error {
	gateway := s.opts.Gateway
	if s.resumeURL != "" {
		gateway = s.resumeURL
	}
	query := url.Values{}
	if s.opts.Encoding != "" {
		query.Set("encoding", s.opts.Encoding)
	}
	if s.opts.Compression != "" && s.opts.Compression != payload {
		query.Set("compress", s.opts.Compression)
	}
	conn, err := Dial(ctx, gateway, query)
	if err != nil {
		return err
	}
	defer conn.Cut()
	s.mu.Lock()
	s.conn = conn
	s.mu.Unlock()
	if ctx.Err() != nil { // Close ran before it could see this connection
		return ctx.Err()
	}

	first, err := conn.Read(time.Now().Add(20 * time.Second))
	if err != nil {
		return fmt.Errorf("wait for HELLO: %w", err)
	}
	var hello struct {
		Interval int64 `json:"heartbeat_interval"`
	}
	if err := json.Unmarshal(first.D, &hello); first.Op != OpHello || err != nil || hello.Interval <= 0 {
		return fmt.Errorf("first payload has op %d, data %.100s", first.Op, first.D)
	}
	interval := time.Duration(hello.Interval) * time.Millisecond
	beating, stop := context.WithCancel(ctx)
	defer stop()
	s.unacked.Store(0)
	go s.beat(beating, conn, interval)

	if err := s.greet(conn); err != nil {
		return err
	}
	for {
		f, err := conn.Read(time.Now().Add(2*interval + 10*time.Second))
		if err != nil {
			return err
		}
		s.binary.Store(int64(conn.Binary()))
		if err := s.handle(conn, f); err != nil {
			return err
		}
	}
}

func (s *Session) greet(conn *Conn) error {
	if s.id != "" {
		s.turn(Resuming, nil)
		return conn.Write(OpResume, map[string]any{"token": s.opts.Token, "session_id": s.id, "seq": s.seq.Load()})
	}
	s.turn(Identifying, nil)
	identify := map[string]any{
		"token":      s.opts.Token,
		"properties": map[string]string{"os": "linux", "browser": "guildhall-suite", "device": "guildhall-suite"},
	}
	if s.opts.Intents != 0 {
		identify["intents"] = s.opts.Intents
	}
	if s.opts.Compression == payload {
		identify["compress"] = true
	}
	if s.opts.Shard[1] != 0 {
		identify["shard"] = s.opts.Shard
	}
	return conn.Write(OpIdentify, identify)
}

func (s *Session) handle(conn *Conn, f Frame) error {
	switch f.Op {
	case OpDispatch:
		return s.dispatch(f)
	case OpHeartbeat:
		return conn.Write(OpHeartbeat, s.seq.Load())
	case OpHeartbeatAck:
		s.unacked.Store(0)
	case OpReconnect:
		return errors.New("told to reconnect")
	case OpInvalidSession:
		switch err := fmt.Errorf("invalid session, resumable: %s", f.D); {
		case s.id == "":
			s.turn(Deferred, err)
			return errDeferred
		case string(f.D) != "true":
			s.forget(err)
			return err
		default:
			return err
		}
	}
	return nil
}

func (s *Session) dispatch(f Frame) error {
	if f.S == nil || f.T == nil {
		return fmt.Errorf("dispatch without s or t: %.200s", f.D)
	}
	switch *f.T {
	case "READY":
		var ready struct {
			ID     string `json:"session_id"`
			Resume string `json:"resume_gateway_url"`
		}
		if err := json.Unmarshal(f.D, &ready); err != nil || ready.ID == "" {
			return fmt.Errorf("READY without a session id: %.200s", f.D)
		}
		s.id, s.resumeURL = ready.ID, ready.Resume
		s.logf("READY, life %d", s.life.Add(1))
	case "RESUMED":
		s.resumes.Add(1)
		s.logf("RESUMED at s=%d", *f.S)
	}
	s.seq.Store(*f.S)
	if s.opts.OnEvent != nil {
		s.opts.OnEvent(Event{Type: *f.T, Data: f.D, Seq: *f.S, Life: int(s.life.Load()), At: time.Now()})
	}
	if *f.T == "READY" && s.life.Load() == 1 {
		close(s.ready)
	}
	return nil
}

// beat sends heartbeats and drops the connection when one stays unacknowledged.
// https://discord.com/developers/docs/topics/gateway#sending-heartbeats
func (s *Session) beat(ctx context.Context, conn *Conn, interval time.Duration) {
	wait := rand.N(interval)
	for {
		select {
		case <-time.After(wait):
		case <-ctx.Done():
			return
		}
		if s.unacked.Add(1) > 1 {
			s.logf("a heartbeat was not acknowledged within %v", interval)
			s.turn(Unacknowledged, nil)
			conn.Cut()
			return
		}
		var d any
		if seq := s.seq.Load(); seq != 0 {
			d = seq
		}
		if conn.Write(OpHeartbeat, d) != nil {
			return // the reader sees the same failure
		}
		wait = interval
	}
}

func (s *Session) logf(format string, args ...any) {
	if s.opts.Logf != nil {
		s.opts.Logf(format, args...)
	}
}
