// Package tracing_test follows requests through a whole platform, by what its processes send to a collector.
package tracing_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"guildhall.chat/guildhall/test/clients/gatewayclient"
	"guildhall.chat/guildhall/test/clients/rest"
	"guildhall.chat/guildhall/test/platform"
)

// patience bounds how long the test waits for what must come.
const patience = time.Minute

// Traces of the test's own requests, and the ids of their spans.
const (
	connecting = "11111111111111111111111111111111"
	posting    = "22222222222222222222222222222222"
	unwanted   = "33333333333333333333333333333333"
	parent     = "aaaaaaaaaaaaaaaa"
)

func traceparent(trace string, sampled bool) http.Header {
	flags := "00"
	if sampled {
		flags = "01"
	}
	return http.Header{"Traceparent": {fmt.Sprintf("00-%s-%s-%s", trace, parent, flags)}, "Content-Type": {"application/json"}}
}

func TestARequestIsOneTraceFromTheCallToTheSocket(t *testing.T) {
	collector := newReceiver(t)
	p := platform.Start(t, platform.Options{Shards: 1, RateLimitsOff: true, TraceEndpoint: collector.URL, TraceSample: "0"})
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	owner, err := rest.Register(ctx, p.URL, "owner")
	if err != nil {
		t.Fatal(err)
	}
	guild, err := owner.CreateGuild(ctx, "Traced")
	if err != nil {
		t.Fatal(err)
	}
	channel, err := owner.CreateChannel(ctx, guild.ID, "here")
	if err != nil {
		t.Fatal(err)
	}
	bot, err := owner.CreateBot(ctx, "listener", rest.FlagMessageContent)
	if err != nil {
		t.Fatal(err)
	}
	if err := owner.AddBot(ctx, bot, guild.ID, rest.ViewChannel); err != nil {
		t.Fatal(err)
	}
	events := listen(t, p.URL, bot)

	const content = "nobody's business but ours"
	post := func(trace string, sampled bool) {
		t.Helper()
		body, _ := json.Marshal(map[string]string{"content": content})
		answer, err := owner.Raw(ctx, http.MethodPost, "/api/v10/channels/"+channel.ID+"/messages", traceparent(trace, sampled), body)
		if err != nil || answer.Status != http.StatusOK {
			t.Fatalf("post: %v %d %s", err, answer.Status, answer.Body)
		}
		events.await(t, "MESSAGE_CREATE")
	}
	post(unwanted, false)
	post(posting, true)

	const (
		call     = "api: POST /v10/channels/:channel_id/messages"
		write    = call + " > api: write message"
		commit   = write + " > api: commit messages"
		publish  = commit + " > api: publish events"
		dispatch = write + " > gateway: dispatch MESSAGE_CREATE"
		connect  = "shard-router: connect client"
	)
	spans := collector.await(t, posting, call, call+" > api: admit > api: redis pipeline",
		write, commit, publish, publish+" > api: redis pipeline",
		dispatch, dispatch+" > gateway: write to clients", dispatch+" > gateway: write journal")
	for _, s := range spans {
		if strings.HasPrefix(call, s.service+": "+s.name) && s.parent != parent {
			t.Errorf("the request's parent is %q, not the caller's span", s.parent)
		}
	}
	within(t, spans, commit+" > ", "INSERT")
	within(t, spans, dispatch+" > gateway: write journal > ", "redis")
	collector.await(t, connecting, connect, connect+" > shard-router: dial pod",
		connect+" > shard-router: dial pod > gateway: open session")
	for _, secret := range []string{content, bot.Token, owner.ID, channel.ID, guild.ID} {
		if collector.said(secret) {
			t.Errorf("a trace tells %q", secret)
		}
	}
	if collector.has(unwanted) {
		t.Error("a request is traced whose caller does not want it")
	}
	exemplars(t, p.Addr(t, "api", "admin"), "guildhall_http_request_duration_seconds")
	exemplars(t, p.Addr(t, "api", "admin"), "guildhall_redis_round_trip_seconds")
	exemplars(t, p.Addr(t, "api", "admin"), "guildhall_postgres_change_seconds")
	exemplars(t, p.Addr(t, "gateway-0", "admin"), "guildhall_gateway_delivery_seconds")
}

// within fails unless some span under a path has a name that begins so.
func within(t *testing.T, spans trace, under path, name string) {
	t.Helper()
	for have := range spans.paths() {
		if rest, ok := strings.CutPrefix(string(have), string(under)); ok && strings.Contains(strings.ToLower(rest), strings.ToLower(name)) {
			return
		}
	}
	t.Errorf("nothing under %s is a %s: %q", under, name, slices.Sorted(maps.Keys(spans.paths())))
}

// exemplars fails unless a histogram names the trace of the post.
func exemplars(t *testing.T, admin, histogram string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+admin+"/metrics", nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Accept", "application/openmetrics-text; version=1.0.0")
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(body)) {
		if strings.HasPrefix(line, histogram+"_bucket") && strings.Contains(line, `# {trace_id="`+posting+`"}`) {
			return
		}
	}
	t.Errorf("no exemplar at %s", histogram)
}

// dispatches are the names of those that a session gets.
type dispatches chan string

func (d dispatches) await(t *testing.T, name string) {
	t.Helper()
	timeout := time.After(patience)
	for {
		select {
		case got, open := <-d:
			if !open {
				t.Fatalf("the connection ended before %s", name)
			}
			if got == name {
				return
			}
		case <-timeout:
			t.Fatalf("no %s", name)
		}
	}
}

// listen connects a bot, in a trace of its own, up to its guild.
func listen(t *testing.T, url string, bot *rest.Bot) dispatches {
	t.Helper()
	header := traceparent(connecting, true)
	socket, response, err := websocket.DefaultDialer.DialContext(t.Context(), "ws"+strings.TrimPrefix(url, "http")+"/?v=10&encoding=json", header)
	if err != nil {
		t.Fatal(err)
	}
	_ = response.Body.Close()
	t.Cleanup(func() { _ = socket.Close() })
	err = socket.WriteJSON(map[string]any{"op": gatewayclient.OpIdentify, "d": map[string]any{
		"token": bot.Token, "intents": gatewayclient.IntentGuilds | gatewayclient.IntentGuildMessages | gatewayclient.IntentMessageContent,
		"properties": map[string]string{"os": "linux", "browser": "test", "device": "test"},
	}})
	if err != nil {
		t.Fatal(err)
	}
	got := make(dispatches, 1024)
	go func() {
		defer close(got)
		for {
			var frame gatewayclient.Frame
			if err := socket.ReadJSON(&frame); err != nil {
				return
			}
			if frame.T != nil {
				got <- *frame.T
			}
		}
	}()
	got.await(t, "GUILD_CREATE")
	return got
}
