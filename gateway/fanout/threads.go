package fanout

import (
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"guildhall.chat/guildhall/gateway/journal"
	"guildhall.chat/guildhall/internal/codec"
	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/events"
	"guildhall.chat/guildhall/internal/snowflake"
	"guildhall.chat/guildhall/internal/store"
)

// archivedKept is how long a view remembers a thread that is archived: messages that were on their way then, and sessions
// that move here, still need to know who sees it.
const archivedKept = changesKept

// thread is a thread that is active, or was a while ago.
type thread struct {
	parent   snowflake.ID
	private  bool
	archived time.Time             // since when; zero: active
	wire     discord.Channel       // without what differs between viewers; of an active one
	json     []byte                // of wire; nil when it must be made anew
	members  []events.ThreadMember // ascending
}

// threadsOf returns the threads of a snapshot.
func threadsOf(snap *store.GuildSnapshot) map[snowflake.ID]*thread {
	threads := make(map[snowflake.ID]*thread, len(snap.Threads))
	for i := range snap.Threads {
		from := &snap.Threads[i]
		t := &thread{parent: from.Parent(), private: from.Private(), members: from.Members}
		if from.ThreadMetadata.Archived {
			t.archived = from.ThreadMetadata.ArchiveTimestamp.Time
		} else {
			t.show(from.Channel)
		}
		threads[from.ID] = t
	}
	return threads
}

func (t *thread) find(user snowflake.ID) (i int, is bool) {
	return slices.BinarySearchFunc(t.members, user, func(m events.ThreadMember, user snowflake.ID) int {
		switch {
		case m.User < user:
			return -1
		case m.User > user:
			return 1
		}
		return 0
	})
}

func (t *thread) has(user snowflake.ID) bool {
	_, is := t.find(user)
	return is
}

func (t *thread) put(m events.ThreadMember) {
	if i, is := t.find(m.User); is {
		t.members[i] = m
	} else {
		t.members = slices.Insert(t.members, i, m)
		t.json = nil
	}
}

func (t *thread) remove(user snowflake.ID) {
	if i, is := t.find(user); is {
		t.members = slices.Delete(t.members, i, i+1)
		t.json = nil
	}
}

// show takes in the channel object of the thread.
func (t *thread) show(c discord.Channel) {
	shown := discord.Thread{}
	if c.Thread != nil {
		shown = *c.Thread
	}
	shown.Member, shown.NewlyCreated, shown.Message = nil, false, nil
	c.Thread = &shown
	t.wire, t.json = c, nil
}

func (t *thread) shown() bool { return t.wire.Thread != nil }

// append appends the channel object as a user sees it: with its own member, if it is in there.
func (t *thread) append(dst []byte, user snowflake.ID) []byte {
	if t.json == nil {
		t.wire.MemberCount = min(len(t.members), discord.MaxThreadMemberCount)
		t.json, _ = json.Marshal(t.wire) // made of numbers and texts: always can be
	}
	i, is := t.find(user)
	if !is {
		return append(dst, t.json...)
	}
	dst = append(dst, t.json[:len(t.json)-1]...)
	dst = append(dst, `,"member":`...)
	return append(t.appendMember(dst, i, true), '}')
}

// appendMember appends the object of a member, as itself or as others see it.
func (t *thread) appendMember(dst []byte, i int, own bool) []byte {
	m := t.members[i]
	if !own {
		m.Muted, m.Mute = false, nil
	}
	object, _ := json.Marshal(memberObject(t.wire.ID, m)) // made of numbers and texts
	return append(dst, object...)
}

func memberObject(thread snowflake.ID, m events.ThreadMember) discord.ThreadMember {
	object := discord.ThreadMember{
		ID: thread, UserID: m.User, JoinTimestamp: discord.At(time.UnixMicro(m.Joined)), Flags: m.Flags, Muted: m.Muted,
	}
	if len(m.Mute) > 0 {
		_ = json.Unmarshal(m.Mute, &object.MuteConfig) // the api has written it
	}
	return object
}

func memberOfThread(m *discord.ThreadMember) events.ThreadMember {
	kept := events.ThreadMember{User: m.UserID, Joined: m.JoinTimestamp.UnixMicro(), Flags: m.Flags, Muted: m.Muted}
	if m.MuteConfig != nil {
		kept.Mute, _ = json.Marshal(m.MuteConfig)
	}
	return kept
}

// meetThread takes in the thread that an event is in, if the view does not know it: it was archived before the view was there.
func (g *Guild) meetThread(e *events.Event) {
	told := e.Head.Thread
	if told == nil || g.threads[e.Head.Channel] != nil {
		return
	}
	g.threads[e.Head.Channel] = &thread{
		parent: told.Parent, private: told.Private, archived: time.Now(), members: slices.Clone(told.Members),
	}
	g.channelChanged(e.Head.Channel)
}

// putThread takes in a thread that was made or changed, and tells those who see it.
func (g *Guild) putThread(d *dispatch) error {
	c, err := decode[discord.Channel](d.event)
	if err != nil {
		return err
	}
	if !c.Type.IsThread() || c.ParentID == nil || *c.ParentID == nil {
		return fmt.Errorf("data of %s is no thread", d.event.Head.Type)
	}
	t := g.threads[c.ID]
	if t == nil {
		t = &thread{}
		g.threads[c.ID] = t
	}
	private := c.Type == discord.ChannelPrivateThread
	moved := t.parent != **c.ParentID || t.private != private
	t.parent, t.private = **c.ParentID, private
	if told := d.event.Head.Thread; told != nil && told.Members != nil {
		t.members, moved = slices.Clone(told.Members), moved || private
	}
	if only := d.event.Head.Only; len(only) > 0 && c.Thread != nil && c.Member != nil {
		added := memberOfThread(c.Member)
		added.User = only[0] // it is told to who was added
		t.put(added)
		moved = moved || private
	}
	woken := !t.archived.IsZero()
	if c.Thread != nil && c.ThreadMetadata.Archived {
		t.archived, t.wire, t.json, woken = time.Now(), discord.Channel{}, nil, false
	} else {
		t.archived = time.Time{}
		t.show(c)
	}
	if moved {
		g.channelChanged(c.ID)
	}
	g.deliverTo(d, g.threadScope(d, c.ID))
	if woken {
		g.tellThreadMembers(c.ID, t)
	}
	return nil
}

// tellThreadMembers tells the members of a thread that is active again their own settings.
// https://discord.com/developers/docs/topics/threads#unarchiving-a-thread
func (g *Guild) tellThreadMembers(id snowflake.ID, t *thread) {
	now := time.Now()
	for _, one := range t.members {
		m, is := g.member(one.User)
		if !is || !g.may(m, toView(id), now) {
			continue
		}
		for s := g.seats.byUser[one.User]; s != nil; s = s.next {
			if s.attached && s.place.profile.wants(discord.EventThreadMemberUpdate) {
				data, _ := json.Marshal(discord.ThreadMemberUpdateEvent{ThreadMember: memberObject(id, one), GuildID: g.id})
				s.place.sub.DeliverOwn(journal.Entry{}, codec.NewDispatch(discord.EventThreadMemberUpdate, data))
			}
		}
	}
}

// threadScope is the scope of an event about a thread, whose header may lack the channel.
func (g *Guild) threadScope(d *dispatch, thread snowflake.ID) scope {
	sc := g.scope(&d.event)
	sc.question = toView(thread)
	return sc
}

// deleteThread tells those who saw the thread.
func (g *Guild) deleteThread(d *dispatch) error {
	object, err := decode[discord.ThreadDeleteEvent](d.event)
	if err != nil {
		return err
	}
	g.deliverTo(d, g.threadScope(d, object.ID))
	g.channelChanged(object.ID)
	delete(g.threads, object.ID)
	return nil
}

// deleteThreadsOf forgets the threads of a channel that is gone.
func (g *Guild) deleteThreadsOf(channel snowflake.ID) {
	for id, t := range g.threads {
		if t.parent == channel {
			g.channelChanged(id)
			delete(g.threads, id)
		}
	}
}

// sweepThreads forgets threads that have been archived for a while.
func (g *Guild) sweepThreads(now time.Time) {
	for id, t := range g.threads {
		if !t.archived.IsZero() && now.Sub(t.archived) > archivedKept {
			g.channelChanged(id)
			delete(g.threads, id)
		}
	}
}

// noteThreadMessage keeps what no THREAD_UPDATE tells: the last message, and how many there are.
func (g *Guild) noteThreadMessage(e events.Event) {
	t := g.threads[e.Head.Channel]
	if t == nil || !t.shown() {
		return
	}
	var m struct {
		ID   snowflake.ID        `json:"id"`
		Type discord.MessageType `json:"type"`
		IDs  []snowflake.ID      `json:"ids"`
	}
	if json.Unmarshal(e.Data, &m) != nil {
		return
	}
	counts := 1
	if m.ID == t.wire.ID || m.Type == discord.MessageThreadStarter {
		counts = 0
	}
	switch e.Head.Type {
	case discord.EventMessageCreate:
		last := &m.ID
		t.wire.LastMessageID = &last
		t.wire.MessageCount += counts
		t.wire.TotalMessageSent += counts
	case discord.EventMessageDelete:
		t.wire.MessageCount = max(0, t.wire.MessageCount-counts)
	case discord.EventMessageDeleteBulk:
		t.wire.MessageCount = max(0, t.wire.MessageCount-len(m.IDs))
	}
	t.json = nil
}
