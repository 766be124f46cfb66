package threads

import (
	"context"

	"guildhall.chat/guildhall/api/access"
	"guildhall.chat/guildhall/api/form"
	"guildhall.chat/guildhall/api/posting"
	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/snowflake"
	"guildhall.chat/guildhall/internal/store"
)

// ForeignPost is a post in a forum by one who is no member of the guild: a webhook.
type ForeignPost struct {
	Owner snowflake.ID
	Name  string
	Tags  []snowflake.ID
	// Compose makes the first message for the room that the post will be.
	Compose func(inside *access.Room) (*posting.Post, error)
}

// Start makes the post, unless the guild's rules block what it says, and returns its first message. What is granted in the forum is granted in the post.
func (p ForeignPost) Start(ctx context.Context, s *store.Store, poster *posting.Poster, forum *access.Room) (discord.Message, error) {
	var problems form.Problems
	about := creation{Name: p.Name}
	about.check(&problems)
	distinct(&problems, "applied_tags", p.Tags, maxTags)
	if err := problems.Err(); err != nil {
		return discord.Message{}, err
	}
	if err := checkTags(forum.Channel.Forum, forum.Channel.Flags, nil, p.Tags, false); err != nil {
		return discord.Message{}, err
	}
	wanted := about.thread(forum, s.NewID(), discord.ChannelPublicThread)
	wanted.OwnerID, wanted.AppliedTags = &p.Owner, p.Tags
	inside := access.Room{Visit: forum.Visit, Channel: &wanted, Parent: forum.Channel, Here: forum.Here}
	first, err := p.Compose(&inside)
	if err != nil {
		return discord.Message{}, err
	}
	first.ID, first.Timestamp = wanted.ID, discord.At(wanted.ID.Time())
	err = poster.Judge(ctx, &inside, first, func() error {
		return s.Change(ctx, func(tx *store.Tx) error { return begun(ctx, tx, inside, wanted, first) })
	})
	return first.Message, err
}

// begun makes the thread with its first message.
func begun(ctx context.Context, tx *store.Tx, inside access.Room, wanted discord.Channel, first *posting.Post) error {
	if err := tx.LockGuild(ctx, *wanted.GuildID); err != nil {
		return err
	}
	t, err := tx.CreateThread(ctx, wanted)
	if err != nil {
		return refused(err, wanted.Type)
	}
	inside.Channel, inside.Thread = &t.Channel, t
	if err := posting.Insert(ctx, tx, &inside, first); err != nil {
		return err
	}
	return tx.NotePost(ctx, inside.Parent.ID, t.ID)
}
