package conformance_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"guildhall.chat/guildhall/test/clients/gatewayclient"
	"guildhall.chat/guildhall/test/clients/rest"
	"guildhall.chat/guildhall/test/platform"
)

// aLimit is the kind of what is documented of rate limits.
const aLimit = "rate limit"

// bounds shows rate limits, and what else of the gateway needs a platform of its own: limits that are on, short heartbeats, and
// a gateway that goes away.
// https://discord.com/developers/docs/topics/rate-limits
func (s *suite) bounds(t *testing.T) {
	p := platform.Start(t, platform.Options{HeartbeatInterval: 5 * time.Second})
	o := newSuite(t, s.doc, p.URL)
	b := &limited{suite: o}
	b.sets(t)
	w := &wire{t: t, token: o.bot.Token}
	var found struct{ URL string }
	if err := o.bot.Do(t.Context(), http.MethodGet, "/gateway/bot", nil, &found); err != nil {
		t.Fatal(err)
	}
	w.gateway = found.URL
	for _, c := range []struct {
		kind, name string
		test       func(t *testing.T)
	}{
		{aLimit, "headers of every answer that was counted", b.headers},
		{aLimit, "a bucket: 429 with Retry-After, scope user, retry_after; then it goes on", b.bucket},
		{aLimit, "buckets are of the major parameters", b.majors},
		{aLimit, "buckets are of the caller", b.callers},
		{aLimit, "routes that share a bucket name it alike, others don't", b.hashes},
		{aLimit, "the global limit of a bot: X-RateLimit-Global, scope global, no bucket", b.global},
		{aLimit, "the global limit of an address without credentials", b.anonymous},
		{aLimit, "webhooks have limits of their own, scope shared, and no global one", b.webhooks},
		{aLimit, "interactions have no global limit", b.interactions},
		{aLimit, "session_start_limit counts the sessions of a bot", func(t *testing.T) { b.sessionStarts(t, w) }},
		{anEvent, "RATE_LIMITED", func(t *testing.T) { b.memberRequests(t, w) }},
		{aCloseCode, "4008 Rate limited", func(t *testing.T) { b.frames(t, w) }},
		{aCloseCode, "4009 Session timed out", func(t *testing.T) { closed(t, w.ready(t, nil, nil).Conn, 4009) }},
		{anOpcode, "7 Reconnect", func(t *testing.T) { b.reconnect(t, w, p) }},
		{aLimit, "10,000 invalid requests in 10 minutes end in a ban of the address", b.invalid},
	} {
		s.show(t, c.kind, c.name, "", c.test)
	}
}

// sideBySide is how many requests are on their way at a time.
const sideBySide = 16

// limited is a suite on a platform with limits.
type limited struct {
	*suite
	spare     string // a second text channel
	fresh     *rest.Bot
	id, token string // a webhook
}

func (b *limited) sets(t *testing.T) {
	t.Helper()
	ctx := t.Context()
	b.nobody.HTTP = &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: sideBySide}}
	spare, err := b.owner.CreateChannel(ctx, b.guild, "spare")
	if err != nil {
		t.Fatal(err)
	}
	b.spare = spare.ID
	b.bot.HTTP = b.nobody.HTTP
	if b.fresh, err = b.owner.CreateBot(ctx, "fresh", rest.AllPrivileged); err != nil {
		t.Fatal(err)
	}
	if err := b.owner.AddBot(ctx, b.fresh, b.guild, administrator); err != nil {
		t.Fatal(err)
	}
	b.fresh.HTTP = b.nobody.HTTP
	var hook struct{ ID, Token string }
	if err := b.owner.Do(ctx, http.MethodPost, "/channels/"+b.text+"/webhooks", object{"name": "hook"}, &hook); err != nil {
		t.Fatal(err)
	}
	b.id, b.token = hook.ID, hook.Token
}

// flood asks the same, up to n times, until an answer is a 429, which it returns.
func (b *limited) flood(t *testing.T, as *rest.Client, n int, operation string, body any, values ...string) rest.Response {
	t.Helper()
	for range n {
		if got := b.sendJSON(t, as, operation, body, values...); got.Status == http.StatusTooManyRequests {
			return got
		}
	}
	t.Fatalf("%s: never limited in %d requests", operation, n)
	return rest.Response{}
}

func (b *limited) sendJSON(t *testing.T, as *rest.Client, operation string, body any, values ...string) rest.Response {
	t.Helper()
	if body == nil {
		return b.send(t, as, operation, nil, values...)
	}
	payload, err := json.Marshal(body)
	if err != nil {
		t.Fatal(err)
	}
	return b.send(t, as, operation, payload, values...)
}

// refusal is the body of a 429.
type refusal struct {
	Message    string   `json:"message"`
	RetryAfter *float64 `json:"retry_after"`
	Global     *bool    `json:"global"`
}

// refused checks a 429 and returns how long it asks to wait.
func refused(t *testing.T, got rest.Response, scope string) time.Duration {
	t.Helper()
	var body refusal
	if err := json.Unmarshal(got.Body, &body); err != nil || body.RetryAfter == nil || *body.RetryAfter <= 0 || body.Global == nil || body.Message == "" {
		t.Fatalf("429: %v %s", err, got.Body)
	}
	global := scope == "global"
	seconds, err := strconv.Atoi(got.Header.Get("Retry-After"))
	if err != nil || float64(seconds) < *body.RetryAfter || got.Header.Get("X-RateLimit-Scope") != scope || *body.Global != global ||
		(got.Header.Get("X-RateLimit-Global") == "true") != global || (got.Header.Get("X-RateLimit-Bucket") == "") != global ||
		got.Header.Get("Via") == "" || got.Header.Get("Content-Type") != "application/json" {
		t.Errorf("429 with scope %s expected: %v %s", scope, got.Header, got.Body)
	}
	return time.Duration(*body.RetryAfter * float64(time.Second))
}

// counts are the headers of an answer that was counted.
type counts struct {
	limit, remaining  int
	reset, resetAfter float64 // seconds since 1970; seconds
	bucket            string
}

func countsOf(t *testing.T, got rest.Response) counts {
	t.Helper()
	var c counts
	var errs [4]error
	c.limit, errs[0] = strconv.Atoi(got.Header.Get("X-RateLimit-Limit"))
	c.remaining, errs[1] = strconv.Atoi(got.Header.Get("X-RateLimit-Remaining"))
	c.reset, errs[2] = strconv.ParseFloat(got.Header.Get("X-RateLimit-Reset"), 64)
	c.resetAfter, errs[3] = strconv.ParseFloat(got.Header.Get("X-RateLimit-Reset-After"), 64)
	c.bucket = got.Header.Get("X-RateLimit-Bucket")
	for _, err := range errs {
		if err != nil || c.bucket == "" {
			t.Fatalf("headers %v: %v", got.Header, err)
		}
	}
	return c
}

const aChannel = "GET /channels/{channel_id}"

func (b *limited) headers(t *testing.T) {
	first := countsOf(t, b.send(t, b.fresh.Client, aChannel, nil, b.text))
	second := countsOf(t, b.send(t, b.fresh.Client, aChannel, nil, b.text))
	if first.limit <= 0 || first.remaining >= first.limit || first.resetAfter <= 0 || first.reset < float64(time.Now().Unix())-60 {
		t.Errorf("%+v", first)
	}
	if first.limit != second.limit || first.bucket != second.bucket || second.reset == first.reset && second.remaining != first.remaining-1 {
		t.Errorf("%+v then %+v", first, second)
	}
}

func (b *limited) bucket(t *testing.T) {
	const send = "POST " + messages
	got := b.flood(t, b.bot.Client, 100, send, object{"content": "x"}, b.text)
	if _, err := b.validate(send, got); err != nil {
		t.Error(err)
	}
	if left := countsOf(t, got); left.remaining != 0 {
		t.Errorf("%+v", left)
	}
	time.Sleep(refused(t, got, "user")) // as the client was asked to
	for range 3 {                       // a busy machine may count what came late to the same window
		if got = b.sendJSON(t, b.bot.Client, send, object{"content": "x"}, b.text); got.Status == http.StatusOK {
			return
		}
		time.Sleep(refused(t, got, "user"))
	}
	t.Errorf("after the wait: %d %s", got.Status, got.Body)
}

func (b *limited) majors(t *testing.T) {
	const send = "POST " + messages
	here := b.flood(t, b.bot.Client, 100, send, object{"content": "x"}, b.text)
	there := b.sendJSON(t, b.bot.Client, send, object{"content": "x"}, b.spare)
	if there.Status != http.StatusOK || countsOf(t, here).bucket != countsOf(t, there).bucket {
		t.Errorf("%d %v", there.Status, there.Header)
	}
}

func (b *limited) callers(t *testing.T) {
	const send = "POST " + messages
	b.flood(t, b.bot.Client, 100, send, object{"content": "x"}, b.text)
	if got := b.sendJSON(t, b.fresh.Client, send, object{"content": "x"}, b.text); got.Status != http.StatusOK {
		t.Errorf("%d %s", got.Status, got.Body)
	}
}

func (b *limited) hashes(t *testing.T) {
	of := func(operation string, values ...string) string {
		return countsOf(t, b.send(t, b.fresh.Client, operation, nil, values...)).bucket
	}
	search := of("GET /guilds/{guild_id}/messages/search?content=x", b.guild)
	if search == of(aChannel, b.text) || search != of("GET /guilds/{guild_id}/messages/search?content=y", b.guild) {
		t.Error("buckets are named wrongly")
	}
	if read := of("GET "+messages, b.text); read == countsOf(t, b.sendJSON(t, b.fresh.Client, "POST "+messages, object{"content": "x"}, b.text)).bucket {
		t.Error("reading and sending share a bucket")
	}
}

// atOnce makes requests side by side until one is refused by the global limit, and returns that.
func (b *limited) atOnce(t *testing.T, ask func(i int) (rest.Response, error)) rest.Response {
	t.Helper()
	const each = 100
	var found atomic.Pointer[rest.Response]
	var asking sync.WaitGroup
	for w := range sideBySide {
		asking.Go(func() {
			for i := 0; i < each && found.Load() == nil; i++ {
				got, err := ask(w*each + i)
				if err != nil {
					t.Error(err)
					return
				}
				if got.Header.Get("X-RateLimit-Global") != "" {
					found.CompareAndSwap(nil, &got)
				}
			}
		})
	}
	asking.Wait()
	if found.Load() == nil {
		t.Fatalf("%d requests, and no global limit", each*sideBySide)
	}
	return *found.Load()
}

func (b *limited) global(t *testing.T) {
	got := b.atOnce(t, func(i int) (rest.Response, error) { // each in a bucket of its own
		return b.fresh.Raw(t.Context(), http.MethodGet, fmt.Sprintf("/api/v10/channels/%d", 1<<30+i), nil, nil)
	})
	refused(t, got, "global")
}

func (b *limited) anonymous(t *testing.T) {
	got := b.atOnce(t, func(i int) (rest.Response, error) {
		return b.nobody.Raw(t.Context(), http.MethodGet, fmt.Sprintf("/api/v10/guilds/%d/widget.json", 1<<30+i), nil, nil)
	})
	refused(t, got, "global")
}

func (b *limited) webhooks(t *testing.T) {
	got := b.flood(t, b.nobody, 100, "POST "+webhookToken, object{"content": "x"}, b.id, b.token)
	time.Sleep(refused(t, got, "shared"))
	b.anonymous(t) // the address has no more requests, and its webhooks have
	if got := b.send(t, b.nobody, "GET "+webhookToken, nil, b.id, b.token); got.Status != http.StatusOK {
		t.Errorf("%d %s", got.Status, got.Body)
	}
}

func (b *limited) interactions(t *testing.T) {
	b.anonymous(t)
	if got := b.sendJSON(t, b.nobody, "POST "+callback, object{"type": 5}, "1", "none"); got.Status != http.StatusNotFound {
		t.Errorf("%d %s", got.Status, got.Body)
	}
}

func (b *limited) sessionStarts(t *testing.T, w *wire) {
	left := func() int {
		var told struct {
			Limit struct {
				Total, Remaining int
				ResetAfter       int `json:"reset_after"`
				MaxConcurrency   int `json:"max_concurrency"`
			} `json:"session_start_limit"`
		}
		if err := b.bot.Do(t.Context(), http.MethodGet, "/gateway/bot", nil, &told); err != nil {
			t.Fatal(err)
		}
		if l := told.Limit; l.Total <= 0 || l.Remaining > l.Total || l.MaxConcurrency <= 0 {
			t.Errorf("%+v", told)
		}
		return told.Limit.Remaining
	}
	before := left()
	w.ready(t, nil, nil)
	if after := left(); after != before-1 {
		t.Errorf("%d sessions left, and %d before", after, before)
	}
}

// memberRequests asks for all members twice.
func (b *limited) memberRequests(t *testing.T, w *wire) {
	c := w.ready(t, nil, object{"intents": 1<<0 | 1<<1})
	dispatched(t, c.Conn, "GUILD_CREATE")
	for range 2 {
		write(t, c.Conn, gatewayclient.OpRequestMembers, object{"guild_id": b.guild, "query": "", "limit": 0})
	}
	e, _ := lookup("RATE_LIMITED")
	if err := b.shaped(e, dispatched(t, c.Conn, e.name).D); err != nil {
		t.Error(err)
	}
}

func (b *limited) frames(t *testing.T, w *wire) {
	conn := w.dial(t, nil)
	for range 130 {
		if conn.Write(gatewayclient.OpHeartbeat, nil) != nil {
			break // the server need not read on
		}
	}
	closed(t, conn, 4008)
}

// reconnect stops the gateway of the session's shard as a rollout does.
func (b *limited) reconnect(t *testing.T, w *wire, p *platform.Platform) {
	c := w.ready(t, nil, object{"shard": [2]int{0, 2}})
	p.Stop(t, "gateway-0")
	read(t, c.Conn, gatewayclient.OpReconnect)
	p.AwaitReady(t, "gateway-0")
}

// invalid sends what is refused until the address is banned. It must be the last thing that is done there.
func (b *limited) invalid(t *testing.T) {
	const most = 11_000
	var sent atomic.Int64
	var asking sync.WaitGroup
	for range sideBySide {
		asking.Go(func() {
			client := *b.nobody
			client.Authorization = "Bot none"
			for sent.Add(1) <= most {
				if _, err := client.Raw(t.Context(), http.MethodGet, "/api/v10/users/@me", nil, nil); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	asking.Wait()
	// With good credentials, too: the ban is of the address, and longer than any bucket.
	got := b.send(t, b.bot.Client, aChannel, nil, b.text)
	if wait := refused(t, got, "global"); got.Status != http.StatusTooManyRequests || wait < time.Minute {
		t.Errorf("%d, wait %v", got.Status, wait)
	}
}
