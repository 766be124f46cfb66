package authn

import (
	"context"
	"crypto/rand"
	"errors"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"guildhall.chat/guildhall/internal/auth"
	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/pgtest"
	"guildhall.chat/guildhall/internal/snowflake"
	"guildhall.chat/guildhall/internal/store"
)

// epochs remembers like Redis, unless it is down.
type epochs struct {
	mu     sync.Mutex
	known  map[snowflake.ID]int64
	down   bool
	raised chan int64
}

func (e *epochs) RememberEpoch(_ context.Context, user snowflake.ID, epoch int64) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.down {
		return errors.New("no answer")
	}
	e.known[user] = max(e.known[user], epoch)
	select {
	case e.raised <- epoch:
	default:
	}
	return nil
}

func (e *epochs) setDown(down bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.down = down
}

type world struct {
	*Authenticator
	epochs *epochs
	db     *pgx.Conn
	user   snowflake.ID
	login  snowflake.ID
	bot    snowflake.ID
	token  string // the bot's
}

func newWorld(t *testing.T) *world {
	t.Helper()
	dsn := pgtest.New(t, store.Migrate)
	s, err := store.Open(t.Context(), dsn)
	must(t, err)
	t.Cleanup(s.Close)
	db, err := pgx.Connect(t.Context(), dsn)
	must(t, err)
	t.Cleanup(func() { _ = db.Close(context.Background()) })
	secret := make([]byte, 32)
	_, _ = rand.Read(secret)
	keys, err := auth.NewKeys([][]byte{secret})
	must(t, err)
	e := &epochs{known: map[snowflake.ID]int64{}, raised: make(chan int64, 100)}
	w := &world{
		Authenticator: New(s, keys, e, slog.New(slog.DiscardHandler)), epochs: e, db: db,
		user: s.NewID(), login: s.NewID(), bot: s.NewID(),
	}
	token, hash := auth.NewBotToken(w.bot)
	w.token = token
	w.exec(t, `insert into users (id, username, bot) values ($1, 'person', false), ($2, 'robot', true)`, w.user, w.bot)
	w.exec(t, `insert into auth_sessions (id, user_id) values ($1, $2)`, w.login, w.user)
	w.exec(t, `insert into applications (id, owner_id, name, flags, sign_key, bot_id, bot_token_hash)
		values ($1, $2, 'app', 8192, '', $3, $4)`, s.NewID(), w.user, w.bot, hash)
	return w
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func (w *world) exec(t *testing.T, sql string, args ...any) {
	t.Helper()
	_, err := w.db.Exec(t.Context(), sql, args...)
	must(t, err)
}

func (w *world) access(t *testing.T, epoch int64) string {
	t.Helper()
	token, err := w.keys.IssueAccess(w.user, w.login, epoch)
	must(t, err)
	return token
}

// try makes a request as the middleware does, with what Redis knows.
func (w *world) try(t *testing.T, header string) (Claims, error) {
	t.Helper()
	claims, err := w.Parse(header)
	if err != nil {
		return claims, err
	}
	epoch, known := w.epochs.known[claims.User]
	caller, err := w.Confirm(t.Context(), claims, epoch, known && !w.epochs.down)
	if err == nil && (caller.UserID != claims.User || caller.Session != claims.Session) {
		t.Errorf("%+v became %+v", claims, caller)
	}
	return claims, err
}

func (w *world) accepts(t *testing.T, header string) {
	t.Helper()
	if _, err := w.try(t, header); err != nil {
		t.Errorf("refused: %v", err)
	}
}

func (w *world) refuses(t *testing.T, header string) {
	t.Helper()
	if _, err := w.try(t, header); !errors.Is(err, discord.ErrUnauthorized) {
		t.Errorf("%.20s: %v", header, err)
	}
}

func TestHeaders(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	if claims, err := w.Parse(""); err != nil || !claims.Anonymous() {
		t.Errorf("%+v, %v", claims, err)
	}
	w.accepts(t, w.access(t, 1))
	w.accepts(t, "Bot "+w.token)
	w.accepts(t, "bot "+w.token)

	nobody, _ := auth.NewBotToken(w.store.NewID())
	forged, _ := auth.NewBotToken(w.bot)
	person, _ := auth.NewBotToken(w.user)
	stranger, _ := w.keys.IssueAccess(w.store.NewID(), w.login, 1)
	robot, _ := w.keys.IssueAccess(w.bot, w.login, 1)
	for _, header := range []string{
		w.token, "Bot", "Bot ", "Bot x", "Bot " + w.access(t, 1), "Bearer " + w.access(t, 1), "Basic abc", "x",
		"Bot " + nobody, "Bot " + forged, "Bot " + person, stranger, robot, w.access(t, 1) + "x",
	} {
		w.refuses(t, header)
	}
}

func TestOnlyABotThatHasBeenSeenIsProven(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	if claims, _ := w.try(t, "Bot "+w.token); claims.Proven {
		t.Error("proven before anybody was asked")
	}
	if claims, _ := w.try(t, "Bot "+w.token); !claims.Proven {
		t.Error("not proven although it is known")
	}
	forged, _ := auth.NewBotToken(w.bot)
	if claims, err := w.Parse("Bot " + forged); err != nil || claims.Proven {
		t.Errorf("forged: %+v, %v", claims, err)
	}
	caller, err := w.Confirm(t.Context(), Claims{User: w.bot, hash: auth.HashOpaque(w.token)}, 1, true)
	if err != nil || !caller.Bot || caller.AppFlags != 8192 || caller.ApplicationID == 0 {
		t.Errorf("%+v, %v", caller, err)
	}
}

func TestThePrimaryIsAskedOnlyWhenItMayHaveNews(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	token := w.access(t, 1)
	w.accepts(t, token)
	// A change that nobody was told of shows whether the primary is asked.
	w.exec(t, `update auth_sessions set revoked_at = now()`)
	w.accepts(t, token)

	w.epochs.setDown(true)
	w.refuses(t, token)
	w.epochs.setDown(false)
	w.exec(t, `update auth_sessions set revoked_at = null`)
	w.accepts(t, token)

	w.exec(t, `update auth_sessions set revoked_at = now()`)
	w.exec(t, `update users set auth_epoch = 2 where id = $1`, w.user)
	w.Changed(t.Context(), w.user, 2)
	w.refuses(t, token)
	w.refuses(t, token)
}

func TestATokenThatIsAheadOfRedisMakesItAskAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.accepts(t, w.access(t, 1))
	w.exec(t, `update users set auth_epoch = 2 where id = $1`, w.user)
	w.exec(t, `update auth_sessions set revoked_at = now()`)
	w.refuses(t, w.access(t, 2))
}

func TestAResetTokenIsRefusedEverywhere(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	here, there := w.Authenticator, New(w.store, w.keys, w.epochs, slog.New(slog.DiscardHandler))
	for _, w.Authenticator = range []*Authenticator{here, there} {
		w.accepts(t, "Bot "+w.token)
	}
	fresh, hash := auth.NewBotToken(w.bot)
	var epoch int64
	must(t, w.store.Change(t.Context(), func(tx *store.Tx) (err error) {
		if err := tx.NewLog(t.Context(), w.bot); err != nil {
			return err
		}
		epoch, err = tx.ResetBotToken(t.Context(), w.bot, hash)
		return err
	}))
	here.Changed(t.Context(), w.bot, epoch)
	for _, w.Authenticator = range []*Authenticator{here, there} {
		w.refuses(t, "Bot "+w.token)
		w.accepts(t, "Bot "+fresh)
	}
}

func TestAChangeIsToldUntilRedisHearsIt(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.insistEvery = time.Millisecond
	w.epochs.setDown(true)
	w.Changed(t.Context(), w.user, 7)
	w.epochs.setDown(false)
	if epoch := <-w.epochs.raised; epoch != 7 {
		t.Errorf("told %d", epoch)
	}
}
