package settings

import (
	"bytes"
	"encoding/json"

	"guildhall.chat/guildhall/api/call"
	"guildhall.chat/guildhall/api/form"
	"guildhall.chat/guildhall/internal/settings"
	"guildhall.chat/guildhall/internal/store"
)

// get returns the settings as a JSON object.
func (h *Handlers) get(c *call.Call) error {
	set, err := h.store.Settings(c.Request.Context(), c.Caller.UserID)
	if err != nil {
		return err
	}
	return c.OK(set.Whole())
}

// update changes keys of the JSON object, and what in the protocol buffer says the same.
func (h *Handlers) update(c *call.Call) error {
	var body map[string]json.RawMessage
	if err := c.Bind(&body); err != nil {
		return err
	}
	patch, invalid := settings.ReadLegacy(body)
	var p form.Problems
	for _, key := range invalid {
		p.Add(key.Name, "BASE_TYPE_BAD_VALUE", "This is not a valid value of the setting.")
	}
	if err := p.Err(); err != nil {
		return err
	}
	ctx, user := c.Request.Context(), c.Caller.UserID
	var whole settings.Legacy
	err := h.store.Change(ctx, func(tx *store.Tx) error {
		set, err := tx.HoldSettings(ctx, user)
		if err != nil {
			return err
		}
		whole = set.Merge(patch)
		changed := differing(set, patch)
		if len(changed) == 0 {
			return nil
		}
		if err := tx.WriteSettings(ctx, user, whole, changed); err != nil {
			return err
		}
		stored, version, err := readStored(ctx, tx, user, preloaded)
		if err != nil {
			return err
		}
		_, err = splice(ctx, tx, user, preloaded, stored, changed.Encode(stored), version+1)
		return err
	})
	if err != nil {
		return err
	}
	return c.OK(whole.Whole())
}

// differing returns what of a patch is not so already.
func differing(set, patch settings.Legacy) settings.Legacy {
	changed, whole := settings.Legacy{}, set.Whole()
	for name, value := range patch {
		if !bytes.Equal(whole[name], value) {
			changed[name] = value
		}
	}
	return changed
}
