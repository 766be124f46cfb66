package store

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"guildhall.chat/guildhall/internal/snowflake"
)

// Limit is how much there may be of something. Administrators may set it for the whole instance and for single users or
// guilds; what is there already stays.
type Limit struct {
	Name    string
	Default int64 // Discord's, where nothing is set
	Most    int64 // that may be set; the least is 0
	OfUser  bool  // it is a user's, else a guild's
}

// The limits.
var (
	LimitGuilds       = Limit{"guilds_per_user", 100, 1000, true}
	LimitApplications = Limit{"applications_per_user", 75, 1000, true}
	LimitFileSize     = Limit{"file_size", 10 << 20, 500 << 20, true} // bytes of a file that a user sends
	LimitChannels     = Limit{"channels_per_guild", 500, 2000, false} // categories included
	LimitRoles        = Limit{"roles_per_guild", 250, 1000, false}    // @everyone included
	LimitEmojis       = Limit{"emojis_per_guild", 50, 500, false}     // that move, and as many that don't
	LimitStickers     = Limit{"stickers_per_guild", 5, 500, false}
	LimitInvites      = Limit{"invites_per_guild", 1000, 10_000, false}
)

// Limits are all of them.
var Limits = []Limit{
	LimitGuilds, LimitApplications, LimitFileSize, LimitChannels, LimitRoles, LimitEmojis, LimitStickers, LimitInvites,
}

// Limit returns what holds for a user or guild; 0 asks for the instance.
func (s *Store) Limit(ctx context.Context, l Limit, of snowflake.ID) (int64, error) {
	return limit(ctx, s.pool, l, of)
}

// Limit is Store.Limit within a change.
func (tx *Tx) Limit(ctx context.Context, l Limit, of snowflake.ID) (int64, error) {
	return limit(ctx, tx, l, of)
}

func limit(ctx context.Context, q querier, l Limit, of snowflake.ID) (value int64, err error) {
	// Its own comes before the instance's.
	err = q.QueryRow(ctx, `select value from limits where name = $1 and target in (0, $2) order by target desc limit 1`, l.Name, of).Scan(&value)
	if errors.Is(err, pgx.ErrNoRows) {
		return l.Default, nil
	}
	if err != nil {
		return 0, fmt.Errorf("limit %s of %s: %w", l.Name, of, err)
	}
	return value, nil
}

// SetLimits returns what is set for a user or guild, 0 for the instance, by name.
func (s *Store) SetLimits(ctx context.Context, of snowflake.ID) (map[string]int64, error) {
	set := map[string]int64{}
	rows, err := s.pool.Query(ctx, `select name, value from limits where target = $1`, of)
	if err == nil {
		var name string
		var value int64
		_, err = pgx.ForEachRow(rows, []any{&name, &value}, func() error {
			set[name] = value
			return nil
		})
	}
	if err != nil {
		return nil, fmt.Errorf("limits of %s: %w", of, err)
	}
	return set, nil
}

// SetLimit sets a limit for a user or guild, 0 for the instance, and notes who did; nil takes what was set away. ErrNotFound if
// there is no such user or guild.
func (tx *Tx) SetLimit(ctx context.Context, l Limit, of snowflake.ID, value *int64, by *snowflake.ID) error {
	fail := func(err error) error { return fmt.Errorf("set limit %s of %s: %w", l.Name, of, err) }
	if of != 0 {
		owners := `select from guilds where id = $1 for key share`
		if l.OfUser {
			owners = `select from users where id = $1 and deleted_at is null for key share`
		}
		if err := found(tx.Exec(ctx, owners, of)); err != nil {
			return fail(err)
		}
	}
	// Two who change the same wait for each other, so that what is noted is what was.
	if _, err := tx.Exec(ctx, `lock table limits in share row exclusive mode`); err != nil {
		return fail(err)
	}
	var before *int64
	err := tx.QueryRow(ctx, `select value from limits where name = $1 and target = $2`, l.Name, of).Scan(&before)
	if err != nil && !errors.Is(err, pgx.ErrNoRows) {
		return fail(err)
	}
	if value == nil {
		_, err = tx.Exec(ctx, `delete from limits where name = $1 and target = $2`, l.Name, of)
	} else {
		_, err = tx.Exec(ctx, `insert into limits (name, target, value) values ($1, $2, $3)
			on conflict (name, target) do update set value = excluded.value`, l.Name, of, *value)
	}
	if err != nil {
		return fail(err)
	}
	_, err = tx.Exec(ctx, `insert into limit_changes (id, name, target, before, after, by_id) values ($1, $2, $3, $4, $5, $6)`,
		tx.NewID(), l.Name, of, before, value, by)
	if err != nil {
		return fail(err)
	}
	return nil
}

// LimitChange is a record of who set a limit; its id tells when.
type LimitChange struct {
	ID     snowflake.ID  `json:"id"`
	Name   string        `json:"name"`
	Target snowflake.ID  `json:"target_id"` // 0: the instance
	Before *int64        `json:"before"`    // nil: nothing was set
	After  *int64        `json:"after"`
	By     *snowflake.ID `json:"by_id"` // nil: by the command line
}

// LimitChanges returns a page of the record, oldest first.
func (s *Store) LimitChanges(ctx context.Context, after snowflake.ID, limit int) ([]LimitChange, error) {
	list, err := collect(ctx, s.pool, func(row pgx.Row) (c LimitChange, err error) {
		return c, row.Scan(&c.ID, &c.Name, &c.Target, &c.Before, &c.After, &c.By)
	}, `select id, name, target, before, after, by_id from limit_changes where id > $1 order by id limit $2`, after, limit)
	if err != nil {
		return nil, fmt.Errorf("changes of limits: %w", err)
	}
	return list, nil
}
