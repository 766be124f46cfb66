package access

import (
	"context"
	"errors"

	"guildhall.chat/guildhall/api/call"
	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/permissions"
	"guildhall.chat/guildhall/internal/snowflake"
	"guildhall.chat/guildhall/internal/store"
)

// Change runs fn in a store.Change that holds the guild's lock: changes of one guild happen one after another, and what
// fn checks is true until it commits. The caller needs all of need in the guild. fn may run more than once.
func (a *Access) Change(c *call.Call, guild snowflake.ID, need permissions.Set, fn func(tx *store.Tx, v *Visit) error) error {
	return a.ChangeIf(c, guild, func(v *Visit) error { return v.Need(need) }, fn)
}

// ChangeIf is Change for callers of whom more than permissions in the guild is asked. may is run on the guild in memory,
// so that who may not do it doesn't get to hold the lock, and again under the lock.
func (a *Access) ChangeIf(c *call.Call, guild snowflake.ID, may func(*Visit) error, fn func(tx *store.Tx, v *Visit) error) error {
	visit, err := a.Enter(c, guild)
	if err != nil {
		return err
	}
	if err := may(visit); err != nil {
		return err
	}
	return a.change(c, guild, func(tx *store.Tx, v *Visit) error {
		if err := may(v); err != nil {
			return err
		}
		return fn(tx, v)
	})
}

// ChangeIn is Change for a channel of a guild: the caller must see it and needs all of need in it. A DM gives ErrOnDM, a
// thread ErrWrongChannelType.
func (a *Access) ChangeIn(c *call.Call, channel snowflake.ID, need permissions.Set, fn func(tx *store.Tx, r *Room) error) error {
	room, err := a.Room(c, channel)
	if err != nil {
		return err
	}
	if room.Direct() {
		return discord.ErrOnDM
	}
	if room.Thread != nil {
		return discord.ErrWrongChannelType
	}
	if err := room.Need(need); err != nil {
		return err
	}
	return a.change(c, room.Guild.Guild.ID, func(tx *store.Tx, v *Visit) error {
		r, err := v.room(channel)
		if err != nil {
			return err
		}
		if err := r.Need(need); err != nil {
			return err
		}
		return fn(tx, r)
	})
}

func (a *Access) change(c *call.Call, guild snowflake.ID, fn func(tx *store.Tx, v *Visit) error) error {
	ctx := c.Request.Context()
	return a.store.Change(ctx, func(tx *store.Tx) error {
		visit, err := held(ctx, tx, guild, c.Caller)
		if err != nil {
			return err
		}
		return fn(tx, visit)
	})
}

// Hold locks a guild for the rest of a change and returns it as it is now. ErrUnknownGuild.
func Hold(ctx context.Context, tx *store.Tx, guild snowflake.ID) (*Guild, error) {
	snap, err := tx.HoldGuild(ctx, guild)
	if errors.Is(err, store.ErrNotFound) {
		return nil, discord.ErrUnknownGuild
	}
	if err != nil {
		return nil, err
	}
	return newGuild(snap), nil
}

// held locks a guild and returns it as one member sees it.
func held(ctx context.Context, tx *store.Tx, guild snowflake.ID, caller call.Caller) (*Visit, error) {
	g, err := Hold(ctx, tx, guild)
	if err != nil {
		return nil, err
	}
	member, err := tx.Member(ctx, guild, caller.UserID)
	if errors.Is(err, store.ErrNotFound) {
		return nil, discord.ErrMissingAccess
	}
	if err != nil {
		return nil, err
	}
	return g.visit(caller, MemberRules(member)), nil
}

// room is a channel of the guild that the member may view.
func (v *Visit) room(channel snowflake.ID) (*Room, error) {
	ch := v.Guild.Channel(channel)
	if ch == nil {
		return nil, discord.ErrUnknownChannel
	}
	room := &Room{Visit: v, Channel: ch, Here: v.In(ch)}
	if !room.Here.Has(permissions.ViewChannel) {
		return nil, discord.ErrMissingAccess
	}
	return room, nil
}
