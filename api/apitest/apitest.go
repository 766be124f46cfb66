// Package apitest runs resources of the API for their tests: behind the real chain of package rest, over a real Postgres
// and a real Redis Cluster. Rate limits are off unless a test asks for them.
package apitest

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/redis/go-redis/v9"

	"guildhall.chat/guildhall/api/access"
	"guildhall.chat/guildhall/api/authn"
	"guildhall.chat/guildhall/api/call"
	"guildhall.chat/guildhall/api/files"
	"guildhall.chat/guildhall/api/posting"
	"guildhall.chat/guildhall/api/rest"
	"guildhall.chat/guildhall/internal/auth"
	"guildhall.chat/guildhall/internal/blob"
	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/events"
	"guildhall.chat/guildhall/internal/pgtest"
	"guildhall.chat/guildhall/internal/presence"
	"guildhall.chat/guildhall/internal/ratelimit"
	"guildhall.chat/guildhall/internal/redistest"
	"guildhall.chat/guildhall/internal/snowflake"
	"guildhall.chat/guildhall/internal/store"
)

// World is a platform without gateway: what a resource is made of, and the API that serves it.
type World struct {
	Store         *store.Store
	Access        *access.Access
	Authenticator *authn.Authenticator
	Publisher     *events.Publisher
	Presences     *presence.Presences
	Redis         *redis.ClusterClient
	Keys          *auth.Keys
	Limiter       *ratelimit.Limiter
	Files         *files.Files
	Poster        *posting.Poster
	DSN           string
	Logger        *slog.Logger
	Logs          *Logs // what it has logged, at every level
	// Public are routes outside /api; the function that makes the routes may set it.
	Public []call.Route

	handler    http.Handler
	db         *pgx.Conn
	statements *statements
}

// New serves the routes that the function makes of the world, until the test ends.
func New(t testing.TB, routes func(w *World) []call.Route) *World {
	t.Helper()
	return serve(t, routes, ratelimit.Off())
}

// NewLimited is New with rate limits.
func NewLimited(t testing.TB, routes func(w *World) []call.Route) *World {
	t.Helper()
	return serve(t, routes)
}

func serve(t testing.TB, routes func(w *World) []call.Route, limits ...ratelimit.Option) *World {
	t.Helper()
	dsn := pgtest.New(t, store.Migrate)
	rdb := redistest.Client(t)
	counted := &statements{}
	s, err := store.OpenTraced(t.Context(), dsn, store.DefaultConns, counted)
	must(t, err)
	t.Cleanup(s.Close)
	db, err := pgx.Connect(t.Context(), dsn)
	must(t, err)
	t.Cleanup(func() { _ = db.Close(context.Background()) })
	secret := make([]byte, 32)
	_, _ = rand.Read(secret) // never fails
	keys, err := auth.NewKeys([][]byte{secret})
	must(t, err)

	logs := &Logs{}
	logger := slog.New(slog.NewTextHandler(io.MultiWriter(t.Output(), logs), &slog.HandlerOptions{Level: slog.LevelDebug}))
	publisher := events.NewPublisher(rdb, s, 5*time.Minute, logger)
	s.PublishTo(publisher)
	limiter := ratelimit.New(rdb, logger, limits...)
	w := &World{
		Store: s, Access: access.New(s, publisher), Publisher: publisher, Presences: presence.New(rdb), Redis: rdb,
		Authenticator: authn.New(s, keys, limiter, logger), Keys: keys, Limiter: limiter, DSN: dsn, db: db,
		statements: counted, Logger: logger, Logs: logs,
	}
	blobs, err := blob.NewDirectory(t.TempDir())
	must(t, err)
	t.Cleanup(func() { _ = blobs.Close() })
	links := files.NewLinks("http://guildhall.test", keys)
	s.LinkWith(links)
	w.Files = files.New(s, blobs, links)
	w.Poster = posting.New(s, w.Access, w.Files)
	routed := routes(w)
	w.handler, err = rest.New(rest.Config{
		Logger: logger, Redis: rdb, Limiter: limiter, Authenticator: w.Authenticator,
		Access: w.Access, Routes: routed, Public: w.Public, AccessLog: 1,
	})
	must(t, err)
	return w
}

// Handler is the whole API, for tests that need a real server.
func (w *World) Handler() http.Handler { return w.handler }

// Exec runs a statement that no part of the API has yet.
func (w *World) Exec(t testing.TB, sql string, args ...any) {
	t.Helper()
	_, err := w.db.Exec(t.Context(), sql, args...)
	must(t, err)
}

// Query reads one row that no part of the API tells.
func (w *World) Query(t testing.TB, sql string, args ...any) pgx.Row {
	t.Helper()
	return w.db.QueryRow(t.Context(), sql, args...)
}

// Events returns what a log has got after a seq; 0 for all.
func (w *World) Events(t testing.TB, log snowflake.ID, after int64) []events.Event {
	t.Helper()
	evs, err := w.Store.Outbox(t.Context(), log, after, 1000)
	must(t, err)
	return evs
}

// Seq is how far a log has come.
func (w *World) Seq(t testing.TB, log snowflake.ID) (seq int64) {
	t.Helper()
	must(t, w.db.QueryRow(t.Context(), `select seq from logs where id = $1`, log).Scan(&seq))
	return seq
}

// User makes an account and logs it in.
func (w *World) User(t testing.TB) *Client {
	t.Helper()
	id, session := w.Store.NewID(), w.Store.NewID()
	w.Exec(t, `insert into users (id, username) values ($1, $2)`, id, fmt.Sprintf("user%d", id))
	w.Exec(t, `insert into logs (id) values ($1)`, id)
	w.Exec(t, `insert into auth_sessions (id, user_id) values ($1, $2)`, session, id)
	token, err := w.Keys.IssueAccess(id, session, 1)
	must(t, err)
	return &Client{world: w, ID: id, Authorization: token}
}

// Bot makes a bot whose application has the flags.
func (w *World) Bot(t testing.TB, owner *Client, flags int64) *Client {
	t.Helper()
	id := w.Store.NewID()
	token, hash := auth.NewBotToken(id)
	w.Exec(t, `insert into users (id, username, bot) values ($1, $2, true)`, id, fmt.Sprintf("bot%d", id))
	w.Exec(t, `insert into logs (id) values ($1)`, id)
	app, seed := w.Store.NewID(), make([]byte, ed25519.SeedSize)
	_, _ = rand.Read(seed) // never fails
	w.Exec(t, `insert into applications (id, owner_id, name, flags, sign_key, bot_id, bot_token_hash)
		values ($1, $2, 'bot', $3, $4, $5, $6)`, app, owner.ID, flags, seed, id, hash)
	return &Client{world: w, ID: id, ApplicationID: app, Authorization: "Bot " + token}
}

// Anyone is a client without credentials.
func (w *World) Anyone() *Client { return &Client{world: w} }

// Join makes clients members of a guild.
func (w *World) Join(t testing.TB, guild snowflake.ID, clients ...*Client) {
	t.Helper()
	for _, c := range clients {
		must(t, w.Store.Change(t.Context(), func(tx *store.Tx) error {
			_, err := tx.Join(t.Context(), guild, c.ID, nil)
			return err
		}))
	}
}

// Emoji makes a custom emoji, "party", of a guild or an application.
func (w *World) Emoji(t testing.TB, owner store.EmojiOwner, by *Client, roles ...snowflake.ID) snowflake.ID {
	t.Helper()
	e := discord.Emoji{ID: w.Store.NewID(), Name: "party", Roles: append([]snowflake.ID{}, roles...), Animated: true, User: &discord.User{ID: by.ID}}
	must(t, w.Store.Change(t.Context(), func(tx *store.Tx) error {
		return tx.CreateEmoji(t.Context(), owner, e, store.Image{Hash: "a", Type: "image/gif", Bytes: []byte("a")})
	}))
	return e.ID
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
