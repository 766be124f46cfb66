package store

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/events"
	"guildhall.chat/guildhall/internal/snowflake"
)

// An integration says that an application was added to a guild: with its bot, beside whose membership it is a row that Join
// makes and RemoveMembers ends, or for its commands alone.

// integrationQuery reads a user with each integration: the bot or, of an application that has none, its owner.
const integrationQuery = `select i.id, i.scopes, i.user_id, a.id, a.name, a.icon, a.description, a.bot_id is not null, ` + userColumns + `
	from integrations i join applications a on a.id = i.application_id join users u on u.id = coalesce(a.bot_id, a.owner_id) `

// scanIntegration reads an integration; of who added it only the id.
func scanIntegration(row pgx.Row) (discord.Integration, error) {
	i := discord.Integration{Type: "discord", Enabled: true}
	var by *snowflake.ID
	var bot discord.User
	var hasBot bool
	targets := append([]any{&i.ID, &i.Scopes, &by, &i.Application.ID, &i.Application.Name, &i.Application.Icon,
		&i.Application.Description, &hasBot}, userTargets(&bot)...)
	if err := row.Scan(targets...); err != nil {
		return i, err
	}
	i.Name = i.Application.Name
	i.Account = discord.IntegrationAccount{ID: i.Application.ID.String(), Name: i.Application.Name}
	if hasBot {
		i.Application.Bot = &bot
	}
	if by != nil {
		i.User = &discord.User{ID: *by}
	}
	return i, nil
}

// maxIntegrations is how many a guild's list has at most.
// https://discord.com/developers/docs/resources/guild#get-guild-integrations
const maxIntegrations = 50

// Integrations returns a guild's integrations, oldest first, with who added them.
func (s *Store) Integrations(ctx context.Context, guild snowflake.ID) ([]discord.Integration, error) {
	list, err := collect(ctx, s.pool, scanIntegration, integrationQuery+`where i.guild_id = $1 order by i.id limit $2`,
		guild, maxIntegrations)
	if err != nil {
		return nil, fmt.Errorf("integrations of guild %s: %w", guild, err)
	}
	var by []snowflake.ID
	for _, i := range list {
		if i.User != nil {
			by = append(by, i.User.ID)
		}
	}
	users, err := s.usersByID(ctx, by)
	if err != nil {
		return nil, err
	}
	for _, i := range list {
		if i.User != nil {
			*i.User = users[i.User.ID]
		}
	}
	return list, nil
}

// Integration returns one of a guild's integrations, ErrNotFound if it has none of the id.
func (tx *Tx) Integration(ctx context.Context, guild, id snowflake.ID) (discord.Integration, error) {
	i, err := scanIntegration(tx.QueryRow(ctx, integrationQuery+`where i.guild_id = $1 and i.id = $2`, guild, id))
	if err != nil {
		return i, fmt.Errorf("integration %s: %w", id, notFound(err))
	}
	return i, nil
}

// addIntegration notes that a bot has become a member, and tells the guild. A bot without an application has none.
func (tx *Tx) addIntegration(ctx context.Context, guild, bot snowflake.ID) error {
	id := tx.NewID()
	tag, err := tx.Exec(ctx, `insert into integrations (id, guild_id, application_id)
		select $1, $2, id from applications where bot_id = $3 on conflict do nothing`, id, guild, bot)
	if err != nil {
		return fmt.Errorf("add integration of bot %s: %w", bot, err)
	}
	if tag.RowsAffected() == 0 {
		return nil
	}
	return tx.integrationTold(ctx, discord.EventIntegrationCreate, guild, id)
}

// AddCommands notes that an application's commands have come to a guild, with or without its bot, and tells the guild.
func (tx *Tx) AddCommands(ctx context.Context, guild, app snowflake.ID) error {
	id := tx.NewID()
	tag, err := tx.Exec(ctx, `insert into integrations (id, guild_id, application_id, scopes) values ($1, $2, $3, $4)
		on conflict do nothing`, id, guild, app, []string{discord.ScopeCommands})
	if err != nil {
		return fmt.Errorf("add commands of application %s: %w", app, err)
	}
	if tag.RowsAffected() == 0 {
		return nil
	}
	return tx.integrationTold(ctx, discord.EventIntegrationCreate, guild, id)
}

// integrationTold tells a guild what has become of one of its integrations.
func (tx *Tx) integrationTold(ctx context.Context, event string, guild, id snowflake.ID) error {
	i, err := tx.Integration(ctx, guild, id)
	if err != nil {
		return err
	}
	head := events.Header{Type: event, Guild: guild}
	if err := tx.Emit(guild, head, discord.IntegrationEvent{Integration: i, GuildID: guild}); err != nil {
		return err
	}
	return tx.integrationsChanged(guild)
}

// GrantIntegration notes who added an application, and for which scopes besides those that it has. If there are such, it tells
// the guild.
func (tx *Tx) GrantIntegration(ctx context.Context, guild, app, by snowflake.ID, scopes []string) error {
	var id snowflake.ID
	var more bool
	err := tx.QueryRow(ctx, `update integrations i set user_id = $3,
		scopes = (select array_agg(distinct scope order by scope) from unnest(i.scopes || $4::text[]) as scope)
		from (select id, scopes from integrations where guild_id = $1 and application_id = $2 for update) was
		where i.id = was.id returning i.id, not i.scopes <@ was.scopes`, guild, app, by, scopes).Scan(&id, &more)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil // a bot without an application
	}
	if err != nil {
		return fmt.Errorf("grant integration of application %s: %w", app, err)
	}
	if !more {
		return nil
	}
	return tx.integrationTold(ctx, discord.EventIntegrationUpdate, guild, id)
}

func (tx *Tx) removeIntegrations(ctx context.Context, guild snowflake.ID, bots []snowflake.ID) error {
	rows, err := tx.Query(ctx, `delete from integrations i using applications a
		where i.guild_id = $1 and a.id = i.application_id and a.bot_id = any($2) returning i.id, i.application_id`, guild, bots)
	if err != nil {
		return fmt.Errorf("remove integrations of guild %s: %w", guild, err)
	}
	return tx.integrationsRemoved(guild, rows)
}

// RemoveIntegration ends an integration of which no bot is a member, and tells the guild.
func (tx *Tx) RemoveIntegration(ctx context.Context, guild, id snowflake.ID) error {
	rows, err := tx.Query(ctx, `delete from integrations where guild_id = $1 and id = $2 returning id, application_id`, guild, id)
	if err != nil {
		return fmt.Errorf("remove integration %s: %w", id, err)
	}
	return tx.integrationsRemoved(guild, rows)
}

func (tx *Tx) integrationsRemoved(guild snowflake.ID, rows pgx.Rows) error {
	gone, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (e discord.IntegrationDeleteEvent, err error) {
		e.GuildID = guild
		return e, row.Scan(&e.ID, &e.ApplicationID)
	})
	if err != nil {
		return fmt.Errorf("remove integrations of guild %s: %w", guild, err)
	}
	for _, e := range gone {
		if err := tx.Emit(guild, events.Header{Type: discord.EventIntegrationDelete, Guild: guild}, e); err != nil {
			return err
		}
	}
	if len(gone) == 0 {
		return nil
	}
	return tx.integrationsChanged(guild)
}

func (tx *Tx) integrationsChanged(guild snowflake.ID) error {
	head := events.Header{Type: discord.EventGuildIntegrationsUpdate, Guild: guild}
	return tx.Emit(guild, head, discord.IntegrationsUpdateEvent{GuildID: guild})
}
