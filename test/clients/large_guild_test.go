package clients_test

import (
	"context"
	"encoding/json"
	"fmt"
	"testing"

	"github.com/jackc/pgx/v5"

	"guildhall.chat/guildhall/test/clients/gatewayclient"
	"guildhall.chat/guildhall/test/clients/rest"
	"guildhall.chat/guildhall/test/platform"
)

// testLargeGuild asks for the members of a guild that needs several chunks. Its members are made by SQL: registering
// thousands would measure the password hash.
func testLargeGuild(t *testing.T, p *platform.Platform) {
	const crowd, everyone = 2500, 2500 + 2 // with the owner and the bot
	ctx := t.Context()
	owner, err := rest.Register(ctx, p.URL, "landlord")
	must(t, "register", err)
	guild, err := owner.CreateGuild(ctx, "Crowded")
	must(t, "create a guild", err)
	bot, err := owner.CreateBot(ctx, "counter", rest.AllPrivileged)
	must(t, "create a bot", err)
	must(t, "add the bot", owner.AddBot(ctx, bot, guild.ID, rest.ViewChannel))
	fillGuild(ctx, t, p.PostgresDSN(t), guild.ID, crowd)
	gateway, err := gatewayURL(ctx, p.URL)
	must(t, "GET /gateway", err)

	session, seen := watch(t, gatewayclient.Options{Gateway: gateway, Token: bot.Token, Intents: gatewayclient.IntentsAll})
	var created struct {
		ID          string            `json:"id"`
		Large       bool              `json:"large"`
		MemberCount int               `json:"member_count"`
		Members     []json.RawMessage `json:"members"`
	}
	seen.await(t, 0, "GUILD_CREATE", func(e gatewayclient.Event) bool {
		return e.Type == "GUILD_CREATE" && json.Unmarshal(e.Data, &created) == nil && created.ID == guild.ID
	})
	equal(t, "large", created.Large, true)
	equal(t, "member_count", created.MemberCount, everyone)
	if len(created.Members) == 0 || len(created.Members) >= crowd {
		t.Errorf("GUILD_CREATE of a large guild has %d members, expected those online or with a role", len(created.Members))
	}

	members := func(nonce string, request map[string]any) (ids map[string]bool, chunks int) {
		t.Helper()
		mark := seen.mark()
		request["guild_id"], request["nonce"] = guild.ID, nonce
		must(t, "request members", session.Send(gatewayclient.OpRequestMembers, request))
		ids = map[string]bool{}
		for chunks = 0; ; chunks++ {
			var chunk struct {
				Nonce   string `json:"nonce"`
				Index   int    `json:"chunk_index"`
				Count   int    `json:"chunk_count"`
				Members []struct {
					User rest.Guild `json:"user"`
				} `json:"members"`
			}
			seen.await(t, mark, fmt.Sprintf("chunk %d of %s", chunks, nonce), func(e gatewayclient.Event) bool {
				return e.Type == "GUILD_MEMBERS_CHUNK" && json.Unmarshal(e.Data, &chunk) == nil && chunk.Nonce == nonce && chunk.Index == chunks
			})
			if len(chunk.Members) > 1000 {
				t.Errorf("chunk %d has %d members, more than 1000", chunks, len(chunk.Members))
			}
			for _, m := range chunk.Members {
				if ids[m.User.ID] {
					t.Errorf("member %s comes twice", m.User.ID)
				}
				ids[m.User.ID] = true
			}
			if chunk.Index == chunk.Count-1 {
				return ids, chunks + 1
			}
		}
	}
	all, chunks := members("all", map[string]any{"query": "", "limit": 0})
	equal(t, "members of all chunks", len(all), everyone)
	equal(t, "chunks", chunks, 3)
	if !all[owner.ID] || !all[bot.ID] {
		t.Error("the owner or the bot is not among all members")
	}
	found, _ := members("prefix", map[string]any{"query": "crowd_" + guild.ID, "limit": 0})
	equal(t, "members by the start of a name, at most 100", len(found), 100)
	few, _ := members("few", map[string]any{"query": "", "limit": 7})
	equal(t, "members up to a limit", len(few), 7)

	// https://discord.com/developers/docs/events/gateway-events#rate-limited
	mark := seen.mark()
	again := map[string]any{"guild_id": guild.ID, "nonce": "again", "query": "", "limit": 0}
	must(t, "request all members again", session.Send(gatewayclient.OpRequestMembers, again))
	var limited struct {
		Opcode     int     `json:"opcode"`
		RetryAfter float64 `json:"retry_after"`
		Meta       struct {
			GuildID string `json:"guild_id"`
			Nonce   string `json:"nonce"`
		} `json:"meta"`
	}
	seen.await(t, mark, "RATE_LIMITED, since all members were asked for less than 30 s ago", func(e gatewayclient.Event) bool {
		return e.Type == "RATE_LIMITED" && json.Unmarshal(e.Data, &limited) == nil
	})
	equal(t, "opcode", limited.Opcode, gatewayclient.OpRequestMembers)
	equal(t, "guild", limited.Meta.GuildID, guild.ID)
	equal(t, "nonce", limited.Meta.Nonce, "again")
	if limited.RetryAfter <= 0 || limited.RetryAfter > 30 {
		t.Errorf("retry_after is %v, expected more than 0 and at most 30 s", limited.RetryAfter)
	}
}

// fillGuild makes count members of a guild in which nobody is connected.
func fillGuild(ctx context.Context, t *testing.T, dsn, guild string, count int) {
	t.Helper()
	db, err := pgx.Connect(ctx, dsn)
	must(t, "connect to the database", err)
	defer db.Close(ctx)
	_, err = db.Exec(ctx, `
		with made as (
			insert into users (id, username)
			select (1000000000000 + n)::bigint << 8, 'crowd_' || $1::bigint || '_' || n from generate_series(1, $2::int) n
			returning id
		), joined as (
			insert into members (guild_id, user_id) select $1::bigint, id from made returning 1
		)
		update guilds set member_count = member_count + (select count(*) from joined) where id = $1::bigint`, guild, count)
	must(t, "make members", err)
}
