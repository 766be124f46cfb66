package store

import (
	"context"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"

	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/snowflake"
)

// SearchQuery asks the index for messages.
type SearchQuery struct {
	Guild    snowflake.ID   // 0: outside guilds
	Channels []snowflake.ID // in these, and in the threads of these that are open to all who see them
	// Viewer also searches the private threads of the channels that it is a member of, and all of those of Managed.
	Viewer  snowflake.ID
	Managed []snowflake.ID
	// Above and Below bound the ids; Below 0 does not.
	Above, Below snowflake.ID
	// Match is a condition in the form of tsquery, "" for none; Rank the part of it that relevance is computed from.
	Match, Rank   string
	ByRank        bool // the best first; otherwise by time
	Ascending     bool
	Limit, Offset int
}

// MaxSearchResults is how many hits are counted, ranked and can be paged through.
const MaxSearchResults = 10_000

// SearchMessages returns a page of the ids that a query finds, and how many it finds, up to MaxSearchResults.
func (s *Store) SearchMessages(ctx context.Context, q SearchQuery) (ids []snowflake.ID, total int, err error) {
	err = s.read(ctx, func(ctx context.Context, from querier) error {
		ids, total, err = searchMessages(ctx, from, q)
		return err
	})
	return ids, total, err
}

func searchMessages(ctx context.Context, from querier, q SearchQuery) (ids []snowflake.ID, total int, err error) {
	condition, args := q.condition()
	page := fmt.Sprintf(`select message_id from message_search s where %s order by message_id %s limit %d offset %d`,
		condition, q.direction(), q.Limit, q.Offset)
	if q.ByRank && q.Rank != "" {
		args = append(args, q.Rank)
		page = fmt.Sprintf(`select message_id from (
				select message_id, doc from message_search s where %s order by message_id desc limit %d) as hits
			order by ts_rank_cd(doc, $%d::tsquery) %s, message_id desc limit %d offset %d`,
			condition, MaxSearchResults, len(args), q.direction(), q.Limit, q.Offset)
	}
	count := fmt.Sprintf(`select count(*) from (select from message_search s where %s limit %d) as hits`, condition, MaxSearchResults)
	// Planned anew each time: how many messages a word or a channel has decides which index serves.
	rows, err := from.Query(ctx, page, append([]any{pgx.QueryExecModeCacheDescribe}, args...)...)
	if err == nil {
		ids, err = pgx.CollectRows(rows, pgx.RowTo[snowflake.ID])
	}
	if err == nil && len(ids) < q.Limit && (len(ids) > 0 || q.Offset == 0) {
		return ids, q.Offset + len(ids), nil
	}
	if err == nil {
		_, args = q.condition() // without the rank
		err = from.QueryRow(ctx, count, append([]any{pgx.QueryExecModeCacheDescribe}, args...)...).Scan(&total)
	}
	if err != nil {
		return nil, 0, fmt.Errorf("search messages: %w", err)
	}
	return ids, total, nil
}

func (q *SearchQuery) direction() string {
	if q.Ascending {
		return "asc"
	}
	return "desc"
}

// condition is the where clause of a query, with its arguments.
func (q *SearchQuery) condition() (sql string, args []any) {
	var all []string
	add := func(format string, value any) {
		args = append(args, value)
		all = append(all, fmt.Sprintf(format, len(args)))
	}
	if q.Guild == 0 {
		all = append(all, "guild_id is null")
		add("channel_id = any($%d)", q.Channels)
	} else {
		add("guild_id = $%d", q.Guild)
		// The messages of a thread outlive it. What is in private ones has no parent in the index: who is in them changes.
		args = append(args, q.Channels, q.Viewer, q.Managed)
		all = append(all, fmt.Sprintf(`(channel_id = any($%[1]d)
			or parent_id = any($%[1]d) and exists (select from threads t where t.id = s.channel_id)
			or parent_id is null and exists (select from threads t where t.id = s.channel_id and t.type = 12 and t.parent_id = any($%[1]d)
				and (t.parent_id = any($%[3]d) or exists (select from thread_members tm where tm.thread_id = t.id and tm.user_id = $%[2]d))))`,
			len(args)-2, len(args)-1, len(args)))
	}
	if q.Above != 0 {
		add("message_id > $%d", q.Above)
	}
	if q.Below != 0 {
		add("message_id < $%d", q.Below)
	}
	if q.Match != "" {
		add("doc @@ $%d::tsquery", q.Match)
	}
	return strings.Join(all, " and "), args
}

// Word is a word of a text as the index knows it.
type Word struct {
	Lexeme   string
	Position int
}

// SearchWords splits a text into the words that the index has of it, in their order.
func (s *Store) SearchWords(ctx context.Context, text string) ([]Word, error) {
	rows, err := s.pool.Query(ctx, `select lexeme, position::int from unnest(to_tsvector('guildhall', $1)) as w,
		unnest(positions) as position order by position, lexeme`, text)
	if err == nil {
		var words []Word
		if words, err = pgx.CollectRows(rows, pgx.RowToStructByPos[Word]); err == nil {
			return words, nil
		}
	}
	return nil, fmt.Errorf("words of a search: %w", err)
}

// OpenDirects returns the ids of a user's open DMs.
func (s *Store) OpenDirects(ctx context.Context, user snowflake.ID) ([]snowflake.ID, error) {
	rows, err := s.pool.Query(ctx, openDirect, user)
	if err == nil {
		var ids []snowflake.ID
		if ids, err = pgx.CollectRows(rows, pgx.RowTo[snowflake.ID]); err == nil {
			return ids, nil
		}
	}
	return nil, fmt.Errorf("open DMs of %s: %w", user, err)
}

// MessagesByID returns those of the messages that exist, in the order asked for, complete but for reactions.
func (s *Store) MessagesByID(ctx context.Context, ids []snowflake.ID) ([]discord.Message, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	return s.completed(ctx, 0, func(ctx context.Context, q querier) ([]discord.Message, error) {
		messages, err := collect(ctx, q, scanMessage, `select `+messageColumns+messageFrom+
			`where m.id = any($1) and `+alive+` order by array_position($1, m.id)`, ids)
		if err != nil {
			return nil, fmt.Errorf("messages by id: %w", err)
		}
		return messages, nil
	})
}
