package ready

import (
	"encoding/json"

	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/snowflake"
)

// Kept is what the platform keeps for a person's clients, as READY tells it.
type Kept struct {
	Relationships     []discord.Relationship
	Friends           []Friend // who are not offline
	ReadStates        []discord.ReadState
	GuildSettings     []discord.UserGuildSettings
	Version           int64           // of the last change of the two above
	Settings          json.RawMessage // an object
	SettingsProto     []byte
	Notes             map[snowflake.ID]string
	NotificationFlags int
	Consents          json.RawMessage // what was agreed to, an object of booleans
}

// Friend is a friend's presence.
type Friend struct {
	Presence []byte // as in PRESENCE_UPDATE
	Merged   []byte // with user_id instead of user
}

// relationship has the other user, or with discord.CapDedupeUsers the id.
type relationship struct {
	ID          snowflake.ID             `json:"id"`
	Type        discord.RelationshipType `json:"type"`
	User        *discord.User            `json:"user,omitempty"`
	UserID      *snowflake.ID            `json:"user_id,omitempty"`
	Nickname    *string                  `json:"nickname"`
	Since       discord.Timestamp        `json:"since"`
	UserIgnored bool                     `json:"user_ignored"`
}

func relationships(all []discord.Relationship, dedupe bool) []relationship {
	list := make([]relationship, len(all))
	for i := range all {
		r := &all[i]
		list[i] = relationship{ID: r.ID, Type: r.Type, Nickname: r.Nickname, Since: r.Since, UserIgnored: r.UserIgnored}
		if dedupe {
			list[i].UserID = &r.ID
		} else {
			list[i].User = &r.User
		}
	}
	return list
}

// versioned is a list that clients may keep from one session to the next. It is always whole here.
type versioned[T any] struct {
	Entries []T   `json:"entries"`
	Partial bool  `json:"partial"`
	Version int64 `json:"version"`
}

func list[T any](entries []T, version int64, isVersioned bool) any {
	if entries == nil {
		entries = []T{}
	}
	if isVersioned {
		return versioned[T]{Entries: entries, Version: version}
	}
	return entries
}

func notes(all map[snowflake.ID]string) map[snowflake.ID]string {
	if all == nil {
		all = map[snowflake.ID]string{}
	}
	return all
}

type consents struct {
	Personalization consent `json:"personalization"`
}

type consent struct {
	Consented bool `json:"consented"`
}

func consentsOf(agreed json.RawMessage) consents {
	var to struct {
		Personalization bool `json:"personalization"`
	}
	_ = json.Unmarshal(agreed, &to) // nothing is agreed to by who has said nothing
	return consents{consent{to.Personalization}}
}
