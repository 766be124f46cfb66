package admin

import (
	"net/http"
	"time"

	"guildhall.chat/guildhall/api/call"
	"guildhall.chat/guildhall/api/form"
	"guildhall.chat/guildhall/internal/discord"
)

// Bounds of an invitation to register.
const (
	maxUses     = 10000
	maxLifetime = 365 * 24 * time.Hour
	lifetime    = 7 * 24 * time.Hour
)

func (h *Handlers) invitations(c *call.Call) error {
	limit, err := c.QueryInt("limit", pageSize, 1, maxPage)
	if err != nil {
		return err
	}
	after, err := c.QueryText("after", 0, maxQuery)
	if err != nil {
		return err
	}
	found, err := h.service.Invitations(c.Request.Context(), after, limit)
	return list(c, found, err)
}

func (h *Handlers) invite(c *call.Call) error {
	var body struct {
		Note   string               `json:"note"`
		Uses   form.Field[form.Int] `json:"max_uses"`
		MaxAge form.Field[form.Int] `json:"max_age"`
	}
	if err := c.Bind(&body); err != nil {
		return err
	}
	var p form.Problems
	p.Length("note", body.Note, 0, maxText)
	uses, age := int64(body.Uses.Or(1)), int64(body.MaxAge.Or(form.Int(lifetime/time.Second)))
	p.Range("max_uses", uses, 1, maxUses)
	p.Range("max_age", age, 1, int64(maxLifetime/time.Second))
	if err := p.Err(); err != nil {
		return err
	}
	by := c.Caller.UserID
	made, err := h.service.Invite(c.Request.Context(), &by, body.Note, int(uses), time.Duration(age)*time.Second)
	if err != nil {
		return err
	}
	return c.Reply(http.StatusCreated, made)
}

func (h *Handlers) uninvite(c *call.Call) error {
	code, ok := c.Text("code")
	if !ok {
		return discord.ErrUnknownInvite
	}
	if err := h.service.DeleteInvitation(c.Request.Context(), code); err != nil {
		return known(err, discord.ErrUnknownInvite)
	}
	return c.Done()
}
