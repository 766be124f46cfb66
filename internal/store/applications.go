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

const applicationColumns = `a.id, a.owner_id, a.bot_id, a.name, a.icon, a.description, a.flags, a.bot_public,
	a.require_code_grant, a.tags, a.redirect_uris, a.interactions_endpoint_url, a.sign_key,
	(select count(*) from members m where m.user_id = a.bot_id)`

// eligibleScopes are the OAuth2 scopes that an application may ask for.
var eligibleScopes = []string{"bot", "applications.commands"}

// scanApplication reads an application; of its owner and bot only the ids, see fillApplications.
func scanApplication(row pgx.Row) (discord.Application, error) {
	a := discord.Application{EligibleOAuth2Scopes: eligibleScopes}
	var bot *snowflake.ID
	var seed []byte
	err := row.Scan(&a.ID, &a.Owner.ID, &bot, &a.Name, &a.Icon, &a.Description, &a.Flags, &a.BotPublic,
		&a.BotRequireCodeGrant, &a.Tags, &a.RedirectURIs, &a.InteractionsEndpointURL, &seed, &a.ApproximateGuildCount)
	if err != nil {
		return a, err
	}
	if len(seed) != ed25519.SeedSize {
		return a, fmt.Errorf("application %s: key of %d bytes", a.ID, len(seed))
	}
	a.VerifyKey = hex.EncodeToString(ed25519.NewKeyFromSeed(seed).Public().(ed25519.PublicKey))
	a.FlagsNew = strconv.FormatInt(a.Flags, 10)
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

// ApplicationsOf returns the applications that a user owns, oldest first.
func (s *Store) ApplicationsOf(ctx context.Context, owner snowflake.ID) ([]discord.Application, error) {
	return applications(ctx, s.pool, `a.owner_id = $1`, owner)
}

// Application is Store.Application within a change.
func (tx *Tx) Application(ctx context.Context, id snowflake.ID) (discord.Application, error) {
	return application(ctx, tx, id)
}
