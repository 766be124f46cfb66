package store

import (
	"context"
	"errors"
	"fmt"
	"math"

	"github.com/jackc/pgx/v5"

	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/events"
	"guildhall.chat/guildhall/internal/snowflake"
)

// A purge deletes messages in the background, in steps of so many that none holds locks for long. There are two kinds. One
// of a channel that is gone removes its rows for good; the database makes it, by a trigger, however the channel goes. One of
// an author in a channel marks messages deleted, as their deletion by hand does, and tells who sees the channel.

const (
	purgeRows  = 1000 // removed by a step
	purgeLook  = 5000 // looked at by a step, for those of an author
	purgesHeld = 100  // steps of one round
)

// purge is one row.
type purge struct {
	id              int64
	channel, cursor snowflake.ID
	guild           *snowflake.ID
	author, by      *snowflake.ID
}

// purgeAuthors plans that what banned users have said since a time goes, channel by channel.
func (tx *Tx) purgeAuthors(ctx context.Context, n NewBan, users []snowflake.ID) error {
	since := snowflake.FromTime(n.Since)
	_, err := tx.Exec(ctx, `insert into purges (channel_id, guild_id, author_id, by_id, cursor)
		select c.id, $1, author, $3, $4 from (
			select id from channels where guild_id = $1 and last_message_id > $4 union all
			select id from threads where parent_id = any(array(select id from channels where guild_id = $1)) and last_message_id > $4
		) c cross join unnest($2::bigint[]) as author`, n.Guild, users, n.By, since)
	if err != nil {
		return fmt.Errorf("plan to delete messages: %w", err)
	}
	return nil
}

// Purge does some steps of what is to be deleted and reports whether there is more.
func (s *Store) Purge(ctx context.Context) (more bool, err error) {
	for range purgesHeld {
		p, err := s.nextPurge(ctx)
		if err != nil || p == nil {
			return false, err
		}
		if p.author == nil {
			err = s.purgeChannel(ctx, p)
		} else {
			err = s.purgeAuthor(ctx, p)
		}
		if err != nil {
			return true, err
		}
	}
	return true, nil
}

// nextPurge is the one that was planned first; what people can still see goes before what nobody can.
func (s *Store) nextPurge(ctx context.Context) (*purge, error) {
	rows, err := s.pool.Query(ctx, `select id, channel_id, cursor, guild_id, author_id, by_id from purges
		order by author_id is null, id limit 1`)
	if err != nil {
		return nil, fmt.Errorf("next purge: %w", err)
	}
	found, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (p purge, err error) {
		return p, row.Scan(&p.id, &p.channel, &p.cursor, &p.guild, &p.author, &p.by)
	})
	if err != nil {
		return nil, fmt.Errorf("next purge: %w", err)
	}
	if len(found) == 0 {
		return nil, nil
	}
	return &found[0], nil
}

// ofMessages are the tables whose rows belong to a message, by message_id. Files are not among them: they go with the channel.
var ofMessages = []string{"message_edits", "reactions", "message_mentions", "message_search", "pins", "polls"}

// purgeChannel removes a channel's messages, or some of them, with what belongs to them.
func (s *Store) purgeChannel(ctx context.Context, p *purge) error {
	return s.Change(ctx, func(tx *Tx) error {
		rows, err := tx.Query(ctx, `delete from messages where id = any(array(
			select id from messages where channel_id = $1 order by id desc limit $2)) returning id`, p.channel, purgeRows)
		if err != nil {
			return fmt.Errorf("purge channel %s: %w", p.channel, err)
		}
		ids, err := pgx.CollectRows(rows, pgx.RowTo[snowflake.ID])
		if err != nil {
			return fmt.Errorf("purge channel %s: %w", p.channel, err)
		}
		for _, table := range ofMessages {
			if _, err := tx.Exec(ctx, `delete from `+table+` where message_id = any($1)`, ids); err != nil {
				return fmt.Errorf("purge %s of channel %s: %w", table, p.channel, err)
			}
		}
		if len(ids) < purgeRows {
			return tx.endPurge(ctx, p)
		}
		return nil
	})
}

// bulk is how many messages one MESSAGE_DELETE_BULK names.
const bulk = 100

// purgeAuthor looks at some of a channel's messages and deletes the author's.
func (s *Store) purgeAuthor(ctx context.Context, p *purge) error {
	return s.Change(ctx, func(tx *Tx) error {
		var last, looked int64
		var ids []snowflake.ID
		err := tx.QueryRow(ctx, `
			with page as (select id, author_id, deleted_at from messages where channel_id = $1 and id > $2
				order by id limit $4)
			select coalesce(max(id), $5), count(*),
				coalesce(array_agg(id order by id) filter (where author_id = $3 and deleted_at is null), '{}') from page`,
			p.channel, p.cursor, p.author, purgeLook, int64(math.MaxInt64)).Scan(&last, &looked, &ids)
		if err != nil {
			return fmt.Errorf("messages of user %s in channel %s: %w", *p.author, p.channel, err)
		}
		for len(ids) > 0 {
			n := min(len(ids), bulk)
			if err := tx.deleteBulk(ctx, p, ids[:n]); err != nil {
				return err
			}
			ids = ids[n:]
		}
		if looked < purgeLook {
			return tx.endPurge(ctx, p)
		}
		_, err = tx.Exec(ctx, `update purges set cursor = $2 where id = $1`, p.id, last)
		return err
	})
}

func (tx *Tx) deleteBulk(ctx context.Context, p *purge, ids []snowflake.ID) error {
	gone, err := tx.DeleteMessages(ctx, p.channel, or(p.by, 0), ids...)
	if err != nil || len(gone) == 0 {
		return err
	}
	head := events.Header{Type: discord.EventMessageDeleteBulk, Guild: *p.guild, Channel: p.channel}
	t, err := thread(ctx, tx, *p.guild, p.channel, 0, "")
	switch {
	case err == nil:
		head.Thread = t.Head()
	case !errors.Is(err, ErrNotFound):
		return err
	}
	return tx.Emit(*p.guild, head, discord.MessageDeleteBulkEvent{IDs: gone, ChannelID: p.channel, GuildID: p.guild})
}

func (tx *Tx) endPurge(ctx context.Context, p *purge) error {
	if _, err := tx.Exec(ctx, `delete from purges where id = $1`, p.id); err != nil {
		return fmt.Errorf("end purge: %w", err)
	}
	return nil
}
