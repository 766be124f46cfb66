package store

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/events"
	"guildhall.chat/guildhall/internal/snowflake"
)

// DirectChannels returns a user's open DMs with the other recipients, newest activity first.
func (s *Store) DirectChannels(ctx context.Context, user snowflake.ID) ([]discord.Channel, error) {
	return directChannels(ctx, s.pool, user)
}

// ShareGuild reports whether two users are members of the same guild.
func (s *Store) ShareGuild(ctx context.Context, a, b snowflake.ID) (shared bool, err error) {
	err = s.pool.QueryRow(ctx, `select exists (
		select from members x join members y on y.guild_id = x.guild_id where x.user_id = $1 and y.user_id = $2)`, a, b).
		Scan(&shared)
	if err != nil {
		return false, fmt.Errorf("common guilds of %s and %s: %w", a, b, err)
	}
	return shared, nil
}

// DirectsStopped reports whether two users who are no friends have no guild in common where members may write to each other
// now, but one where they may not.
func (s *Store) DirectsStopped(ctx context.Context, a, b snowflake.ID) (stopped bool, err error) {
	err = s.pool.QueryRow(ctx, `select coalesce(bool_and(g.dms_disabled_until > now()), false)
			and not exists (select from relationships where user_id = $1 and other_id = $2 and type = 1)
		from members x join members y on y.guild_id = x.guild_id join guilds g on g.id = x.guild_id
		where x.user_id = $1 and y.user_id = $2`, a, b).Scan(&stopped)
	if err != nil {
		return false, fmt.Errorf("whether %s may write to %s: %w", a, b, err)
	}
	return stopped, nil
}

// OpenDirect returns the DM of two users as opener sees it, and makes it if there is none: there is one a pair. The other
// sees it with the first message. ErrNotFound: there is no such user.
func (s *Store) OpenDirect(ctx context.Context, opener, other snowflake.ID) (channel discord.Channel, err error) {
	err = s.Change(ctx, func(tx *Tx) error {
		channel, err = tx.openDirect(ctx, opener, other)
		return err
	})
	return channel, err
}

func (tx *Tx) openDirect(ctx context.Context, opener, other snowflake.ID) (discord.Channel, error) {
	pair := []snowflake.ID{min(opener, other), max(opener, other)}
	// Whoever opens it first keeps the other from making a second one.
	tag, err := tx.Exec(ctx, `select from users where id = any($1) order by id for no key update`, pair)
	if err != nil {
		return discord.Channel{}, fmt.Errorf("open DM: %w", err)
	}
	if tag.RowsAffected() != 2 {
		return discord.Channel{}, fmt.Errorf("open DM: %w", ErrNotFound)
	}
	id, err := tx.directOf(ctx, pair)
	if err != nil {
		return discord.Channel{}, err
	}
	if err := tx.show(ctx, id, &opener); err != nil {
		return discord.Channel{}, err
	}
	return tx.direct(ctx, id, opener)
}

// ReopenDirect shows a DM to those of its recipients who have closed it, or have not seen it yet: a message comes.
func (tx *Tx) ReopenDirect(ctx context.Context, id snowflake.ID) error { return tx.show(ctx, id, nil) }

// show opens a DM for one of its recipients, or all, and tells those for whom it was closed. Bots are not told.
// https://discord.com/developers/docs/events/gateway-events#channel-create
func (tx *Tx) show(ctx context.Context, id snowflake.ID, only *snowflake.ID) error {
	rows, err := tx.Query(ctx, `with shown as (
			update channel_recipients set closed = false
			where channel_id = $1 and closed and ($2::bigint is null or user_id = $2) returning user_id)
		select u.id from shown join users u on u.id = user_id where not u.bot order by u.id`, id, only)
	if err != nil {
		return fmt.Errorf("show DM %s: %w", id, err)
	}
	users, err := pgx.CollectRows(rows, pgx.RowTo[snowflake.ID])
	if err != nil {
		return fmt.Errorf("show DM %s: %w", id, err)
	}
	for _, user := range users {
		channel, err := tx.direct(ctx, id, user)
		if err != nil {
			return err
		}
		if err := tx.Emit(user, events.Header{Type: discord.EventChannelCreate, User: user}, channel); err != nil {
			return err
		}
	}
	return nil
}

// directOf finds the channel of a pair, or makes one that is closed for both.
func (tx *Tx) directOf(ctx context.Context, pair []snowflake.ID) (id snowflake.ID, err error) {
	err = tx.QueryRow(ctx, `select channel_id from dm_pairs where low_id = $1 and high_id = $2`, pair[0], pair[1]).Scan(&id)
	if err == nil {
		return id, nil
	}
	if !errors.Is(err, pgx.ErrNoRows) {
		return 0, fmt.Errorf("find DM: %w", err)
	}
	id = tx.NewID()
	b := &pgx.Batch{}
	b.Queue(`insert into channels (id, type) values ($1, $2)`, id, discord.ChannelDM)
	b.Queue(`insert into dm_pairs (low_id, high_id, channel_id) values ($1, $2, $3)`, pair[0], pair[1], id)
	b.Queue(`insert into channel_recipients (channel_id, user_id, closed) select $1, u, true from unnest($2::bigint[]) u`,
		id, pair)
	if err := tx.SendBatch(ctx, b).Close(); err != nil {
		return 0, fmt.Errorf("make DM: %w", err)
	}
	return id, nil
}

// direct returns a DM as one of its recipients sees it.
func (tx *Tx) direct(ctx context.Context, id, user snowflake.ID) (discord.Channel, error) {
	c, err := scanChannel(tx.QueryRow(ctx, `select `+channelColumns+` from channels where id = $1`, id))
	if err != nil {
		return c, fmt.Errorf("channel %s: %w", id, notFound(err))
	}
	one := []discord.Channel{c}
	err = addRecipients(ctx, tx, one, user)
	return one[0], err
}

// CloseDirect hides a DM from one of its recipients until the next message in it.
func (tx *Tx) CloseDirect(ctx context.Context, c discord.Channel, user snowflake.ID) error {
	tag, err := tx.Exec(ctx, `update channel_recipients set closed = true
		where channel_id = $1 and user_id = $2 and not closed`, c.ID, user)
	if err != nil {
		return fmt.Errorf("close DM %s: %w", c.ID, err)
	}
	if tag.RowsAffected() == 0 {
		return nil
	}
	return tx.Emit(user, events.Header{Type: discord.EventChannelDelete}, c)
}
