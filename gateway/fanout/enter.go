package fanout

import (
	"encoding/json"
	"fmt"
	"slices"

	"guildhall.chat/guildhall/gateway/ready"
	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/snowflake"
)

// Entered is a guild as a person's session sees it on entering.
type Entered = ready.UserGuild

// enter returns the guild for a person's READY. The lock is held.
func (g *Guild) enter(s *seat) (*Entered, error) {
	p := s.place.profile
	entered := &Entered{ID: g.id, Self: g.merged(p.User)}
	if !p.Capabilities.Has(discord.CapDedupeUsers) {
		own, shared, err := g.create(s)
		if err == nil {
			entered.Data = shared.JSON(own)
		}
		return entered, err
	}
	shared, err := g.tail(shapeOf(p), oneself)
	if err != nil {
		return nil, err
	}
	entered.Data = shared.JSON(g.personal(p).JSON())
	if g.listingFor(p) == all {
		entered.Members, entered.Presences, err = g.people()
	}
	return entered, err
}

// people returns all members and presences, apart from the users.
func (g *Guild) people() (_ []ready.Person, presences [][]byte, err error) {
	f := &g.face
	if f.people == nil {
		f.people = make([]ready.Person, 0, g.members.Len())
		for m := range g.members.Snapshot().All() {
			f.people = append(f.people, ready.Person{ID: m.User, Member: g.merged(m.User), User: slices.Clip(m.AppendUser(nil))})
		}
	}
	if f.merged == nil {
		f.merged = make([][]byte, 0, len(g.presences))
		for user, presence := range g.presences {
			merged, err := mergedPresence(user, presence)
			if err != nil {
				return nil, nil, err
			}
			f.merged = append(f.merged, merged)
		}
	}
	return f.people, f.merged, nil
}

// mergedPresence returns a presence with user_id instead of user.
func mergedPresence(user snowflake.ID, presence json.RawMessage) ([]byte, error) {
	var f fields
	if err := json.Unmarshal(presence, &f); err != nil {
		return nil, fmt.Errorf("take presence apart: %w", err)
	}
	delete(f, "user")
	f["user_id"] = json.RawMessage(`"` + user.String() + `"`)
	return json.Marshal(f)
}
