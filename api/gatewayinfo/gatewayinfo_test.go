package gatewayinfo_test

import (
	"net/http"
	"testing"

	"guildhall.chat/guildhall/api/apitest"
	"guildhall.chat/guildhall/api/call"
	"guildhall.chat/guildhall/api/gatewayinfo"
	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/sessionlimit"
)

func TestGateway(t *testing.T) {
	t.Parallel()
	var limit *sessionlimit.Limiter
	w := apitest.New(t, func(w *apitest.World) []call.Route {
		limit = sessionlimit.New(w.Redis, sessionlimit.DefaultMaxConcurrency)
		return gatewayinfo.New("ws://gateway.example.com", 3, limit).Routes()
	})
	var info discord.GatewayInfo
	w.Anyone().Must(t, http.MethodGet, "/gateway", nil, &info)
	if info.URL != "ws://gateway.example.com" {
		t.Errorf("%+v", info)
	}
	owner := w.User(t)
	owner.Fails(t, http.MethodGet, "/gateway/bot", nil, discord.ErrOnlyBots)
	w.Anyone().Fails(t, http.MethodGet, "/gateway/bot", nil, discord.ErrUnauthorized)

	bot := w.Bot(t, owner, 0)
	var got discord.GatewayBotInfo
	bot.Must(t, http.MethodGet, "/gateway/bot", nil, &got)
	want := discord.SessionStartLimit{Total: sessionlimit.Total, Remaining: sessionlimit.Total, MaxConcurrency: sessionlimit.DefaultMaxConcurrency}
	if got.URL != info.URL || got.Shards != 3 || got.SessionStartLimit != want {
		t.Errorf("%+v", got)
	}
	// What the gateway takes, the api no longer offers.
	if wait, err := limit.Take(t.Context(), bot.ID, 0); err != nil || wait != 0 {
		t.Fatalf("wait %v, %v", wait, err)
	}
	bot.Must(t, http.MethodGet, "/gateway/bot", nil, &got)
	if got.SessionStartLimit.Remaining != sessionlimit.Total-1 || got.SessionStartLimit.ResetAfter <= 0 {
		t.Errorf("%+v", got.SessionStartLimit)
	}
	if answer := owner.Do(t, http.MethodGet, "/voice/regions", nil); answer.Status != http.StatusOK || string(answer.Body) != "[]" {
		t.Errorf("%d %s", answer.Status, answer.Body)
	}
}
