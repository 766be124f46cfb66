package store

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/snowflake"
)

// Crosspost is the copy of a published message in one channel that follows, or the place for it.
type Crosspost struct {
	Source, SourceChannel snowflake.ID
	Webhook               snowflake.ID  // the follower
	Copy, CopyChannel     *snowflake.ID // nil: not delivered yet
}

const crosspostColumns = `source_id, source_channel_id, webhook_id, copy_id, copy_channel_id`

func scanCrosspost(row pgx.Row) (c Crosspost, err error) {
	err = row.Scan(&c.Source, &c.SourceChannel, &c.Webhook, &c.Copy, &c.CopyChannel)
	return c, err
}

// Crosspost queues a message for all channels that follow its own.
func (tx *Tx) Crosspost(ctx context.Context, m discord.Message) error {
	_, err := tx.Exec(ctx, `insert into crossposts (source_id, source_channel_id, webhook_id, due)
		select $1, $2, id, nextval('crosspost_queue') from (
			select id from webhooks where source_channel_id = $2 order by id for key share) followers`, m.ID, m.ChannelID)
	if err != nil {
		return fmt.Errorf("queue crossposts of message %s: %w", m.ID, err)
	}
	return nil
}

// recopy queues the copies of messages that have been changed or deleted. One that waits already keeps its place.
const recopy = `update crossposts set due = nextval('crosspost_queue'), attempts = 0, retry_at = now()
	where source_id = any($1) and due is null`

// DueCrossposts returns what is to be delivered, in order: of each follower only the first, so that a follower whose
// delivery fails gets nothing out of turn.
func (s *Store) DueCrossposts(ctx context.Context, limit int) ([]Crosspost, error) {
	list, err := collect(ctx, s.pool, scanCrosspost, `select `+crosspostColumns+` from crossposts c
		where due is not null and retry_at <= now() and not exists (
			select from crossposts e where e.webhook_id = c.webhook_id and e.due < c.due)
		order by due limit $1`, limit)
	if err != nil {
		return nil, fmt.Errorf("crossposts that are due: %w", err)
	}
	return list, nil
}

// HoldCrosspost locks a crosspost that is due until the end of the change and returns it as it is now. Whoever changes its
// source meanwhile queues it again afterwards.
func (tx *Tx) HoldCrosspost(ctx context.Context, source, webhook snowflake.ID) (Crosspost, error) {
	c, err := scanCrosspost(tx.QueryRow(ctx, `select `+crosspostColumns+` from crossposts
		where source_id = $1 and webhook_id = $2 and due is not null for update`, source, webhook))
	if err != nil {
		return c, fmt.Errorf("crosspost of message %s: %w", source, notFound(err))
	}
	return c, nil
}

// CrosspostDone takes a crosspost out of the queue; its copy is as the source is.
func (tx *Tx) CrosspostDone(ctx context.Context, c Crosspost) error {
	_, err := tx.Exec(ctx, `update crossposts set copy_id = $3, copy_channel_id = $4, due = null, attempts = 0
		where source_id = $1 and webhook_id = $2`, c.Source, c.Webhook, c.Copy, c.CopyChannel)
	if err != nil {
		return fmt.Errorf("finish crosspost of message %s: %w", c.Source, err)
	}
	return nil
}

// crosspostAttempts is how often a delivery is tried: for some minutes, with pauses that double.
const crosspostAttempts = 9

// CrosspostFailed puts a crosspost off, and takes it out of the queue when it has failed too often: dropped.
func (s *Store) CrosspostFailed(ctx context.Context, c Crosspost) (dropped bool, err error) {
	err = s.pool.QueryRow(ctx, `update crossposts set attempts = attempts + 1,
			retry_at = now() + make_interval(secs => power(2, attempts)),
			due = case when attempts + 1 < $3 then due end
		where source_id = $1 and webhook_id = $2 returning due is null`, c.Source, c.Webhook, crosspostAttempts).Scan(&dropped)
	if err != nil {
		return false, fmt.Errorf("put off crosspost of message %s: %w", c.Source, notFound(err))
	}
	return dropped, nil
}
