package store

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/snowflake"
)

// Account is a user as the administrators of the instance see it.
type Account struct {
	ID          snowflake.ID `json:"id"`
	Username    string       `json:"username"`
	GlobalName  *string      `json:"global_name"`
	Bot         bool         `json:"bot"`
	Email       *string      `json:"email"`
	Verified    bool         `json:"verified"`
	MFAEnabled  bool         `json:"mfa_enabled"`
	Admin       bool         `json:"admin"`
	SeenAt      time.Time    `json:"seen_at"` // to the hour
	SuspendedAt *time.Time   `json:"suspended_at"`
	Suspension  *string      `json:"suspension"` // why
	DisabledAt  *time.Time   `json:"disabled_at"`
	DeletedAt   *time.Time   `json:"deleted_at"`
}

const accountColumns = `id, username, global_name, bot, email, verified, mfa_enabled, admin, seen_at, suspended_at, suspension,
	disabled_at, deleted_at`

func scanAccount(row pgx.Row) (a Account, err error) {
	return a, row.Scan(&a.ID, &a.Username, &a.GlobalName, &a.Bot, &a.Email, &a.Verified, &a.MFAEnabled, &a.Admin, &a.SeenAt,
		&a.SuspendedAt, &a.Suspension, &a.DisabledAt, &a.DeletedAt)
}

// AccountSearch selects accounts.
type AccountSearch struct {
	Prefix    string // of the username or mail address
	Suspended bool   // only those that are
	Admins    bool   // only those that are
	After     snowflake.ID
	Limit     int
}

// Accounts returns a page of accounts by id.
func (s *Store) Accounts(ctx context.Context, by AccountSearch) ([]Account, error) {
	list, err := collect(ctx, s.pool, scanAccount, `select `+accountColumns+` from users where id > $1
		and ($2 = '' or lower(username) like $2 or lower(email) like $2)
		and (not $3 or suspended_at is not null) and (not $4 or admin) order by id limit $5`,
		by.After, prefixPattern(by.Prefix), by.Suspended, by.Admins, by.Limit)
	if err != nil {
		return nil, fmt.Errorf("accounts: %w", err)
	}
	return list, nil
}

var literal = strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`)

// prefixPattern is what LIKE needs to find what begins so, in lower case; empty for everything.
func prefixPattern(prefix string) string {
	if prefix == "" {
		return ""
	}
	return literal.Replace(strings.ToLower(prefix)) + "%"
}

// Account returns one account.
func (s *Store) Account(ctx context.Context, id snowflake.ID) (Account, error) {
	a, err := scanAccount(s.pool.QueryRow(ctx, `select `+accountColumns+` from users where id = $1`, id))
	if err != nil {
		return a, fmt.Errorf("account %s: %w", id, notFound(err))
	}
	return a, nil
}

// AccountNamed returns the person with a username or mail address.
func (s *Store) AccountNamed(ctx context.Context, name string) (Account, error) {
	a, err := scanAccount(s.pool.QueryRow(ctx, `select `+accountColumns+` from users
		where not bot and (lower(username) = lower($1) or lower(email) = lower($1)) order by id limit 1`, name))
	if err != nil {
		return a, fmt.Errorf("account by name: %w", notFound(err))
	}
	return a, nil
}

// Suspend shuts an account out, with all its bots. The reason is for the administrators. ErrNotFound.
func (tx *Tx) Suspend(ctx context.Context, user snowflake.ID, reason string) ([]AccountEpoch, error) {
	err := found(tx.Exec(ctx, `update users set suspended_at = coalesce(suspended_at, now()), suspension = $2
		where id = $1 and deleted_at is null`, user, reason))
	if err != nil {
		return nil, fmt.Errorf("suspend user %s: %w", user, err)
	}
	return tx.EndAccess(ctx, user)
}

// Unsuspend lets an account in again. ErrNotFound.
func (tx *Tx) Unsuspend(ctx context.Context, user snowflake.ID) ([]AccountEpoch, error) {
	err := found(tx.Exec(ctx, `update users set suspended_at = null, suspension = null where id = $1`, user))
	if err != nil {
		return nil, fmt.Errorf("unsuspend user %s: %w", user, err)
	}
	return tx.RaiseEpochs(ctx, user)
}

// SetAdmin makes a person an administrator of the instance, or ends that. ErrNotFound: there is no such person.
func (tx *Tx) SetAdmin(ctx context.Context, user snowflake.ID, admin bool) ([]AccountEpoch, error) {
	err := found(tx.Exec(ctx, `update users set admin = $2 where id = $1 and not bot and deleted_at is null`, user, admin))
	if err != nil {
		return nil, fmt.Errorf("set admin %s: %w", user, err)
	}
	return tx.RaiseEpochs(ctx, user)
}

// MarkVerified takes a person's mail address for proven. ErrNotFound: no such person, or without an address.
func (tx *Tx) MarkVerified(ctx context.Context, user snowflake.ID) ([]AccountEpoch, error) {
	self, err := tx.LockSelf(ctx, user)
	if err != nil {
		return nil, err
	}
	if self.Bot || self.Email == nil {
		return nil, fmt.Errorf("verify user %s: %w", user, ErrNotFound)
	}
	self.Verified = true
	if err := tx.UpdateSelf(ctx, self, false); err != nil {
		return nil, err
	}
	return tx.RaiseEpochs(ctx, user)
}

// Hosted is a guild as the administrators of the instance see it.
type Hosted struct {
	ID          snowflake.ID `json:"id"`
	Name        string       `json:"name"`
	OwnerID     snowflake.ID `json:"owner_id"`
	MemberCount int          `json:"member_count"`
}

// GuildSearch selects guilds.
type GuildSearch struct {
	Prefix string       // of the name
	Owner  snowflake.ID // 0: anybody's
	After  snowflake.ID
	Limit  int
}

// HostedGuilds returns a page of guilds by id.
func (s *Store) HostedGuilds(ctx context.Context, by GuildSearch) ([]Hosted, error) {
	scan := func(row pgx.Row) (g Hosted, err error) {
		return g, row.Scan(&g.ID, &g.Name, &g.OwnerID, &g.MemberCount)
	}
	list, err := collect(ctx, s.pool, scan, `select id, name, owner_id, member_count from guilds where id > $1
		and ($2 = '' or lower(name) like $2) and ($3::bigint = 0 or owner_id = $3) order by id limit $4`,
		by.After, prefixPattern(by.Prefix), by.Owner, by.Limit)
	if err != nil {
		return nil, fmt.Errorf("guilds: %w", err)
	}
	return list, nil
}

// HasGuild returns nil if there is the guild, else ErrNotFound.
func (s *Store) HasGuild(ctx context.Context, guild snowflake.ID) error {
	if err := found(s.pool.Exec(ctx, `select from guilds where id = $1`, guild)); err != nil {
		return fmt.Errorf("guild %s: %w", guild, err)
	}
	return nil
}

// RemoveGuild deletes a guild, whoever owns it. ErrNotFound.
func (s *Store) RemoveGuild(ctx context.Context, guild snowflake.ID) error {
	return s.Change(ctx, func(tx *Tx) error {
		if err := tx.LockGuild(ctx, guild); err != nil {
			return err
		}
		return tx.DeleteGuild(ctx, guild)
	})
}

// deletedUser is what stands for who wrote something and has left for good.
func deletedUser(u *discord.SelfUser) {
	u.Username = "deleted_user_" + u.ID.String()
	name := "Deleted User"
	u.GlobalName, u.Avatar, u.Banner, u.AccentColor, u.Email = &name, nil, nil, nil, nil
	u.Bio, u.Pronouns, u.Flags, u.Verified = "", "", 0, false
}
