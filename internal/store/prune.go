package store

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"guildhall.chat/guildhall/internal/snowflake"
)

// prunable is the condition of a member m, user u, who goes with a prune: a person who was not heard of since, $2, and has
// no role but those of $3. The owner always stays.
const prunable = ` from members m join users u on u.id = m.user_id join guilds g on g.id = m.guild_id
	where m.guild_id = $1 and not u.bot and m.user_id <> g.owner_id and m.roles <@ $3::bigint[]
	and greatest(u.seen_at, m.joined_at) < $2`

// PruneCount returns how many members a prune would remove.
func (s *Store) PruneCount(ctx context.Context, guild snowflake.ID, since time.Time, roles []snowflake.ID) (n int, err error) {
	err = s.pool.QueryRow(ctx, `select count(*)`+prunable, guild, since, noneIfNil(roles)).Scan(&n)
	if err != nil {
		return 0, fmt.Errorf("count whom to prune from guild %s: %w", guild, err)
	}
	return n, nil
}

// Prunable returns up to limit members whom a prune removes.
func (tx *Tx) Prunable(ctx context.Context, guild snowflake.ID, since time.Time, roles []snowflake.ID, limit int) ([]snowflake.ID, error) {
	rows, err := tx.Query(ctx, `select m.user_id`+prunable+` order by m.user_id limit $4`, guild, since, noneIfNil(roles), limit)
	if err != nil {
		return nil, fmt.Errorf("whom to prune from guild %s: %w", guild, err)
	}
	return pgx.CollectRows(rows, pgx.RowTo[snowflake.ID])
}

func noneIfNil(ids []snowflake.ID) []snowflake.ID {
	if ids == nil {
		return []snowflake.ID{}
	}
	return ids
}

// seenStep is how exact seen_at is: a user who is heard of all the time is written down no more often.
const seenStep = time.Hour

// seen notes that a user was heard of.
func (tx *Tx) seen(ctx context.Context, user snowflake.ID) error {
	_, err := tx.Exec(ctx, `update users set seen_at = now() where id = $1 and seen_at < now() - make_interval(secs => $2)`,
		user, seenStep.Seconds())
	if err != nil {
		return fmt.Errorf("note that user %s was heard of: %w", user, err)
	}
	return nil
}
