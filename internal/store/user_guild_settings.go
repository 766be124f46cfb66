package store

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/events"
	"guildhall.chat/guildhall/internal/snowflake"
)

// guildSettingsQuery lists a user's settings of the guilds that the user is in, and those of DMs.
const guildSettingsQuery = `select settings, version from user_guild_settings s where user_id = $1 and (guild_id = 0 or
	exists (select from members m where m.guild_id = s.guild_id and m.user_id = s.user_id)) order by guild_id`

func scanGuildSettings(row pgx.Row) (discord.UserGuildSettings, error) {
	var s discord.UserGuildSettings
	var version int64
	err := row.Scan(&s, &version)
	s.Version = version
	return s, err
}

// ChangeGuildSettings lets do change what a user has set for guilds, 0 for DMs, and tells the user's sessions.
func (tx *Tx) ChangeGuildSettings(ctx context.Context, user, guild snowflake.ID,
	do func(*discord.UserGuildSettings) error) (discord.UserGuildSettings, error) {
	fail := func(err error) (discord.UserGuildSettings, error) {
		return discord.UserGuildSettings{}, fmt.Errorf("settings of user %s for guild %s: %w", user, guild, err)
	}
	_, err := tx.Exec(ctx, `insert into user_guild_settings (user_id, guild_id, settings) values ($1, $2, $3)
		on conflict do nothing`, user, guild, discord.NewUserGuildSettings(guild))
	if err != nil {
		return fail(err)
	}
	s, err := scanGuildSettings(tx.QueryRow(ctx,
		`select settings, version from user_guild_settings where user_id = $1 and guild_id = $2 for update`, user, guild))
	if err != nil {
		return fail(err)
	}
	if err := do(&s); err != nil {
		return s, err
	}
	err = tx.QueryRow(ctx, `update user_guild_settings set settings = $3, version = nextval('kept_version')
		where user_id = $1 and guild_id = $2 returning version`, user, guild, s).Scan(&s.Version)
	if err != nil {
		return fail(err)
	}
	return s, tx.Emit(user, events.Header{Type: discord.EventUserGuildSettingsUpdate, User: user}, s)
}
