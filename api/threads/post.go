package threads

import (
	"context"
	"errors"
	"net/http"

	"guildhall.chat/guildhall/api/access"
	"guildhall.chat/guildhall/api/call"
	"guildhall.chat/guildhall/api/form"
	"guildhall.chat/guildhall/api/posting"
	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/permissions"
	"guildhall.chat/guildhall/internal/store"
)

// createPost makes a post in a forum: a thread and its first message, which have the same id.
// https://discord.com/developers/docs/resources/channel#start-thread-in-forum-or-media-channel
func (h *Handlers) createPost(c *call.Call, room *access.Room, b *body) error {
	need := permissions.ToCreateThread(int(room.Channel.Type), false)
	if err := room.Need(need); err != nil {
		return err
	}
	draft, err := b.post(c)
	if err != nil {
		return err
	}
	moderator := room.Here.Has(permissions.ManageThreads)
	if err := checkTags(room.Channel.Forum, room.Channel.Flags, nil, b.AppliedTags, moderator); err != nil {
		return err
	}
	if err := draft.Permit(room); err != nil {
		return err
	}
	wanted := b.thread(room, h.store.NewID(), discord.ChannelPublicThread)
	wanted.AppliedTags = b.AppliedTags
	// The room that the message is composed for is there only when the message is.
	inside := &access.Room{Visit: room.Visit, Channel: &wanted, Parent: room.Channel, Here: room.Here}
	first, err := h.poster.Compose(c, inside, posting.As(c.Caller), draft)
	if err != nil {
		return err
	}
	first.ID, first.Timestamp = wanted.ID, discord.At(wanted.ID.Time())
	write := func(ctx context.Context, tx *store.Tx, r *access.Room) (*store.Thread, error) {
		if err := checkTags(r.Channel.Forum, r.Channel.Flags, nil, b.AppliedTags, moderator); err != nil {
			return nil, err
		}
		t, err := h.insert(c, tx, wanted)
		if err != nil {
			return nil, err
		}
		return t, start(ctx, tx, r, t, first)
	}
	var made *store.Thread
	err = h.poster.Judge(c.Request.Context(), inside, first, func() (err error) {
		if made, err = h.slowed(c, room, need, write); err == nil && made == nil {
			return errNotYet
		}
		return err
	})
	if errors.Is(err, errNotYet) {
		return nil
	}
	if err != nil {
		return err
	}
	made.Message = &first.Message
	last := &first.ID
	made.LastMessageID = &last
	return c.Reply(http.StatusCreated, made.Channel)
}

// errNotYet says that it was not the caller's turn, which it has been told.
var errNotYet = errors.New("not the caller's turn")

// post checks the body of a post and returns its first message.
func (b *body) post(c *call.Call) (*posting.Draft, error) {
	var p, message form.Problems
	b.check(&p)
	distinct(&p, "applied_tags", b.AppliedTags, maxTags)
	var draft *posting.Draft
	if b.Message == nil {
		p.Required("message")
	} else {
		draft = b.Message.Draft(c, &message)
		p.Under("message", &message)
	}
	return draft, p.Err()
}

// start puts the first message into a post.
func start(ctx context.Context, tx *store.Tx, forum *access.Room, t *store.Thread, first *posting.Post) error {
	inside, err := forum.RoomOf(t)
	if err != nil {
		return err
	}
	if err := posting.Insert(ctx, tx, inside, first); err != nil {
		return err
	}
	return tx.NotePost(ctx, forum.Channel.ID, t.ID)
}
