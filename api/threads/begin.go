package threads

import (
	"context"

	"guildhall.chat/guildhall/api/access"
	"guildhall.chat/guildhall/api/posting"
	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/snowflake"
	"guildhall.chat/guildhall/internal/store"
)

// begin marks the message that a thread was made from, and puts one that shows it at the thread's beginning. If the message is
// not the last of its channel, the channel is told, too.
func begin(ctx context.Context, tx *store.Tx, r *access.Room, t *store.Thread, m discord.Message) error {
	if err := tx.MarkThread(ctx, m.ID); err != nil {
		return err
	}
	author := m.Author.ID
	people, err := tx.People(ctx, r.Guild.Guild.ID, append(mentioned(m), author, r.Member.User))
	if err != nil {
		return err
	}
	shown, told := t.Channel, *t.Thread
	told.Member = nil // everybody is told
	shown.Thread = &told
	marked := m
	marked.Flags |= discord.MessageFlagHasThread
	marked.Thread = &shown
	head, event := posting.Dispatch(r, discord.EventMessageUpdate, marked, people)
	if err := r.Emit(tx, head, event); err != nil {
		return err
	}
	inside, err := r.RoomOf(t)
	if err != nil {
		return err
	}
	starter := system(tx, inside, discord.MessageThreadStarter, people[r.Member.User].User)
	m.ReferencedMessage = nil
	answered := &m
	starter.ReferencedMessage = &answered
	starter.MessageReference = &discord.MessageReference{MessageID: &m.ID, ChannelID: r.Channel.ID, GuildID: r.GuildID()}
	if err := posting.Insert(ctx, tx, inside, &posting.Post{Message: starter, People: people}); err != nil {
		return err
	}
	if last := r.Channel.LastMessageID; last != nil && *last != nil && **last == m.ID {
		return nil
	}
	return announce(ctx, tx, r, t)
}

// announce tells a channel of a thread that was made in it.
// https://discord.com/developers/docs/topics/threads#messages
func announce(ctx context.Context, tx *store.Tx, r *access.Room, t *store.Thread) error {
	people, err := tx.People(ctx, r.Guild.Guild.ID, []snowflake.ID{r.Member.User})
	if err != nil {
		return err
	}
	m := system(tx, r, discord.MessageThreadCreated, people[r.Member.User].User)
	m.Content = *t.Name
	m.MessageReference = &discord.MessageReference{ChannelID: t.ID, GuildID: r.GuildID()}
	return posting.Insert(ctx, tx, r, &posting.Post{Message: m, People: people})
}

// system is a message that nobody has written.
func system(tx *store.Tx, r *access.Room, kind discord.MessageType, author discord.User) discord.Message {
	id := tx.NewID()
	return discord.Message{
		ID: id, ChannelID: r.Channel.ID, Type: kind, Author: author, Timestamp: discord.At(id.Time()),
		Mentions: []discord.Mention{}, MentionRoles: []snowflake.ID{}, Embeds: []discord.Embed{},
		Attachments: []discord.Attachment{}, Components: discord.EmptyList,
	}
}

func mentioned(m discord.Message) []snowflake.ID {
	ids := make([]snowflake.ID, len(m.Mentions))
	for i := range m.Mentions {
		ids[i] = m.Mentions[i].ID
	}
	return ids
}
