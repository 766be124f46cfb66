package settings

import (
	"context"
	"encoding/base64"

	"guildhall.chat/guildhall/api/call"
	"guildhall.chat/guildhall/api/form"
	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/settings"
	"guildhall.chat/guildhall/internal/snowflake"
	"guildhall.chat/guildhall/internal/store"
)

// Types of protocol buffers.
const (
	preloaded = 1
	frecency  = 2
	test      = 3
)

// maxProto bounds a protocol buffer, in characters of base64.
const maxProto = 5_242_880

// protoAnswer is a protocol buffer in answers.
type protoAnswer struct {
	Settings  []byte `json:"settings"` // base64
	OutOfDate bool   `json:"out_of_date,omitempty"`
}

func protoType(c *call.Call) (int, error) {
	switch c.Param("type") {
	case "1":
		return preloaded, nil
	case "2":
		return frecency, nil
	case "3":
		return test, nil
	}
	return 0, form.Single("type", "BASE_TYPE_CHOICES", "Value must be one of {1, 2, 3}.")
}

// getProto returns a protocol buffer.
func (h *Handlers) getProto(c *call.Call) error {
	kind, err := protoType(c)
	if err != nil {
		return err
	}
	data, version, err := h.store.SettingsProto(c.Request.Context(), c.Caller.UserID, kind)
	if err != nil {
		return err
	}
	stored, err := settings.ReadProto(data)
	if err != nil {
		return err
	}
	return c.OK(protoAnswer{Settings: stored.WithVersion(version).Bytes()})
}

// protoPatch is the body of an update.
type protoPatch struct {
	Settings string `json:"settings"`
	// Required is the data version that the client has: if the stored one is newer, nothing is written.
	Required form.Field[form.Int] `json:"required_data_version"`
}

func (b *protoPatch) read() (settings.Proto, error) {
	if len(b.Settings) > maxProto {
		return settings.Proto{}, tooLarge()
	}
	data, err := base64.StdEncoding.DecodeString(b.Settings)
	if err != nil {
		return settings.Proto{}, form.Single("settings", "BASE_TYPE_INVALID", "Expected base64.")
	}
	patch, err := settings.ReadProto(data)
	if err != nil {
		return settings.Proto{}, form.Single("settings", "BASE_TYPE_INVALID", "Expected a protocol buffer.")
	}
	return patch, nil
}

func tooLarge() error {
	return form.Single("settings", "BASE_TYPE_MAX_LENGTH", "Must be 5242880 or fewer in length.")
}

// updateProto replaces top-level fields of a protocol buffer; those of the preloaded one change what in the JSON object says
// the same.
func (h *Handlers) updateProto(c *call.Call) error {
	kind, err := protoType(c)
	if err != nil {
		return err
	}
	var body protoPatch
	if err := c.Bind(&body); err != nil {
		return err
	}
	patch, err := body.read()
	if err != nil {
		return err
	}
	ctx, user := c.Request.Context(), c.Caller.UserID
	var answer protoAnswer
	err = h.store.Change(ctx, func(tx *store.Tx) error {
		answer = protoAnswer{}
		set, err := tx.HoldSettings(ctx, user)
		if err != nil {
			return err
		}
		stored, version, err := readStored(ctx, tx, user, kind)
		if err != nil {
			return err
		}
		if body.Required.Set && int64(version) > int64(body.Required.Value) {
			answer = protoAnswer{Settings: stored.WithVersion(version).Bytes(), OutOfDate: true}
			return nil
		}
		if answer.Settings, err = splice(ctx, tx, user, kind, stored, patch, version+1); err != nil || kind != preloaded {
			return err
		}
		changed := differing(set, patch.Decode())
		if len(changed) == 0 {
			return nil
		}
		return tx.WriteSettings(ctx, user, set.Merge(changed), changed)
	})
	if err != nil {
		return err
	}
	return c.OK(answer)
}

func readStored(ctx context.Context, tx *store.Tx, user snowflake.ID, kind int) (settings.Proto, int, error) {
	data, version, err := tx.SettingsProto(ctx, user, kind)
	if err != nil {
		return settings.Proto{}, 0, err
	}
	stored, err := settings.ReadProto(data)
	return stored, version, err
}

// splice writes the fields of a patch and returns the whole.
func splice(ctx context.Context, tx *store.Tx, user snowflake.ID, kind int, stored, patch settings.Proto, version int) ([]byte, error) {
	whole := stored.Splice(patch).WithVersion(version).Bytes()
	if base64.StdEncoding.EncodedLen(len(whole)) > maxProto {
		return nil, tooLarge()
	}
	if _, err := settings.ReadProto(whole); err != nil {
		return nil, discord.ErrInvalidForm // too many fields, all together
	}
	return whole, tx.WriteSettingsProto(ctx, user, kind, whole, version, patch.WithVersion(version).Bytes())
}
