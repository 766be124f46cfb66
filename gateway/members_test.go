package main

import (
	"context"
	"fmt"
	"testing"

	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/snowflake"
	"guildhall.chat/guildhall/internal/store"
)

// crowd adds members to a guild in bulk.
func (w *world) crowd(g *guild, n int) []snowflake.ID {
	w.t.Helper()
	ids := make([]snowflake.ID, n)
	for i := range ids {
		ids[i] = w.store.NewID()
	}
	w.change(func(ctx context.Context, tx *store.Tx) error {
		if _, err := tx.Exec(ctx, `insert into users (id, username) select id, 'crowd' || id from unnest($1::bigint[]) as id`, ids); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, `insert into members (guild_id, user_id) select $1, id from unnest($2::bigint[]) as id`, g.id, ids)
		return err
	})
	return ids
}

type chunk struct {
	GuildID   snowflake.ID     `json:"guild_id"`
	Members   []discord.Member `json:"members"`
	Index     int              `json:"chunk_index"`
	Count     int              `json:"chunk_count"`
	NotFound  []string         `json:"not_found"`
	Presences *[]any           `json:"presences"`
	Nonce     *string          `json:"nonce"`
}

func (c *client) chunk() (got chunk) {
	c.t.Helper()
	c.decode(c.dispatch(discord.EventGuildMembersChunk), &got)
	return got
}

func TestRequestAllMembers(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	bot := w.bot(allPrivileged)
	g := w.guild(w.user(), bot)
	w.crowd(g, 2500)
	c := w.connect(bot, discord.IntentGuilds|discord.IntentGuildMembers)
	var created gatewayGuild
	c.decode(c.dispatch(discord.EventGuildCreate), &created)
	if created.MemberCount != 2502 || created.Large == nil || !*created.Large || len(created.Members) != 1 {
		t.Errorf("GUILD_CREATE counts %d, large %v, lists %d", created.MemberCount, created.Large, len(created.Members))
	}

	all := map[string]any{"guild_id": g.id, "query": "", "limit": 0, "nonce": "abc"}
	c.send(discord.OpRequestGuildMembers, all)
	seen := map[snowflake.ID]bool{}
	for i := range 3 {
		got := c.chunk()
		if got.Index != i || got.Count != 3 || got.GuildID != g.id || *got.Nonce != "abc" || got.Presences != nil || len(got.Members) > 1000 {
			t.Errorf("chunk %d of %d with %d members", got.Index, got.Count, len(got.Members))
		}
		for _, m := range got.Members {
			seen[m.User.ID] = true
		}
	}
	if len(seen) != 2502 {
		t.Errorf("%d different members", len(seen))
	}

	c.send(discord.OpRequestGuildMembers, all)
	var limited struct {
		Opcode     int     `json:"opcode"`
		RetryAfter float64 `json:"retry_after"`
		Meta       struct {
			GuildID snowflake.ID `json:"guild_id"`
			Nonce   string       `json:"nonce"`
		} `json:"meta"`
	}
	c.decode(c.dispatch(discord.EventRateLimited), &limited)
	if limited.Opcode != 8 || limited.RetryAfter <= 0 || limited.RetryAfter > 30 || limited.Meta.GuildID != g.id || limited.Meta.Nonce != "abc" {
		t.Errorf("RATE_LIMITED %+v", limited)
	}
}

func TestRequestSomeMembers(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	bot := w.bot(0)
	g := w.guild(w.user(), bot)
	crowd := w.crowd(g, 150)
	c := w.connect(bot, discord.IntentGuilds)
	c.dispatch(discord.EventGuildCreate)
	ask := func(d map[string]any) chunk {
		t.Helper()
		d["guild_id"] = g.id
		c.send(discord.OpRequestGuildMembers, d)
		return c.chunk()
	}
	if got := ask(map[string]any{"query": "CROWD", "limit": 0}); len(got.Members) != 100 || got.Count != 1 {
		t.Errorf("a prefix search found %d", len(got.Members))
	}
	if got := ask(map[string]any{"query": "crowd" + crowd[7].String(), "limit": 5}); len(got.Members) != 1 || got.Members[0].User.ID != crowd[7] {
		t.Errorf("search for one found %d", len(got.Members))
	}
	if got := ask(map[string]any{"query": "nobody", "limit": 5}); len(got.Members) != 0 || got.Count != 1 || got.Members == nil {
		t.Errorf("search for nobody: %+v", got)
	}
	if got := ask(map[string]any{"query": "", "limit": 3}); len(got.Members) != 3 {
		t.Errorf("the first three are %d", len(got.Members))
	}
	got := ask(map[string]any{"user_ids": []any{crowd[0], 1, crowd[1]}, "limit": 0, "presences": true,
		"nonce": "a nonce that is longer than thirty-two bytes"})
	if len(got.Members) != 2 || fmt.Sprint(got.NotFound) != "[1]" || got.Nonce != nil || got.Presences != nil {
		t.Errorf("by ids: %+v", got)
	}
	if got := ask(map[string]any{"user_ids": crowd[3], "guild_id": []any{g.id}}); len(got.Members) != 1 {
		t.Errorf("by one id: %+v", got)
	}
	// The whole list needs the intent; nothing comes back. Neither for other guilds.
	c.send(discord.OpRequestGuildMembers, map[string]any{"guild_id": g.id, "query": "", "limit": 0})
	c.send(discord.OpRequestGuildMembers, map[string]any{"guild_id": 1, "query": "a", "limit": 1})
	if got := ask(map[string]any{"query": "crowd", "limit": 1}); len(got.Members) != 1 {
		t.Errorf("the next answer has %d members", len(got.Members))
	}
	for _, bad := range []map[string]any{{}, {"guild_id": g.id}, {"guild_id": "x", "query": ""}, {"guild_id": g.id, "query": "", "limit": -1}} {
		x := w.connect(w.bot(0), 0)
		x.send(discord.OpRequestGuildMembers, bad)
		x.closed(discord.CloseDecodeError)
	}
}
