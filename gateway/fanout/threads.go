package fanout

import (
	"encoding/json"
	"fmt"
	"slices"

	"guildhall.chat/guildhall/gateway/delivery"
	"guildhall.chat/guildhall/internal/codec"
	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/events"
	"guildhall.chat/guildhall/internal/snowflake"
)

// thread is a thread that is active, or was since the view is there.
type thread struct {
	parent   snowflake.ID
	private  bool
	archived bool
	wire     json.RawMessage // the channel object
	members  []snowflake.ID  // ascending
}

func (t *thread) has(user snowflake.ID) bool {
	_, is := slices.BinarySearch(t.members, user)
	return is
}

func (t *thread) add(user snowflake.ID) {
	if i, is := slices.BinarySearch(t.members, user); !is {
		t.members = slices.Insert(t.members, i, user)
	}
}

func (t *thread) remove(user snowflake.ID) {
	if i, is := slices.BinarySearch(t.members, user); is {
		t.members = slices.Delete(t.members, i, i+1)
	}
}

// threadObject is what of a thread's channel object decides who sees it.
type threadObject struct {
	ID       snowflake.ID        `json:"id"`
	Type     discord.ChannelType `json:"type"`
	ParentID snowflake.ID        `json:"parent_id"`
	OwnerID  snowflake.ID        `json:"owner_id"`
	New      bool                `json:"newly_created"`
	Metadata struct {
		Archived bool `json:"archived"`
	} `json:"thread_metadata"`
}

// putThread takes in a thread that was made or changed, and tells those who see it. It may be one that was archived before
// the view was there.
func (g *Guild) putThread(d *dispatch) error {
	object, err := decode[threadObject](d.event)
	if err != nil {
		return err
	}
	if !object.Type.IsThread() {
		return fmt.Errorf("data of %s is no thread", d.event.Head.Type)
	}
	t := g.threads[object.ID]
	if t == nil {
		t = &thread{}
		g.threads[object.ID] = t
	}
	private := object.Type == discord.ChannelPrivateThread
	moved := t.parent != object.ParentID || t.private != private
	t.parent, t.private, t.archived = object.ParentID, private, object.Metadata.Archived
	if len(d.event.Head.Only) == 0 {
		// Else it is as one user sees it, with the user's thread member.
		t.wire = append(json.RawMessage(nil), d.event.Data...)
	}
	if object.New && object.OwnerID != 0 {
		t.add(object.OwnerID) // who makes a thread is in it
	}
	for _, user := range d.event.Head.Members {
		t.add(user)
	}
	if moved || private {
		g.channelChanged(object.ID)
	}
	g.deliverTo(d, g.threadScope(d, object.ID))
	return nil
}

// threadScope is the scope of an event about a thread, whose header may lack the channel.
func (g *Guild) threadScope(d *dispatch, thread snowflake.ID) scope {
	sc := g.scope(&d.event)
	sc.question = toView(thread)
	return sc
}

// deleteThread tells those who saw the thread.
func (g *Guild) deleteThread(d *dispatch) error {
	object, err := decode[threadObject](d.event)
	if err != nil {
		return err
	}
	g.deliverTo(d, g.threadScope(d, object.ID))
	g.channelChanged(object.ID)
	delete(g.threads, object.ID)
	return nil
}

// threadMembers is the data of THREAD_MEMBERS_UPDATE.
// https://discord.com/developers/docs/events/gateway-events#thread-members-update
type threadMembers struct {
	ID      snowflake.ID      `json:"id"`
	Added   []json.RawMessage `json:"added_members"`
	Removed []snowflake.ID    `json:"removed_member_ids"`

	added []snowflake.ID // the users of Added
}

func threadMembersOf(e events.Event) (threadMembers, error) {
	change, err := decode[threadMembers](e)
	if err != nil {
		return change, err
	}
	for _, raw := range change.Added {
		var member struct {
			UserID snowflake.ID `json:"user_id"`
		}
		if err := json.Unmarshal(raw, &member); err != nil {
			return change, fmt.Errorf("data of %s: %w", e.Head.Type, err)
		}
		change.added = append(change.added, member.UserID)
	}
	return change, nil
}

// about returns the users that the change is about.
func (c *threadMembers) about() []snowflake.ID { return slices.Concat(c.added, c.Removed) }

// changeThreadMembers tells the change to those who see the thread and have asked for members. Who has not asked, or does
// not see the thread any more, is told of itself alone.
func (g *Guild) changeThreadMembers(d *dispatch) error {
	change, err := threadMembersOf(d.event)
	if err != nil {
		return err
	}
	if t := g.threads[change.ID]; t != nil {
		for _, user := range change.added {
			t.add(user)
		}
		for _, user := range change.Removed {
			t.remove(user)
		}
		if t.private {
			g.channelChanged(change.ID)
		}
	}
	all := g.receivers(g.threadScope(d, change.ID))
	parts := []delivery.Part{part(d.whole(), all)}
	for _, user := range change.about() {
		var own bitset
		g.eachSeat(user, func(i int) {
			if s := g.seats.table[i]; !all.bits.has(i) && hearsOwnThreads(s) {
				own.set(i)
			}
		})
		if own.count() == 0 {
			continue
		}
		shared, err := d.aboutOwnThread(user)
		if err != nil {
			return err
		}
		parts = append(parts, part(shared, g.intern(own)))
	}
	g.submit(d, parts...)
	return nil
}

// hearsOwnThreads reports whether a session is told what threads its own user is in.
func hearsOwnThreads(s *seat) bool {
	return s.intents()&(discord.IntentGuilds|discord.IntentGuildMembers) != 0
}

// aboutOwnThread returns a THREAD_MEMBERS_UPDATE as far as it is about one user, nil if it isn't.
func (d *dispatch) aboutOwnThread(user snowflake.ID) (*codec.Shared, error) {
	change, err := threadMembersOf(d.event)
	if err != nil || !slices.Contains(change.about(), user) {
		return nil, err
	}
	f, err := decode[fields](d.event)
	if err != nil {
		return nil, err
	}
	delete(f, "added_members")
	delete(f, "removed_member_ids")
	if i := slices.Index(change.added, user); i >= 0 {
		f["added_members"] = json.RawMessage("[" + string(change.Added[i]) + "]")
	}
	if slices.Contains(change.Removed, user) {
		f["removed_member_ids"] = json.RawMessage(`["` + user.String() + `"]`)
	}
	data, err := json.Marshal(f)
	if err != nil {
		return nil, err
	}
	return codec.NewDispatch(d.event.Head.Type, data), nil
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
