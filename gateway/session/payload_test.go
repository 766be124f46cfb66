package session

import (
	"encoding/json"
	"errors"
	"testing"
	"time"

	"guildhall.chat/guildhall/gateway/socket"
	"guildhall.chat/guildhall/internal/codec"
	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/presence"
	"guildhall.chat/guildhall/internal/sharding"
)

func TestParseIdentify(t *testing.T) {
	t.Parallel()
	id, err := parseIdentify(json.RawMessage(`{"token":"x","compress":true,"large_threshold":1000,"shard":[1,4],"intents":513,
		"properties":{"$browser":"Discord iOS"},"presence":null,"guild_subscriptions":true}`))
	if err != nil {
		t.Fatal(err)
	}
	if id.token != "x" || !id.compress || id.largeThreshold != 250 || *id.shard != (sharding.Shard{ID: 1, Count: 4}) ||
		*id.intents != 513 || presence.ClientOf(id.browser) != presence.Mobile {
		t.Errorf("read as %+v", id)
	}
	if id, err = parseIdentify(json.RawMessage(`{}`)); err != nil || id.largeThreshold != 50 || id.shard != nil || id.intents != nil {
		t.Errorf("defaults %+v, %v", id, err)
	}
}

func TestIntentsOfAccounts(t *testing.T) {
	t.Parallel()
	bits := func(i discord.Intents) *discord.Intents { return &i }
	bot, user := Account{Bot: true}, Account{}
	granted := Account{Bot: true, AppFlags: discord.AppFlagMessageContentLimited}
	tests := []struct {
		name    string
		intents *discord.Intents
		account Account
		want    discord.Intents
		err     error
	}{
		{"none of a bot", nil, bot, 0, closeError(discord.CloseInvalidIntents)},
		{"none of a user", nil, user, discord.IntentsAll, nil},
		{"zero", bits(0), bot, 0, nil},
		{"content without the grant", bits(discord.IntentMessageContent), bot, 0, closeError(discord.CloseDisallowedIntents)},
		{"content with the grant", bits(discord.IntentMessageContent), granted, discord.IntentMessageContent, nil},
		{"another with that grant", bits(discord.IntentGuildMembers), granted, 0, closeError(discord.CloseDisallowedIntents)},
		{"privileged of a user", bits(discord.IntentGuildMembers), user, discord.IntentGuildMembers, nil},
		{"undocumented of a user", bits(1 << 22), user, 1 << 22, nil},
		{"undocumented of a bot", bits(1 << 22), bot, 0, closeError(discord.CloseInvalidIntents)},
	}
	for _, tt := range tests {
		got, err := identify{intents: tt.intents}.intentsFor(tt.account)
		if got != tt.want || !errors.Is(err, tt.err) {
			t.Errorf("%s: %d, %v", tt.name, got, err)
		}
	}
}

// FuzzPayloads gives every parser of what clients send any bytes: they refuse or return what is within bounds.
func FuzzPayloads(f *testing.F) {
	for _, seed := range []string{
		`{"token":"x","properties":{"browser":"b"},"compress":false,"large_threshold":50,"shard":[0,1],"intents":513,"presence":{"status":"online","activities":[{"name":"a","type":0}],"since":null,"afk":false}}`,
		`{"token":"x","session_id":"y","seq":7}`, `7`, `null`, `{"seq":7,"qos":{}}`,
		`{"guild_id":"1","query":"a","limit":5,"presences":true,"nonce":"n"}`, `{"guild_id":["1","2"],"user_ids":["3",4]}`,
		`{"guild_ids":["1"]}`, `[]`, `""`, `{"shard":[9223372036854775807,1]}`, `{"intents":9223372036854775807}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, d []byte) {
		if id, err := parseIdentify(d); err == nil {
			if id.largeThreshold < minLargeThreshold || id.largeThreshold > maxLargeThreshold {
				t.Errorf("large_threshold %d", id.largeThreshold)
			}
			for _, account := range []Account{{}, {Bot: true}, {Bot: true, AppFlags: -1}} {
				if intents, err := id.intentsFor(account); err == nil && !intents.Valid(account.Bot) {
					t.Errorf("intents %b of %+v", intents, account)
				}
				_, _ = id.presenceFor(account, presence.Web)
			}
		} else {
			var code closeError
			if !errors.As(err, &code) {
				t.Errorf("identify: %v is no close code", err)
			}
		}
		_, _ = parseResume(d)
		_, _, _ = parseBeat(d)
		_, _, _ = parseQoSBeat(d)
		if r, err := parseMemberRequest(d); err == nil {
			if len(r.queries) == 0 || len(r.queries) > maxRequestGuilds || len(r.nonce) > maxNonce {
				t.Errorf("member request %+v", r)
			}
			for _, q := range r.queries {
				if len(q.Users) > maxUserIDs || q.Limit < 0 {
					t.Errorf("query %+v", q)
				}
			}
		}
		_, _ = guildIDs(d)
	})
}

// FuzzMessage gives a connection that has not identified any message: it acknowledges a heartbeat, refuses with a close
// code, or waits for what it has begun.
func FuzzMessage(f *testing.F) {
	for _, seed := range []string{
		`{"op":1,"d":null}`, `{"op":1,"d":7}`, `{"op":40,"d":{"seq":1}}`, `{"op":2,"d":{"token":"x","intents":0}}`,
		`{"op":6,"d":{"token":"x","session_id":"y","seq":7}}`, `{"op":8,"d":{}}`, `{"op":3}`, `{"op":99}`, `{`, ``,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		server := NewServer(Config{HeartbeatInterval: time.Minute}, nil, Journal{}, nil, nil, nil, nil, nil, nil)
		defer server.Stop()
		conn := &fakeConn{}
		c := server.open(conn, socket.Opening{Greeted: true, HelloAt: time.Now()})
		server.stopping.Store(true) // a valid IDENTIFY or RESUME is left to those that come after
		c.Message(data)
		op, _, err := codec.JSON.DecodeFrame(data)
		opens := op == discord.OpIdentify || op == discord.OpResume
		switch {
		case len(conn.codes) > 1 || len(conn.ops) > 1 || len(conn.codes)+len(conn.ops) > 1:
			t.Errorf("codes %v and payloads %v", conn.codes, conn.ops)
		case len(conn.codes)+len(conn.ops) == 0 && (err != nil || !opens):
			t.Error("neither answered nor refused")
		case len(conn.codes) == 1 && conn.codes[0].Reason() == "":
			t.Errorf("closed with %d", conn.codes[0])
		}
		c.Closed(0)
	})
}
