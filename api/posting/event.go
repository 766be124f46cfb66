package posting

import (
	"context"
	"slices"

	"guildhall.chat/guildhall/api/access"
	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/events"
	"guildhall.chat/guildhall/internal/snowflake"
	"guildhall.chat/guildhall/internal/store"
)

// persons are the people in a message as its guild sees them: the author and whom it mentions.
type persons = map[snowflake.ID]store.Person

// Dispatch makes the event of a message: with guild and members, and without what differs between viewers.
// https://discord.com/developers/docs/events/gateway-events#message-create-message-create-extra-fields
func Dispatch(room *access.Room, kind string, m discord.Message, people map[snowflake.ID]store.Person) (events.Header, discord.MessageEvent) {
	head := room.Header(events.Header{Type: kind, User: m.Author.ID, Mentions: mentionIDs(m.Mentions)})
	m.Reactions = nil
	m.Mentions = slices.Clone(m.Mentions)
	for i := range m.Mentions {
		m.Mentions[i].Member = people[m.Mentions[i].ID].Member
	}
	return head, discord.MessageEvent{
		Message: m, GuildID: room.GuildID(), Member: people[m.Author.ID].Member, ChannelType: room.Channel.Type,
	}
}

// Updated emits the MESSAGE_UPDATE of a message that has been changed otherwise than by an edit.
func Updated(ctx context.Context, tx *store.Tx, room *access.Room, m discord.Message) error {
	people, err := tx.People(ctx, guildOf(room), withAuthor(m.Author.ID, mentionIDs(m.Mentions)))
	if err != nil {
		return err
	}
	m.TTS = false // the event never asks to speak
	head, event := Dispatch(room, discord.EventMessageUpdate, m, people)
	return room.Emit(tx, head, event)
}

// guildOf is the guild of a room, 0 for a DM.
func guildOf(room *access.Room) snowflake.ID {
	if id := room.GuildID(); id != nil {
		return *id
	}
	return 0
}

func mentionIDs(mentions []discord.Mention) []snowflake.ID {
	ids := make([]snowflake.ID, len(mentions))
	for i := range mentions {
		ids[i] = mentions[i].ID
	}
	return ids
}

func withAuthor(author snowflake.ID, users []snowflake.ID) []snowflake.ID {
	return append([]snowflake.ID{author}, users...)
}

// mentionsFrom lists those of the users that exist.
func mentionsFrom(people persons, users []snowflake.ID) []discord.Mention {
	mentions := make([]discord.Mention, 0, len(users))
	for _, id := range users {
		if p, known := people[id]; known {
			mentions = append(mentions, discord.Mention{User: p.User})
		}
	}
	return mentions
}

// withAnswered adds the author whom a reply answers to the mentioned users, if that is to ping.
func withAnswered(m *discord.Message, author snowflake.ID, mentioned []snowflake.ID, ping bool) []snowflake.ID {
	if !ping || m.ReferencedMessage == nil || *m.ReferencedMessage == nil {
		return mentioned
	}
	answered := (*m.ReferencedMessage).Author.ID
	if answered == author || slices.Contains(mentioned, answered) {
		return mentioned
	}
	return append(mentioned, answered)
}
