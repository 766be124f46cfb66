package store

import (
	"context"
	"crypto/ed25519"
	"encoding/hex"
	"fmt"
	"strconv"

	"github.com/jackc/pgx/v5"

	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/snowflake"
)

const applicationColumns = `a.id, a.owner_id, a.bot_id, a.name, a.icon, a.cover_image, a.description, a.flags, a.bot_public,
	a.require_code_grant, a.terms_of_service_url, a.privacy_policy_url, a.custom_install_url, a.install_params,
	a.integration_types_config, a.max_participants, a.tags, a.redirect_uris, a.interactions_endpoint_url,
	a.role_connections_verification_url, a.event_webhooks_url, a.event_webhooks_status, a.event_webhooks_types,
	a.explicit_content_filter, a.client_secret_hash is not null, a.sign_key,
	(select count(*) from members m where m.user_id = a.bot_id),
	(select count(*) from oauth2_authorizations o where o.application_id = a.id and o.user_install),
	(select count(*) from oauth2_authorizations o where o.application_id = a.id and o.scopes <> '{}')`

// guildInstalls is how an application is installed that does not say.
var guildInstalls = map[string]discord.IntegrationInstall{"0": {}}

// scanApplication reads an application; of its owner and bot only the ids, see fillApplications.
func scanApplication(row pgx.Row) (discord.Application, error) {
	a := discord.Application{EligibleOAuth2Scopes: discord.OAuth2Scopes}
	var bot *snowflake.ID
	var seed []byte
	err := row.Scan(&a.ID, &a.Owner.ID, &bot, &a.Name, &a.Icon, &a.CoverImage, &a.Description, &a.Flags, &a.BotPublic,
		&a.BotRequireCodeGrant, &a.TermsOfServiceURL, &a.PrivacyPolicyURL, &a.CustomInstallURL, &a.InstallParams,
		&a.IntegrationTypesConfig, &a.MaxParticipants, &a.Tags, &a.RedirectURIs, &a.InteractionsEndpointURL,
		&a.RoleConnectionsVerificationURL, &a.EventWebhooksURL, &a.EventWebhooksStatus, &a.EventWebhooksTypes,
		&a.ExplicitContentFilter, &a.HasSecret, &seed, &a.ApproximateGuildCount, &a.ApproximateUserInstallCount,
		&a.ApproximateUserAuthorizationCount)
	if err != nil {
		return a, err
	}
	if len(seed) != ed25519.SeedSize {
		return a, fmt.Errorf("application %s: key of %d bytes", a.ID, len(seed))
	}
	a.VerifyKey = hex.EncodeToString(ed25519.NewKeyFromSeed(seed).Public().(ed25519.PublicKey))
	a.FlagsNew = strconv.FormatInt(a.Flags, 10)
	if len(a.IntegrationTypesConfig) == 0 {
		a.IntegrationTypesConfig = guildInstalls
	}
	if bot != nil {
		a.Bot = &discord.User{ID: *bot}
	}
	return a, nil
}

func applications(ctx context.Context, q querier, where string, args ...any) ([]discord.Application, error) {
	apps, err := collect(ctx, q, scanApplication,
		`select `+applicationColumns+` from applications a where `+where+` order by a.id`, args...)
	if err != nil {
		return nil, fmt.Errorf("applications: %w", err)
	}
	return apps, fillApplications(ctx, q, apps)
}

// fillApplications reads the owners and bots, all at once.
func fillApplications(ctx context.Context, q querier, apps []discord.Application) error {
	var ids []snowflake.ID
	for _, a := range apps {
		ids = append(ids, a.Owner.ID)
		if a.Bot != nil {
			ids = append(ids, a.Bot.ID)
		}
	}
	users, err := collect(ctx, q, scanUser, `select `+userColumns+` from users u where u.id = any($1)`, ids)
	if err != nil {
		return fmt.Errorf("owners and bots of applications: %w", err)
	}
	byID := make(map[snowflake.ID]discord.User, len(users))
	for _, u := range users {
		byID[u.ID] = u
	}
	for i := range apps {
		a := &apps[i]
		a.Owner = byID[a.Owner.ID]
		if a.Bot != nil {
			*a.Bot = byID[a.Bot.ID]
		}
	}
	return nil
}

func application(ctx context.Context, q querier, id snowflake.ID) (discord.Application, error) {
	apps, err := applications(ctx, q, `a.id = $1`, id)
	if err != nil {
		return discord.Application{}, err
	}
	if len(apps) == 0 {
		return discord.Application{}, fmt.Errorf("application %s: %w", id, ErrNotFound)
	}
	return apps[0], nil
}

// Application returns an application with its owner and bot.
func (s *Store) Application(ctx context.Context, id snowflake.ID) (discord.Application, error) {
	return application(ctx, s.pool, id)
}

// Applications returns those of the applications that exist.
func (s *Store) Applications(ctx context.Context, ids []snowflake.ID) ([]discord.Application, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	return applications(ctx, s.pool, `a.id = any($1)`, ids)
}

// ApplicationsOf returns the applications that a user owns, oldest first.
func (s *Store) ApplicationsOf(ctx context.Context, owner snowflake.ID) ([]discord.Application, error) {
	return applications(ctx, s.pool, `a.owner_id = $1`, owner)
}

// Application is Store.Application within a change.
func (tx *Tx) Application(ctx context.Context, id snowflake.ID) (discord.Application, error) {
	return application(ctx, tx, id)
}
