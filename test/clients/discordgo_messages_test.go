package clients_test

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/bwmarrin/discordgo"
)

func (f *fleet) connect(t *testing.T) {
	for shard, s := range f.shard {
		if shard > 0 {
			time.Sleep(5 * time.Second) // one identify each five seconds, as Discord documents; discordgo leaves it to us
		}
		must(t, fmt.Sprintf("open shard %d", shard), s.Open())
		equal(t, "own user", s.State.User.ID, f.w.bot.ID)
		equal(t, "application", s.State.Application.ID, f.w.bot.ApplicationID)
		if got := s.State.Shard; got == nil || *got != [2]int{shard, shards} {
			t.Errorf("READY of shard %d tells the shard %v", shard, got)
		}
	}
	gateway, err := f.rest().GatewayBot()
	must(t, "GET /gateway/bot", err)
	equal(t, "recommended shards", gateway.Shards, shards)
	_, err = f.rest().VoiceRegions()
	must(t, "voice regions", err)
}

func (f *fleet) caches(t *testing.T) {
	for shard, place := range f.w.Guilds {
		await(t, f, 0, "GUILD_CREATE "+place.ID, func(g *discordgo.GuildCreate) bool { return g.ID == place.ID })
		s := f.shard[shard]
		equal(t, "number of guilds on the shard", len(s.State.Guilds), 1)
		guild, err := s.State.Guild(place.ID)
		must(t, "guild in the cache", err)
		equal(t, "name", guild.Name, place.Name)
		equal(t, "owner", guild.OwnerID, f.w.Owner.ID)
		equal(t, "members (owner, friend and two bots)", guild.MemberCount, 4)
		equal(t, "unavailable", guild.Unavailable, false)
		channel, err := s.State.Channel(place.General)
		must(t, "channel in the cache", err)
		equal(t, "channel name", channel.Name, "talk")
		role, err := s.State.Role(place.ID, place.Key)
		must(t, "role in the cache", err)
		equal(t, "role name", role.Name, "keyholder")
		_, err = s.State.Member(place.ID, f.w.bot.ID)
		must(t, "own member in the cache", err)
		for id, want := range map[string]bool{place.General: true, place.ReadOnly: false} {
			permissions, err := s.State.UserChannelPermissions(f.w.bot.ID, id)
			must(t, "own permissions", err)
			equal(t, "may send in "+id, permissions&discordgo.PermissionSendMessages != 0, want)
		}
	}
}

func (f *fleet) create(t *testing.T) {
	general, mark := f.w.Guilds[0].General, f.seen.mark()
	sent, err := f.rest().ChannelMessageSend(general, "good morning")
	must(t, "send", err)
	event := f.said(t, mark, "good morning")
	equal(t, "id of the event", event.ID, sent.ID)
	equal(t, "author", event.Author.ID, f.w.bot.ID)
	equal(t, "author is a bot", event.Author.Bot, true)
	equal(t, "guild", event.GuildID, f.w.Guilds[0].ID)

	posted, err := f.w.friend.Send(t.Context(), general, "morning, bot – 안녕 👋")
	must(t, "the friend sends", err)
	answer := f.said(t, mark, "morning, bot – 안녕 👋")
	equal(t, "id of the friend's message", answer.ID, posted.ID)
	equal(t, "its author's name", answer.Author.Username, f.w.friend.Username)
	if answer.Member == nil {
		t.Error("a guild message of a member has no member")
	}
	equal(t, "type", answer.Type, discordgo.MessageTypeDefault)

	fetched, err := f.rest().ChannelMessage(general, posted.ID)
	must(t, "fetch", err)
	equal(t, "fetched content", fetched.Content, answer.Content)
	history, err := f.rest().ChannelMessages(general, 2, "", "", "")
	must(t, "history", err)
	equal(t, "history, newest first", ids(history), posted.ID+" "+sent.ID)
	history, err = f.rest().ChannelMessages(general, 10, "", sent.ID, "")
	must(t, "history after", err)
	equal(t, "history after the first", ids(history), posted.ID)
}

func ids(messages []*discordgo.Message) string {
	list := make([]string, len(messages))
	for i, m := range messages {
		list[i] = m.ID
	}
	return strings.Join(list, " ")
}

func (f *fleet) edit(t *testing.T) {
	general, mark := f.w.Guilds[0].General, f.seen.mark()
	own, err := f.rest().ChannelMessageSend(general, "first wording")
	must(t, "send", err)
	f.said(t, mark, "first wording")
	edited, err := f.rest().ChannelMessageEdit(general, own.ID, "second wording")
	must(t, "edit", err)
	equal(t, "answer", edited.Content, "second wording")
	update := await(t, f, mark, "MESSAGE_UPDATE", func(m *discordgo.MessageUpdate) bool { return m.ID == own.ID })
	if update.BeforeUpdate == nil || update.EditedTimestamp == nil {
		t.Fatalf("cached before: %v, edited_timestamp: %v, expected both", update.BeforeUpdate, update.EditedTimestamp)
	}
	equal(t, "content before", update.BeforeUpdate.Content, "first wording")

	theirs, err := f.w.friend.Send(t.Context(), general, "a tpyo")
	must(t, "the friend sends", err)
	f.said(t, mark, "a tpyo")
	path := "/channels/" + general + "/messages/" + theirs.ID
	must(t, "the friend edits", f.w.friend.Do(t.Context(), http.MethodPatch, path, map[string]any{"content": "a typo"}, nil))
	update = await(t, f, mark, "MESSAGE_UPDATE", func(m *discordgo.MessageUpdate) bool { return m.ID == theirs.ID })
	equal(t, "the friend's content", update.Content, "a typo")
	_, err = f.rest().ChannelMessageEdit(general, theirs.ID, "words put into a mouth")
	wantCode(t, "edit the message of another", err, http.StatusForbidden, discordgo.ErrCodeCannotEditFromAnotherUser)
}

func (f *fleet) reply(t *testing.T) {
	general, mark := f.w.Guilds[0].General, f.seen.mark()
	_, err := f.w.friend.Send(t.Context(), general, "are you there?")
	must(t, "the friend sends", err)
	question := f.said(t, mark, "are you there?")
	_, err = f.rest().ChannelMessageSendReply(general, "I am", question.Reference())
	must(t, "reply", err)
	answer := f.said(t, mark, "I am")
	equal(t, "type", answer.Type, discordgo.MessageTypeReply)
	if answer.MessageReference == nil || answer.ReferencedMessage == nil {
		t.Fatalf("message_reference %v, referenced_message %v, expected both", answer.MessageReference, answer.ReferencedMessage)
	}
	equal(t, "reference", answer.MessageReference.MessageID, question.ID)
	equal(t, "referenced content", answer.ReferencedMessage.Content, "are you there?")
	equal(t, "a reply pings its author", mentioned(answer, f.w.friend.ID), true)

	quiet, err := f.rest().ChannelMessageSendComplex(general, &discordgo.MessageSend{
		Content: "without a ping", Reference: question.Reference(),
		AllowedMentions: &discordgo.MessageAllowedMentions{RepliedUser: false},
	})
	must(t, "reply without a ping", err)
	equal(t, "replied_user: false pings", mentioned(quiet, f.w.friend.ID), false)
}

func mentioned(m *discordgo.Message, id string) bool {
	return slices.ContainsFunc(m.Mentions, func(u *discordgo.User) bool { return u.ID == id })
}

func (f *fleet) delete(t *testing.T) {
	general, mark := f.w.Guilds[0].General, f.seen.mark()
	own, err := f.rest().ChannelMessageSend(general, "not for long")
	must(t, "send", err)
	must(t, "delete", f.rest().ChannelMessageDelete(general, own.ID))
	await(t, f, mark, "MESSAGE_DELETE", func(m *discordgo.MessageDelete) bool { return m.ID == own.ID })
	_, err = f.rest().ChannelMessage(general, own.ID)
	wantCode(t, "fetch a deleted message", err, http.StatusNotFound, discordgo.ErrCodeUnknownMessage)

	theirs, err := f.w.friend.Send(t.Context(), general, "oops")
	must(t, "the friend sends", err)
	f.said(t, mark, "oops")
	path := "/channels/" + general + "/messages/" + theirs.ID
	must(t, "the friend deletes", f.w.friend.Do(t.Context(), http.MethodDelete, path, nil, nil))
	gone := await(t, f, mark, "MESSAGE_DELETE", func(m *discordgo.MessageDelete) bool { return m.ID == theirs.ID })
	if gone.BeforeDelete == nil || gone.BeforeDelete.Content != "oops" {
		t.Errorf("the cache had %v for the deleted message", gone.BeforeDelete)
	}
}

func (f *fleet) embeds(t *testing.T) {
	general, mark := f.w.Guilds[0].General, f.seen.mark()
	embed := &discordgo.MessageEmbed{
		Title: "Minutes", URL: "https://example.com/minutes", Description: "What was **said**", Color: 0x336699,
		Timestamp: "2024-02-29T12:00:00Z",
		Author:    &discordgo.MessageEmbedAuthor{Name: "The clerk"},
		Footer:    &discordgo.MessageEmbedFooter{Text: "Approved"},
		Fields:    []*discordgo.MessageEmbedField{{Name: "Present", Value: "Everyone", Inline: true}, {Name: "Absent", Value: "Nobody"}},
	}
	sent, err := f.rest().ChannelMessageSendEmbed(general, embed)
	must(t, "send", err)
	event := await(t, f, mark, "MESSAGE_CREATE with the embed", func(m *discordgo.MessageCreate) bool { return m.ID == sent.ID })
	fetched, err := f.rest().ChannelMessage(general, sent.ID)
	must(t, "fetch", err)
	for where, m := range map[string]*discordgo.Message{"answer": sent, "event": event.Message, "fetched": fetched} {
		if len(m.Embeds) != 1 {
			t.Errorf("%s: %d embeds, expected 1", where, len(m.Embeds))
			continue
		}
		got := m.Embeds[0]
		equal(t, where+": type", got.Type, discordgo.EmbedTypeRich)
		equal(t, where+": title", got.Title, embed.Title)
		equal(t, where+": url", got.URL, embed.URL)
		equal(t, where+": description", got.Description, embed.Description)
		equal(t, where+": color", got.Color, embed.Color)
		at, err := time.Parse(time.RFC3339, got.Timestamp)
		must(t, where+": timestamp", err)
		equal(t, where+": timestamp", at.UTC().Format(time.RFC3339), embed.Timestamp)
		if got.Author == nil || got.Author.Name != "The clerk" || got.Footer == nil || got.Footer.Text != "Approved" {
			t.Errorf("%s: author %v, footer %v", where, got.Author, got.Footer)
		}
		if len(got.Fields) != 2 || *got.Fields[0] != *embed.Fields[0] || *got.Fields[1] != *embed.Fields[1] {
			t.Errorf("%s: %d fields, expected the two that were sent", where, len(got.Fields))
		}
	}
	_, err = f.rest().ChannelMessageSendEmbed(general, &discordgo.MessageEmbed{Description: strings.Repeat("x", 4097)})
	wantCode(t, "an embed that is too long", err, http.StatusBadRequest, 50035)
}

func (f *fleet) mentions(t *testing.T) {
	place, mark := f.w.Guilds[0], f.seen.mark()
	content := fmt.Sprintf("<@%s> <@&%s> @everyone", f.w.friend.ID, place.Key)
	type allowed = discordgo.MessageAllowedMentions
	for _, c := range []struct {
		allowed              *allowed
		user, role, everyone bool
	}{
		{nil, true, true, true},
		{&allowed{Parse: []discordgo.AllowedMentionType{}}, false, false, false},
		{&allowed{Parse: []discordgo.AllowedMentionType{discordgo.AllowedMentionTypeUsers}}, true, false, false},
		{&allowed{Parse: []discordgo.AllowedMentionType{discordgo.AllowedMentionTypeEveryone}, Roles: []string{place.Key}}, false, true, true},
	} {
		sent, err := f.rest().ChannelMessageSendComplex(place.General, &discordgo.MessageSend{Content: content, AllowedMentions: c.allowed})
		must(t, "send", err)
		event := await(t, f, mark, "MESSAGE_CREATE", func(m *discordgo.MessageCreate) bool { return m.ID == sent.ID })
		what := fmt.Sprintf("user, role, everyone with %+v", c.allowed)
		got := [3]bool{mentioned(event.Message, f.w.friend.ID), slices.Contains(event.MentionRoles, place.Key), event.MentionEveryone}
		equal(t, what, got, [3]bool{c.user, c.role, c.everyone})
	}
}

func (f *fleet) reactions(t *testing.T) {
	general, mark := f.w.Guilds[0].General, f.seen.mark()
	message, err := f.rest().ChannelMessageSend(general, "vote")
	must(t, "send", err)
	path := "/channels/" + general + "/messages/" + message.ID + "/reactions/" + url.PathEscape("👍") + "/@me"
	must(t, "the friend reacts", f.w.friend.Do(t.Context(), http.MethodPut, path, nil, nil))
	added := await(t, f, mark, "MESSAGE_REACTION_ADD of the friend", func(r *discordgo.MessageReactionAdd) bool {
		return r.MessageID == message.ID && r.UserID == f.w.friend.ID
	})
	equal(t, "emoji", added.Emoji.Name, "👍")
	if added.Member == nil || added.Member.User == nil || added.Member.User.ID != f.w.friend.ID {
		t.Errorf("the event's member is %v, expected the friend", added.Member)
	}
	must(t, "react", f.rest().MessageReactionAdd(general, message.ID, "👍"))
	await(t, f, mark, "MESSAGE_REACTION_ADD of the bot", func(r *discordgo.MessageReactionAdd) bool {
		return r.MessageID == message.ID && r.UserID == f.w.bot.ID
	})
	users, err := f.rest().MessageReactions(general, message.ID, "👍", 10, "", "")
	must(t, "who reacted", err)
	equal(t, "number of users", len(users), 2)
	fetched, err := f.rest().ChannelMessage(general, message.ID)
	must(t, "fetch", err)
	if len(fetched.Reactions) != 1 || fetched.Reactions[0].Count != 2 || !fetched.Reactions[0].Me {
		t.Errorf("the fetched message has %d reactions, expected one with count 2 and me", len(fetched.Reactions))
	}
	must(t, "take the reaction back", f.rest().MessageReactionRemove(general, message.ID, "👍", "@me"))
	await(t, f, mark, "MESSAGE_REACTION_REMOVE of the bot", func(r *discordgo.MessageReactionRemove) bool {
		return r.MessageID == message.ID && r.UserID == f.w.bot.ID
	})
	must(t, "the friend takes the reaction back", f.w.friend.Do(t.Context(), http.MethodDelete, path, nil, nil))
	await(t, f, mark, "MESSAGE_REACTION_REMOVE of the friend", func(r *discordgo.MessageReactionRemove) bool {
		return r.MessageID == message.ID && r.UserID == f.w.friend.ID
	})
}
