package access

import (
	"context"
	"errors"
	"time"

	"guildhall.chat/guildhall/api/call"
	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/permissions"
	"guildhall.chat/guildhall/internal/snowflake"
	"guildhall.chat/guildhall/internal/store"
)

// RoomOf returns a thread as the visitor sees it. Threads are not held in memory: there are many, and their members decide who
// sees a private one. Each request in a thread reads it, with the caller's member of it.
func (v *Visit) RoomOf(t *store.Thread) (*Room, error) {
	parent, rules := v.Guild.Channel(t.Parent()), v.Guild.rules[t.Parent()]
	if parent == nil {
		return nil, discord.ErrUnknownChannel
	}
	room := &Room{Visit: v, Channel: &t.Channel, Thread: t, Parent: parent}
	room.Here = v.Guild.Rules.InThread(v.Member, rules, t.Private(), t.Member != nil, time.Now())
	if !room.Here.Has(permissions.ViewChannel) {
		return nil, discord.ErrMissingAccess
	}
	return room, nil
}

func (a *Access) threadRoom(ctx context.Context, v *Visit, id snowflake.ID) (*Room, error) {
	t, err := a.store.Thread(ctx, v.Guild.Guild.ID, id, v.Member.User)
	if errors.Is(err, store.ErrNotFound) {
		return nil, discord.ErrUnknownChannel
	}
	if err != nil {
		return nil, err
	}
	return v.RoomOf(t)
}

// ChangeThread runs fn in a store.Change that holds the thread of a room, and the guild, so that its active threads can be
// counted. The room that fn gets is the thread as it is then.
func (a *Access) ChangeThread(c *call.Call, r *Room, fn func(tx *store.Tx, r *Room) error) error {
	ctx, guild := c.Request.Context(), r.Guild.Guild.ID
	return a.store.Change(ctx, func(tx *store.Tx) error {
		if err := tx.LockGuild(ctx, guild); err != nil {
			return err
		}
		t, err := tx.HoldThread(ctx, guild, r.Channel.ID, c.Caller.UserID)
		if errors.Is(err, store.ErrNotFound) {
			return discord.ErrUnknownChannel
		}
		if err != nil {
			return err
		}
		now, err := r.RoomOf(t)
		if err != nil {
			return err
		}
		return fn(tx, now)
	})
}

// Archived reports whether the room is a thread that is archived.
func (r *Room) Archived() bool { return r.Thread != nil && r.Thread.ThreadMetadata.Archived }

// NeedActive returns ErrThreadArchived for an archived thread: nothing in it can be changed.
func (r *Room) NeedActive() error {
	if r.Archived() {
		return discord.ErrThreadArchived
	}
	return nil
}
