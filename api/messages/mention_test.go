package messages_test

import (
	"bytes"
	"net/http"
	"slices"
	"testing"

	"guildhall.chat/guildhall/api/apitest"
	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/permissions"
	"guildhall.chat/guildhall/internal/snowflake"
)

func (h *hall) newRole(mentionable bool) snowflake.ID {
	h.t.Helper()
	id := h.Store.NewID()
	h.Exec(h.t, `insert into roles (id, guild_id, name, permissions, position, mentionable) values ($1, $2, 'r', 0, 1, $3)`,
		id, h.guild, mentionable)
	// Any change of the guild's structure, so that it is read anew.
	h.deny(0)
	return id
}

func mentioned(m discord.Message) (ids []snowflake.ID) {
	for _, u := range m.Mentions {
		ids = append(ids, u.ID)
	}
	slices.Sort(ids)
	return ids
}

func TestMentions(t *testing.T) {
	t.Parallel()
	h := newHall(t)
	open, closed := h.newRole(true), h.newRole(false)
	h.deny(permissions.MentionEveryone) // which leaves it to the owner
	a, b := h.owner.ID, h.member.ID
	stranger := h.User(t).ID
	user := func(id snowflake.ID) string { return "<@" + id.String() + ">" }
	role := func(id snowflake.ID) string { return "<@&" + id.String() + ">" }
	all := user(a) + "<@!" + b.String() + ">" + user(a) + role(open) + role(closed) + role(1) + user(1) + " @everyone @here"
	for name, c := range map[string]struct {
		from     *apitest.Client
		content  string
		allowed  object
		users    []snowflake.ID
		roles    []snowflake.ID
		everyone bool
	}{
		"all that a member may":       {h.member, all, nil, []snowflake.ID{a, b}, []snowflake.ID{open}, false},
		"all that the owner may":      {h.owner, all, nil, []snowflake.ID{a, b}, []snowflake.ID{open, closed}, true},
		"nothing":                     {h.owner, all, object{}, nil, nil, false},
		"parse users":                 {h.owner, all, object{"parse": []string{"users"}}, []snowflake.ID{a, b}, nil, false},
		"parse roles":                 {h.owner, all, object{"parse": []string{"roles"}}, nil, []snowflake.ID{open, closed}, false},
		"parse everyone":              {h.owner, all, object{"parse": []string{"everyone"}}, nil, nil, true},
		"one user":                    {h.owner, all, object{"users": []snowflake.ID{b, 5}}, []snowflake.ID{b}, nil, false},
		"one role, and all users":     {h.owner, all, object{"parse": []string{"users"}, "roles": []snowflake.ID{closed}}, []snowflake.ID{a, b}, []snowflake.ID{closed}, false},
		"in code":                     {h.owner, "`" + user(a) + "` ```\n@everyone " + role(open) + "```", nil, nil, nil, false},
		"behind an unclosed backtick": {h.owner, "`" + user(a), nil, []snowflake.ID{a}, nil, false},
		"who is not a member":         {h.owner, user(stranger), nil, []snowflake.ID{stranger}, nil, false},
		"no mention":                  {h.owner, "<@> <@x> <#" + a.String() + "> a@b.c", nil, nil, nil, false},
	} {
		body := object{"content": c.content}
		if c.allowed != nil {
			body["allowed_mentions"] = c.allowed
		}
		sent := h.send(c.from, body)
		slices.Sort(c.users)
		if !slices.Equal(mentioned(sent), c.users) || !slices.Equal(sent.MentionRoles, c.roles) || sent.MentionEveryone != c.everyone {
			t.Errorf("%s: users %v, roles %v, everyone %t", name, mentioned(sent), sent.MentionRoles, sent.MentionEveryone)
		}
		if read := h.get(h.owner, sent.ID); !slices.Equal(mentioned(read), c.users) || !slices.Equal(read.MentionRoles, c.roles) {
			t.Errorf("%s: read users %v, roles %v", name, mentioned(read), read.MentionRoles)
		}
	}
}

func TestReply(t *testing.T) {
	t.Parallel()
	h := newHall(t)
	question := h.send(h.owner, object{"content": "<@" + h.member.ID.String() + ">?"})
	to := func(id snowflake.ID) object { return object{"message_id": id} }
	answer := h.send(h.member, object{"content": "yes", "message_reference": to(question.ID)})
	if answer.Type != discord.MessageReply || *answer.MessageReference.MessageID != question.ID ||
		*answer.MessageReference.GuildID != h.guild || answer.ReferencedMessage == nil ||
		(*answer.ReferencedMessage).Content != question.Content || len((*answer.ReferencedMessage).Mentions) != 1 {
		t.Errorf("%+v", answer)
	}
	if !slices.Equal(mentioned(answer), []snowflake.ID{h.owner.ID}) {
		t.Errorf("a reply mentions %v", mentioned(answer))
	}
	var event discord.MessageEvent
	h.last(h.guild, discord.EventMessageCreate, &event)
	if event.ReferencedMessage == nil || (*event.ReferencedMessage).ID != question.ID {
		t.Error("the event lacks the referenced message")
	}
	quiet := h.send(h.member, object{"content": "yes", "message_reference": to(question.ID), "allowed_mentions": object{"parse": []string{"users"}}})
	if len(quiet.Mentions) != 0 {
		t.Errorf("a reply that pings nobody mentions %v", mentioned(quiet))
	}
	// One answer level is told.
	again := h.send(h.owner, object{"content": "ok", "message_reference": to(answer.ID)})
	if (*again.ReferencedMessage).ReferencedMessage != nil || len(again.Mentions) != 1 {
		t.Errorf("%+v", again)
	}

	codes := problem(t, h.member, http.MethodPost, path(h.channel), object{"content": "x", "message_reference": to(1)}, "message_reference")
	if codes[0] != "MESSAGE_REFERENCE_UNKNOWN_MESSAGE" {
		t.Error(codes)
	}
	plain := h.send(h.member, object{"content": "x", "message_reference": object{"message_id": "1", "fail_if_not_exists": false}})
	if plain.Type != discord.MessageDefault || plain.MessageReference != nil {
		t.Errorf("%+v", plain)
	}
	other := h.newChannel(object{"name": "other", "type": 0})
	codes = problem(t, h.member, http.MethodPost, path(other), object{"content": "x", "message_reference": object{"message_id": question.ID, "channel_id": h.channel}}, "message_reference")
	if codes[0] != "REPLIES_CANNOT_REFERENCE_OTHER_CHANNEL" {
		t.Error(codes)
	}

	h.owner.Must(t, http.MethodDelete, path(h.channel, question.ID), nil, nil)
	read := h.member.Do(t, http.MethodGet, path(h.channel, answer.ID), nil).Body
	if !bytes.Contains(read, []byte(`"referenced_message":null`)) {
		t.Errorf("a deleted question must be null: %s", read)
	}
	h.deny(permissions.ReadMessageHistory)
	h.member.Fails(t, http.MethodPost, path(h.channel), object{"content": "x", "message_reference": to(answer.ID)}, discord.ErrReplyNeedsHistory)
}

func TestForward(t *testing.T) {
	t.Parallel()
	h := newHall(t)
	other := h.newChannel(object{"name": "other", "type": 0})
	source := h.send(h.owner, object{"content": "news <@" + h.member.ID.String() + ">", "embeds": []object{{"title": "T"}}})
	ref := func(channel, id snowflake.ID) object {
		return object{"message_reference": object{"type": 1, "channel_id": channel, "message_id": id}}
	}
	forwarded := sendTo(t, h.member, other, ref(h.channel, source.ID))
	check := func(m discord.Message) {
		t.Helper()
		if m.Type != discord.MessageDefault || m.Flags&discord.MessageFlagHasSnapshot == 0 || m.MessageReference.Type != 1 ||
			m.MessageReference.ChannelID != h.channel || m.Content != "" || m.ReferencedMessage != nil {
			t.Errorf("%+v", m)
		}
		if len(m.MessageSnapshots) != 1 {
			t.Fatalf("%d snapshots", len(m.MessageSnapshots))
		}
		s := m.MessageSnapshots[0].Message
		if s.Content != source.Content || len(s.Embeds) != 1 || s.Timestamp != source.Timestamp || s.Mentions[0].ID != h.member.ID {
			t.Errorf("snapshot %+v", s)
		}
	}
	check(forwarded)
	// A snapshot does not change with its source.
	h.owner.Must(t, http.MethodPatch, path(h.channel, source.ID), object{"content": "old"}, nil)
	h.owner.Must(t, http.MethodDelete, path(h.channel, source.ID), nil, nil)
	var read discord.Message
	h.member.Must(t, http.MethodGet, path(other, forwarded.ID), nil, &read)
	check(read)
	// Forwarded on, it is the same snapshot.
	if again := h.send(h.member, ref(other, forwarded.ID)); again.MessageSnapshots[0].Message.Content != source.Content {
		t.Errorf("%+v", again.MessageSnapshots)
	}

	codes := problem(t, h.member, http.MethodPost, path(other), ref(h.channel, source.ID), "message_reference")
	if codes[0] != "MESSAGE_REFERENCE_UNKNOWN_MESSAGE" {
		t.Error(codes)
	}
	codes = problem(t, h.member, http.MethodPost, path(other), object{"message_reference": object{"type": 1, "message_id": "1"}}, "message_reference", "channel_id")
	if codes[0] != "BASE_TYPE_REQUIRED" {
		t.Error(codes)
	}
	kept := h.send(h.owner, object{"content": "secret"})
	bot := h.Bot(t, h.owner, 0)
	h.Join(t, h.guild, bot)
	bot.Fails(t, http.MethodPost, path(other), ref(h.channel, kept.ID), discord.ErrForwardUnreadable)
	h.deny(permissions.ViewChannel)
	h.member.Fails(t, http.MethodPost, path(other), ref(h.channel, kept.ID), discord.ErrMissingAccess)
}
