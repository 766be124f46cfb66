package store

import (
	"context"
	"fmt"
	"time"

	"guildhall.chat/guildhall/internal/permissions"
	"guildhall.chat/guildhall/internal/snowflake"
)

// Code is an authorization code: a consent on its way, through the user's browser, to the application.
type Code struct {
	Hash            []byte
	Authorization   snowflake.ID
	Scopes          []string
	RedirectURI     string // as it was asked with; empty: not sent
	Challenge       string // PKCE; empty: none
	ChallengeMethod string
	Nonce           string
	Guild           snowflake.ID // where the bot goes; 0: nowhere
	Permissions     permissions.Set
	AddsBot         bool // with the exchange
	Webhook         snowflake.ID
	LoggedIn        time.Time
	Expires         time.Time

	// Application and User are the authorization's, when a code is read.
	Application, User snowflake.ID
	family            *snowflake.ID
}

// CreateCode keeps a code.
func (tx *Tx) CreateCode(ctx context.Context, c Code) error {
	_, err := tx.Exec(ctx, `insert into oauth2_codes (hash, authorization_id, scopes, redirect_uri, challenge, challenge_method,
		nonce, guild_id, permissions, adds_bot, webhook_id, logged_in_at, expires_at)
		values ($1, $2, $3, $4, $5, $6, $7, nullif($8::bigint, 0), $9, $10, nullif($11::bigint, 0), $12, $13)`,
		c.Hash, c.Authorization, c.Scopes, c.RedirectURI, c.Challenge, c.ChallengeMethod,
		c.Nonce, c.Guild, c.Permissions, c.AddsBot, c.Webhook, c.LoggedIn, c.Expires)
	if err != nil {
		return fmt.Errorf("create code: %w", err)
	}
	return nil
}

// Code returns a code and locks its authorization. ErrNotFound: there is none, or it is too old.
func (tx *Tx) Code(ctx context.Context, hash []byte) (Code, error) {
	c := Code{Hash: hash}
	err := tx.QueryRow(ctx, `select authorization_id from oauth2_codes where hash = $1`, hash).Scan(&c.Authorization)
	if err != nil {
		return c, fmt.Errorf("code: %w", notFound(err))
	}
	if err := tx.lockAuthorization(ctx, c.Authorization); err != nil {
		return c, err
	}
	err = tx.QueryRow(ctx, `
		select o.application_id, o.user_id, c.scopes, c.redirect_uri, c.challenge, c.challenge_method, c.nonce,
			coalesce(c.guild_id, 0), c.permissions, c.adds_bot, coalesce(c.webhook_id, 0), c.logged_in_at, c.expires_at, c.family
		from oauth2_codes c join oauth2_authorizations o on o.id = c.authorization_id
		where c.hash = $1 and c.expires_at > now()`, hash).
		Scan(&c.Application, &c.User, &c.Scopes, &c.RedirectURI, &c.Challenge, &c.ChallengeMethod, &c.Nonce,
			&c.Guild, &c.Permissions, &c.AddsBot, &c.Webhook, &c.LoggedIn, &c.Expires, &c.family)
	if err != nil {
		return c, fmt.Errorf("code: %w", notFound(err))
	}
	return c, nil
}

// Spent reports whether the code has been exchanged already.
func (c Code) Spent() bool { return c.family != nil }

// EndFamily ends the tokens that a spent code was exchanged for: whoever presents it again may not be who did before.
// https://datatracker.ietf.org/doc/html/rfc6749#section-4.1.2
func (tx *Tx) EndFamily(ctx context.Context, c Code) error {
	if c.family == nil {
		return nil
	}
	return tx.endFamily(ctx, *c.family)
}

func (tx *Tx) endFamily(ctx context.Context, family snowflake.ID) error {
	if _, err := tx.Exec(ctx, `delete from oauth2_tokens where family = $1`, family); err != nil {
		return fmt.Errorf("end tokens %s: %w", family, err)
	}
	return nil
}

// SpendCode exchanges a code for the first tokens of a family.
func (tx *Tx) SpendCode(ctx context.Context, c Code, t NewTokens) (Tokens, error) {
	t.Authorization, t.Scopes = c.Authorization, c.Scopes
	issued, err := tx.IssueTokens(ctx, t)
	if err != nil {
		return issued, err
	}
	if _, err := tx.Exec(ctx, `update oauth2_codes set family = $2 where hash = $1`, c.Hash, issued.ID); err != nil {
		return issued, fmt.Errorf("spend code: %w", err)
	}
	return issued, nil
}
