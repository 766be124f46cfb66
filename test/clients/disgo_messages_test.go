package clients_test

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/disgoorg/disgo/discord"
	"github.com/disgoorg/disgo/events"
	disgorest "github.com/disgoorg/disgo/rest"
)

func (b *disgoBot) connect(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	must(t, "open the shards", b.OpenShardManager(ctx))
	for shard := range shards {
		ready := sees(t, b, 0, func(r *events.Ready) bool { return r.ShardID() == shard })
		equal(t, "own user", ready.User.ID, id(b.w.bot.ID))
		equal(t, "application", ready.Application.ID, id(b.w.bot.ApplicationID))
		equal(t, "shard in READY", ready.Shard, [2]int{shard, shards})
	}
	gateway, err := b.Rest.GetGatewayBot()
	must(t, "GET /gateway/bot", err)
	equal(t, "recommended shards", gateway.Shards, shards)
	// disgo leaves the token out here, which Discord's description asks for.
	_, err = b.Rest.GetVoiceRegions(disgorest.WithToken(discord.TokenTypeBot, b.w.bot.Token))
	must(t, "voice regions", err)
}

func (b *disgoBot) caches(t *testing.T) {
	for shard, place := range b.w.Guilds {
		ready := sees(t, b, 0, func(g *events.GuildReady) bool { return g.GuildID == id(place.ID) })
		equal(t, "shard of the guild", ready.ShardID(), shard)
		guild, ok := b.Caches.Guild(id(place.ID))
		equal(t, "guild in the cache", ok, true)
		equal(t, "name", guild.Name, place.Name)
		equal(t, "owner", guild.OwnerID, id(b.w.Owner.ID))
		equal(t, "members (owner, friend and two bots)", guild.MemberCount, 4)
		channel, ok := b.Caches.Channel(id(place.General))
		equal(t, "channel in the cache", ok, true)
		equal(t, "channel name", channel.Name(), "talk")
		role, ok := b.Caches.Role(id(place.ID), id(place.Key))
		equal(t, "role in the cache", ok, true)
		equal(t, "role name", role.Name, "keyholder")
		self, ok := b.Caches.SelfMember(id(place.ID))
		equal(t, "own member in the cache", ok, true)
		for channelID, want := range map[string]bool{place.General: true, place.ReadOnly: false} {
			channel, _ := b.Caches.Channel(id(channelID))
			permissions := b.Caches.MemberPermissionsInChannel(channel, self)
			equal(t, "may send in "+channelID, permissions.Has(discord.PermissionSendMessages), want)
		}
	}
	equal(t, "guilds in the cache", b.Caches.GuildsLen(), shards)
}

func (b *disgoBot) create(t *testing.T) {
	general, mark := b.w.Guilds[0].General, b.seen.mark()
	sent, err := b.Rest.CreateMessage(id(general), content("good morning"))
	must(t, "send", err)
	event := b.said(t, mark, "good morning")
	equal(t, "id of the event", event.MessageID, sent.ID)
	equal(t, "author", event.Message.Author.ID, id(b.w.bot.ID))
	equal(t, "author is a bot", event.Message.Author.Bot, true)
	if event.GuildID == nil || *event.GuildID != id(b.w.Guilds[0].ID) {
		t.Errorf("guild of the event: %v", event.GuildID)
	}

	posted, err := b.w.friend.Send(t.Context(), general, "morning, bot – 안녕 👋")
	must(t, "the friend sends", err)
	answer := b.said(t, mark, "morning, bot – 안녕 👋")
	equal(t, "id of the friend's message", answer.MessageID, id(posted.ID))
	equal(t, "its author's name", answer.Message.Author.Username, b.w.friend.Username)
	if answer.Message.Member == nil {
		t.Error("a guild message of a member has no member")
	}
	equal(t, "type", answer.Message.Type, discord.MessageTypeDefault)

	fetched, err := b.Rest.GetMessage(id(general), id(posted.ID))
	must(t, "fetch", err)
	equal(t, "fetched content", fetched.Content, answer.Message.Content)
	history, err := b.Rest.GetMessages(id(general), 0, 0, 0, 2)
	must(t, "history", err)
	if len(history) != 2 || history[0].ID != id(posted.ID) || history[1].ID != sent.ID {
		t.Errorf("history, newest first: %v", history)
	}
	history, err = b.Rest.GetMessages(id(general), 0, 0, sent.ID, 10)
	must(t, "history after", err)
	if len(history) != 1 || history[0].ID != id(posted.ID) {
		t.Errorf("history after the first: %v", history)
	}
}

func (b *disgoBot) edit(t *testing.T) {
	general, mark := b.w.Guilds[0].General, b.seen.mark()
	own, err := b.Rest.CreateMessage(id(general), content("first wording"))
	must(t, "send", err)
	b.said(t, mark, "first wording")
	second := "second wording"
	edited, err := b.Rest.UpdateMessage(id(general), own.ID, discord.MessageUpdate{Content: &second})
	must(t, "edit", err)
	equal(t, "answer", edited.Content, second)
	update := sees(t, b, mark, func(m *events.MessageUpdate) bool { return m.MessageID == own.ID })
	equal(t, "content before, from the cache", update.OldMessage.Content, "first wording")
	equal(t, "content", update.Message.Content, second)
	equal(t, "edited_timestamp is set", update.Message.EditedTimestamp != nil, true)

	theirs, err := b.w.friend.Send(t.Context(), general, "a tpyo")
	must(t, "the friend sends", err)
	b.said(t, mark, "a tpyo")
	path := "/channels/" + general + "/messages/" + theirs.ID
	must(t, "the friend edits", b.w.friend.Do(t.Context(), http.MethodPatch, path, map[string]any{"content": "a typo"}, nil))
	update = sees(t, b, mark, func(m *events.MessageUpdate) bool { return m.MessageID == id(theirs.ID) })
	equal(t, "the friend's content", update.Message.Content, "a typo")
	words := "words put into a mouth"
	_, err = b.Rest.UpdateMessage(id(general), id(theirs.ID), discord.MessageUpdate{Content: &words})
	refused(t, "edit the message of another", err, http.StatusForbidden, disgorest.JSONErrorCodeCannotEditMessageAuthoredByAnotherUser)
}

func (b *disgoBot) reply(t *testing.T) {
	general, mark := b.w.Guilds[0].General, b.seen.mark()
	_, err := b.w.friend.Send(t.Context(), general, "are you there?")
	must(t, "the friend sends", err)
	question := b.said(t, mark, "are you there?")
	reference := &discord.MessageReference{MessageID: &question.MessageID, ChannelID: &question.ChannelID}
	_, err = b.Rest.CreateMessage(id(general), discord.MessageCreate{Content: "I am", MessageReference: reference})
	must(t, "reply", err)
	answer := b.said(t, mark, "I am").Message
	equal(t, "type", answer.Type, discord.MessageTypeReply)
	if answer.MessageReference == nil || answer.ReferencedMessage == nil {
		t.Fatalf("message_reference %v, referenced_message %v, expected both", answer.MessageReference, answer.ReferencedMessage)
	}
	equal(t, "reference", *answer.MessageReference.MessageID, question.MessageID)
	equal(t, "referenced content", answer.ReferencedMessage.Content, "are you there?")
	equal(t, "a reply pings its author", names(answer.Mentions, b.w.friend.ID), true)

	quiet, err := b.Rest.CreateMessage(id(general), discord.MessageCreate{
		Content: "without a ping", MessageReference: reference, AllowedMentions: &discord.AllowedMentions{RepliedUser: false},
	})
	must(t, "reply without a ping", err)
	equal(t, "replied_user: false pings", names(quiet.Mentions, b.w.friend.ID), false)
}

// names says whether a user is among the mentioned.
func names(mentions []discord.User, user string) bool {
	return slices.ContainsFunc(mentions, func(u discord.User) bool { return u.ID == id(user) })
}

func (b *disgoBot) delete(t *testing.T) {
	general, mark := b.w.Guilds[0].General, b.seen.mark()
	own, err := b.Rest.CreateMessage(id(general), content("not for long"))
	must(t, "send", err)
	must(t, "delete", b.Rest.DeleteMessage(id(general), own.ID))
	sees(t, b, mark, func(m *events.MessageDelete) bool { return m.MessageID == own.ID })
	_, err = b.Rest.GetMessage(id(general), own.ID)
	refused(t, "fetch a deleted message", err, http.StatusNotFound, disgorest.JSONErrorCodeUnknownMessage)

	theirs, err := b.w.friend.Send(t.Context(), general, "oops")
	must(t, "the friend sends", err)
	b.said(t, mark, "oops")
	path := "/channels/" + general + "/messages/" + theirs.ID
	must(t, "the friend deletes", b.w.friend.Do(t.Context(), http.MethodDelete, path, nil, nil))
	gone := sees(t, b, mark, func(m *events.MessageDelete) bool { return m.MessageID == id(theirs.ID) })
	equal(t, "content that the cache had", gone.Message.Content, "oops")
}

func (b *disgoBot) embeds(t *testing.T) {
	general, mark := b.w.Guilds[0].General, b.seen.mark()
	at, inline := time.Date(2024, 2, 29, 12, 0, 0, 0, time.UTC), true
	embed := discord.Embed{
		Title: "Minutes", URL: "https://example.com/minutes", Description: "What was **said**", Color: 0x336699, Timestamp: &at,
		Author: &discord.EmbedAuthor{Name: "The clerk"}, Footer: &discord.EmbedFooter{Text: "Approved"},
		Fields: []discord.EmbedField{{Name: "Present", Value: "Everyone", Inline: &inline}, {Name: "Absent", Value: "Nobody"}},
	}
	sent, err := b.Rest.CreateMessage(id(general), discord.MessageCreate{Embeds: []discord.Embed{embed}})
	must(t, "send", err)
	event := sees(t, b, mark, func(m *events.MessageCreate) bool { return m.MessageID == sent.ID })
	fetched, err := b.Rest.GetMessage(id(general), sent.ID)
	must(t, "fetch", err)
	for where, m := range map[string]discord.Message{"answer": *sent, "event": event.Message, "fetched": *fetched} {
		if len(m.Embeds) != 1 {
			t.Errorf("%s: %d embeds, expected 1", where, len(m.Embeds))
			continue
		}
		got := m.Embeds[0]
		equal(t, where+": type", got.Type, discord.EmbedTypeRich)
		equal(t, where+": title", got.Title, embed.Title)
		equal(t, where+": url", got.URL, embed.URL)
		equal(t, where+": description", got.Description, embed.Description)
		equal(t, where+": color", got.Color, embed.Color)
		if got.Timestamp == nil || !got.Timestamp.Equal(at) {
			t.Errorf("%s: timestamp %v, expected %v", where, got.Timestamp, at)
		}
		if got.Author == nil || got.Author.Name != "The clerk" || got.Footer == nil || got.Footer.Text != "Approved" {
			t.Errorf("%s: author %v, footer %v", where, got.Author, got.Footer)
		}
		if len(got.Fields) != 2 || got.Fields[0].Name != "Present" || got.Fields[0].Inline == nil || !*got.Fields[0].Inline || got.Fields[1].Value != "Nobody" {
			t.Errorf("%s: fields %v, expected the two that were sent", where, got.Fields)
		}
	}
	_, err = b.Rest.CreateMessage(id(general), discord.MessageCreate{Embeds: []discord.Embed{{Description: strings.Repeat("x", 4097)}}})
	refused(t, "an embed that is too long", err, http.StatusBadRequest, disgorest.JSONErrorCodeInvalidFormBody)
}

func (b *disgoBot) mentions(t *testing.T) {
	place, mark := b.w.Guilds[0], b.seen.mark()
	text := fmt.Sprintf("<@%s> <@&%s> @everyone", b.w.friend.ID, place.Key)
	type allowed = discord.AllowedMentions
	for _, c := range []struct {
		allowed              *allowed
		user, role, everyone bool
	}{
		{nil, true, true, true},
		{&allowed{Parse: []discord.AllowedMentionType{}}, false, false, false},
		{&allowed{Parse: []discord.AllowedMentionType{discord.AllowedMentionTypeUsers}}, true, false, false},
	} {
		sent, err := b.Rest.CreateMessage(id(place.General), discord.MessageCreate{Content: text, AllowedMentions: c.allowed})
		must(t, "send", err)
		event := sees(t, b, mark, func(m *events.MessageCreate) bool { return m.MessageID == sent.ID }).Message
		got := [3]bool{names(event.Mentions, b.w.friend.ID), slices.Contains(event.MentionRoles, id(place.Key)), event.MentionEveryone}
		equal(t, fmt.Sprintf("user, role, everyone with %+v", c.allowed), got, [3]bool{c.user, c.role, c.everyone})
	}
}

func (b *disgoBot) reactions(t *testing.T) {
	general, mark := b.w.Guilds[0].General, b.seen.mark()
	message, err := b.Rest.CreateMessage(id(general), content("vote"))
	must(t, "send", err)
	path := "/channels/" + general + "/messages/" + message.ID.String() + "/reactions/" + url.PathEscape("👍") + "/@me"
	must(t, "the friend reacts", b.w.friend.Do(t.Context(), http.MethodPut, path, nil, nil))
	by := func(user string, g *events.GenericReaction) bool {
		return g.MessageID == message.ID && g.UserID == id(user)
	}
	added := sees(t, b, mark, func(r *events.MessageReactionAdd) bool { return by(b.w.friend.ID, r.GenericReaction) })
	if added.Emoji.Name == nil || *added.Emoji.Name != "👍" {
		t.Errorf("emoji %v", added.Emoji)
	}
	if added.Member == nil || added.Member.User.ID != id(b.w.friend.ID) {
		t.Errorf("the event's member is %v, expected the friend", added.Member)
	}
	must(t, "react", b.Rest.AddReaction(id(general), message.ID, "👍"))
	sees(t, b, mark, func(r *events.MessageReactionAdd) bool { return by(b.w.bot.ID, r.GenericReaction) })
	users, err := b.Rest.GetReactions(id(general), message.ID, "👍", discord.MessageReactionTypeNormal, 0, 10)
	must(t, "who reacted", err)
	equal(t, "number of users", len(users), 2)
	fetched, err := b.Rest.GetMessage(id(general), message.ID)
	must(t, "fetch", err)
	if len(fetched.Reactions) != 1 || fetched.Reactions[0].Count != 2 || !fetched.Reactions[0].Me {
		t.Errorf("the fetched message has the reactions %v, expected one with count 2 and me", fetched.Reactions)
	}
	must(t, "take the reaction back", b.Rest.RemoveOwnReaction(id(general), message.ID, "👍"))
	sees(t, b, mark, func(r *events.MessageReactionRemove) bool { return by(b.w.bot.ID, r.GenericReaction) })
	must(t, "the friend takes the reaction back", b.w.friend.Do(t.Context(), http.MethodDelete, path, nil, nil))
	sees(t, b, mark, func(r *events.MessageReactionRemove) bool { return by(b.w.friend.ID, r.GenericReaction) })
}
