package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/events"
	"guildhall.chat/guildhall/internal/settings"
	"guildhall.chat/guildhall/internal/snowflake"
)

// Settings returns what a user has set.
func (s *Store) Settings(ctx context.Context, user snowflake.ID) (settings.Legacy, error) {
	return readSettings(s.pool.QueryRow(ctx, `select settings from user_settings where user_id = $1`, user))
}

// readSettings reads the settings of who has some, or has not.
func readSettings(row pgx.Row) (settings.Legacy, error) {
	set := settings.Legacy{}
	if err := row.Scan(&set); err != nil && !errors.Is(err, pgx.ErrNoRows) {
		return nil, fmt.Errorf("settings: %w", err)
	}
	return set, nil
}

// SettingsProto returns a user's protocol buffer of a type, and its version; empty, with 0, while there is none.
func (s *Store) SettingsProto(ctx context.Context, user snowflake.ID, kind int) (data []byte, version int, err error) {
	return readProto(s.pool.QueryRow(ctx, protoQuery, user, kind))
}

const protoQuery = `select settings, version from user_settings_protos where user_id = $1 and type = $2`

func readProto(row pgx.Row) (data []byte, version int, err error) {
	if err := row.Scan(&data, &version); err != nil && !errors.Is(err, pgx.ErrNoRows) {
		return nil, 0, fmt.Errorf("settings proto: %w", err)
	}
	return data, version, nil
}

// HoldSettings locks a user's settings in all their forms and returns the JSON object.
func (tx *Tx) HoldSettings(ctx context.Context, user snowflake.ID) (settings.Legacy, error) {
	if _, err := tx.Exec(ctx, `insert into user_settings (user_id) values ($1) on conflict do nothing`, user); err != nil {
		return nil, fmt.Errorf("settings of user %s: %w", user, err)
	}
	return readSettings(tx.QueryRow(ctx, `select settings from user_settings where user_id = $1 for update`, user))
}

// SettingsProto is Store.SettingsProto within a change.
func (tx *Tx) SettingsProto(ctx context.Context, user snowflake.ID, kind int) (data []byte, version int, err error) {
	return readProto(tx.QueryRow(ctx, protoQuery, user, kind))
}

// WriteSettings writes the JSON object, and tells the user's sessions what changed.
func (tx *Tx) WriteSettings(ctx context.Context, user snowflake.ID, whole, changed settings.Legacy) error {
	if _, err := tx.Exec(ctx, `update user_settings set settings = $2 where user_id = $1`, user, whole); err != nil {
		return fmt.Errorf("settings of user %s: %w", user, err)
	}
	return tx.Emit(user, events.Header{Type: discord.EventUserSettingsUpdate, User: user}, changed)
}

// WriteSettingsProto writes a protocol buffer, and tells the user's sessions the fields that changed.
func (tx *Tx) WriteSettingsProto(ctx context.Context, user snowflake.ID, kind int, whole []byte, version int, changed []byte) error {
	_, err := tx.Exec(ctx, `insert into user_settings_protos (user_id, type, version, settings) values ($1, $2, $3, $4)
		on conflict (user_id, type) do update set version = excluded.version, settings = excluded.settings`,
		user, kind, version, whole)
	if err != nil {
		return fmt.Errorf("settings proto of user %s: %w", user, err)
	}
	return tx.Emit(user, events.Header{Type: discord.EventUserSettingsProtoUpdate, User: user},
		discord.SettingsProtoEvent{Settings: discord.SettingsProto{Proto: changed, Type: kind}, Partial: true})
}

// SmallSettings are those that only answer what was written.
type SmallSettings struct {
	NotificationFlags int
	Email             json.RawMessage // an object
	Consents          json.RawMessage // an object
}

const smallSettings = `select notification_flags, email, consents from user_settings where user_id = $1`

// SmallSettings returns them.
func (s *Store) SmallSettings(ctx context.Context, user snowflake.ID) (SmallSettings, error) {
	return scanSmallSettings(s.pool.QueryRow(ctx, smallSettings, user))
}

func scanSmallSettings(row pgx.Row) (SmallSettings, error) {
	var v SmallSettings
	err := row.Scan(&v.NotificationFlags, (*[]byte)(&v.Email), (*[]byte)(&v.Consents))
	if errors.Is(err, pgx.ErrNoRows) {
		empty := json.RawMessage(`{}`)
		return SmallSettings{Email: empty, Consents: empty}, nil
	}
	if err != nil {
		return v, fmt.Errorf("small settings: %w", err)
	}
	return v, nil
}

// HoldSmallSettings locks and returns them.
func (tx *Tx) HoldSmallSettings(ctx context.Context, user snowflake.ID) (SmallSettings, error) {
	if _, err := tx.HoldSettings(ctx, user); err != nil {
		return SmallSettings{}, err
	}
	return scanSmallSettings(tx.QueryRow(ctx, smallSettings, user))
}

// WriteSmallSettings writes them.
func (tx *Tx) WriteSmallSettings(ctx context.Context, user snowflake.ID, v SmallSettings) error {
	_, err := tx.Exec(ctx, `update user_settings set notification_flags = $2, email = $3, consents = $4 where user_id = $1`,
		user, v.NotificationFlags, v.Email, v.Consents)
	if err != nil {
		return fmt.Errorf("small settings of user %s: %w", user, err)
	}
	return nil
}
