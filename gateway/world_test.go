package main

import (
	"context"
	"log/slog"
	"net/http/httptest"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/redis/go-redis/v9"
	"go.uber.org/goleak"

	"guildhall.chat/guildhall/gateway/delivery"
	"guildhall.chat/guildhall/gateway/fanout"
	"guildhall.chat/guildhall/gateway/journal"
	"guildhall.chat/guildhall/gateway/session"
	"guildhall.chat/guildhall/gateway/socket"
	"guildhall.chat/guildhall/internal/auth"
	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/events"
	"guildhall.chat/guildhall/internal/permissions"
	"guildhall.chat/guildhall/internal/pgtest"
	"guildhall.chat/guildhall/internal/presence"
	"guildhall.chat/guildhall/internal/redistest"
	"guildhall.chat/guildhall/internal/sessionlimit"
	"guildhall.chat/guildhall/internal/snowflake"
	"guildhall.chat/guildhall/internal/store"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m,
		// The servers of pgtest and redistest live as long as the test binary.
		goleak.IgnoreTopFunction("os/exec.(*Cmd).Wait"),
		goleak.IgnoreAnyFunction("os/exec.(*Cmd).watchCtx"),
		goleak.IgnoreAnyFunction("guildhall.chat/guildhall/hack/local/process.Spawn.func1"),
	)
}

const testPod = "gateway-0-0"

// world is a gateway over real stores, and a database to change things in.
type world struct {
	t     testing.TB
	store *store.Store
	rdb   *redis.ClusterClient
	keys  *auth.Keys
	pod   *pod
	dsn   string
}

// pod is one running gateway.
type pod struct {
	process  journal.Process
	sessions *session.Server
	url      string
	stop     func()
	// kill has the pod do nothing any more that others see of it, without a word.
	kill func()
}

type option func(*session.Config)

func newWorld(t testing.TB, options ...option) *world {
	t.Helper()
	return newWorldOn(t, redistest.Client(t), options...)
}

// clientOf is a client as the gateway makes its own.
func clientOf(t testing.TB, instance *redistest.Instance) *redis.ClusterClient {
	t.Helper()
	rdb := redis.NewClusterClient(&redis.ClusterOptions{
		Addrs: instance.Addrs(), Password: instance.Password(), ContextTimeoutEnabled: true,
	})
	t.Cleanup(func() { _ = rdb.Close() })
	return rdb
}

func newWorldOn(t testing.TB, rdb *redis.ClusterClient, options ...option) *world {
	t.Helper()
	keys, err := auth.NewKeys([][]byte{[]byte("a signing key for tests, 32 bytes or more")})
	if err != nil {
		t.Fatal(err)
	}
	w := &world{t: t, rdb: rdb, keys: keys}
	w.dsn = pgtest.New(t, store.Migrate)
	_, err = w.exec(`select setval('snowflake_worker', $1)`, worlds.Add(1)*8%1000) // they share one Redis
	w.must(err)
	w.store, err = store.Open(t.Context(), w.dsn)
	w.must(err)
	t.Cleanup(w.store.Close)
	w.store.PublishTo(w.publisher())
	w.pod = w.start(options...)
	return w
}

var worlds atomic.Int64

// exec runs a statement that emits nothing.
func (w *world) exec(sql string, args ...any) (pgconn.CommandTag, error) {
	w.t.Helper()
	conn, err := pgx.Connect(w.t.Context(), w.dsn)
	w.must(err)
	defer func() { _ = conn.Close(w.t.Context()) }()
	return conn.Exec(w.t.Context(), sql, args...)
}

func (w *world) log() *slog.Logger {
	level := slog.LevelError
	if testing.Verbose() {
		level = slog.LevelDebug
	}
	return slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: level})).With("test", w.t.Name())
}

func (w *world) publisher() *events.Publisher {
	return events.NewPublisher(w.rdb, w.store, time.Minute, w.log())
}

// named runs a pod under another name than that of the first.
func named(name string) option {
	return func(c *session.Config) { c.Pod = name }
}

// start runs another pod.
func (w *world) start(options ...option) *pod {
	w.t.Helper()
	log := w.log()
	config := session.Config{
		Pod: testPod, ResumeURL: "ws://resume.test", HeartbeatInterval: time.Minute, ResumeWindow: time.Minute,
	}
	for _, o := range options {
		o(&config)
	}
	process := journal.NewProcess(config.Pod)
	writer := journal.NewWriter(w.rdb, process, config.ResumeWindow, journal.Config{}, log)
	line := delivery.NewLine(writer, delivery.Config{Lanes: 2, HistoryBytes: 64 << 20}, log)
	feeds := events.NewFeeds(w.rdb, w.store, log)
	online := session.NewAnnouncer(presence.NewPod(w.rdb, config.Pod, config.ResumeWindow), w.store, w.publisher(), log)
	hub := fanout.NewHub(line, feeds, w.store, online, log)
	sessions := session.NewServer(config, line, session.Journal{
		Process: process, Records: journal.NewSessions(w.rdb), Reader: journal.NewReader(w.rdb),
	}, w.keys, w.store, hub, sessionlimit.New(w.rdb, sessionlimit.DefaultMaxConcurrency), online, log)
	server := httptest.NewServer(socket.Handler(socket.Options{
		Keys: w.keys, Log: log, MaxConnections: 1000, Draining: sessions.Draining, Open: sessions.Open,
	}))
	p := &pod{process: process, sessions: sessions, url: "ws" + strings.TrimPrefix(server.URL, "http")}
	p.kill = func() {
		dead, cancel := context.WithCancel(context.Background())
		cancel()
		line.Close(dead)
		server.Close()
	}
	var stopped atomic.Bool
	p.stop = func() {
		if stopped.Swap(true) {
			return
		}
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		sessions.Drain(ctx, 0)
		closeLine(line)
		sessions.Stop()
		server.Close()
		hub.Close()
		online.Stop()
		feeds.Close()
		writer.Close()
	}
	w.t.Cleanup(p.stop)
	return p
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

// change is store.Change with a failure ending the test.
func (w *world) change(fn func(ctx context.Context, tx *store.Tx) error) {
	w.t.Helper()
	ctx := context.Background() // also used while the test is being cleaned up
	w.must(w.store.Change(ctx, func(tx *store.Tx) error { return fn(ctx, tx) }))
}

// account is somebody who can identify.
type account struct {
	id    snowflake.ID
	app   snowflake.ID // of a bot
	login snowflake.ID // of a person
	token string
}

const allPrivileged = discord.AppFlagPresence | discord.AppFlagGuildMembers | discord.AppFlagMessageContent

// bot makes a bot whose application has the flags.
func (w *world) bot(flags int64) account {
	w.t.Helper()
	a := account{id: w.store.NewID(), app: w.store.NewID()}
	token, hash := auth.NewBotToken(a.id)
	a.token = token
	w.change(func(ctx context.Context, tx *store.Tx) error {
		if err := w.insertUser(ctx, tx, a.id, true); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, `insert into applications (id, owner_id, name, flags, sign_key, bot_id, bot_token_hash)
			values ($1, $2, 'app', $3, '', $2, $4)`, a.app, a.id, flags, hash)
		return err
	})
	return a
}

// user makes a person, logged in.
func (w *world) user() account {
	w.t.Helper()
	id := w.store.NewID()
	w.change(func(ctx context.Context, tx *store.Tx) error { return w.insertUser(ctx, tx, id, false) })
	return w.login(id)
}

// login logs a person in once more.
func (w *world) login(id snowflake.ID) account {
	w.t.Helper()
	a := account{id: id, login: w.store.NewID()}
	w.change(func(ctx context.Context, tx *store.Tx) error {
		_, err := tx.Exec(ctx, `insert into auth_sessions (id, user_id) values ($1, $2)`, a.login, id)
		return err
	})
	var err error
	a.token, err = w.keys.IssueAccess(id, a.login, 1)
	w.must(err)
	return a
}

func (w *world) insertUser(ctx context.Context, tx *store.Tx, id snowflake.ID, bot bool) error {
	if err := tx.NewLog(ctx, id); err != nil {
		return err
	}
	_, err := tx.Exec(ctx, `insert into users (id, username, bot) values ($1, $2, $3)`, id, "user"+id.String(), bot)
	return err
}

// guild is a guild with one text channel.
type guild struct {
	id, channel snowflake.ID
}

const ordinary = permissions.ViewChannel | permissions.SendMessages | permissions.ReadMessageHistory

func (w *world) guild(owner account, members ...account) *guild {
	w.t.Helper()
	g := &guild{id: w.store.NewID(), channel: w.store.NewID()}
	w.change(func(ctx context.Context, tx *store.Tx) error {
		if err := tx.NewLog(ctx, g.id); err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, `insert into guilds (id, owner_id, name) values ($1, $2, 'guild')`, g.id, owner.id); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, `insert into roles (id, guild_id, name, permissions, position) values ($1, $1, '@everyone', $2, 0)`,
			g.id, ordinary.String())
		if err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, `insert into channels (id, guild_id, type, name) values ($1, $2, 0, 'general')`, g.channel, g.id); err != nil {
			return err
		}
		for _, m := range append([]account{owner}, members...) {
			if _, err := tx.Exec(ctx, `insert into members (guild_id, user_id) values ($1, $2)`, g.id, m.id); err != nil {
				return err
			}
		}
		return nil
	})
	return g
}

// message posts a message, as the api does.
func (w *world) message(g *guild, author account, content string, mentions ...snowflake.ID) snowflake.ID {
	w.t.Helper()
	id := w.store.NewID()
	w.emit(g.id, events.Header{
		Type: discord.EventMessageCreate, Guild: g.id, Channel: g.channel, User: author.id, Mentions: mentions,
	}, messageData(id, g, author, content))
	return id
}

func messageData(id snowflake.ID, g *guild, author account, content string) discord.MessageEvent {
	return discord.MessageEvent{
		Message: discord.Message{
			ID: id, ChannelID: g.channel, Author: discord.User{ID: author.id}, Content: content,
			Embeds: []discord.Embed{{Type: "rich", Title: "title"}}, Attachments: []discord.Attachment{}, Components: discord.EmptyList,
			Mentions: []discord.Mention{}, MentionRoles: []snowflake.ID{},
		},
		GuildID: &g.id,
	}
}

// emit puts an event into a log.
func (w *world) emit(log snowflake.ID, head events.Header, data any) {
	w.t.Helper()
	w.change(func(_ context.Context, tx *store.Tx) error { return tx.Emit(log, head, data) })
}

// denyView takes VIEW_CHANNEL from @everyone in the guild's channel, or gives it back.
func (w *world) denyView(g *guild, deny bool) {
	w.t.Helper()
	overwrites := []discord.Overwrite{}
	if deny {
		overwrites = append(overwrites, discord.Overwrite{ID: g.id, Deny: permissions.ViewChannel})
	}
	channel, err := w.store.Channel(context.Background(), g.channel)
	w.must(err)
	channel.PermissionOverwrites = &overwrites
	w.change(func(ctx context.Context, tx *store.Tx) error {
		if _, err := tx.Exec(ctx, `update channels set overwrites = $2 where id = $1`, g.channel, overwrites); err != nil {
			return err
		}
		return tx.Emit(g.id, events.Header{Type: discord.EventChannelUpdate, Guild: g.id, Structure: true, Access: true}, channel)
	})
}

// join makes the account a member, as the api does.
func (w *world) join(g *guild, a account) {
	w.t.Helper()
	w.change(func(ctx context.Context, tx *store.Tx) error {
		if _, err := tx.Exec(ctx, `insert into members (guild_id, user_id) values ($1, $2)`, g.id, a.id); err != nil {
			return err
		}
		member := discord.MemberEvent{GuildID: g.id, Member: discord.Member{
			User: &discord.User{ID: a.id, Username: "user" + a.id.String()}, Roles: []snowflake.ID{}, JoinedAt: discord.At(time.Now()),
		}}
		head := events.Header{Type: discord.EventGuildMemberAdd, Guild: g.id, User: a.id, Membership: true}
		if err := tx.Emit(g.id, head, member); err != nil {
			return err
		}
		return tx.Emit(a.id, events.Header{Type: discord.EventGuildCreate, Guild: g.id}, discord.UnavailableGuild{ID: g.id})
	})
}

// leave ends the account's membership.
func (w *world) leave(g *guild, a account) {
	w.t.Helper()
	w.change(func(ctx context.Context, tx *store.Tx) error {
		if _, err := tx.Exec(ctx, `delete from members where guild_id = $1 and user_id = $2`, g.id, a.id); err != nil {
			return err
		}
		return tx.Emit(g.id, events.Header{Type: discord.EventGuildMemberRemove, Guild: g.id, User: a.id, Membership: true},
			discord.MemberRemoveEvent{GuildID: g.id, User: discord.User{ID: a.id}})
	})
}
