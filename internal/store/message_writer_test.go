package store_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/events"
	"guildhall.chat/guildhall/internal/pgtest"
	"guildhall.chat/guildhall/internal/snowflake"
	"guildhall.chat/guildhall/internal/store"
)

// postOffice is a store with a guild and channels to post to.
type postOffice struct {
	*store.Store
	dsn      string
	db       *pgx.Conn
	guild    snowflake.ID
	author   discord.User
	channels []snowflake.ID
}

func newPostOffice(t testing.TB, channels int) *postOffice {
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
	p := &postOffice{Store: s, dsn: dsn, db: db, author: discord.User{ID: s.NewID(), Username: "author"}}
	p.exec(t, `insert into users (id, username) values ($1, 'author')`, p.author.ID)
	p.guild, p.channels = p.newGuild(t, channels)
	return p
}

func (p *postOffice) newGuild(t testing.TB, channels int) (guild snowflake.ID, ids []snowflake.ID) {
	t.Helper()
	guild = p.NewID()
	p.exec(t, `insert into guilds (id, owner_id, name) values ($1, $2, 'g')`, guild, p.author.ID)
	p.exec(t, `insert into logs (id) values ($1)`, guild)
	for range channels {
		ids = append(ids, p.NewID())
		p.exec(t, `insert into channels (id, guild_id, type) values ($1, $2, 0)`, ids[len(ids)-1], guild)
	}
	return guild, ids
}

func (p *postOffice) exec(t testing.TB, sql string, args ...any) {
	t.Helper()
	if _, err := p.db.Exec(t.Context(), sql, args...); err != nil {
		t.Fatal(err)
	}
}

func (p *postOffice) message(channel snowflake.ID, content string) discord.Message {
	id := p.NewID()
	return discord.Message{
		ID: id, ChannelID: channel, Author: p.author, Content: content, Timestamp: discord.At(id.Time()),
		Mentions: []discord.Mention{}, MentionRoles: []snowflake.ID{}, Embeds: []discord.Embed{},
		Attachments: []discord.Attachment{}, Components: discord.EmptyList,
	}
}

func (p *postOffice) post(ctx context.Context, guild snowflake.ID, m discord.Message) error {
	head := events.Header{Type: discord.EventMessageCreate, Guild: guild, Channel: m.ChannelID, User: m.Author.ID}
	return p.CreateGuildMessage(ctx, guild, m, head, discord.MessageEvent{Message: m, GuildID: &guild})
}

// Every message is one event, and a sender's messages are in its order, whatever is committed together.
func TestConcurrentMessagesAreAllInTheLog(t *testing.T) {
	t.Parallel()
	p := newPostOffice(t, 3)
	const senders, each = 40, 10
	var all sync.WaitGroup
	for i := range senders {
		all.Go(func() {
			for j := range each {
				if err := p.post(t.Context(), p.guild, p.message(p.channels[i%3], fmt.Sprint(i, " ", j))); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
	evs, err := p.Outbox(t.Context(), p.guild, 0, 10_000)
	if err != nil || len(evs) != senders*each {
		t.Fatalf("%d events, %v", len(evs), err)
	}
	next := make([]int, senders)
	newest := map[snowflake.ID]snowflake.ID{}
	for i, e := range evs {
		var m discord.MessageEvent
		if err := json.Unmarshal(e.Data, &m); err != nil || e.Seq != int64(i+1) {
			t.Fatalf("seq %d at place %d, %v", e.Seq, i, err)
		}
		var sender, number int
		if _, err := fmt.Sscan(m.Content, &sender, &number); err != nil || number != next[sender] {
			t.Fatalf("%q out of order", m.Content)
		}
		next[sender]++
		newest[m.ChannelID] = max(newest[m.ChannelID], m.ID)
	}
	for _, channel := range p.channels {
		c, err := p.Channel(t.Context(), channel)
		if err != nil || **c.LastMessageID != newest[channel] {
			t.Errorf("last message %v, expected %s, %v", *c.LastMessageID, newest[channel], err)
		}
	}
}

// A message that Postgres does not take must not cost those that are committed with it.
func TestRefusedMessageDoesNotCostTheOthers(t *testing.T) {
	t.Parallel()
	p := newPostOffice(t, 1)
	var all sync.WaitGroup
	var failed atomic.Int32
	for i := range 60 {
		all.Go(func() {
			m := p.message(p.channels[0], "x")
			if i%20 == 7 {
				m.Components = json.RawMessage(`[{"type":1,"text":"\u0000"}]`)
			}
			err := p.post(t.Context(), p.guild, m)
			if err != nil {
				failed.Add(1)
			}
			if (err != nil) != (i%20 == 7) {
				t.Errorf("message %d: %v", i, err)
			}
		})
	}
	all.Wait()
	evs, err := p.Outbox(t.Context(), p.guild, 0, 1000)
	if err != nil || len(evs) != 57 || failed.Load() != 3 {
		t.Errorf("%d events, %d failed, %v", len(evs), failed.Load(), err)
	}
}

// Messages of all guilds are committed together; one that is gone must not cost the others.
func TestAGuildThatIsGoneDoesNotCostTheOthers(t *testing.T) {
	t.Parallel()
	p := newPostOffice(t, 1)
	gone, channels := p.newGuild(t, 1)
	p.exec(t, `delete from logs where id = $1`, gone)
	var all sync.WaitGroup
	for range 40 {
		all.Go(func() {
			if err := p.post(t.Context(), p.guild, p.message(p.channels[0], "x")); err != nil {
				t.Error(err)
			}
		})
		all.Go(func() {
			if err := p.post(t.Context(), gone, p.message(channels[0], "y")); !errors.Is(err, store.ErrNotFound) {
				t.Errorf("to a guild that is gone: %v", err)
			}
		})
	}
	all.Wait()
	if evs, err := p.Outbox(t.Context(), p.guild, 0, 1000); err != nil || len(evs) != 40 {
		t.Errorf("%d events, %v", len(evs), err)
	}
}

// A guild whose log is locked holds up those that are committed with it, and nobody who comes later.
func TestALockedGuildDoesNotHoldUpTheOthers(t *testing.T) {
	t.Parallel()
	p := newPostOffice(t, 1)
	locked, channels := p.newGuild(t, 1)
	lock, err := p.db.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := lock.Exec(t.Context(), `select from logs where id = $1 for update`, locked); err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	for range 5 {
		all.Go(func() {
			if err := p.post(t.Context(), locked, p.message(channels[0], "x")); err != nil {
				t.Error(err)
			}
		})
	}
	for { // until one of them waits for the lock
		var waits bool
		err := lock.QueryRow(t.Context(), `select exists (select from pg_locks where not granted)`).Scan(&waits)
		if err != nil {
			t.Fatal(err)
		}
		if waits {
			break
		}
	}
	for range 20 {
		if err := p.post(t.Context(), p.guild, p.message(p.channels[0], "y")); err != nil {
			t.Error(err)
		}
	}
	if err := lock.Rollback(t.Context()); err != nil {
		t.Fatal(err)
	}
	all.Wait()
}

// Whoever is committed together with a guild whose rows are locked is written all the same.
func TestALockedGuildDoesNotHoldUpItsBatch(t *testing.T) {
	t.Parallel()
	p := newPostOffice(t, 1)
	type room struct{ guild, channel snowflake.ID }
	var locked []room
	for range 3 {
		guild, channels := p.newGuild(t, 1)
		locked = append(locked, room{guild, channels[0]})
	}
	lock, err := p.db.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for i, r := range locked {
		// Any of the rows that a message writes.
		query, id := `select from logs where id = $1 for update`, r.guild
		if i == 2 {
			query, id = `select from channels where id = $1 for update`, r.channel
		}
		if _, err := lock.Exec(t.Context(), query, id); err != nil {
			t.Fatal(err)
		}
	}
	var held, free sync.WaitGroup
	post := func(wg *sync.WaitGroup, r room, content string) {
		wg.Go(func() {
			if err := p.post(t.Context(), r.guild, p.message(r.channel, content)); err != nil {
				t.Error(err)
			}
		})
	}
	// The first holds up a run, so that the rest gather for the next.
	post(&held, locked[0], "x")
	for {
		var waits bool
		if err := lock.QueryRow(t.Context(), `select exists (select from pg_locks where not granted)`).Scan(&waits); err != nil {
			t.Fatal(err)
		}
		if waits {
			break
		}
	}
	for range 20 {
		post(&held, locked[1], "y")
		post(&held, locked[2], "z")
		post(&free, room{p.guild, p.channels[0]}, "free")
	}
	free.Wait()
	if err := lock.Rollback(t.Context()); err != nil {
		t.Fatal(err)
	}
	held.Wait()
	for i, r := range locked {
		want := 20
		if i == 0 {
			want = 1
		}
		if evs, err := p.Outbox(t.Context(), r.guild, 0, 1000); err != nil || len(evs) != want {
			t.Errorf("%d events of a guild that was locked, %v", len(evs), err)
		}
	}
}

func TestSenderThatGoesAwayDoesNotUndoTheOthers(t *testing.T) {
	t.Parallel()
	p := newPostOffice(t, 1)
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	var all sync.WaitGroup
	for range 10 {
		all.Go(func() {
			if err := p.post(gone, p.guild, p.message(p.channels[0], "x")); err != nil && !errors.Is(err, context.Canceled) {
				t.Error(err)
			}
		})
		all.Go(func() {
			if err := p.post(t.Context(), p.guild, p.message(p.channels[0], "y")); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
}

// slowPublisher holds events up until it is told to go on.
type slowPublisher struct {
	begun, goOn chan struct{}
	published   atomic.Bool
}

func (p *slowPublisher) Publish(context.Context, []events.Event) {
	close(p.begun)
	<-p.goOn
	p.published.Store(true)
}

// A sender has its answer before its event is published. A process that stops must not leave that to the relay.
func TestCloseWaitsForWhatIsBeingPublished(t *testing.T) {
	t.Parallel()
	p := newPostOffice(t, 1)
	publisher := &slowPublisher{begun: make(chan struct{}), goOn: make(chan struct{})}
	p.PublishTo(publisher)
	if err := p.post(t.Context(), p.guild, p.message(p.channels[0], "x")); err != nil {
		t.Fatal(err)
	}
	<-publisher.begun
	time.AfterFunc(50*time.Millisecond, func() { close(publisher.goOn) })
	p.Close()
	if !publisher.published.Load() {
		t.Error("closed while an event was being published")
	}
}

// BenchmarkCreateMessage: 64 senders post to 16 guilds. The work in parallel is what a request does in the store.
func BenchmarkCreateMessage(b *testing.B) {
	p := newPostOffice(b, 1)
	type room struct{ guild, channel snowflake.ID }
	rooms := make([]room, 16)
	for i := range rooms {
		guild, channels := p.newGuild(b, 1)
		rooms[i] = room{guild, channels[0]}
	}
	text := strings.Repeat("words ", 20)
	var next atomic.Int64
	b.SetParallelism(64 / runtime.GOMAXPROCS(0))
	b.ReportAllocs()
	b.ResetTimer()
	b.RunParallel(func(pb *testing.PB) {
		r := rooms[int(next.Add(1))%len(rooms)]
		for pb.Next() {
			if err := p.post(b.Context(), r.guild, p.message(r.channel, text)); err != nil {
				b.Error(err)
				return
			}
		}
	})
}

// BenchmarkBareInsert is the peer of BenchmarkCreateMessage: as many clients insert the same row, each in a transaction of
// its own, with no event and no order.
func BenchmarkBareInsert(b *testing.B) {
	p := newPostOffice(b, 1)
	cfg, err := pgxpool.ParseConfig(p.dsn)
	if err != nil {
		b.Fatal(err)
	}
	cfg.MaxConns = 24
	pool, err := pgxpool.NewWithConfig(b.Context(), cfg)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(pool.Close)
	text := strings.Repeat("words ", 20)
	b.SetParallelism(64 / runtime.GOMAXPROCS(0))
	b.ResetTimer()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			_, err := pool.Exec(b.Context(), `insert into messages (id, channel_id, guild_id, author_id, content) values ($1, $2, $3, $4, $5)`,
				p.NewID(), p.channels[0], p.guild, p.author.ID, text)
			if err != nil {
				b.Error(err)
				return
			}
		}
	})
}
