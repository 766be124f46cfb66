package store

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/snowflake"
)

// userColumns are the columns of a public user, in the order of userTargets; u is the alias of the table.
const userColumns = `u.id, u.username, u.global_name, u.avatar, u.banner, u.accent_color, u.bot, u.flags`

func userTargets(u *discord.User) []any {
	u.Discriminator = "0"
	return []any{&u.ID, &u.Username, &u.GlobalName, &u.Avatar, &u.Banner, &u.AccentColor, &u.Bot, &u.Flags}
}

func scanUser(row pgx.Row) (discord.User, error) {
	var u discord.User
	err := row.Scan(userTargets(&u)...)
	return u, err
}

// User returns the public form of an account.
func (s *Store) User(ctx context.Context, id snowflake.ID) (discord.User, error) {
	u, err := scanUser(s.pool.QueryRow(ctx, `select `+userColumns+` from users u where u.id = $1`, id))
	if err != nil {
		return u, fmt.Errorf("user %s: %w", id, notFound(err))
	}
	return u, nil
}

// User returns the public form of an account.
func (tx *Tx) User(ctx context.Context, id snowflake.ID) (discord.User, error) {
	u, err := scanUser(tx.QueryRow(ctx, `select `+userColumns+` from users u where u.id = $1`, id))
	if err != nil {
		return u, fmt.Errorf("user %s: %w", id, notFound(err))
	}
	return u, nil
}

// Users returns those of the accounts that exist, in no order.
func (s *Store) Users(ctx context.Context, ids []snowflake.ID) ([]discord.User, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	users, err := collect(ctx, s.pool, scanUser, `select `+userColumns+` from users u where u.id = any($1)`, ids)
	if err != nil {
		return nil, fmt.Errorf("users: %w", err)
	}
	return users, nil
}

// SelfUser returns what an account may see of itself.
func (s *Store) SelfUser(ctx context.Context, id snowflake.ID) (discord.SelfUser, error) {
	return selfUser(ctx, s.pool, id)
}

const selfColumns = userColumns + `, u.locale, u.verified, u.email, u.bio, u.pronouns, u.mfa_enabled`

func selfUser(ctx context.Context, q querier, id snowflake.ID) (discord.SelfUser, error) {
	u, err := scanSelf(q.QueryRow(ctx, `select `+selfColumns+` from users u where u.id = $1`, id))
	if err != nil {
		return u, fmt.Errorf("user %s: %w", id, notFound(err))
	}
	return u, nil
}

func scanSelf(row pgx.Row) (discord.SelfUser, error) {
	var u discord.SelfUser
	err := row.Scan(append(userTargets(&u.User), &u.Locale, &u.Verified, &u.Email, &u.Bio, &u.Pronouns, &u.MFAEnabled)...)
	if u.Bot {
		// A bot has no mail address to verify.
		u.Verified = true
	}
	return u, err
}

// usersByID is Users by their ids.
func (s *Store) usersByID(ctx context.Context, ids []snowflake.ID) (map[snowflake.ID]discord.User, error) {
	users, err := s.Users(ctx, ids)
	byID := make(map[snowflake.ID]discord.User, len(users))
	for _, u := range users {
		byID[u.ID] = u
	}
	return byID, err
}

// SelfUser is Store.SelfUser within a change.
func (tx *Tx) SelfUser(ctx context.Context, id snowflake.ID) (discord.SelfUser, error) {
	return selfUser(ctx, tx, id)
}
