package clients_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"testing"

	"github.com/disgoorg/disgo/bot"
	"github.com/disgoorg/disgo/discord"
	"github.com/disgoorg/disgo/events"
	"github.com/disgoorg/disgo/gateway"
	disgorest "github.com/disgoorg/disgo/rest"
	"github.com/disgoorg/snowflake/v2"

	"guildhall.chat/guildhall/test/clients/gatewayclient"
)

func (b *disgoBot) privateChannel(t *testing.T) {
	place := b.w.Guilds[0]
	// What is said in the vault comes before the fence in the guild's order: once the fence is here, the other would be.
	hidden := func(text string) {
		t.Helper()
		mark := b.seen.mark()
		_, err := b.w.owner.Send(t.Context(), place.Vault, text)
		must(t, "the owner sends in the vault", err)
		_, err = b.w.owner.Send(t.Context(), place.General, "after "+text)
		must(t, "the owner sends the fence", err)
		b.said(t, mark, "after "+text)
		for _, e := range b.seen.since(mark) {
			if m, ok := e.(*events.MessageCreate); ok && m.Message.Content == text {
				t.Errorf("%q arrived although the bot may not see the channel", text)
			}
		}
		_, err = b.Rest.GetMessages(id(place.Vault), 0, 0, 0, 1)
		refused(t, "read the vault", err, http.StatusForbidden, disgorest.JSONErrorCodeMissingAccess)
	}
	role := "/guilds/" + place.ID + "/members/" + b.w.bot.ID + "/roles/" + place.Key
	change := func(method string, want bool) {
		t.Helper()
		mark := b.seen.mark()
		must(t, method+" "+role, b.w.owner.Do(t.Context(), method, role, nil, nil))
		update := sees(t, b, mark, func(m *events.GuildMemberUpdate) bool { return m.Member.User.ID == id(b.w.bot.ID) })
		equal(t, "the bot has the role", slices.Contains(update.Member.RoleIDs, id(place.Key)), want)
	}

	hidden("before the role")
	change(http.MethodPut, true)
	mark := b.seen.mark()
	_, err := b.w.owner.Send(t.Context(), place.Vault, "with the role")
	must(t, "the owner sends in the vault", err)
	b.said(t, mark, "with the role")
	history, err := b.Rest.GetMessages(id(place.Vault), 0, 0, 0, 1)
	must(t, "read the vault", err)
	if len(history) != 1 || history[0].Content != "with the role" {
		t.Errorf("the vault's history is %v", history)
	}
	change(http.MethodDelete, false)
	hidden("after the role")
}

func (b *disgoBot) missingPermission(t *testing.T) {
	place := b.w.Guilds[0]
	_, err := b.Rest.CreateMessage(id(place.ReadOnly), content("may I?"))
	refused(t, "send without SEND_MESSAGES", err, http.StatusForbidden, disgorest.JSONErrorCodeLackPermissionsToPerformAction)
	_, err = b.Rest.CreateRole(id(place.ID), discord.RoleCreate{Name: "crown"})
	refused(t, "create a role without MANAGE_ROLES", err, http.StatusForbidden, disgorest.JSONErrorCodeLackPermissionsToPerformAction)
	err = b.Rest.RemoveMember(id(place.ID), id(b.w.friend.ID))
	refused(t, "kick without KICK_MEMBERS", err, http.StatusForbidden, disgorest.JSONErrorCodeLackPermissionsToPerformAction)
}

func (b *disgoBot) typing(t *testing.T) {
	general, mark := b.w.Guilds[0].General, b.seen.mark()
	must(t, "the friend types", b.w.friend.Do(t.Context(), http.MethodPost, "/channels/"+general+"/typing", nil, nil))
	typing := sees(t, b, mark, func(e *events.GuildMemberTypingStart) bool { return e.UserID == id(b.w.friend.ID) })
	equal(t, "channel", typing.ChannelID, id(general))

	_, observed := watch(t, gatewayclient.Options{Gateway: b.w.Gateway, Token: b.w.observer.Token, Intents: gatewayclient.IntentsAll})
	must(t, "type", b.Rest.SendTyping(id(general)))
	observed.await(t, 0, "TYPING_START of the bot at another bot", func(e gatewayclient.Event) bool {
		var typing struct {
			UserID    string `json:"user_id"`
			ChannelID string `json:"channel_id"`
		}
		return e.Type == "TYPING_START" && json.Unmarshal(e.Data, &typing) == nil && typing.UserID == b.w.bot.ID && typing.ChannelID == general
	})
}

func (b *disgoBot) presence(t *testing.T) {
	place, mark := b.w.Guilds[0], b.seen.mark()
	of := func(status discord.OnlineStatus) *events.PresenceUpdate {
		t.Helper()
		return sees(t, b, mark, func(p *events.PresenceUpdate) bool {
			return p.PresenceUser.ID == id(b.w.friend.ID) && p.Status == status && p.GuildID == id(place.ID)
		})
	}
	device, _ := watch(t, gatewayclient.Options{Gateway: b.w.Gateway, Token: b.w.friend.Authorization})
	must(t, "the friend plays chess", device.Send(gatewayclient.OpPresence, map[string]any{
		"status": "dnd", "since": nil, "afk": false, "activities": []map[string]any{{"name": "chess", "type": 0}},
	}))
	playing := of(discord.OnlineStatusDND)
	if len(playing.Activities) != 1 || playing.Activities[0].Name != "chess" {
		t.Errorf("activities: %v, expected chess", playing.Activities)
	}
	must(t, "the friend idles", device.Send(gatewayclient.OpPresence, map[string]any{
		"status": "idle", "since": nil, "afk": false, "activities": []any{},
	}))
	of(discord.OnlineStatusIdle)
	device.Close()
	of(discord.OnlineStatusOffline)

	_, observed := watch(t, gatewayclient.Options{Gateway: b.w.Gateway, Token: b.w.observer.Token, Intents: gatewayclient.IntentsAll})
	for shard := range shards {
		must(t, "set the bot's presence", b.SetPresenceForShard(t.Context(), shard,
			gateway.WithOnlineStatus(discord.OnlineStatusIdle), gateway.WithWatchingActivity("the keys")))
	}
	observed.await(t, 0, "PRESENCE_UPDATE of the bot at another bot", func(e gatewayclient.Event) bool {
		var p discord.Presence
		return e.Type == "PRESENCE_UPDATE" && json.Unmarshal(e.Data, &p) == nil && p.PresenceUser.ID == id(b.w.bot.ID) &&
			p.Status == discord.OnlineStatusIdle && len(p.Activities) == 1 && p.Activities[0].Name == "the keys"
	})
}

func (b *disgoBot) memberChunks(t *testing.T) {
	place := b.w.Guilds[1]
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	ids := func(members []discord.Member) string {
		var list []snowflake.ID
		for _, m := range members {
			equal(t, "guild of the member", m.GuildID, id(place.ID))
			list = append(list, m.User.ID)
		}
		slices.Sort(list)
		return fmt.Sprint(list)
	}
	everyone := []snowflake.ID{id(b.w.owner.ID), id(b.w.friend.ID), id(b.w.bot.ID), id(b.w.observer.ID)}
	slices.Sort(everyone)
	all, err := b.MemberChunkingManager.RequestAllMembers(ctx, id(place.ID))
	must(t, "request all members", err)
	equal(t, "all members", ids(all), fmt.Sprint(everyone))
	name := b.w.friend.Username
	found, err := b.MemberChunkingManager.RequestMembersWithQuery(ctx, id(place.ID), name[:len(name)-1], 10)
	must(t, "request by the start of a name", err)
	equal(t, "members by the start of a name", ids(found), fmt.Sprint([]snowflake.ID{id(b.w.friend.ID)}))
	some, err := b.MemberChunkingManager.RequestMembers(ctx, id(place.ID), id(b.w.friend.ID), id(b.w.visitor.ID))
	must(t, "request by id", err)
	equal(t, "members by id", ids(some), fmt.Sprint([]snowflake.ID{id(b.w.friend.ID)}))
}

func (b *disgoBot) invites(t *testing.T) {
	place, mark := b.w.Guilds[0], b.seen.mark()
	age, uses := 3600, 5
	invite, err := b.Rest.CreateInvite(id(place.General), discord.InviteCreate{MaxAge: &age, MaxUses: &uses, Unique: true})
	must(t, "create an invite", err)
	sees(t, b, mark, func(e *events.InviteCreate) bool { return e.Code == invite.Code })
	resolved, err := b.Rest.GetInvite(invite.Code)
	must(t, "resolve the invite", err)
	if resolved.Guild == nil || resolved.Guild.ID != id(place.ID) {
		t.Errorf("guild of the invite: %v", resolved.Guild)
	}

	visitor := b.w.visitor
	must(t, "the visitor accepts", visitor.Do(t.Context(), http.MethodPost, "/invites/"+invite.Code, map[string]any{}, nil))
	sees(t, b, mark, func(m *events.GuildMemberJoin) bool { return m.Member.User.ID == id(visitor.ID) })
	if _, ok := b.Caches.Member(id(place.ID), id(visitor.ID)); !ok {
		t.Error("the visitor is not in the cache")
	}
	listed, err := b.Rest.GetChannelInvites(id(place.General))
	must(t, "list the invites", err)
	if i := slices.IndexFunc(listed, func(i discord.ExtendedInvite) bool { return i.Code == invite.Code }); i < 0 || listed[i].Uses != 1 {
		t.Errorf("the invite is not listed with one use among %d", len(listed))
	}

	nick := map[string]any{"nick": "guest"}
	must(t, "the owner names the visitor", b.w.owner.Do(t.Context(), http.MethodPatch, "/guilds/"+place.ID+"/members/"+visitor.ID, nick, nil))
	sees(t, b, mark, func(m *events.GuildMemberUpdate) bool {
		return m.Member.User.ID == id(visitor.ID) && m.Member.Nick != nil && *m.Member.Nick == "guest"
	})

	_, err = b.Rest.DeleteInvite(invite.Code)
	must(t, "delete the invite", err)
	sees(t, b, mark, func(e *events.InviteDelete) bool { return e.Code == invite.Code })
	_, err = b.Rest.GetInvite(invite.Code)
	refused(t, "resolve a deleted invite", err, http.StatusNotFound, disgorest.JSONErrorCodeUnknownInvite)

	must(t, "the visitor leaves", visitor.Do(t.Context(), http.MethodDelete, "/users/@me/guilds/"+place.ID, nil, nil))
	sees(t, b, mark, func(m *events.GuildMemberLeave) bool { return m.User.ID == id(visitor.ID) })
}

func (b *disgoBot) directMessages(t *testing.T) {
	mark := b.seen.mark()
	dm, err := b.Rest.CreateDMChannel(id(b.w.friend.ID))
	must(t, "open the DM", err)
	equal(t, "type", dm.Type(), discord.ChannelTypeDM)
	_, err = b.Rest.CreateMessage(dm.ID(), content("psst"))
	must(t, "send", err)

	friend := b.w.friend
	var opened struct {
		ID string `json:"id"`
	}
	must(t, "the friend opens the DM", friend.Do(t.Context(), http.MethodPost, "/users/@me/channels", map[string]any{"recipients": []string{b.w.bot.ID}}, &opened))
	equal(t, "channel on both sides", id(opened.ID), dm.ID())
	_, err = friend.Send(t.Context(), opened.ID, "yes?")
	must(t, "the friend answers", err)
	heard := sees(t, b, mark, func(m *events.DMMessageCreate) bool { return m.Message.Content == "yes?" })
	equal(t, "shard of a DM", heard.ShardID(), 0)
	equal(t, "channel", heard.ChannelID, dm.ID())
	equal(t, "author", heard.Message.Author.ID, id(friend.ID))
	equal(t, "has a guild", heard.Message.GuildID != nil, false)
	for _, e := range b.seen.since(mark) {
		if m, ok := e.(*events.DMMessageCreate); ok && shardOf(bot.Event(m)) != 0 {
			t.Errorf("shard %d got the DM %q", shardOf(m), m.Message.Content)
		}
	}
}
