package store

import (
	"context"
	"fmt"
	"time"

	"guildhall.chat/guildhall/internal/snowflake"
)

// maxTokens bounds the access tokens of one authorization; a new one ends the oldest.
const maxTokens = 100

// NewTokens is what is to be kept of an access token and perhaps a refresh token.
type NewTokens struct {
	Authorization snowflake.ID
	Scopes        []string
	Expires       time.Time     // of the access token
	Refresh       *RefreshToken // nil: none
}

// Tokens is an access token, and perhaps a refresh token, of an application for a user.
type Tokens struct {
	ID            snowflake.ID // what the access token names
	Authorization snowflake.ID
	Application   snowflake.ID
	User          snowflake.ID
	Scopes        []string
}

// IssueTokens keeps the first tokens of a family. The authorization must be locked.
func (tx *Tx) IssueTokens(ctx context.Context, t NewTokens) (Tokens, error) {
	id := tx.NewID()
	return tx.addTokens(ctx, id, id, t)
}

func (tx *Tx) addTokens(ctx context.Context, id, family snowflake.ID, t NewTokens) (Tokens, error) {
	var hash []byte
	var expires *time.Time
	if t.Refresh != nil {
		hash, expires = t.Refresh.Hash, &t.Refresh.Expires
	}
	issued := Tokens{ID: id, Authorization: t.Authorization, Scopes: t.Scopes}
	err := tx.QueryRow(ctx, `
		with added as (
			insert into oauth2_tokens (id, authorization_id, family, scopes, expires_at, refresh_hash, refresh_expires_at)
			values ($1, $2, $3, $4, $5, $6, $7)
		), ended as (
			delete from oauth2_tokens where id in (
				select id from oauth2_tokens where authorization_id = $2 order by id desc offset $8)
		)
		select application_id, user_id from oauth2_authorizations where id = $2`,
		id, t.Authorization, family, t.Scopes, t.Expires, hash, expires, maxTokens-1).
		Scan(&issued.Application, &issued.User)
	if err != nil {
		return issued, fmt.Errorf("issue tokens: %w", notFound(err))
	}
	return issued, nil
}

// Refreshable is a refresh token as it is kept.
type Refreshable struct {
	Tokens
	Spent  bool
	Good   bool // neither spent nor too old
	family snowflake.ID
}

// Refreshable returns a refresh token and locks its authorization. ErrNotFound: there is none.
func (tx *Tx) Refreshable(ctx context.Context, hash []byte) (Refreshable, error) {
	var r Refreshable
	err := tx.QueryRow(ctx, `select authorization_id from oauth2_tokens where refresh_hash = $1`, hash).Scan(&r.Authorization)
	if err != nil {
		return r, fmt.Errorf("refresh token: %w", notFound(err))
	}
	if err := tx.lockAuthorization(ctx, r.Authorization); err != nil {
		return r, err
	}
	err = tx.QueryRow(ctx, `
		select t.id, t.family, o.application_id, o.user_id, t.scopes, t.refreshed_at is not null,
			t.refreshed_at is null and t.refresh_expires_at > now()
		from oauth2_tokens t join oauth2_authorizations o on o.id = t.authorization_id
		where t.refresh_hash = $1`, hash).
		Scan(&r.ID, &r.family, &r.Application, &r.User, &r.Scopes, &r.Spent, &r.Good)
	if err != nil {
		return r, fmt.Errorf("refresh token: %w", notFound(err))
	}
	return r, nil
}

// SpendRefresh exchanges a refresh token for the next tokens of its family. The access token that came with it lives on
// until its time is over.
func (tx *Tx) SpendRefresh(ctx context.Context, r Refreshable, t NewTokens) (Tokens, error) {
	if _, err := tx.Exec(ctx, `update oauth2_tokens set refreshed_at = now() where id = $1`, r.ID); err != nil {
		return Tokens{}, fmt.Errorf("spend refresh token: %w", err)
	}
	t.Authorization = r.Authorization
	return tx.addTokens(ctx, tx.NewID(), r.family, t)
}

// EndFamilyOf ends all tokens of a refresh token's family: it has been presented twice, so one of the two is a thief.
// https://datatracker.ietf.org/doc/html/rfc9700#section-4.14.2
func (tx *Tx) EndFamilyOf(ctx context.Context, r Refreshable) error {
	return tx.endFamily(ctx, r.family)
}

// ExpireGrants removes codes and tokens that are too old to be used. It returns how many rows went.
func (s *Store) ExpireGrants(ctx context.Context) (removed int64, err error) {
	return s.deleteAll(ctx, []expiry{
		{table: "oauth2_codes", condition: `expires_at < now()`},
		{table: "oauth2_tokens", condition: `greatest(expires_at, refresh_expires_at) < now()`},
	})
}
