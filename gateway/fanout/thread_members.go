package fanout

import (
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"guildhall.chat/guildhall/gateway/delivery"
	"guildhall.chat/guildhall/gateway/journal"
	"guildhall.chat/guildhall/internal/codec"
	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/events"
	"guildhall.chat/guildhall/internal/snowflake"
)

// threadMembers is the data of THREAD_MEMBERS_UPDATE.
// https://discord.com/developers/docs/events/gateway-events#thread-members-update
type threadMembers struct {
	ID      snowflake.ID      `json:"id"`
	Added   []json.RawMessage `json:"added_members"`
	Removed []snowflake.ID    `json:"removed_member_ids"`

	added []discord.ThreadMember // of Added
}

func threadMembersOf(e events.Event) (threadMembers, error) {
	change, err := decode[threadMembers](e)
	if err != nil {
		return change, err
	}
	change.added = make([]discord.ThreadMember, len(change.Added))
	for i, raw := range change.Added {
		if err := json.Unmarshal(raw, &change.added[i]); err != nil {
			return change, fmt.Errorf("data of %s: %w", e.Head.Type, err)
		}
	}
	return change, nil
}

// about returns the users that the change is about.
func (c *threadMembers) about() []snowflake.ID {
	users := make([]snowflake.ID, 0, len(c.added)+len(c.Removed))
	for i := range c.added {
		users = append(users, c.added[i].UserID)
	}
	return append(users, c.Removed...)
}

// changeThreadMembers tells the change to those who see the thread and have asked for members. Who has not asked, or does
// not see the thread any more, is told of itself alone.
func (g *Guild) changeThreadMembers(d *dispatch) error {
	change, err := threadMembersOf(d.event)
	if err != nil {
		return err
	}
	if t := g.threads[change.ID]; t != nil {
		for i := range change.added {
			t.put(memberOfThread(&change.added[i]))
		}
		for _, user := range change.Removed {
			t.remove(user)
		}
		if t.private {
			g.channelChanged(change.ID)
		}
	}
	all := g.receivers(g.threadScope(d, change.ID))
	parts, err := g.withPresences(d, &change, all)
	if err != nil {
		return err
	}
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

// withPresences divides the receivers by whether they have asked for presences: those are told of whoever is added and online.
func (g *Guild) withPresences(d *dispatch, change *threadMembers, all *audience) ([]delivery.Part, error) {
	online := false
	for i := range change.added {
		online = online || g.presences[change.added[i].UserID] != nil
	}
	if !online || all.to.Len() == 0 {
		return []delivery.Part{part(d.whole(), all)}, nil
	}
	f, err := decode[fields](d.event)
	if err != nil {
		return nil, err
	}
	added := make([]fields, len(change.Added))
	for i, raw := range change.Added {
		if err := json.Unmarshal(raw, &added[i]); err != nil {
			return nil, fmt.Errorf("data of %s: %w", d.event.Head.Type, err)
		}
		if presence := g.presences[change.added[i].UserID]; presence != nil {
			added[i]["presence"] = presence
		}
	}
	if f["added_members"], err = json.Marshal(added); err != nil {
		return nil, err
	}
	data, err := json.Marshal(f)
	if err != nil {
		return nil, err
	}
	asked := g.asked(discord.IntentGuildPresences).bits
	with := append(bitset(nil), all.bits...)
	without := append(bitset(nil), all.bits...)
	with.and(asked)
	without.andNot(asked)
	return []delivery.Part{
		part(codec.NewDispatch(d.event.Head.Type, data), g.intern(with)), part(d.whole(), g.intern(without)),
	}, nil
}

// updateThreadMember takes in the settings of a user for a thread, and tells the user.
func (g *Guild) updateThreadMember(d *dispatch) error {
	change, err := decode[discord.ThreadMember](d.event)
	if err != nil {
		return err
	}
	if t := g.threads[change.ID]; t != nil && t.has(change.UserID) {
		t.put(memberOfThread(&change))
	}
	g.deliver(d)
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
	if i := slices.IndexFunc(change.added, func(m discord.ThreadMember) bool { return m.UserID == user }); i >= 0 {
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

// listThreadMembers tells a person's session who is in threads that it sees.
func (g *Guild) listThreadMembers(s *seat, threads []snowflake.ID) {
	m, _ := g.member(s.user())
	now := time.Now()
	for _, id := range threads {
		t := g.threads[id]
		if t == nil || !t.shown() || !g.may(m, toView(id), now) {
			continue
		}
		data := []byte(`{"guild_id":"` + g.id.String() + `","thread_id":"` + id.String() + `","members":[`)
		for i, one := range t.members {
			if i > 0 {
				data = append(data, ',')
			}
			data = t.appendMember(data, i, one.User == s.user())
			data = append(data[:len(data)-1], `,"member":`...)
			var is bool
			if data, is = g.members.AppendJSON(data, one.User); !is {
				data = append(data, "null"...)
			}
			data = append(data, `,"presence":`...)
			if presence := g.presences[one.User]; presence != nil {
				data = append(data, presence...)
			} else {
				data = append(data, "null"...)
			}
			data = append(data, '}')
		}
		data = append(data, "]}"...)
		s.place.sub.DeliverOwn(journal.Entry{}, codec.NewDispatch(discord.EventThreadMemberListUpdate, data))
	}
}
