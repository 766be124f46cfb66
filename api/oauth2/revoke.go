package oauth2

import (
	"errors"
	"net/http"

	"guildhall.chat/guildhall/api/call"
	"guildhall.chat/guildhall/internal/auth"
	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/snowflake"
	"guildhall.chat/guildhall/internal/store"
)

// revoke ends the authorization that a token is of, with every other token of it. A token that is none of the client's is
// not told from one that has ended already, RFC 7009 section 2.2.
// https://discord.com/developers/docs/topics/oauth2#authorization-code-grant-token-revocation-example
func (h *Handlers) revoke(c *call.Call) error {
	noStore(c)
	body, err := readForm(c)
	if err != nil {
		return failToken(c, err)
	}
	ctx := c.Request.Context()
	who, err := h.authenticate(ctx, c.GetHeader("Authorization"), body)
	if err != nil {
		return failToken(c, err)
	}
	token := body.Get("token")
	if token == "" {
		return failToken(c, refuse(invalidRequest, "token is required."))
	}
	// The hint is for servers that have to search; here the form of the token tells.
	err = h.Store.Change(ctx, func(tx *store.Tx) error {
		id, err := h.authorizationOf(c, tx, who, token)
		if err != nil || id == 0 {
			return err
		}
		_, err = tx.Revoke(ctx, id)
		return err
	})
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return err
	}
	return c.Reply(http.StatusOK, struct{}{})
}

// authorizationOf finds the client's authorization that a token of either kind is of; 0 if there is none.
func (h *Handlers) authorizationOf(c *call.Call, tx *store.Tx, who client, token string) (snowflake.ID, error) {
	ctx := c.Request.Context()
	if grant, err := h.Keys.VerifyBearer(token); err == nil {
		if grant.Application != who.ID {
			return 0, nil
		}
		_, found, err := h.Store.Grant(ctx, grant.ID)
		return found.Authorization, err
	}
	old, err := tx.Refreshable(ctx, auth.HashOpaque(token))
	if err != nil || old.Application != who.ID {
		return 0, err
	}
	return old.Authorization, nil
}

// authorization is one of a user's, as the user's client lists them.
type authorization struct {
	ID          snowflake.ID              `json:"id"`
	Scopes      []string                  `json:"scopes"`
	Application discord.PublicApplication `json:"application"`
}

// authorizations lists what the caller has agreed to.
func (h *Handlers) authorizations(c *call.Call) error {
	list, err := h.Store.AuthorizationsOf(c.Request.Context(), c.Caller.UserID)
	if err != nil {
		return err
	}
	answer := make([]authorization, len(list))
	for i, a := range list {
		answer[i] = authorization{ID: a.ID, Scopes: a.Scopes, Application: a.Application.PublicApplication}
	}
	return c.OK(answer)
}

// withdraw ends one of the caller's authorizations.
func (h *Handlers) withdraw(c *call.Call) error {
	id, err := c.ID("authorization_id", discord.ErrUnknownToken)
	if err != nil {
		return err
	}
	ctx := c.Request.Context()
	err = h.Store.Change(ctx, func(tx *store.Tx) error {
		_, err := tx.RevokeOwn(ctx, c.Caller.UserID, id)
		return err
	})
	if errors.Is(err, store.ErrNotFound) {
		return discord.ErrUnknownToken
	}
	if err != nil {
		return err
	}
	return c.Done()
}
