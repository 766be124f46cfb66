package accounts

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"

	"guildhall.chat/guildhall/api/call"
	"guildhall.chat/guildhall/api/form"
	"guildhall.chat/guildhall/api/names"
	"guildhall.chat/guildhall/internal/store"
)

// taken tells whether a person has a username.
func (h *Handlers) taken(c *call.Call, name string) (bool, error) {
	_, err := h.Store.UserNamed(c.Request.Context(), name)
	if errors.Is(err, store.ErrNotFound) {
		return false, nil
	}
	return err == nil, err
}

// tryUsername tells whether a username is taken.
func (h *Handlers) tryUsername(c *call.Call) error {
	var body struct {
		Username string `json:"username"`
	}
	if err := c.Bind(&body); err != nil {
		return err
	}
	name := strings.ToLower(body.Username)
	var p form.Problems
	names.CheckUser(&p, name)
	if err := p.Err(); err != nil {
		return err
	}
	taken, err := h.taken(c, name)
	if err != nil {
		return err
	}
	return c.OK(struct {
		Taken bool `json:"taken"`
	}{taken})
}

// suggestUsername makes a username of what somebody wants to be called: the first that is free of a few.
func (h *Handlers) suggestUsername(c *call.Call) error {
	wanted, err := c.QueryText("global_name", 0, 64)
	if err != nil {
		return err
	}
	base := strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' || r == '_' {
			return r
		}
		return -1
	}, strings.ToLower(wanted))
	base = base[:min(len(base), 24)]
	var answer struct {
		Username string `json:"username,omitempty"`
	}
	for try := range 4 {
		name := base
		if try > 0 {
			name = fmt.Sprintf("%s%d", base, rand.IntN(1_000_000))
		}
		var p form.Problems
		if names.CheckUser(&p, name); p.Err() != nil {
			continue
		}
		taken, err := h.taken(c, name)
		if err != nil {
			return err
		}
		if !taken {
			answer.Username = name
			break
		}
	}
	return c.OK(answer)
}
