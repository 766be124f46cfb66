package threads_test

import (
	"net/http"
	"slices"
	"testing"

	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/permissions"
	"guildhall.chat/guildhall/internal/snowflake"
)

func TestThreadFromAMessage(t *testing.T) {
	t.Parallel()
	h := newHall(t)
	first := h.say(h.alice, h.text, "let us talk")
	h.say(h.alice, h.text, "later")
	seq := h.Seq(t, h.guild)
	path := at(h.text, "messages", first.ID.String(), "threads")
	h.stranger.Fails(t, http.MethodPost, path, object{"name": "talk"}, discord.ErrMissingAccess)
	h.bob.Fails(t, http.MethodPost, path, object{"name": ""}, discord.ErrInvalidForm)
	h.bob.Fails(t, http.MethodPost, at(h.text, "messages", "1", "threads"), object{"name": "talk"}, discord.ErrUnknownMessage)
	var c discord.Channel
	h.bob.Must(t, http.MethodPost, path, object{"name": "talk", "auto_archive_duration": 60, "rate_limit_per_user": 5}, &c)
	if c.ID != first.ID || c.Type != discord.ChannelPublicThread || *c.OwnerID != h.bob.ID || **c.ParentID != h.text ||
		c.ThreadMetadata.AutoArchiveDuration != 60 || *c.RateLimitPerUser != 5 || c.MemberCount != 1 || c.MessageCount != 0 || c.Member == nil {
		t.Errorf("made %+v %+v", c, c.Thread)
	}
	want := []string{
		discord.EventThreadCreate, discord.EventThreadMembersUpdate, discord.EventAuditLogEntryCreate, discord.EventMessageUpdate,
		discord.EventMessageCreate, discord.EventMessageCreate,
	}
	if got := h.events(seq); !slices.Equal(got, want) {
		t.Errorf("events %v", got)
	}
	h.bob.Fails(t, http.MethodPost, path, object{"name": "again"}, discord.ErrThreadExists)

	var m discord.Message
	h.alice.Must(t, http.MethodGet, at(h.text, "messages", first.ID.String()), nil, &m)
	if m.Flags&discord.MessageFlagHasThread == 0 || m.Thread == nil || m.Thread.ID != c.ID || m.Thread.Member != nil {
		t.Errorf("the message has flags %d and thread %+v", m.Flags, m.Thread)
	}
	var inside, outside []discord.Message
	h.alice.Must(t, http.MethodGet, at(c.ID, "messages"), nil, &inside)
	if len(inside) != 1 || inside[0].Type != discord.MessageThreadStarter || inside[0].ReferencedMessage == nil || (*inside[0].ReferencedMessage).ID != first.ID {
		t.Errorf("the thread begins with %+v", inside)
	}
	h.alice.Must(t, http.MethodGet, at(h.text, "messages"), nil, &outside)
	if told := outside[0]; told.Type != discord.MessageThreadCreated || told.Content != "talk" || told.MessageReference.ChannelID != c.ID {
		t.Errorf("the channel is told %+v", told)
	}
}

func TestMessagesCountAndJoin(t *testing.T) {
	t.Parallel()
	h := newHall(t)
	c := h.thread(h.alice, h.text, object{"name": "open", "type": 11})
	seq := h.Seq(t, h.guild)
	said := h.say(h.bob, c.ID, "here <@"+h.owner.ID.String()+">")
	h.say(h.bob, c.ID, "again")
	want := []string{
		discord.EventThreadCreate, discord.EventThreadCreate, discord.EventThreadMembersUpdate, discord.EventMessageCreate, discord.EventMessageCreate,
	}
	if got := h.events(seq); !slices.Equal(got, want) {
		t.Errorf("events %v", got)
	}
	if got := h.get(h.bob, c.ID); got.MessageCount != 2 || got.TotalMessageSent != 2 || got.MemberCount != 3 || **got.LastMessageID == said.ID || got.Member == nil {
		t.Errorf("after two messages: %+v", got.Thread)
	}
	h.bob.Must(t, http.MethodDelete, at(c.ID, "messages", said.ID.String()), nil, nil)
	if got := h.get(h.bob, c.ID); got.MessageCount != 1 || got.TotalMessageSent != 2 {
		t.Errorf("after a deletion: %+v", got.Thread)
	}
	h.bob.Must(t, http.MethodPut, at(c.ID, "messages", h.say(h.bob, c.ID, "x").ID.String(), "reactions", "%F0%9F%91%8D", "@me"), nil, nil)
	h.bob.Must(t, http.MethodPost, at(c.ID, "typing"), nil, nil)
	h.deny(h.text, permissions.SendMessagesInThreads)
	h.bob.Fails(t, http.MethodPost, at(c.ID, "messages"), object{"content": "no"}, discord.ErrMissingPermissions)
	h.deny(h.text, permissions.SendMessages)
	h.say(h.bob, c.ID, "threads are apart")
	h.deny(h.text, permissions.ViewChannel)
	h.bob.Fails(t, http.MethodGet, at(c.ID), nil, discord.ErrMissingAccess)
	h.stranger.Fails(t, http.MethodGet, at(c.ID), nil, discord.ErrMissingAccess)
}

func TestPrivateThreads(t *testing.T) {
	t.Parallel()
	h := newHall(t)
	c := h.thread(h.alice, h.text, object{"name": "secret", "invitable": false})
	if c.Type != discord.ChannelPrivateThread || *c.ThreadMetadata.Invitable {
		t.Errorf("made %+v", c.Thread)
	}
	bob := at(c.ID, "thread-members", h.bob.ID.String())
	h.bob.Fails(t, http.MethodGet, at(c.ID), nil, discord.ErrMissingAccess)
	h.bob.Fails(t, http.MethodPut, at(c.ID, "thread-members/@me"), nil, discord.ErrMissingAccess)
	h.alice.Fails(t, http.MethodPut, at(c.ID, "thread-members", h.stranger.ID.String()), nil, discord.ErrUnknownMember)
	h.alice.Must(t, http.MethodPut, bob, nil, nil)
	var told discord.Channel
	if e := h.last(discord.EventThreadCreate, &told); !slices.Equal(e.Head.Only, []snowflake.ID{h.bob.ID}) || told.Member == nil || told.NewlyCreated {
		t.Errorf("who was added is told %+v", e.Head)
	}
	h.say(h.bob, c.ID, "hi")
	h.bob.Fails(t, http.MethodPut, at(c.ID, "thread-members", h.owner.ID.String()), nil, discord.ErrMissingPermissions)
	h.bob.Fails(t, http.MethodDelete, at(c.ID, "thread-members", h.alice.ID.String()), nil, discord.ErrMissingPermissions)
	var members []discord.ThreadMember
	h.bob.Must(t, http.MethodGet, at(c.ID, "thread-members?with_member=true&limit=1"), nil, &members)
	if len(members) != 1 || members[0].UserID != h.alice.ID || members[0].Member == nil {
		t.Errorf("members %+v", members)
	}
	h.bob.Must(t, http.MethodPatch, at(c.ID, "thread-members/@me/settings"), object{"flags": 4, "muted": true}, nil)
	h.bob.Fails(t, http.MethodPatch, at(c.ID, "thread-members/@me/settings"), object{"flags": 64}, discord.ErrThreadSetting)
	var own, others discord.ThreadMember
	h.bob.Must(t, http.MethodGet, at(c.ID, "thread-members/@me"), nil, &own)
	h.alice.Must(t, http.MethodGet, bob, nil, &others)
	if own.Flags != 4 || !own.Muted || others.Muted {
		t.Errorf("settings %+v, and to others %+v", own, others)
	}
	h.alice.Must(t, http.MethodDelete, bob, nil, nil)
	h.bob.Fails(t, http.MethodGet, at(c.ID, "messages"), nil, discord.ErrMissingAccess)
	h.alice.Fails(t, http.MethodDelete, bob, nil, discord.ErrUnknownMember)
	h.owner.Must(t, http.MethodGet, at(c.ID), nil, nil) // manages threads
}

func TestArchivingAndLocking(t *testing.T) {
	t.Parallel()
	h := newHall(t)
	c := h.thread(h.alice, h.text, object{"name": "old", "type": 11})
	said := h.say(h.alice, c.ID, "once")
	h.bob.Fails(t, http.MethodPatch, at(c.ID), object{"name": "mine"}, discord.ErrMissingPermissions)
	h.alice.Fails(t, http.MethodPatch, at(c.ID), object{"locked": true}, discord.ErrMissingPermissions)
	h.alice.Fails(t, http.MethodPatch, at(c.ID), object{"auto_archive_duration": 7}, discord.ErrInvalidForm)
	h.alice.Must(t, http.MethodPatch, at(c.ID), object{"name": "older", "archived": true}, nil)
	h.alice.Fails(t, http.MethodPatch, at(c.ID), object{"name": "oldest"}, discord.ErrThreadArchived)
	h.alice.Fails(t, http.MethodPatch, at(c.ID, "messages", said.ID.String()), object{"content": "x"}, discord.ErrThreadArchived)
	h.alice.Fails(t, http.MethodPut, at(c.ID, "messages", said.ID.String(), "reactions", "%F0%9F%91%8D", "@me"), nil, discord.ErrThreadArchived)
	h.alice.Fails(t, http.MethodDelete, at(c.ID, "thread-members/@me"), nil, discord.ErrThreadArchived)
	h.bob.Must(t, http.MethodPatch, at(c.ID), object{"archived": false}, nil)
	h.owner.Must(t, http.MethodPatch, at(c.ID), object{"archived": true}, nil)
	seq := h.Seq(t, h.guild)
	h.say(h.bob, c.ID, "wake up")
	want := []string{discord.EventThreadUpdate, discord.EventThreadCreate, discord.EventThreadMembersUpdate, discord.EventMessageCreate}
	if got := h.events(seq); !slices.Equal(got, want) {
		t.Errorf("events %v", got)
	}
	var woken discord.Channel
	if e := h.last(discord.EventThreadUpdate, &woken); len(e.Head.Thread.Members) != 1 || woken.ThreadMetadata.Archived {
		t.Errorf("the header has %+v", e.Head.Thread)
	}
	h.owner.Must(t, http.MethodPatch, at(c.ID), object{"locked": true, "archived": true}, nil)
	h.bob.Fails(t, http.MethodPost, at(c.ID, "messages"), object{"content": "no"}, discord.ErrThreadLocked)
	h.alice.Fails(t, http.MethodPatch, at(c.ID), object{"archived": false}, discord.ErrMissingPermissions)
	h.say(h.owner, c.ID, "I may")
	h.bob.Fails(t, http.MethodDelete, at(c.ID), nil, discord.ErrMissingPermissions)
	h.owner.Must(t, http.MethodDelete, at(c.ID), nil, nil)
	h.alice.Fails(t, http.MethodGet, at(c.ID), nil, discord.ErrUnknownChannel)
	for action, entries := range map[discord.AuditAction]int{110: 1, 111: 4, 112: 1} {
		var n int
		if err := h.Query(t, `select count(*) from audit_log where guild_id = $1 and action = $2`, h.guild, action).Scan(&n); err != nil || n != entries {
			t.Errorf("%d entries of %d, %v", n, action, err)
		}
	}
}

func TestIdleThreadsAreArchived(t *testing.T) {
	t.Parallel()
	h := newHall(t)
	idle, busy := h.thread(h.alice, h.text, object{"name": "idle", "type": 11}), h.thread(h.alice, h.text, object{"name": "busy", "type": 11})
	h.Exec(t, `update threads set check_at = now() - interval '1 minute', archive_timestamp = now() - interval '2 days' where guild_id = $1`, h.guild)
	// What was said last is told by the id.
	h.Exec(t, `update threads set last_message_id = ((extract(epoch from now() - interval '25 hours') * 1000)::bigint - 1420070400000) << 22 where id = $1`, idle.ID)
	h.say(h.alice, busy.ID, "still here")
	if more, err := h.Store.ArchiveIdle(t.Context()); err != nil || more {
		t.Fatal(more, err)
	}
	if !h.get(h.alice, idle.ID).ThreadMetadata.Archived || h.get(h.alice, busy.ID).ThreadMetadata.Archived {
		t.Error("the wrong thread was archived")
	}
	var told discord.Channel
	if h.last(discord.EventThreadUpdate, &told); told.ID != idle.ID || !told.ThreadMetadata.Archived {
		t.Errorf("told of %+v", told)
	}
}

func TestWhoLeavesTheGuildLeavesItsThreads(t *testing.T) {
	t.Parallel()
	h := newHall(t)
	c := h.thread(h.alice, h.text, object{"name": "open", "type": 11})
	h.bob.Must(t, http.MethodPut, at(c.ID, "thread-members/@me"), nil, nil)
	h.Exec(t, `delete from members where guild_id = $1 and user_id = $2`, h.guild, h.bob.ID)
	if got := h.get(h.alice, c.ID); got.MemberCount != 1 {
		t.Errorf("%d members", got.MemberCount)
	}
	h.owner.Must(t, http.MethodDelete, at(h.text), nil, nil)
	h.alice.Fails(t, http.MethodGet, at(c.ID), nil, discord.ErrUnknownChannel)
}
