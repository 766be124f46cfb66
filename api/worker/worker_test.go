package worker

import (
	"context"
	"encoding/json"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/redis/go-redis/v9"
	"go.uber.org/goleak"

	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/events"
	"guildhall.chat/guildhall/internal/pgtest"
	"guildhall.chat/guildhall/internal/presence"
	"guildhall.chat/guildhall/internal/redistest"
	"guildhall.chat/guildhall/internal/snowflake"
	"guildhall.chat/guildhall/internal/store"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// patience bounds how long a test waits for what must come.
const patience = time.Minute

// site is a store from which nothing is published but by the worker.
type site struct {
	t         *testing.T
	store     *store.Store
	db        *pgx.Conn
	rdb       *redis.ClusterClient
	publisher *events.Publisher
	log       *slog.Logger
}

func newSite(t *testing.T, rdb *redis.ClusterClient) *site {
	t.Helper()
	dsn := pgtest.New(t, store.Migrate)
	s, err := store.Open(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	db, err := pgx.Connect(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close(context.Background()) })
	log := slog.New(slog.NewTextHandler(t.Output(), nil))
	return &site{t: t, store: s, db: db, rdb: rdb, publisher: events.NewPublisher(rdb, s, time.Minute, log), log: log}
}

func (s *site) worker() *Worker {
	return New(s.store, s.publisher, presence.New(s.rdb), time.Minute, s.log)
}

// run runs a worker until the test ends, or until the function that it returns is called.
func (s *site) run() (stop func()) {
	ctx, cancel := context.WithCancel(s.t.Context())
	var running sync.WaitGroup
	running.Go(func() { s.worker().Run(ctx) })
	stop = func() {
		cancel()
		running.Wait()
	}
	s.t.Cleanup(stop)
	return stop
}

func (s *site) exec(sql string, args ...any) {
	s.t.Helper()
	if _, err := s.db.Exec(s.t.Context(), sql, args...); err != nil {
		s.t.Fatal(err)
	}
}

// newLog makes a log under an id that no other test has.
func (s *site) newLog() snowflake.ID {
	s.t.Helper()
	id := snowflake.ID(rand.Uint64N(uint64(snowflake.Max))) + 1
	s.exec(`insert into logs (id) values ($1)`, id)
	return id
}

func (s *site) emit(log snowflake.ID, n int) {
	s.t.Helper()
	err := s.store.Change(s.t.Context(), func(tx *store.Tx) error {
		for i := range n {
			if err := tx.Emit(log, events.Header{Type: "TEST"}, i); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		s.t.Fatal(err)
	}
}

// inRedis is the last seq that Redis has of a log, 0 for none.
func (s *site) inRedis(log snowflake.ID) int64 {
	last, _ := s.rdb.HGet(s.t.Context(), "log-state:{"+log.String()+"}", "last").Int64()
	return last
}

func (s *site) eventually(what string, cond func() bool) {
	s.t.Helper()
	for deadline := time.Now().Add(patience); !cond(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			s.t.Fatal("never came: ", what)
		}
	}
}

// channel is a handler that passes events on.
type channel chan events.Event

func (c channel) Event(e events.Event) { c <- e }
func (c channel) Lost()                { close(c) }

func (s *site) open(log snowflake.ID) channel {
	s.t.Helper()
	fs := events.NewFeeds(s.rdb, s.store, s.log)
	s.t.Cleanup(fs.Close)
	f, err := fs.Open(s.t.Context(), log)
	if err != nil {
		s.t.Fatal(err)
	}
	c := make(channel, 100)
	f.Start(0, c)
	return c
}

func (c channel) next(t *testing.T) events.Event {
	t.Helper()
	select {
	case e := <-c:
		return e
	case <-time.After(patience):
		t.Fatal("no event came")
		return events.Event{}
	}
}

func TestCommittedEventArrivesThoughNobodyPublishedIt(t *testing.T) {
	t.Parallel()
	s := newSite(t, redistest.Client(t))
	early, late := s.newLog(), s.newLog()
	s.emit(early, 2) // before the worker starts
	gotEarly, gotLate := s.open(early), s.open(late)
	s.run()
	for seq := range int64(2) {
		if e := gotEarly.next(t); e.Seq != seq+1 {
			t.Errorf("seq %d, expected %d", e.Seq, seq+1)
		}
	}
	s.emit(late, 1)
	if e := gotLate.next(t); e.Seq != 1 || e.Head.At == 0 {
		t.Errorf("%+v", e)
	}
}

func TestRelayPutsBackWhatRedisHasLost(t *testing.T) {
	t.Parallel()
	s := newSite(t, redistest.Client(t))
	log := s.newLog()
	s.emit(log, 3)
	s.run()
	s.eventually("the events", func() bool { return s.inRedis(log) == 3 })
	tag := "{" + log.String() + "}"
	s.rdb.Del(t.Context(), "log:"+tag, "log-state:"+tag)
	s.eventually("the events again", func() bool { return s.inRedis(log) == 3 })
}

// A master that comes back without its data gets all of it, however long ago it was published.
func TestRelayLooksAtEverythingWhenAMasterWasRestarted(t *testing.T) {
	t.Parallel()
	instance := redistest.New(t)
	s := newSite(t, instance.Client(t))
	logs := make([]snowflake.ID, 12) // so that each master has some
	for i := range logs {
		logs[i] = s.newLog()
		s.emit(logs[i], 2)
	}
	r := newRelay(s.store, s.publisher)
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(r.step(t.Context()))
	// All of it lies further back than the relay looks.
	longAgo := time.Now().Add(-time.Hour)
	_, mark, err := s.store.HeadsSince(t.Context(), "")
	must(err)
	r.passed, r.looked = []reached{{mark, longAgo}}, longAgo
	must(r.step(t.Context()))

	node := redis.NewClient(&redis.Options{Addr: instance.Addrs()[0], Password: instance.Password()})
	dir := node.ConfigGet(t.Context(), "dir").Val()["dir"]
	must(node.Close())
	instance.Kill(t, 0)
	must(os.RemoveAll(filepath.Join(dir, "appendonlydir")))
	instance.Restart(t, 0)
	lost := 0
	for _, log := range logs {
		if s.inRedis(log) == 0 {
			lost++
		}
	}
	if lost == 0 {
		t.Fatal("the master has lost nothing")
	}
	r.looked = longAgo
	s.eventually("a look back", func() bool { return r.step(t.Context()) == nil })
	for _, log := range logs {
		if got := s.inRedis(log); got != 2 {
			t.Errorf("log %s is at %d", log, got)
		}
	}
}

func TestRelaySkipsNothingWhileRedisIsDown(t *testing.T) {
	t.Parallel()
	instance := redistest.New(t)
	s := newSite(t, instance.Client(t))
	log := s.newLog()
	r := newRelay(s.store, s.publisher)
	if err := r.step(t.Context()); err != nil {
		t.Fatal(err)
	}
	for i := range instance.Addrs() {
		instance.Kill(t, i)
	}
	s.emit(log, 2)
	if err := r.step(t.Context()); err == nil {
		t.Fatal("no error without Redis")
	}
	for i := range instance.Addrs() {
		instance.Restart(t, i)
	}
	s.eventually("a step", func() bool { return r.step(t.Context()) == nil })
	if got := s.inRedis(log); got != 2 {
		t.Errorf("the log is at %d", got)
	}
}

// A transaction that commits late must not be passed by.
func TestRelaySeesLateCommits(t *testing.T) {
	t.Parallel()
	s := newSite(t, redistest.Client(t))
	slow, fast := s.newLog(), s.newLog()
	r := newRelay(s.store, s.publisher)
	inside, finish := make(chan struct{}), make(chan struct{})
	var committing sync.WaitGroup
	committing.Go(func() {
		_ = s.store.Change(t.Context(), func(tx *store.Tx) error {
			if err := tx.NewLog(t.Context(), slow+1); err != nil { // takes the transaction's number
				return err
			}
			close(inside)
			<-finish
			return tx.Emit(slow, events.Header{Type: "TEST"}, 1)
		})
	})
	<-inside
	s.emit(fast, 1)
	for range 3 {
		if err := r.step(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if s.inRedis(fast) != 1 || s.inRedis(slow) != 0 {
		t.Errorf("at %d and %d", s.inRedis(fast), s.inRedis(slow))
	}
	close(finish)
	committing.Wait()
	r.looked = time.Now() // not by looking back
	if err := r.step(t.Context()); err != nil || s.inRedis(slow) != 1 {
		t.Errorf("the late one is at %d, %v", s.inRedis(slow), err)
	}
}

func TestPresenceOfADeadPodExpires(t *testing.T) {
	t.Parallel()
	s := newSite(t, redistest.New(t).Client(t)) // of its own: leases of pods are seen by every worker
	user, guild := s.store.NewID(), s.newLog()
	s.exec(`insert into users (id, username) values ($1, 'u')`, user)
	s.exec(`insert into guilds (id, owner_id, name) values ($1, $2, 'g')`, guild, user)
	s.exec(`insert into members (guild_id, user_id) values ($1, $2)`, guild, user)
	pod := presence.NewPod(s.rdb, "pod-0", time.Second)
	if _, err := pod.Renew(t.Context()); err != nil {
		t.Fatal(err)
	}
	update := presence.Update{Status: presence.Online, Client: presence.Desktop}
	if _, changed, err := pod.Set(t.Context(), user, "s.1", []snowflake.ID{guild}, update); err != nil || !changed {
		t.Fatal(changed, err)
	}
	got := s.open(guild)
	s.run()
	e := got.next(t)
	var told struct {
		User   struct{ ID snowflake.ID }
		Status string
	}
	if err := json.Unmarshal(e.Data, &told); err != nil || e.Head.Type != discord.EventPresenceUpdate || e.Head.Guild != guild ||
		e.Head.User != user || told.User.ID != user || told.Status != "offline" {
		t.Errorf("%+v %s, %v", e.Head, e.Data, err)
	}
}
