package messages_test

import (
	"encoding/json"
	"net/http"
	"slices"
	"testing"
	"time"

	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/snowflake"
)

func TestEdit(t *testing.T) {
	t.Parallel()
	h := newHall(t)
	sent := h.send(h.member, object{"content": "one <@" + h.owner.ID.String() + ">", "embeds": []object{{"title": "T"}}})
	at := path(h.channel, sent.ID)
	h.owner.Must(t, http.MethodPut, at+"/reactions/%F0%9F%91%8D/@me", nil, nil)
	var edited discord.Message
	h.member.Must(t, http.MethodPatch, at, object{"content": "two"}, &edited)
	if edited.Content != "two" || edited.EditedTimestamp == nil || len(edited.Embeds) != 1 || len(edited.Mentions) != 0 ||
		len(edited.Reactions) != 1 {
		t.Errorf("%+v", edited)
	}
	var event discord.MessageEvent
	e := h.last(h.guild, discord.EventMessageUpdate, &event)
	if event.Content != "two" || event.Member == nil || event.Reactions != nil || event.Author.ID != h.member.ID ||
		e.Head.User != h.member.ID || e.Head.Channel != h.channel {
		t.Errorf("%+v", event)
	}
	var kept int
	h.member.Must(t, http.MethodPatch, at, object{"content": "three <@" + h.owner.ID.String() + ">", "embeds": nil}, &edited)
	if len(edited.Embeds) != 0 || !slices.Equal(mentioned(edited), []snowflake.ID{h.owner.ID}) {
		t.Errorf("%+v", edited)
	}
	h.scan(&kept, `select count(*) from message_edits where message_id = $1 and content in ($2, 'two')`, sent.ID, sent.Content)
	if kept != 2 {
		t.Errorf("%d earlier versions are kept, expected 2", kept)
	}

	// Flags are no edit of what it says.
	stamp := *edited.EditedTimestamp
	var flagged discord.Message
	h.owner.Must(t, http.MethodPatch, at, object{"flags": discord.MessageFlagSuppressEmbeds}, &flagged)
	if flagged.Flags != discord.MessageFlagSuppressEmbeds || *flagged.EditedTimestamp != stamp || len(flagged.Mentions) != 1 {
		t.Errorf("%+v", flagged)
	}
	h.owner.Fails(t, http.MethodPatch, at, object{"content": "x"}, discord.ErrNotAuthor)
	h.member.Fails(t, http.MethodPatch, at, object{"content": ""}, discord.ErrEmptyMessage)
	h.member.Must(t, http.MethodPatch, at, object{"attachments": []object{}}, nil)
	problem(t, h.member, http.MethodPatch, at, object{"attachments": []object{{"id": "1"}}}, "attachments")
	problem(t, h.member, http.MethodPatch, at, object{"embeds": []object{{}}}, "embeds", "0", "description")
	h.member.Fails(t, http.MethodPatch, path(h.channel, sent.ID+1), object{"content": "x"}, discord.ErrUnknownMessage)
	other := h.User(t)
	h.Join(t, h.guild, other)
	other.Fails(t, http.MethodPatch, at, object{"flags": 4}, discord.ErrMissingPermissions)
	h.User(t).Fails(t, http.MethodPatch, at, object{"flags": 4}, discord.ErrMissingAccess)
}

func (h *hall) scan(into any, sql string, args ...any) {
	h.t.Helper()
	if err := h.Query(h.t, sql, args...).Scan(into); err != nil {
		h.t.Fatal(err)
	}
}

func TestEditOfAReplyKeepsItsPing(t *testing.T) {
	t.Parallel()
	h := newHall(t)
	question := h.send(h.owner, object{"content": "?"})
	answer := h.send(h.member, object{"content": "!", "message_reference": object{"message_id": question.ID}})
	var edited discord.Message
	h.member.Must(t, http.MethodPatch, path(h.channel, answer.ID), object{"content": "!!"}, &edited)
	if !slices.Equal(mentioned(edited), []snowflake.ID{h.owner.ID}) || (*edited.ReferencedMessage).ID != question.ID {
		t.Errorf("%+v", edited)
	}
}

func TestDelete(t *testing.T) {
	t.Parallel()
	h := newHall(t)
	sent, other := h.send(h.member, object{"content": "x"}), h.send(h.owner, object{"content": "y"})
	h.member.Fails(t, http.MethodDelete, path(h.channel, other.ID), nil, discord.ErrMissingPermissions)
	h.member.Must(t, http.MethodDelete, path(h.channel, sent.ID), nil, nil)
	var event discord.MessageDeleteEvent
	e := h.last(h.guild, discord.EventMessageDelete, &event)
	if event.ID != sent.ID || event.ChannelID != h.channel || *event.GuildID != h.guild || e.Head.Channel != h.channel {
		t.Errorf("%+v", event)
	}
	for _, method := range []string{http.MethodGet, http.MethodDelete} {
		h.member.Fails(t, method, path(h.channel, sent.ID), nil, discord.ErrUnknownMessage)
	}
	h.member.Fails(t, http.MethodPatch, path(h.channel, sent.ID), object{"content": "x"}, discord.ErrUnknownMessage)
	if list := h.list(h.member, ""); len(list) != 1 {
		t.Errorf("%d messages", len(list))
	}
	// It is kept, and by whom it was deleted.
	var by snowflake.ID
	h.scan(&by, `select deleted_by from messages where id = $1`, sent.ID)
	if by != h.member.ID {
		t.Errorf("deleted by %s", by)
	}

	sent = h.send(h.member, object{"content": "x"})
	owner := *h.owner
	owner.Header = http.Header{"X-Audit-Log-Reason": {"spam"}}
	owner.Must(t, http.MethodDelete, path(h.channel, sent.ID), nil, nil)
	var entry discord.AuditEntry
	h.last(h.guild, discord.EventAuditLogEntryCreate, &entry)
	if entry.ActionType != discord.AuditMessageDelete || *entry.TargetID != h.member.ID.String() || *entry.UserID != h.owner.ID ||
		entry.Options["channel_id"] != h.channel.String() || entry.Options["count"] != "1" || *entry.Reason != "spam" {
		t.Errorf("%+v", entry)
	}
}

func TestSystemMessages(t *testing.T) {
	t.Parallel()
	h := newHall(t)
	post := func(kind int) snowflake.ID {
		id := h.Store.NewID()
		h.Exec(t, `insert into messages (id, channel_id, guild_id, author_id, type) values ($1, $2, $3, $4, $5)`,
			id, h.channel, h.guild, h.member.ID, kind)
		return id
	}
	welcome, added := post(7), post(1)
	h.member.Fails(t, http.MethodPatch, path(h.channel, welcome), object{"content": "x"}, discord.ErrSystemMessage)
	h.owner.Fails(t, http.MethodDelete, path(h.channel, added), nil, discord.ErrSystemMessage)
	codes := problem(t, h.owner, http.MethodPost, path(h.channel), object{"content": "x", "message_reference": object{"message_id": added}}, "message_reference")
	if codes[0] != "REPLIES_CANNOT_REFERENCE_SYSTEM_MESSAGE" {
		t.Error(codes)
	}
	h.send(h.owner, object{"content": "hi", "message_reference": object{"message_id": welcome}})
	h.owner.Must(t, http.MethodDelete, path(h.channel, welcome), nil, nil)
}

func TestBulkDelete(t *testing.T) {
	t.Parallel()
	h := newHall(t)
	at := path(h.channel, "/bulk-delete")
	var ids []snowflake.ID
	for range 4 {
		ids = append(ids, h.send(h.member, object{"content": "x"}).ID)
	}
	bulk := func(ids ...snowflake.ID) object { return object{"messages": ids} }
	h.member.Fails(t, http.MethodPost, at, bulk(ids[:2]...), discord.ErrMissingPermissions)
	h.owner.Fails(t, http.MethodPost, at, bulk(ids[0]), discord.ErrBulkDeleteCount)
	h.owner.Fails(t, http.MethodPost, at, bulk(make([]snowflake.ID, 101)...), discord.ErrBulkDeleteCount)
	old := snowflake.FromTime(time.Now().AddDate(0, 0, -15))
	h.owner.Fails(t, http.MethodPost, at, bulk(ids[0], old), discord.ErrTooOldToDelete)
	problem(t, h.owner, http.MethodPost, at, bulk(ids[0], ids[0]), "messages", "1")
	if len(h.list(h.owner, "")) != 4 {
		t.Fatal("a refused request deleted messages")
	}

	unknown := h.Store.NewID()
	before := h.Seq(t, h.guild)
	h.owner.Must(t, http.MethodPost, at, bulk(ids[0], ids[2], unknown), nil)
	evs := h.Events(t, h.guild, before)
	var event discord.MessageDeleteBulkEvent
	if err := json.Unmarshal(evs[0].Data, &event); err != nil || evs[0].Head.Type != discord.EventMessageDeleteBulk ||
		!slices.Equal(event.IDs, []snowflake.ID{ids[0], ids[2]}) || *event.GuildID != h.guild {
		t.Errorf("%s %s", evs[0].Head.Type, evs[0].Data)
	}
	var entry discord.AuditEntry
	h.last(h.guild, discord.EventAuditLogEntryCreate, &entry)
	if entry.ActionType != discord.AuditMessageBulkDelete || entry.Options["count"] != "2" || *entry.TargetID != h.channel.String() {
		t.Errorf("%+v", entry)
	}
	before = h.Seq(t, h.guild)
	h.owner.Must(t, http.MethodPost, at, bulk(ids[0], ids[2]), nil)
	if h.Seq(t, h.guild) != before {
		t.Error("an event although nothing was deleted")
	}
	if list := h.list(h.owner, ""); len(list) != 2 {
		t.Errorf("%d messages are left", len(list))
	}
}

func TestDirectMessages(t *testing.T) {
	t.Parallel()
	h := newHall(t)
	var dm discord.Channel
	h.owner.Must(t, http.MethodPost, "/users/@me/channels", object{"recipient_id": h.member.ID}, &dm)
	sent := sendTo(t, h.owner, dm.ID, object{"content": "psst <@" + h.member.ID.String() + ">"})
	for _, log := range []snowflake.ID{h.owner.ID, h.member.ID} {
		var event discord.MessageEvent
		e := h.last(log, discord.EventMessageCreate, &event)
		if event.ID != sent.ID || event.GuildID != nil || event.Member != nil || event.ChannelType != discord.ChannelDM ||
			e.Head.Guild != 0 || e.Head.Channel != 0 || e.Head.User != h.owner.ID || len(e.Head.Mentions) != 1 {
			t.Errorf("%+v %+v", e.Head, event)
		}
	}
	// The other sees the channel with its first message.
	evs := h.Events(t, h.member.ID, h.Seq(t, h.member.ID)-2)
	if evs[0].Head.Type != discord.EventChannelCreate {
		t.Errorf("before the message came %s", evs[0].Head.Type)
	}
	var list []discord.Message
	h.member.Must(t, http.MethodGet, path(dm.ID), nil, &list)
	if len(list) != 1 || list[0].ID != sent.ID {
		t.Errorf("%+v", list)
	}
	h.User(t).Fails(t, http.MethodGet, path(dm.ID), nil, discord.ErrMissingAccess)
	h.User(t).Fails(t, http.MethodPost, path(dm.ID), object{"content": "x"}, discord.ErrMissingAccess)
	h.member.Fails(t, http.MethodPatch, path(dm.ID, sent.ID), object{"content": "x"}, discord.ErrNotAuthor)
	h.member.Fails(t, http.MethodDelete, path(dm.ID, sent.ID), nil, discord.ErrMissingPermissions)
	h.owner.Fails(t, http.MethodPost, path(dm.ID, "/bulk-delete"), object{"messages": []snowflake.ID{1, 2}}, discord.ErrOnDM)
	h.owner.Must(t, http.MethodPatch, path(dm.ID, sent.ID), object{"content": "hey"}, nil)
	h.owner.Must(t, http.MethodDelete, path(dm.ID, sent.ID), nil, nil)
	for _, log := range []snowflake.ID{h.owner.ID, h.member.ID} {
		var event discord.MessageDeleteEvent
		h.last(log, discord.EventMessageDelete, &event)
		if event.ID != sent.ID || event.GuildID != nil {
			t.Errorf("%+v", event)
		}
	}
	// A bot reads in DMs what it is told, granted or not.
	bot := h.Bot(t, h.owner, 0)
	h.owner.Must(t, http.MethodPost, "/users/@me/channels", object{"recipient_id": bot.ID}, &dm)
	sent = sendTo(t, h.owner, dm.ID, object{"content": "words"})
	var got discord.Message
	bot.Must(t, http.MethodGet, path(dm.ID, sent.ID), nil, &got)
	if got.Content != "words" {
		t.Errorf("a bot got %q in a DM", got.Content)
	}
}

func TestTimedOutMemberCannotSend(t *testing.T) {
	t.Parallel()
	h := newHall(t)
	h.Exec(t, `update members set timed_out_until = now() + interval '1 hour' where user_id = $1`, h.member.ID)
	h.member.Fails(t, http.MethodPost, path(h.channel), object{"content": "x"}, discord.ErrMissingPermissions)
}
