package monitoring

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/url"
	"sync"
	"testing"
	"time"

	"guildhall.chat/guildhall/test/clients/gatewayclient"
	"guildhall.chat/guildhall/test/clients/rest"
	"guildhall.chat/guildhall/test/platform"
)

const (
	shards = 2
	people = 8
	// worldTimeout bounds the making of the world on a busy machine.
	worldTimeout = 3 * time.Minute
	// attemptTimeout bounds what the load asks while a fault lasts.
	attemptTimeout = 10 * time.Second
)

// world is who uses the platform.
type world struct {
	platform *platform.Platform
	gateway  string
	owner    *rest.User
	people   []*rest.User
	bots     []*rest.Bot
	guilds   []guild // one on each shard
	app      *application
	hook     string // path at which a webhook is executed

	sessions []*gatewayclient.Session
}

type guild struct {
	id           string
	open, locked rest.Channel // in the locked one nobody but the owner may write
}

func newWorld(t *testing.T, p *platform.Platform) *world {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), worldTimeout)
	defer cancel()
	w := &world{platform: p}
	var discovery struct {
		URL string `json:"url"`
	}
	must(t, (&rest.Client{Base: p.URL}).Do(ctx, http.MethodGet, "/gateway", nil, &discovery))
	w.gateway = discovery.URL
	var err error
	w.owner, err = rest.Register(ctx, p.URL, "owner")
	must(t, err)
	for range people {
		person, err := rest.Register(ctx, p.URL, "person")
		must(t, err)
		w.people = append(w.people, person)
	}
	for range shards {
		bot, err := w.owner.CreateBot(ctx, "bot", rest.AllPrivileged)
		must(t, err)
		w.bots = append(w.bots, bot)
	}
	for shard := range shards {
		w.guilds = append(w.guilds, w.newGuild(ctx, t, shard))
	}
	w.app = newApplication(t, w.bots[0])
	var hook struct {
		ID    string `json:"id"`
		Token string `json:"token"`
	}
	must(t, w.owner.Do(ctx, http.MethodPost, "/channels/"+w.guilds[0].open.ID+"/webhooks", map[string]any{"name": "hook"}, &hook))
	w.hook = "/webhooks/" + hook.ID + "/" + hook.Token
	return w
}

func (w *world) newGuild(ctx context.Context, t *testing.T, shard int) guild {
	t.Helper()
	made, err := w.owner.CreateGuildOn(ctx, "watched", shard, shards)
	must(t, err)
	g := guild{id: made.ID}
	g.open, err = w.owner.CreateChannel(ctx, g.id, "open")
	must(t, err)
	g.locked, err = w.owner.CreateChannel(ctx, g.id, "locked", rest.Deny(g.id, rest.SendMessages))
	must(t, err)
	must(t, rest.Join(ctx, w.owner.Client, g.open.ID, w.people...))
	for _, bot := range w.bots {
		must(t, w.owner.AddBot(ctx, bot, g.id, 0))
	}
	return g
}

// dialects are the forms in which sessions of the world are told.
var dialects = []gatewayclient.Options{
	{}, {Compression: "zlib-stream"}, {Compression: "zstd-stream"}, {Encoding: "etf"}, {Compression: "payload"},
}

// connect opens a session for everybody, and for each shard of every bot. They are closed when the test ends.
func (w *world) connect(t *testing.T) {
	t.Helper()
	var wanted []gatewayclient.Options
	for i, person := range w.people {
		options := dialects[i%len(dialects)]
		options.Token = person.Authorization
		wanted = append(wanted, options)
	}
	for i, bot := range w.bots {
		for shard := range shards {
			options := dialects[i%len(dialects)]
			options.Token, options.Intents, options.Shard = bot.Token, gatewayclient.IntentsAll, [2]int{shard, shards}
			wanted = append(wanted, options)
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), worldTimeout)
	defer cancel()
	for _, options := range wanted {
		options.Gateway = w.gateway
		session, err := gatewayclient.Open(ctx, options)
		must(t, err)
		w.sessions = append(w.sessions, session)
	}
	t.Cleanup(func() {
		var closing sync.WaitGroup
		for _, session := range w.sessions {
			closing.Go(session.Close)
		}
		closing.Wait()
	})
}

// run uses the platform in every way that has a metric, until the test ends. What is refused or fails is no concern of its: while
// a fault lasts, much is.
func (w *world) run(t *testing.T) {
	t.Helper()
	ctx, stop := context.WithCancel(context.Background())
	var running sync.WaitGroup
	for _, act := range []struct {
		every time.Duration
		do    func(ctx context.Context, n int)
	}{
		{200 * time.Millisecond, w.talk},
		{200 * time.Millisecond, w.read},
		{time.Second, w.overstep},
		{time.Second, w.callHook},
		{time.Second, w.reconnect},
		{time.Second, w.resumeNothing},
		{2 * time.Second, w.askForMembers},
		{2 * time.Second, w.comeAndGo},
		{3 * time.Second, w.flood},
		{3 * time.Second, w.authorize},
		{5 * time.Second, w.join},
	} {
		running.Go(func() {
			tick := time.NewTicker(act.every)
			defer tick.Stop()
			for n := 0; ; n++ {
				attempt, cancel := context.WithTimeout(ctx, attemptTimeout)
				act.do(attempt, n)
				cancel()
				select {
				case <-tick.C:
				case <-ctx.Done():
					return
				}
			}
		})
	}
	t.Cleanup(func() { stop(); running.Wait() })
}

func (w *world) talk(ctx context.Context, n int) {
	_, _ = w.people[n%len(w.people)].Send(ctx, w.guilds[rand.IntN(len(w.guilds))].open.ID, fmt.Sprintf("message %d", n))
}

func (w *world) read(ctx context.Context, n int) {
	g := w.guilds[rand.IntN(len(w.guilds))]
	paths := []string{
		"/channels/" + g.open.ID + "/messages?limit=10", "/guilds/" + g.id, "/guilds/" + g.id + "/channels",
		"/guilds/" + g.id + "/roles", "/users/@me",
	}
	_ = w.people[n%len(w.people)].Do(ctx, http.MethodGet, paths[n%len(paths)], nil, nil)
}

// overstep asks for what is not allowed.
func (w *world) overstep(ctx context.Context, n int) {
	person, g := w.people[n%len(w.people)], w.guilds[n%len(w.guilds)]
	_, _ = person.Send(ctx, g.locked.ID, "out of turn")
	_ = person.Do(ctx, http.MethodPatch, "/guilds/"+g.id, map[string]any{"name": "mine"}, nil)
	_ = (&rest.Client{Base: w.platform.URL, Authorization: "Bot nobody"}).Do(ctx, http.MethodGet, "/users/@me", nil, nil)
	_ = person.Do(ctx, http.MethodGet, "/channels/1/messages", nil, nil)
}

func (w *world) callHook(ctx context.Context, n int) {
	_ = (&rest.Client{Base: w.platform.URL}).Do(ctx, http.MethodPost, w.hook, map[string]any{"content": fmt.Sprintf("hook %d", n)}, nil)
}

// flood asks faster than limits allow.
func (w *world) flood(ctx context.Context, n int) {
	for range 8 {
		_, _ = w.people[n%len(w.people)].Raw(ctx, http.MethodPost, "/api/v10/channels/"+w.guilds[0].open.ID+"/typing", nil, nil)
	}
}

// reconnect cuts a connection, whose session resumes.
func (w *world) reconnect(_ context.Context, n int) { w.sessions[n%len(w.sessions)].Cut() }

// resumeNothing resumes a session that there never was.
func (w *world) resumeNothing(ctx context.Context, n int) {
	conn, err := gatewayclient.Dial(ctx, w.gateway, url.Values{})
	if err != nil {
		return
	}
	defer conn.Cut()
	if _, err := conn.ReadOp(gatewayclient.OpHello, time.Now().Add(attemptTimeout)); err != nil {
		return
	}
	token := w.people[n%len(w.people)].Authorization
	if conn.Write(gatewayclient.OpResume, map[string]any{"token": token, "session_id": "none", "seq": 1}) == nil {
		_, _ = conn.ReadOp(gatewayclient.OpInvalidSession, time.Now().Add(attemptTimeout))
	}
}

func (w *world) askForMembers(_ context.Context, n int) {
	_ = w.sessions[n%len(w.sessions)].Send(gatewayclient.OpRequestMembers, map[string]any{
		"guild_id": w.guilds[n%len(w.guilds)].id, "query": "", "limit": 10,
	})
}

// comeAndGo identifies and leaves.
func (w *world) comeAndGo(ctx context.Context, n int) {
	session, err := gatewayclient.Open(ctx, gatewayclient.Options{Gateway: w.gateway, Token: w.people[n%len(w.people)].Authorization})
	if err == nil {
		session.Close()
	}
}

// authorize lets the application in again, which is told of it.
func (w *world) authorize(ctx context.Context, _ int) {
	_ = w.owner.AddBot(ctx, w.app.bot, w.guilds[0].id, 0)
}

// join makes an account, which is sent a mail.
func (w *world) join(ctx context.Context, _ int) { _, _ = rest.Register(ctx, w.platform.URL, "guest") }
