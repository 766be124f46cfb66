package store

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/snowflake"
)

// SearchedMessage is a message as the search index is made from it; its mentions hold ids alone.
type SearchedMessage struct {
	discord.Message
	GuildID   *snowflake.ID
	ParentID  *snowflake.ID // of a thread that is open to all who see the channel
	RepliedTo snowflake.ID  // the author of the message that it answers, 0 for none
}

// SearchDocument is what the index holds of a message beside its place.
type SearchDocument struct {
	Facets []string // what is searched by beside the text, as lexemes that no word can be
	Text   string
}

// Describe makes the document of a message.
type Describe func(*SearchedMessage) SearchDocument

// searchState is how far the index has come.
type searchState struct {
	mark  Mark
	below snowflake.ID
}

// holdSearchState locks the index against other workers until the end of the transaction. The first one to come begins
// it: from now on every change is followed, and all messages there are will be filled in.
func holdSearchState(ctx context.Context, tx pgx.Tx) (state searchState, err error) {
	if err := byKey(ctx, tx); err != nil {
		return state, err
	}
	_, err = tx.Exec(ctx, `insert into search_state (mark, below) values (pg_snapshot_xmin(pg_current_snapshot()), $1)
		on conflict do nothing`, snowflake.Max)
	if err != nil {
		return state, err
	}
	err = tx.QueryRow(ctx, `select mark::text, below from search_state for update`).Scan(&state.mark, &state.below)
	return state, err
}

// FollowSearch brings the index up with what about limit events did to messages. done reports that no more were there.
func (s *Store) FollowSearch(ctx context.Context, limit int, describe Describe) (done bool, err error) {
	err = pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		state, err := holdSearchState(ctx, tx)
		if err != nil {
			return err
		}
		touched, next, full, err := touchedMessages(ctx, tx, state.mark, limit)
		if err != nil {
			return err
		}
		done = !full
		if err := s.indexMessages(ctx, tx, touched, describe); err != nil {
			return err
		}
		if next == state.mark {
			return nil
		}
		_, err = tx.Exec(ctx, `update search_state set mark = $1::xid8`, string(next))
		return err
	})
	if err != nil {
		return false, fmt.Errorf("follow messages into the search index: %w", err)
	}
	return done, nil
}

// touchedMessages returns the messages of events committed since the mark, the next mark, and whether the limit was
// reached. All rows of a transaction are taken together, so that a mark can stand between any two.
func touchedMessages(ctx context.Context, tx pgx.Tx, since Mark, limit int) (ids []snowflake.ID, next Mark, full bool, err error) {
	// The horizon is read first: a transaction that ends afterwards is not before it.
	if err := tx.QueryRow(ctx, `select pg_snapshot_xmin(pg_current_snapshot())::text`).Scan(&next); err != nil {
		return nil, since, false, err
	}
	rows, err := tx.Query(ctx, `select xid::text, event from outbox
		where xid >= $1::xid8 and xid < $2::xid8 and substring(event for 14) = '{"t":"MESSAGE_'::bytea
		order by outbox.xid fetch first $3 rows with ties`, since.xid(), next.xid(), limit)
	if err != nil {
		return nil, since, false, err
	}
	seen := map[snowflake.ID]bool{}
	count := 0
	var xid string
	var body []byte
	_, err = pgx.ForEachRow(rows, []any{&xid, &body}, func() error {
		count++
		for _, id := range messagesIn(body) {
			if !seen[id] {
				seen[id] = true
				ids = append(ids, id)
			}
		}
		return nil
	})
	if err != nil || count < limit {
		return ids, next, false, err
	}
	err = tx.QueryRow(ctx, `select (($1::text)::numeric + 1)::text`, xid).Scan(&next)
	return ids, next, true, err
}

// messagesIn returns the messages that an event in the outbox is about, if it can change what they are searched by.
func messagesIn(body []byte) []snowflake.ID {
	head, data, _ := bytes.Cut(body, []byte{'\n'})
	var kind struct {
		Type string `json:"t"`
	}
	if json.Unmarshal(head, &kind) != nil {
		return nil
	}
	switch kind.Type {
	case discord.EventMessageCreate, discord.EventMessageUpdate, discord.EventMessageDelete, discord.EventMessageDeleteBulk:
	default:
		return nil
	}
	var about struct {
		ID  snowflake.ID   `json:"id"`
		IDs []snowflake.ID `json:"ids"`
	}
	if json.Unmarshal(data, &about) != nil {
		return nil
	}
	if about.ID != 0 {
		return append(about.IDs, about.ID)
	}
	return about.IDs
}

// FillSearch adds the newest messages older than the index to it. done reports that there are none left.
func (s *Store) FillSearch(ctx context.Context, limit int, describe Describe) (done bool, err error) {
	err = pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		state, err := holdSearchState(ctx, tx)
		if err != nil || state.below == 0 {
			done = true
			return err
		}
		rows, err := tx.Query(ctx, `select id from messages where id < $1 order by id desc limit $2`, state.below, limit)
		if err != nil {
			return err
		}
		ids, err := pgx.CollectRows(rows, pgx.RowTo[snowflake.ID])
		if err != nil {
			return err
		}
		if err := s.indexMessages(ctx, tx, ids, describe); err != nil {
			return err
		}
		done = len(ids) < limit
		below := snowflake.ID(0)
		if !done {
			below = ids[len(ids)-1]
		}
		_, err = tx.Exec(ctx, `update search_state set below = $1`, below)
		return err
	})
	if err != nil {
		return false, fmt.Errorf("fill the search index: %w", err)
	}
	return done, nil
}

// indexMessages makes the documents of messages as they are now; those that have been deleted lose theirs.
func (s *Store) indexMessages(ctx context.Context, tx pgx.Tx, ids []snowflake.ID, describe Describe) error {
	if len(ids) == 0 {
		return nil
	}
	messages, err := collect(ctx, tx, scanSearched, `select `+messageColumns+`, m.guild_id,
		case when t.type <> 12 then t.parent_id end, coalesce(answered.author_id, 0)
		from messages m left join users u on u.id = m.author_id left join threads t on t.id = m.channel_id
		left join messages answered on answered.id = (m.reference ->> 'message_id')::bigint and m.type = $2
		where m.id = any($1) and `+alive, ids, discord.MessageReply)
	if err != nil {
		return err
	}
	n := len(messages)
	found, channels := make([]snowflake.ID, n), make([]snowflake.ID, n)
	guilds, parents := make([]*snowflake.ID, n), make([]*snowflake.ID, n)
	facets, arrays, texts := make([][]string, n), make([]string, n), make([]string, n)
	for i := range messages {
		m := &messages[i]
		doc := describe(m)
		found[i], channels[i], guilds[i], parents[i] = m.ID, m.ChannelID, m.GuildID, m.ParentID
		facets[i], arrays[i], texts[i] = doc.Facets, arrayOfTexts(doc.Facets), doc.Text
	}
	vectors, err := s.vectors(ctx, tx, texts, facets)
	if err != nil {
		return err
	}
	b := &pgx.Batch{}
	b.Queue(`delete from message_search where message_id = any($1)`, ids)
	b.Queue(`insert into message_search (message_id, guild_id, channel_id, parent_id, doc)
		select id, guild_id, channel_id, parent_id, case when vector is null
			then array_to_tsvector(facets::text[]) || to_tsvector('guildhall', words) else vector::tsvector end
		from unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[], $5::text[], $6::text[], $7::text[])
			as m (id, guild_id, channel_id, parent_id, facets, words, vector)`, found, guilds, channels, parents, arrays, texts, vectors)
	return tx.SendBatch(ctx, b).Close()
}

func scanSearched(row pgx.Row) (SearchedMessage, error) {
	var s SearchedMessage
	m, err := scanMessage(withLast{withLast{withLast{row, &s.RepliedTo}, &s.ParentID}, &s.GuildID})
	s.Message = m
	return s, err
}

// SearchProgress is how much of the messages the index has.
type SearchProgress struct {
	Begun    bool // nothing can be searched before
	Complete bool // older messages are in it too
}

// SearchProgress returns how far the index has come.
func (s *Store) SearchProgress(ctx context.Context) (p SearchProgress, err error) {
	var below snowflake.ID
	err = s.pool.QueryRow(ctx, `select below from search_state`).Scan(&below)
	if errors.Is(err, pgx.ErrNoRows) {
		return p, nil
	}
	if err != nil {
		return p, fmt.Errorf("progress of the search index: %w", err)
	}
	return SearchProgress{Begun: true, Complete: below == 0}, nil
}
