package admin

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"guildhall.chat/guildhall/api/call"
	"guildhall.chat/guildhall/api/form"
	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/snowflake"
	"guildhall.chat/guildhall/internal/store"
)

// Subject is whom limits are for.
type Subject string

// The subjects.
const (
	Instance Subject = "instance"
	OfUser   Subject = "user"
	OfGuild  Subject = "guild"
)

// has reports whether the subject can have the limit.
func (s Subject) has(l store.Limit) bool { return s == Instance || (s == OfUser) == l.OfUser }

// LimitTold is a limit as it is told of.
type LimitTold struct {
	Name    string `json:"name"`
	Value   int64  `json:"value"`   // what holds
	Set     *int64 `json:"set"`     // for the subject itself; nil: what holds for the instance, or else the default, holds
	Default int64  `json:"default"` // where nothing is set
	Most    int64  `json:"most"`    // that may be set
}

// LimitsOf returns the limits of a subject; id is 0 for the instance.
func (s *Service) LimitsOf(ctx context.Context, of Subject, id snowflake.ID) ([]LimitTold, error) {
	everywhere, err := s.SetLimits(ctx, 0)
	if err != nil {
		return nil, err
	}
	own := everywhere
	if of != Instance {
		if own, err = s.SetLimits(ctx, id); err != nil {
			return nil, err
		}
	}
	var told []LimitTold
	for _, l := range store.Limits {
		if !of.has(l) {
			continue
		}
		t := LimitTold{Name: l.Name, Value: l.Default, Default: l.Default, Most: l.Most}
		if value, ok := everywhere[l.Name]; ok {
			t.Value = value
		}
		if value, ok := own[l.Name]; ok {
			t.Value, t.Set = value, &value
		}
		told = append(told, t)
	}
	return told, nil
}

// ChangeLimits sets limits of a subject, all or none; nil takes away what was set. by is nil for the command line. The error is a
// form error for names and values that there are not; store.ErrNotFound for an unknown subject.
func (s *Service) ChangeLimits(ctx context.Context, of Subject, id snowflake.ID, values map[string]*int64, by *snowflake.ID) error {
	var p form.Problems
	for _, name := range slices.Sorted(maps.Keys(values)) {
		i := slices.IndexFunc(store.Limits, func(l store.Limit) bool { return l.Name == name && of.has(l) })
		switch {
		case i < 0:
			p.Add(name, "LIMIT_UNKNOWN", fmt.Sprintf("There is no such limit of a %s.", of))
		case values[name] != nil:
			p.Range(name, *values[name], 0, store.Limits[i].Most)
		}
	}
	if err := p.Err(); err != nil {
		return err
	}
	return s.Change(ctx, func(tx *store.Tx) error {
		for _, l := range store.Limits {
			value, ok := values[l.Name]
			if !ok {
				continue
			}
			if err := tx.SetLimit(ctx, l, id, value, by); err != nil {
				return err
			}
		}
		return nil
	})
}

// subject reads whom the path is about.
func subject(c *call.Call, of Subject) (snowflake.ID, *discord.Error, error) {
	switch of {
	case OfUser:
		id, err := c.ID("user_id", discord.ErrUnknownUser)
		return id, discord.ErrUnknownUser, err
	case OfGuild:
		id, err := c.ID("guild_id", discord.ErrUnknownGuild)
		return id, discord.ErrUnknownGuild, err
	}
	return 0, discord.ErrNotFound, nil
}

func (h *Handlers) limits(of Subject) call.Handler {
	return func(c *call.Call) error {
		id, unknown, err := subject(c, of)
		if err != nil {
			return err
		}
		return h.tellLimits(c, of, id, unknown)
	}
}

func (h *Handlers) tellLimits(c *call.Call, of Subject, id snowflake.ID, unknown *discord.Error) error {
	ctx := c.Request.Context()
	var err error
	switch of {
	case OfUser:
		_, err = h.service.Account(ctx, id)
	case OfGuild:
		err = h.service.HasGuild(ctx, id)
	}
	if err != nil {
		return known(err, unknown)
	}
	told, err := h.service.LimitsOf(ctx, of, id)
	return list(c, told, err)
}

func (h *Handlers) setLimits(of Subject) call.Handler {
	return func(c *call.Call) error {
		id, unknown, err := subject(c, of)
		if err != nil {
			return err
		}
		var raw json.RawMessage
		if err := c.Bind(&raw); err != nil {
			return err
		}
		var values map[string]*int64
		if err := json.Unmarshal(raw, &values); err != nil {
			return form.Single("", "BASE_TYPE_INVALID", "Expected an object of whole numbers and nulls.")
		}
		by := c.Caller.UserID
		if err := h.service.ChangeLimits(c.Request.Context(), of, id, values, &by); err != nil {
			return known(err, unknown)
		}
		return h.tellLimits(c, of, id, unknown)
	}
}

func (h *Handlers) limitChanges(c *call.Call) error {
	after, limit, err := page(c)
	if err != nil {
		return err
	}
	changes, err := h.service.LimitChanges(c.Request.Context(), after, limit)
	return list(c, changes, err)
}
