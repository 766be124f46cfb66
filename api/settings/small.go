package settings

import (
	"encoding/json"

	"guildhall.chat/guildhall/api/call"
	"guildhall.chat/guildhall/api/form"
	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/events"
	"guildhall.chat/guildhall/internal/store"
)

// change holds the small settings, changes them and answers with what answer makes of them.
func (h *Handlers) change(c *call.Call, do func(*store.Tx, *store.SmallSettings) error, answer func(store.SmallSettings) any) error {
	ctx := c.Request.Context()
	var v store.SmallSettings
	err := h.store.Change(ctx, func(tx *store.Tx) (err error) {
		if v, err = tx.HoldSmallSettings(ctx, c.Caller.UserID); err != nil {
			return err
		}
		if err := do(tx, &v); err != nil {
			return err
		}
		return tx.WriteSmallSettings(ctx, c.Caller.UserID, v)
	})
	if err != nil {
		return err
	}
	return c.OK(answer(v))
}

func (h *Handlers) read(c *call.Call, answer func(store.SmallSettings) any) error {
	v, err := h.store.SmallSettings(c.Request.Context(), c.Caller.UserID)
	if err != nil {
		return err
	}
	return c.OK(answer(v))
}

type notificationSettings struct {
	Flags int `json:"flags"`
}

func (h *Handlers) updateNotifications(c *call.Call) error {
	var body struct {
		Flags form.Field[form.Int] `json:"flags"`
	}
	if err := c.Bind(&body); err != nil {
		return err
	}
	var p form.Problems
	checkFlags(&p, "flags", body.Flags)
	if err := p.Err(); err != nil {
		return err
	}
	answer := func(v store.SmallSettings) any { return notificationSettings{v.NotificationFlags} }
	return h.change(c, func(tx *store.Tx, v *store.SmallSettings) error {
		setInt(body.Flags, &v.NotificationFlags)
		return tx.Emit(c.Caller.UserID, events.Header{Type: discord.EventNotificationSettings, User: c.Caller.UserID},
			struct {
				Settings notificationSettings `json:"settings"`
			}{notificationSettings{v.NotificationFlags}})
	}, answer)
}

// emailSettings says which mails a user wants.
type emailSettings struct {
	Categories  map[string]bool `json:"categories"`
	Initialized bool            `json:"initialized"`
}

// emailCategories are the kinds of mail, and which are sent to who has said nothing.
var emailCategories = map[string]bool{
	"social": true, "communication": true, "tips": false, "updates_and_announcements": false, "recommendations_and_events": false,
}

func emailOf(v store.SmallSettings) any {
	s := emailSettings{Categories: map[string]bool{}, Initialized: string(v.Email) != "{}"}
	var chosen map[string]bool
	_ = json.Unmarshal(v.Email, &chosen) // what was stored here
	for name, usual := range emailCategories {
		wanted, said := chosen[name]
		s.Categories[name] = said && wanted || !said && usual
	}
	return s
}

func (h *Handlers) getEmail(c *call.Call) error { return h.read(c, emailOf) }

func (h *Handlers) updateEmail(c *call.Call) error {
	var body struct {
		Settings struct {
			Categories map[string]form.Bool `json:"categories"`
		} `json:"settings"`
	}
	if err := c.Bind(&body); err != nil {
		return err
	}
	var p form.Problems
	for name := range body.Settings.Categories {
		if _, known := emailCategories[name]; !known {
			p.Add("settings.categories", "BASE_TYPE_CHOICES", "There is no such category.")
			break
		}
	}
	if err := p.Err(); err != nil {
		return err
	}
	return h.change(c, func(_ *store.Tx, v *store.SmallSettings) (err error) {
		chosen := emailOf(*v).(emailSettings).Categories
		for name, wanted := range body.Settings.Categories {
			chosen[name] = bool(wanted)
		}
		v.Email, err = json.Marshal(chosen)
		return err
	}, emailOf)
}

// consent is what a user has agreed to.
type consent struct {
	Consented bool `json:"consented"`
}

// purposes are what a user may agree to; until then nothing is.
var purposes = []string{"usage_statistics", "personalization"}

func consentsOf(v store.SmallSettings) any {
	var given map[string]bool
	_ = json.Unmarshal(v.Consents, &given) // what was stored here
	all := map[string]consent{}
	for _, purpose := range purposes {
		all[purpose] = consent{given[purpose]}
	}
	return all
}

func (h *Handlers) getConsents(c *call.Call) error { return h.read(c, consentsOf) }

func (h *Handlers) updateConsents(c *call.Call) error {
	var body struct {
		Grant  []string `json:"grant"`
		Revoke []string `json:"revoke"`
	}
	if err := c.Bind(&body); err != nil {
		return err
	}
	var p form.Problems
	for name, list := range map[string][]string{"grant": body.Grant, "revoke": body.Revoke} {
		if p.Max(name, len(list), len(purposes)); len(list) > len(purposes) {
			continue
		}
		for i, purpose := range list {
			form.OneOf(&p, form.At(name, i), purpose, purposes...)
		}
	}
	if err := p.Err(); err != nil {
		return err
	}
	return h.change(c, func(_ *store.Tx, v *store.SmallSettings) (err error) {
		given := map[string]bool{}
		for purpose, is := range consentsOf(*v).(map[string]consent) {
			given[purpose] = is.Consented
		}
		for _, purpose := range body.Grant {
			given[purpose] = true
		}
		for _, purpose := range body.Revoke {
			given[purpose] = false
		}
		v.Consents, err = json.Marshal(given)
		return err
	}, consentsOf)
}
