package clients_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"testing"

	"github.com/bwmarrin/discordgo"

	"guildhall.chat/guildhall/test/clients/gatewayclient"
)

func (f *fleet) privateChannel(t *testing.T) {
	place := f.w.Guilds[0]
	// What is said in the vault comes before the fence in the guild's order: once the fence is here, the other would be.
	hidden := func(content string) {
		t.Helper()
		mark := f.seen.mark()
		_, err := f.w.owner.Send(t.Context(), place.Vault, content)
		must(t, "the owner sends in the vault", err)
		_, err = f.w.owner.Send(t.Context(), place.General, "after "+content)
		must(t, "the owner sends the fence", err)
		f.said(t, mark, "after "+content)
		for _, s := range f.seen.since(mark) {
			if m, ok := s.event.(*discordgo.MessageCreate); ok && m.Content == content {
				t.Errorf("%q arrived although the bot may not see the channel", content)
			}
		}
		_, err = f.rest().ChannelMessages(place.Vault, 1, "", "", "")
		wantCode(t, "read the vault", err, http.StatusForbidden, discordgo.ErrCodeMissingAccess)
	}
	role := "/guilds/" + place.ID + "/members/" + f.w.bot.ID + "/roles/" + place.Key
	change := func(method string, want bool) {
		t.Helper()
		mark := f.seen.mark()
		must(t, method+" "+role, f.w.owner.Do(t.Context(), method, role, nil, nil))
		update := await(t, f, mark, "GUILD_MEMBER_UPDATE of the bot", func(m *discordgo.GuildMemberUpdate) bool { return m.User.ID == f.w.bot.ID })
		equal(t, "the bot has the role", slices.Contains(update.Roles, place.Key), want)
	}

	hidden("before the role")
	change(http.MethodPut, true)
	mark := f.seen.mark()
	_, err := f.w.owner.Send(t.Context(), place.Vault, "with the role")
	must(t, "the owner sends in the vault", err)
	f.said(t, mark, "with the role")
	history, err := f.rest().ChannelMessages(place.Vault, 1, "", "", "")
	must(t, "read the vault", err)
	if len(history) != 1 || history[0].Content != "with the role" {
		t.Errorf("the vault's history is %v", history)
	}
	change(http.MethodDelete, false)
	hidden("after the role")
}

func (f *fleet) missingPermission(t *testing.T) {
	place := f.w.Guilds[0]
	_, err := f.rest().ChannelMessageSend(place.ReadOnly, "may I?")
	wantCode(t, "send without SEND_MESSAGES", err, http.StatusForbidden, discordgo.ErrCodeMissingPermissions)
	_, err = f.rest().GuildRoleCreate(place.ID, &discordgo.RoleParams{Name: "crown"})
	wantCode(t, "create a role without MANAGE_ROLES", err, http.StatusForbidden, discordgo.ErrCodeMissingPermissions)
	err = f.rest().GuildMemberDelete(place.ID, f.w.friend.ID)
	wantCode(t, "kick without KICK_MEMBERS", err, http.StatusForbidden, discordgo.ErrCodeMissingPermissions)
}

func (f *fleet) typing(t *testing.T) {
	general, mark := f.w.Guilds[0].General, f.seen.mark()
	must(t, "the friend types", f.w.friend.Do(t.Context(), http.MethodPost, "/channels/"+general+"/typing", nil, nil))
	seen := await(t, f, mark, "TYPING_START", func(e *discordgo.TypingStart) bool { return e.UserID == f.w.friend.ID })
	equal(t, "channel", seen.ChannelID, general)

	_, observed := watch(t, gatewayclient.Options{Gateway: f.w.Gateway, Token: f.w.observer.Token, Intents: gatewayclient.IntentsAll})
	must(t, "type", f.rest().ChannelTyping(general))
	observed.await(t, 0, "TYPING_START of the bot at another bot", func(e gatewayclient.Event) bool {
		var typing discordgo.TypingStart
		return e.Type == "TYPING_START" && json.Unmarshal(e.Data, &typing) == nil && typing.UserID == f.w.bot.ID && typing.ChannelID == general
	})
}

func (f *fleet) presence(t *testing.T) {
	place, mark := f.w.Guilds[0], f.seen.mark()
	of := func(id string, status discordgo.Status) *discordgo.PresenceUpdate {
		t.Helper()
		return await(t, f, mark, fmt.Sprintf("PRESENCE_UPDATE to %s", status), func(p *discordgo.PresenceUpdate) bool {
			return p.User.ID == id && p.Status == status && p.GuildID == place.ID
		})
	}
	device, _ := watch(t, gatewayclient.Options{Gateway: f.w.Gateway, Token: f.w.friend.Authorization})
	must(t, "the friend plays chess", device.Send(gatewayclient.OpPresence, map[string]any{
		"status": "dnd", "since": nil, "afk": false, "activities": []map[string]any{{"name": "chess", "type": 0}},
	}))
	playing := of(f.w.friend.ID, discordgo.StatusDoNotDisturb)
	if len(playing.Activities) != 1 || playing.Activities[0].Name != "chess" {
		t.Errorf("activities: %v, expected chess", playing.Activities)
	}
	must(t, "the friend idles", device.Send(gatewayclient.OpPresence, map[string]any{
		"status": "idle", "since": nil, "afk": false, "activities": []any{},
	}))
	of(f.w.friend.ID, discordgo.StatusIdle)
	device.Close()
	of(f.w.friend.ID, discordgo.StatusOffline)

	_, observed := watch(t, gatewayclient.Options{Gateway: f.w.Gateway, Token: f.w.observer.Token, Intents: gatewayclient.IntentsAll})
	for _, s := range f.shard {
		must(t, "set the bot's presence", s.UpdateStatusComplex(discordgo.UpdateStatusData{
			Status: "idle", Activities: []*discordgo.Activity{{Name: "the keys", Type: discordgo.ActivityTypeWatching}},
		}))
	}
	observed.await(t, 0, "PRESENCE_UPDATE of the bot at another bot", func(e gatewayclient.Event) bool {
		var p discordgo.PresenceUpdate
		return e.Type == "PRESENCE_UPDATE" && json.Unmarshal(e.Data, &p) == nil && p.User.ID == f.w.bot.ID &&
			p.Status == discordgo.StatusIdle && len(p.Activities) == 1 && p.Activities[0].Name == "the keys"
	})
}

func (f *fleet) memberChunks(t *testing.T) {
	place, s := f.w.Guilds[1], f.shard[1]
	ask := func(nonce string, request func() error) []string {
		t.Helper()
		mark := f.seen.mark()
		must(t, "request members", request())
		var got []string
		for index := 0; ; index++ {
			chunk := await(t, f, mark, "GUILD_MEMBERS_CHUNK "+nonce, func(c *discordgo.GuildMembersChunk) bool {
				return c.Nonce == nonce && c.ChunkIndex == index
			})
			equal(t, "guild of the chunk", chunk.GuildID, place.ID)
			for _, m := range chunk.Members {
				got = append(got, m.User.ID)
			}
			if index == chunk.ChunkCount-1 {
				slices.Sort(got)
				return got
			}
		}
	}
	everyone := []string{f.w.owner.ID, f.w.friend.ID, f.w.bot.ID, f.w.observer.ID}
	slices.Sort(everyone)
	// discordgo sends guild_id as a list of one, which Discord accepts.
	all := ask("all", func() error { return s.RequestGuildMembers(place.ID, "", 0, "all", true) })
	equal(t, "all members", fmt.Sprint(all), fmt.Sprint(everyone))
	name := f.w.friend.Username
	found := ask("prefix", func() error { return s.RequestGuildMembers(place.ID, name[:len(name)-1], 10, "prefix", false) })
	equal(t, "members by the start of a name", fmt.Sprint(found), fmt.Sprint([]string{f.w.friend.ID}))

	mark := f.seen.mark()
	must(t, "request by id", s.RequestGuildMembersList(place.ID, []string{f.w.friend.ID, f.w.visitor.ID}, 0, "ids", false))
	chunk := await(t, f, mark, "GUILD_MEMBERS_CHUNK ids", func(c *discordgo.GuildMembersChunk) bool { return c.Nonce == "ids" })
	if len(chunk.Members) != 1 || chunk.Members[0].User.ID != f.w.friend.ID || len(chunk.NotFound) != 1 || chunk.NotFound[0] != f.w.visitor.ID {
		t.Errorf("by id: %d members, not found: %v; expected the friend, and the visitor not found", len(chunk.Members), chunk.NotFound)
	}
}

func (f *fleet) invites(t *testing.T) {
	place, mark := f.w.Guilds[0], f.seen.mark()
	invite, err := f.rest().ChannelInviteCreate(place.General, discordgo.Invite{MaxAge: 3600, MaxUses: 5, Unique: true})
	must(t, "create an invite", err)
	var created struct {
		Code string `json:"code"`
	}
	awaitRaw(t, f, mark, "INVITE_CREATE", &created)
	equal(t, "code of the event", created.Code, invite.Code)
	resolved, err := f.rest().Invite(invite.Code)
	must(t, "resolve the invite", err)
	equal(t, "guild of the invite", resolved.Guild.ID, place.ID)

	visitor := f.w.visitor
	must(t, "the visitor accepts", visitor.Do(t.Context(), http.MethodPost, "/invites/"+invite.Code, map[string]any{}, nil))
	await(t, f, mark, "GUILD_MEMBER_ADD", func(m *discordgo.GuildMemberAdd) bool { return m.User.ID == visitor.ID })
	guild, err := f.shard[0].State.Guild(place.ID)
	must(t, "guild in the cache", err)
	equal(t, "members in the cache", guild.MemberCount, 5)
	listed, err := f.rest().ChannelInvites(place.General)
	must(t, "list the invites", err)
	if i := slices.IndexFunc(listed, func(i *discordgo.Invite) bool { return i.Code == invite.Code }); i < 0 || listed[i].Uses != 1 {
		t.Errorf("the invite is not listed with one use among %d", len(listed))
	}

	nick := map[string]any{"nick": "guest"}
	must(t, "the owner names the visitor", f.w.owner.Do(t.Context(), http.MethodPatch, "/guilds/"+place.ID+"/members/"+visitor.ID, nick, nil))
	await(t, f, mark, "GUILD_MEMBER_UPDATE", func(m *discordgo.GuildMemberUpdate) bool {
		return m.User.ID == visitor.ID && m.Nick == "guest"
	})

	_, err = f.rest().InviteDelete(invite.Code)
	must(t, "delete the invite", err)
	var deleted struct {
		Code string `json:"code"`
	}
	awaitRaw(t, f, mark, "INVITE_DELETE", &deleted)
	equal(t, "code of the event", deleted.Code, invite.Code)
	_, err = f.rest().Invite(invite.Code)
	wantCode(t, "resolve a deleted invite", err, http.StatusNotFound, discordgo.ErrCodeUnknownInvite)

	must(t, "the visitor leaves", visitor.Do(t.Context(), http.MethodDelete, "/users/@me/guilds/"+place.ID, nil, nil))
	await(t, f, mark, "GUILD_MEMBER_REMOVE", func(m *discordgo.GuildMemberRemove) bool { return m.User.ID == visitor.ID })
}

func (f *fleet) directMessages(t *testing.T) {
	mark := f.seen.mark()
	dm, err := f.rest().UserChannelCreate(f.w.friend.ID)
	must(t, "open the DM", err)
	equal(t, "type", dm.Type, discordgo.ChannelTypeDM)
	_, err = f.rest().ChannelMessageSend(dm.ID, "psst")
	must(t, "send", err)

	friend := f.w.friend
	var opened struct {
		ID string `json:"id"`
	}
	must(t, "the friend opens the DM", friend.Do(t.Context(), http.MethodPost, "/users/@me/channels", map[string]any{"recipients": []string{f.w.bot.ID}}, &opened))
	equal(t, "channel on both sides", opened.ID, dm.ID)
	_, err = friend.Send(t.Context(), dm.ID, "yes?")
	must(t, "the friend answers", err)
	heard := f.seen.await(t, mark, "MESSAGE_CREATE in the DM", func(s sighting) bool {
		m, ok := s.event.(*discordgo.MessageCreate)
		return ok && m.Content == "yes?"
	})
	equal(t, "shard of a DM", heard.shard, 0)
	answer := heard.event.(*discordgo.MessageCreate)
	equal(t, "channel", answer.ChannelID, dm.ID)
	equal(t, "guild", answer.GuildID, "")
	equal(t, "author", answer.Author.ID, friend.ID)
	for _, s := range f.seen.since(mark) {
		if m, ok := s.event.(*discordgo.MessageCreate); ok && m.ChannelID == dm.ID && s.shard != 0 {
			t.Errorf("shard %d got the DM %q", s.shard, m.Content)
		}
	}
}
