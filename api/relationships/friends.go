package relationships

import (
	"context"
	"errors"
	"unicode/utf8"

	"guildhall.chat/guildhall/api/call"
	"guildhall.chat/guildhall/api/form"
	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/snowflake"
	"guildhall.chat/guildhall/internal/store"
)

// Bounds of what one user has.
const (
	maxFriends  = 1000
	maxBlocked  = 5000
	maxRequests = 1000 // that wait for an answer
	maxNickname = 32   // characters
)

// askByName asks the person of a username for friendship.
func (h *Handlers) askByName(c *call.Call) error {
	var body struct {
		Username      string  `json:"username"`
		Discriminator *string `json:"discriminator"` // of names as they were until 2023
	}
	if err := c.Bind(&body); err != nil {
		return err
	}
	if body.Username == "" {
		return form.Single("username", "BASE_TYPE_REQUIRED", "This field is required")
	}
	if body.Discriminator != nil && *body.Discriminator != "0" && *body.Discriminator != "" {
		return discord.ErrNoSuchName
	}
	other, err := h.store.UserNamed(c.Request.Context(), body.Username)
	if errors.Is(err, store.ErrNotFound) {
		return discord.ErrNoSuchName
	}
	if err != nil {
		return err
	}
	return h.befriend(c, other.ID)
}

// put asks for friendship or accepts it, or blocks.
func (h *Handlers) put(c *call.Call) error {
	other, err := c.ID("user_id", discord.ErrUnknownUser)
	if err != nil {
		return err
	}
	var body struct {
		Type form.Field[form.Int] `json:"type"`
	}
	if err := c.Bind(&body); err != nil {
		return err
	}
	switch body.Type.Or(-1) {
	case -1, form.Int(discord.RelationshipFriend):
		return h.befriend(c, other)
	case form.Int(discord.RelationshipBlocked):
		return h.block(c, other)
	}
	return form.Single("type", "BASE_TYPE_CHOICES", "Value must be one of {-1, 1, 2}.")
}

// befriend asks another for friendship, or accepts if the other has asked.
func (h *Handlers) befriend(c *call.Call, other snowflake.ID) error {
	ctx, user := c.Request.Context(), c.Caller.UserID
	friends := false
	err := h.change(c, other, func(tx *store.Tx, p store.Pair) error {
		friends = p.Mine.Type == discord.RelationshipIncoming
		switch {
		case p.Mine.User.Bot:
			return discord.ErrFriendBot
		case p.Mine.Type == discord.RelationshipFriend:
			return discord.ErrAlreadyFriends
		case p.Mine.Type == discord.RelationshipBlocked, p.Theirs.Type == discord.RelationshipBlocked:
			return discord.ErrFriendBlocked
		case p.Mine.Type == discord.RelationshipOutgoing:
			return nil
		}
		if err := roomFor(ctx, tx, user, discord.RelationshipFriend, maxFriends, discord.ErrTooManyFriends); err != nil {
			return err
		}
		if friends {
			if err := roomFor(ctx, tx, other, discord.RelationshipFriend, maxFriends, discord.ErrTooManyFriends); err != nil {
				return err
			}
			p.Mine.Type, p.Theirs.Type = discord.RelationshipFriend, discord.RelationshipFriend
		} else {
			if err := mayAsk(ctx, tx, user, other); err != nil {
				return err
			}
			p.Mine.Type, p.Theirs.Type = discord.RelationshipOutgoing, discord.RelationshipIncoming
		}
		if err := tx.Relate(ctx, user, p.Mine, false); err != nil {
			return err
		}
		return tx.Relate(ctx, other, p.Theirs, !p.Theirs.UserIgnored)
	})
	if err != nil {
		return err
	}
	if friends {
		h.introduce(c, user, other)
	}
	return c.Done()
}

func roomFor(ctx context.Context, tx *store.Tx, user snowflake.ID, kind discord.RelationshipType, most int, full error) error {
	n, err := tx.CountRelationships(ctx, user, kind)
	if err == nil && n >= most {
		return full
	}
	return err
}

// mayAsk applies whom the other lets ask, by its settings.
func mayAsk(ctx context.Context, tx *store.Tx, user, other snowflake.ID) error {
	if err := roomFor(ctx, tx, user, discord.RelationshipOutgoing, maxRequests, discord.ErrTooManyFriends); err != nil {
		return err
	}
	err := roomFor(ctx, tx, other, discord.RelationshipIncoming, maxRequests, discord.ErrRequestsDisabled)
	if err != nil {
		return err
	}
	a, err := tx.Acquaintance(ctx, user, other)
	if err != nil {
		return err
	}
	s := a.Sources
	if s == nil || s.All || s.Friends && a.CommonFriend || s.Guilds && a.CommonGuild {
		return nil
	}
	return discord.ErrRequestsDisabled
}

// rename gives a friend a nickname that the caller alone sees.
func (h *Handlers) rename(c *call.Call) error {
	other, err := c.ID("user_id", discord.ErrUnknownUser)
	if err != nil {
		return err
	}
	var body struct {
		Nickname form.Field[*string] `json:"nickname"`
	}
	if err := c.Bind(&body); err != nil {
		return err
	}
	if name := body.Nickname.Value; name != nil {
		var p form.Problems
		p.Max("nickname", utf8.RuneCountInString(*name), maxNickname)
		if err := p.Err(); err != nil {
			return err
		}
		if *name == "" {
			body.Nickname.Value = nil
		}
	}
	err = h.change(c, other, func(tx *store.Tx, p store.Pair) error {
		if p.Mine.Type != discord.RelationshipFriend {
			return discord.ErrUnknownUser
		}
		if !body.Nickname.Apply(&p.Mine.Nickname) {
			return nil
		}
		return tx.AdjustRelationship(c.Request.Context(), c.Caller.UserID, p.Mine)
	})
	if err != nil {
		return err
	}
	return c.Done()
}
