package session

import (
	"encoding/json"
	"errors"
	"testing"

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
