package relationships

import (
	"context"

	"guildhall.chat/guildhall/api/call"
	"guildhall.chat/guildhall/api/form"
	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/snowflake"
	"guildhall.chat/guildhall/internal/store"
)

// block keeps another away. It ends what else there was between the two; the other is not told of the block.
func (h *Handlers) block(c *call.Call, other snowflake.ID) error {
	ctx, user := c.Request.Context(), c.Caller.UserID
	err := h.change(c, other, func(tx *store.Tx, p store.Pair) error {
		if p.Mine.Type == discord.RelationshipBlocked {
			return nil
		}
		if err := roomFor(ctx, tx, user, discord.RelationshipBlocked, maxBlocked, discord.ErrTooManyBlocked); err != nil {
			return err
		}
		p.Mine.Type, p.Mine.Nickname = discord.RelationshipBlocked, nil
		if err := tx.Relate(ctx, user, p.Mine, false); err != nil {
			return err
		}
		return part(ctx, tx, other, p.Theirs)
	})
	if err != nil {
		return err
	}
	return c.Done()
}

// part ends friendship and requests as one of two sees them; that one blocks or ignores the other is its own matter.
func part(ctx context.Context, tx *store.Tx, user snowflake.ID, r discord.Relationship) error {
	switch r.Type {
	case discord.RelationshipNone, discord.RelationshipBlocked:
		return nil
	}
	return end(ctx, tx, user, r)
}

// end takes back what another is to a user, but for that it is ignored.
func end(ctx context.Context, tx *store.Tx, user snowflake.ID, r discord.Relationship) error {
	if err := tx.Unrelate(ctx, user, r); err != nil || !r.UserIgnored {
		return err
	}
	r.Type, r.Nickname = discord.RelationshipNone, nil
	return tx.Relate(ctx, user, r, false)
}

// remove ends a friendship, takes back or declines a request, or unblocks.
func (h *Handlers) remove(c *call.Call) error {
	other, err := c.ID("user_id", discord.ErrUnknownUser)
	if err != nil {
		return err
	}
	if err := h.removeOne(c, other, nil); err != nil {
		return err
	}
	return c.Done()
}

// removeOne ends what another is to the caller; if only says so, just when it is of that type.
func (h *Handlers) removeOne(c *call.Call, other snowflake.ID, only *discord.RelationshipType) error {
	ctx, user := c.Request.Context(), c.Caller.UserID
	return h.change(c, other, func(tx *store.Tx, p store.Pair) error {
		kind := p.Mine.Type
		if kind == discord.RelationshipNone || only != nil && kind != *only {
			return nil
		}
		if err := end(ctx, tx, user, p.Mine); err != nil || kind == discord.RelationshipBlocked {
			return err
		}
		return part(ctx, tx, other, p.Theirs)
	})
}

// declinedAtOnce bounds the requests that one call declines; a client calls again while there are more.
const declinedAtOnce = 100

// declineAll declines the requests for friendship, the oldest first.
func (h *Handlers) declineAll(c *call.Call) error {
	incoming := discord.RelationshipIncoming
	kind, err := c.QueryInt("relationship_type", int(incoming), 0, 5)
	if err != nil {
		return err
	}
	if discord.RelationshipType(kind) != incoming {
		return form.Single("relationship_type", "BASE_TYPE_CHOICES", "Value must be one of {3}.")
	}
	asking, err := h.store.Requests(c.Request.Context(), c.Caller.UserID, declinedAtOnce)
	if err != nil {
		return err
	}
	for _, other := range asking {
		if err := h.removeOne(c, other, &incoming); err != nil {
			return err
		}
	}
	return c.Done()
}

// ignore hides what another writes from the caller, or no longer.
func (h *Handlers) ignore(wanted bool) call.Handler {
	return func(c *call.Call) error {
		other, err := c.ID("user_id", discord.ErrUnknownUser)
		if err != nil {
			return err
		}
		ctx, user := c.Request.Context(), c.Caller.UserID
		err = h.change(c, other, func(tx *store.Tx, p store.Pair) error {
			none := p.Mine.Type == discord.RelationshipNone
			switch {
			case p.Mine.UserIgnored == wanted:
				return nil
			case none && !wanted:
				return tx.Unrelate(ctx, user, p.Mine)
			}
			p.Mine.UserIgnored = wanted
			if none {
				return tx.Relate(ctx, user, p.Mine, false)
			}
			return tx.AdjustRelationship(ctx, user, p.Mine)
		})
		if err != nil {
			return err
		}
		return c.Done()
	}
}
