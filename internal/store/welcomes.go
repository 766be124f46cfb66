package store

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/snowflake"
)

// Welcome is how a guild receives who is new; nil is what it has not set up. It is read and written whole.
type Welcome struct {
	Screen     *discord.WelcomeScreen
	NewMember  *discord.NewMemberWelcome
	Onboarding *discord.Onboarding
	Form       *discord.VerificationForm
}

// Welcome returns how a guild receives who is new.
func (s *Store) Welcome(ctx context.Context, guild snowflake.ID) (Welcome, error) {
	return welcome(ctx, s.pool, guild)
}

// Welcome is Store.Welcome within a change.
func (tx *Tx) Welcome(ctx context.Context, guild snowflake.ID) (Welcome, error) {
	return welcome(ctx, tx, guild)
}

func welcome(ctx context.Context, q querier, guild snowflake.ID) (w Welcome, err error) {
	err = q.QueryRow(ctx, `select welcome_screen, new_member, onboarding, verification_form from guild_welcomes
		where guild_id = $1`, guild).Scan(&w.Screen, &w.NewMember, &w.Onboarding, &w.Form)
	if err != nil && !errors.Is(err, pgx.ErrNoRows) {
		return w, fmt.Errorf("welcome of guild %s: %w", guild, err)
	}
	return w, nil
}

// SetWelcome writes how a guild receives who is new. The guild must be held.
func (tx *Tx) SetWelcome(ctx context.Context, guild snowflake.ID, w Welcome) error {
	_, err := tx.Exec(ctx, `insert into guild_welcomes (guild_id, welcome_screen, new_member, onboarding, verification_form)
		values ($1, $2, $3, $4, $5) on conflict (guild_id) do update set welcome_screen = $2, new_member = $3, onboarding = $4,
			verification_form = $5`, guild, w.Screen, w.NewMember, w.Onboarding, w.Form)
	if err != nil {
		return fmt.Errorf("set welcome of guild %s: %w", guild, err)
	}
	return nil
}

// SetOnboardingResponses notes which options of the onboarding a member has chosen, and returns those chosen before.
func (tx *Tx) SetOnboardingResponses(ctx context.Context, guild, user snowflake.ID, options []snowflake.ID) (before []snowflake.ID, err error) {
	err = tx.QueryRow(ctx, `
		with was as (select options from onboarding_responses where guild_id = $1 and user_id = $2),
			written as (insert into onboarding_responses (guild_id, user_id, options) values ($1, $2, $3)
				on conflict (guild_id, user_id) do update set options = $3)
		select coalesce((select options from was), '{}')`, guild, user, noneIfNil(options)).Scan(&before)
	if err != nil {
		return nil, fmt.Errorf("onboarding of member %s: %w", user, err)
	}
	return before, nil
}
