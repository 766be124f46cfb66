package admin

import (
	"context"

	"guildhall.chat/guildhall/api/call"
	"guildhall.chat/guildhall/api/form"
	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/snowflake"
	"guildhall.chat/guildhall/internal/store"
)

// Lengths in characters.
const maxText, maxQuery = 1000, 100

func (h *Handlers) users(c *call.Call) error {
	after, limit, err := page(c)
	if err != nil {
		return err
	}
	query, err := c.QueryText("query", 0, maxQuery)
	if err != nil {
		return err
	}
	found, err := h.service.Accounts(c.Request.Context(), store.AccountSearch{
		Prefix: query, Suspended: c.QueryBool("suspended"), Admins: c.QueryBool("admins"), After: after, Limit: limit,
	})
	return list(c, found, err)
}

func (h *Handlers) user(c *call.Call) error {
	id, err := c.ID("user_id", discord.ErrUnknownUser)
	if err != nil {
		return err
	}
	account, err := h.service.Account(c.Request.Context(), id)
	if err != nil {
		return known(err, discord.ErrUnknownUser)
	}
	return c.OK(account)
}

// on serves what needs no more than a user. unknown says what there is none of.
func (h *Handlers) on(do func(ctx context.Context, user snowflake.ID) error, unknown *discord.Error) call.Handler {
	return func(c *call.Call) error {
		id, err := c.ID("user_id", discord.ErrUnknownUser)
		if err != nil {
			return err
		}
		if err := do(c.Request.Context(), id); err != nil {
			return known(err, unknown)
		}
		return c.Done()
	}
}

func (h *Handlers) suspend(c *call.Call) error {
	id, err := c.ID("user_id", discord.ErrUnknownUser)
	if err != nil {
		return err
	}
	var body struct {
		Reason string `json:"reason"`
	}
	if err := c.Bind(&body); err != nil {
		return err
	}
	var p form.Problems
	p.Length("reason", body.Reason, 1, maxText)
	if id == c.Caller.UserID {
		p.Add("user_id", "SELF", "Administrators can't suspend themselves.")
	}
	if err := p.Err(); err != nil {
		return err
	}
	if err := h.service.Suspend(c.Request.Context(), id, body.Reason); err != nil {
		return known(err, discord.ErrUnknownUser)
	}
	return c.Done()
}

func (h *Handlers) resetPassword(c *call.Call) error {
	id, err := c.ID("user_id", discord.ErrUnknownUser)
	if err != nil {
		return err
	}
	token, err := h.service.ResetPassword(c.Request.Context(), id)
	if err != nil {
		return known(err, discord.ErrUnknownUser)
	}
	return c.OK(struct {
		Token string `json:"token"`
		Path  string `json:"path"`
	}{token, ResetPath(token)})
}

func (h *Handlers) guilds(c *call.Call) error {
	after, limit, err := page(c)
	if err != nil {
		return err
	}
	query, err := c.QueryText("query", 0, maxQuery)
	if err != nil {
		return err
	}
	owner, _, err := c.QueryID("owner_id")
	if err != nil {
		return err
	}
	found, err := h.service.HostedGuilds(c.Request.Context(), store.GuildSearch{Prefix: query, Owner: owner, After: after, Limit: limit})
	return list(c, found, err)
}

func (h *Handlers) deleteGuild(c *call.Call) error {
	id, err := c.ID("guild_id", discord.ErrUnknownGuild)
	if err != nil {
		return err
	}
	if err := h.service.RemoveGuild(c.Request.Context(), id); err != nil {
		return known(err, discord.ErrUnknownGuild)
	}
	return c.Done()
}
