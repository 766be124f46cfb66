package posting

import (
	"context"
	"errors"
	"slices"
	"time"

	"guildhall.chat/guildhall/api/access"
	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/permissions"
	"guildhall.chat/guildhall/internal/snowflake"
	"guildhall.chat/guildhall/internal/store"
)

// Enter prepares a thread for a message: one that is archived becomes active again, and its author and whom it mentions join
// it. In a locked one only those may speak who manage threads. Poster.Send enters by itself.
// https://discord.com/developers/docs/topics/threads
func (p *Poster) Enter(ctx context.Context, room *access.Room, post *Post) error {
	t := room.Thread
	if t == nil {
		return nil
	}
	if t.ThreadMetadata.Locked && !room.Here.Has(permissions.ManageThreads) {
		return discord.ErrThreadLocked
	}
	var users []snowflake.ID
	if t.Member == nil && post.People[post.Author.ID].Member != nil {
		users = append(users, post.Author.ID)
	}
	if users = append(users, invited(room, post)...); len(users) == 0 && !room.Archived() {
		return nil
	}
	err := p.store.EnterThread(ctx, *t.GuildID, t.ID, users)
	switch {
	case errors.Is(err, store.ErrNotFound):
		return discord.ErrUnknownChannel
	case errors.Is(err, store.ErrTooManyThreads):
		return discord.ErrTooManyThreads
	}
	return err
}

// invited are the mentioned members that may come into the thread: those who see its channel, and into a private one only if
// the author may invite.
func invited(room *access.Room, post *Post) (users []snowflake.ID) {
	t := room.Thread
	if t.Private() && !*t.ThreadMetadata.Invitable && *t.OwnerID != post.Author.ID && !room.Here.Has(permissions.ManageThreads) {
		return nil
	}
	rules := access.Rules(room.Parent)
	for _, mentioned := range post.Mentions {
		member := post.People[mentioned.ID].Member
		if member == nil || mentioned.ID == post.Author.ID || slices.Contains(users, mentioned.ID) {
			continue
		}
		as := *member
		as.User = &mentioned.User
		if room.Guild.Rules.In(access.MemberRules(as), rules, time.Now()).Has(permissions.ViewChannel) {
			users = append(users, mentioned.ID)
		}
	}
	return users
}
