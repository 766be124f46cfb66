package direct

import (
	"errors"
	"net/http"
	"slices"

	"guildhall.chat/guildhall/api/call"
	"guildhall.chat/guildhall/api/form"
	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/snowflake"
	"guildhall.chat/guildhall/internal/store"
)

const (
	// maxMembers is how many a group has, the owner included.
	maxMembers = 10
	// maxBotGroups is how many groups a bot may have made.
	// https://discord.com/developers/docs/resources/user#create-group-dm
	maxBotGroups = 10
)

// createGroup makes a group of the caller and friends of the caller's.
func (h *Handlers) createGroup(c *call.Call, others []snowflake.ID) error {
	slices.Sort(others)
	others = slices.DeleteFunc(slices.Compact(others), func(id snowflake.ID) bool { return id == c.Caller.UserID })
	if len(others)+1 > maxMembers {
		return discord.ErrTooManyRecipients
	}
	friends, err := h.store.AreFriends(c.Request.Context(), c.Caller.UserID, others)
	if err != nil {
		return err
	}
	if !friends {
		return discord.ErrInvalidRecipients
	}
	return h.make(c, http.StatusOK, store.NewGroup{Owner: c.Caller.UserID, Others: others})
}

func (h *Handlers) make(c *call.Call, status int, g store.NewGroup) error {
	ctx := c.Request.Context()
	var channel discord.Channel
	err := h.store.Change(ctx, func(tx *store.Tx) (err error) {
		if g.Application != nil {
			n, err := tx.CountBotGroups(ctx, *g.Application)
			if err != nil {
				return err
			}
			if n >= maxBotGroups {
				return discord.ErrTooManyGroups
			}
		}
		channel, err = tx.CreateGroup(ctx, g)
		return err
	})
	if errors.Is(err, store.ErrNotFound) {
		return discord.ErrInvalidRecipients
	}
	if err != nil {
		return err
	}
	return c.Reply(status, channel)
}

// createBotGroup makes a group of a bot and those who have given it tokens.
// https://discord.com/developers/docs/resources/user#create-group-dm
func (h *Handlers) createBotGroup(c *call.Call, body *opening) error {
	var p form.Problems
	if len(body.AccessTokens) == 0 {
		p.Required("access_tokens")
	}
	nicks := map[snowflake.ID]string{}
	for id, nick := range body.Nicks {
		if nick != nil {
			p.Length(form.At("nicks", id.String()), *nick, 1, maxNick)
			nicks[id] = *nick
		}
	}
	if err := p.Err(); err != nil {
		return err
	}
	if len(body.AccessTokens)+1 > maxMembers {
		return discord.ErrTooManyRecipients
	}
	var others []snowflake.ID
	for _, token := range body.AccessTokens {
		user, err := h.joining(c, token)
		if err != nil {
			return err
		}
		if !slices.Contains(others, user) {
			others = append(others, user)
		}
	}
	application := c.Caller.ApplicationID
	return h.make(c, http.StatusOK, store.NewGroup{Owner: c.Caller.UserID, Others: others, Nicks: nicks, Application: &application})
}

// joinScope is what a token needs so that a bot may add its user to a group.
// https://discord.com/developers/docs/topics/oauth2#shared-resources-oauth2-scopes
const joinScope = "gdm.join"

// joining returns whose an access token is that the calling bot may use for letting its user into a group.
func (h *Handlers) joining(c *call.Call, token string) (snowflake.ID, error) {
	claimed, err := h.keys.VerifyBearer(token)
	if err != nil {
		return 0, discord.ErrInvalidToken
	}
	identity, grant, err := h.store.Grant(c.Request.Context(), claimed.ID)
	switch {
	case errors.Is(err, store.ErrNotFound):
		return 0, discord.ErrInvalidToken
	case err != nil:
		return 0, err
	case identity.ApplicationID != c.Caller.ApplicationID:
		return 0, discord.ErrInvalidToken
	case !slices.Contains(grant.Scopes, joinScope):
		return 0, discord.ErrMissingScope
	}
	return identity.UserID, nil
}
