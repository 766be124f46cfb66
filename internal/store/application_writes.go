package store

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/snowflake"
)

// CreateApplication makes an application of a user, with the seed of the Ed25519 key that signs what is sent to it. ErrFull:
// the user has the most already.
func (tx *Tx) CreateApplication(ctx context.Context, owner snowflake.ID, name string, seed []byte) (discord.Application, error) {
	if err := found(tx.Exec(ctx, `select from users where id = $1 for no key update`, owner)); err != nil {
		return discord.Application{}, fmt.Errorf("lock user %s: %w", owner, err)
	}
	var n int
	if err := tx.QueryRow(ctx, `select count(*) from applications where owner_id = $1`, owner).Scan(&n); err != nil {
		return discord.Application{}, fmt.Errorf("count applications of user %s: %w", owner, err)
	}
	most, err := tx.Limit(ctx, LimitApplications, owner)
	if err != nil {
		return discord.Application{}, err
	}
	if int64(n) >= most {
		return discord.Application{}, ErrFull
	}
	id := tx.NewID()
	_, err = tx.Exec(ctx, `insert into applications (id, owner_id, name, sign_key) values ($1, $2, $3, $4)`,
		id, owner, name, seed)
	if err != nil {
		return discord.Application{}, fmt.Errorf("create application: %w", err)
	}
	return application(ctx, tx, id)
}

// LockApplication returns an application and keeps it from changing until the end of the change.
func (tx *Tx) LockApplication(ctx context.Context, id snowflake.ID) (discord.Application, error) {
	if err := found(tx.Exec(ctx, `select from applications where id = $1 for update`, id)); err != nil {
		return discord.Application{}, fmt.Errorf("lock application %s: %w", id, err)
	}
	return application(ctx, tx, id)
}

// UpdateApplication writes what can be changed of an application.
func (tx *Tx) UpdateApplication(ctx context.Context, a discord.Application) error {
	err := found(tx.Exec(ctx, `update applications set name = $2, icon = $3, cover_image = $4, description = $5, flags = $6,
		bot_public = $7, require_code_grant = $8, terms_of_service_url = $9, privacy_policy_url = $10,
		custom_install_url = $11, install_params = $12, integration_types_config = $13, max_participants = $14, tags = $15,
		redirect_uris = $16, interactions_endpoint_url = $17, role_connections_verification_url = $18,
		event_webhooks_url = $19, event_webhooks_status = $20, event_webhooks_types = $21, explicit_content_filter = $22
		where id = $1`,
		a.ID, a.Name, a.Icon, a.CoverImage, a.Description, a.Flags,
		a.BotPublic, a.BotRequireCodeGrant, a.TermsOfServiceURL, a.PrivacyPolicyURL,
		a.CustomInstallURL, a.InstallParams, a.IntegrationTypesConfig, a.MaxParticipants, a.Tags,
		a.RedirectURIs, a.InteractionsEndpointURL, a.RoleConnectionsVerificationURL,
		a.EventWebhooksURL, a.EventWebhooksStatus, a.EventWebhooksTypes, a.ExplicitContentFilter))
	if err != nil {
		return fmt.Errorf("update application %s: %w", a.ID, err)
	}
	return nil
}

// CreateBot makes the bot user of an application that has none, with a log of its own. It has no token yet. Its id is that of
// the application: client libraries such as disgo take the one that the token names for the other.
func (tx *Tx) CreateBot(ctx context.Context, app snowflake.ID, username string) (discord.User, error) {
	id := app
	if _, err := tx.Exec(ctx, `insert into users (id, username, bot) values ($1, $2, true)`, id, username); err != nil {
		return discord.User{}, fmt.Errorf("create bot: %w", err)
	}
	if err := tx.NewLog(ctx, id); err != nil {
		return discord.User{}, err
	}
	if err := found(tx.Exec(ctx, `update applications set bot_id = $2 where id = $1 and bot_id is null`, app, id)); err != nil {
		return discord.User{}, fmt.Errorf("give application %s its bot: %w", app, err)
	}
	return scanUser(tx.QueryRow(ctx, `select `+userColumns+` from users u where u.id = $1`, id))
}

// ResetBotToken makes a bot's token the one with the hash, ends the sessions of the old one and returns the new epoch.
func (tx *Tx) ResetBotToken(ctx context.Context, bot snowflake.ID, hash []byte) (epoch int64, err error) {
	if err := found(tx.Exec(ctx, `update applications set bot_token_hash = $2 where bot_id = $1`, bot, hash)); err != nil {
		return 0, fmt.Errorf("reset token of bot %s: %w", bot, err)
	}
	return tx.credentialsChanged(ctx, bot)
}

// SetClientSecret makes an application's client secret the one with the hash.
func (tx *Tx) SetClientSecret(ctx context.Context, app snowflake.ID, hash []byte) error {
	if err := found(tx.Exec(ctx, `update applications set client_secret_hash = $2 where id = $1`, app, hash)); err != nil {
		return fmt.Errorf("set secret of application %s: %w", app, err)
	}
	return nil
}

// ClientSecret returns the hash of an application's client secret, nil if it has none, and the application's owner.
func (s *Store) ClientSecret(ctx context.Context, app snowflake.ID) (hash []byte, owner snowflake.ID, err error) {
	err = s.pool.QueryRow(ctx, `select client_secret_hash, owner_id from applications where id = $1`, app).Scan(&hash, &owner)
	if err != nil {
		return nil, 0, fmt.Errorf("secret of application %s: %w", app, notFound(err))
	}
	return hash, owner, nil
}

// DeleteApplication deletes an application and all that is its own. The bot's account stays as the author of its messages.
func (tx *Tx) DeleteApplication(ctx context.Context, app snowflake.ID) error {
	if err := found(tx.Exec(ctx, `delete from applications where id = $1`, app)); err != nil {
		return fmt.Errorf("delete application %s: %w", app, err)
	}
	return nil
}

// SomeGuildsOf returns some of the guilds that a user is in; none if there are none.
func (tx *Tx) SomeGuildsOf(ctx context.Context, user snowflake.ID) ([]snowflake.ID, error) {
	guilds, err := collect(ctx, tx, func(row pgx.Row) (id snowflake.ID, err error) { return id, row.Scan(&id) },
		`select guild_id from members where user_id = $1 order by guild_id limit 100`, user)
	if err != nil {
		return nil, fmt.Errorf("guilds of user %s: %w", user, err)
	}
	return guilds, nil
}
