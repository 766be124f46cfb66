package store

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/snowflake"
)

const commandColumns = `c.id, c.application_id, c.guild_id, c.type, c.name, c.version, c.spec`

func scanCommand(row pgx.Row) (discord.Command, error) {
	var c discord.Command
	err := row.Scan(&c.ID, &c.ApplicationID, &c.GuildID, &c.Type, &c.Name, &c.Version, &c.CommandSpec)
	return c, err
}

// Commands returns an application's commands of a guild, or with guild 0 those that are everywhere, oldest first.
func (s *Store) Commands(ctx context.Context, app, guild snowflake.ID) ([]discord.Command, error) {
	return commands(ctx, s.pool, app, guild)
}

// Commands is Store.Commands within a change.
func (tx *Tx) Commands(ctx context.Context, app, guild snowflake.ID) ([]discord.Command, error) {
	return commands(ctx, tx, app, guild)
}

func commands(ctx context.Context, q querier, app, guild snowflake.ID) ([]discord.Command, error) {
	list, err := collect(ctx, q, scanCommand, `select `+commandColumns+` from commands c
		where c.application_id = $1 and coalesce(c.guild_id, 0) = $2 order by c.id`, app, guild)
	if err != nil {
		return nil, fmt.Errorf("commands of application %s: %w", app, err)
	}
	return list, nil
}

// Command returns one command, whatever guild it is of.
func (s *Store) Command(ctx context.Context, app, id snowflake.ID) (discord.Command, error) {
	c, err := scanCommand(s.pool.QueryRow(ctx,
		`select `+commandColumns+` from commands c where c.application_id = $1 and c.id = $2`, app, id))
	if err != nil {
		return c, fmt.Errorf("command %s: %w", id, notFound(err))
	}
	return c, nil
}

// HoldCommands locks an application's commands: they change one after another. It returns the new version of their index.
func (tx *Tx) HoldCommands(ctx context.Context, app snowflake.ID) (version snowflake.ID, err error) {
	version = tx.NewID()
	if err := found(tx.Exec(ctx, `update applications set commands_version = $2 where id = $1`, app, version)); err != nil {
		return 0, fmt.Errorf("hold commands of application %s: %w", app, err)
	}
	return version, nil
}

// PutCommand writes a command, new or changed.
func (tx *Tx) PutCommand(ctx context.Context, c discord.Command) error {
	_, err := tx.Exec(ctx, `insert into commands (id, application_id, guild_id, type, name, version, spec)
		values ($1, $2, $3, $4, $5, $6, $7)
		on conflict (id) do update set type = $4, name = $5, version = $6, spec = $7`,
		c.ID, c.ApplicationID, c.GuildID, c.Type, c.Name, c.Version, c.CommandSpec)
	if err != nil {
		return fmt.Errorf("write command %s: %w", c.ID, err)
	}
	return nil
}

// DeleteCommands removes commands with what was said about who may use them. It must come before PutCommand may use their
// names again.
func (tx *Tx) DeleteCommands(ctx context.Context, ids []snowflake.ID) error {
	b := &pgx.Batch{}
	b.Queue(`delete from commands where id = any($1)`, ids)
	b.Queue(`delete from command_permissions where target_id = any($1)`, ids)
	if err := tx.SendBatch(ctx, b).Close(); err != nil {
		return fmt.Errorf("delete commands: %w", err)
	}
	return nil
}

// CountCreatedCommands adds n to what an application has made today in a guild, or with guild 0 everywhere, and returns the
// sum.
func (tx *Tx) CountCreatedCommands(ctx context.Context, app, guild snowflake.ID, n int) (today int, err error) {
	err = tx.QueryRow(ctx, `insert into command_creations as c (application_id, guild_id, day, commands)
		values ($1, $2, $3, $4) on conflict (application_id, guild_id, day)
		do update set commands = c.commands + excluded.commands returning commands`,
		app, guild, time.Now().UTC().Format(time.DateOnly), n).Scan(&today)
	if err != nil {
		return 0, fmt.Errorf("count created commands: %w", err)
	}
	return today, nil
}

// CommandPermissions returns what an application's commands, and the application as a whole, are given in a guild.
func (s *Store) CommandPermissions(ctx context.Context, app, guild snowflake.ID) ([]discord.CommandPermissions, error) {
	list, err := collect(ctx, s.pool, scanCommandPermissions, `select target_id, application_id, guild_id, permissions
		from command_permissions where application_id = $1 and guild_id = $2 order by target_id`, app, guild)
	if err != nil {
		return nil, fmt.Errorf("command permissions of application %s: %w", app, err)
	}
	return list, nil
}

func scanCommandPermissions(row pgx.Row) (discord.CommandPermissions, error) {
	var p discord.CommandPermissions
	err := row.Scan(&p.ID, &p.ApplicationID, &p.GuildID, &p.Permissions)
	return p, err
}

// SetCommandPermissions writes what a command or application is given in a guild, and returns what it was given before.
func (tx *Tx) SetCommandPermissions(ctx context.Context, p discord.CommandPermissions) (before []discord.CommandPermission, err error) {
	before, err = collect(ctx, tx, func(row pgx.Row) (c discord.CommandPermission, err error) {
		err = row.Scan(&c.ID, &c.Type, &c.Permission)
		return c, err
	}, `select (e->>'id')::bigint, (e->>'type')::int, (e->>'permission')::boolean
		from command_permissions, jsonb_array_elements(permissions) e where guild_id = $1 and target_id = $2`, p.GuildID, p.ID)
	if err != nil {
		return nil, fmt.Errorf("command permissions of %s: %w", p.ID, err)
	}
	if len(p.Permissions) == 0 {
		_, err = tx.Exec(ctx, `delete from command_permissions where guild_id = $1 and target_id = $2`, p.GuildID, p.ID)
	} else {
		_, err = tx.Exec(ctx, `insert into command_permissions (guild_id, target_id, application_id, permissions)
			values ($1, $2, $3, $4) on conflict (guild_id, target_id) do update set permissions = $4`,
			p.GuildID, p.ID, p.ApplicationID, p.Permissions)
	}
	if err != nil {
		return nil, fmt.Errorf("set command permissions of %s: %w", p.ID, err)
	}
	return before, nil
}

// ClearCommands removes commands that are written again at once, perhaps with each other's names.
func (tx *Tx) ClearCommands(ctx context.Context, ids []snowflake.ID) error {
	if _, err := tx.Exec(ctx, `delete from commands where id = any($1)`, ids); err != nil {
		return fmt.Errorf("clear commands: %w", err)
	}
	return nil
}

// ApplicationInGuild reports whether an application was added to a guild, with its bot or without.
func (s *Store) ApplicationInGuild(ctx context.Context, app, guild snowflake.ID) (in bool, err error) {
	err = s.pool.QueryRow(ctx, `select exists (select from integrations where application_id = $1 and guild_id = $2)`, app, guild).Scan(&in)
	if err != nil {
		return false, fmt.Errorf("application %s in guild %s: %w", app, guild, err)
	}
	return in, nil
}

// GuildsOfApplication returns at most so many of the guilds that an application was added to.
func (s *Store) GuildsOfApplication(ctx context.Context, app snowflake.ID, most int) ([]snowflake.ID, error) {
	rows, err := s.pool.Query(ctx, `select guild_id from integrations where application_id = $1 order by guild_id limit $2`, app, most)
	if err != nil {
		return nil, fmt.Errorf("guilds of application %s: %w", app, err)
	}
	return pgx.CollectRows(rows, pgx.RowTo[snowflake.ID])
}
