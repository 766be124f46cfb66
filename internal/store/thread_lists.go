package store

import (
	"context"
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/snowflake"
)

// ActiveThreads returns a guild's threads that are not archived, newest first, as a user sees them.
func (s *Store) ActiveThreads(ctx context.Context, guild, viewer snowflake.ID) ([]discord.Channel, error) {
	threads, err := collect(ctx, s.pool, scanThreadFor(viewer),
		`select `+threadColumns+threadFrom+`where t.guild_id = $2 and not t.archived order by t.id desc`, viewer, guild)
	if err != nil {
		return nil, fmt.Errorf("active threads of guild %s: %w", guild, err)
	}
	return threads, nil
}

// queueThreads queues the query of the threads that a view of the guild must know.
func (snap *GuildSnapshot) queueThreads(b *pgx.Batch, guild snowflake.ID) {
	const one = `select ` + threadColumns + `, ` + membersOf + threadFrom
	b.Queue(one+`where t.guild_id = $2 and not t.archived union all `+one+`
		where t.parent_id = any(array(select id from channels where guild_id = $2)) and t.archived
			and t.archive_timestamp > now() - interval '15 minutes'`, 0, guild).
		Query(collectInto(&snap.Threads, func(row pgx.Row) (t Thread, err error) {
			t.Channel, err = scanThread(withLast{row, &t.Members})
			return t, err
		}))
}

// ArchivedPage is a part of the archived threads of a channel.
type ArchivedPage struct {
	Channel snowflake.ID
	Private bool
	Before  time.Time // when they were archived; zero: none
	Limit   int
}

// ArchivedThreads returns a page of a channel's archived threads, the last that was archived first.
func (s *Store) ArchivedThreads(ctx context.Context, page ArchivedPage, viewer snowflake.ID) ([]discord.Channel, error) {
	var before *time.Time
	if !page.Before.IsZero() {
		before = &page.Before
	}
	threads, err := list(ctx, s, scanThreadFor(viewer), `select `+threadColumns+threadFrom+`
		where t.parent_id = $2 and t.archived and (t.type = $3) = $4 and ($5::timestamptz is null or t.archive_timestamp < $5)
		order by t.archive_timestamp desc, t.id desc limit $6`,
		viewer, page.Channel, discord.ChannelPrivateThread, page.Private, before, page.Limit)
	if err != nil {
		return nil, fmt.Errorf("archived threads of channel %s: %w", page.Channel, err)
	}
	return threads, nil
}

// JoinedArchivedThreads returns a page of a channel's archived private threads that a user is in, newest first.
func (s *Store) JoinedArchivedThreads(ctx context.Context, channel, user, before snowflake.ID, limit int) ([]discord.Channel, error) {
	threads, err := list(ctx, s, scanThreadFor(user), `select `+threadColumns+threadFrom+`
		where t.parent_id = $2 and t.archived and t.type = $3 and tm.user_id is not null and ($4::bigint = 0 or t.id < $4)
		order by t.id desc limit $5`, user, channel, discord.ChannelPrivateThread, before, limit)
	if err != nil {
		return nil, fmt.Errorf("archived threads of channel %s: %w", channel, err)
	}
	return threads, nil
}

// ThreadSearch is what threads of a channel are looked for.
type ThreadSearch struct {
	Channel      snowflake.ID
	Private      bool   // private ones too: all of them
	Name         string // empty: whatever it is
	Slop         int    // words that may stand between those of Name
	MinID, MaxID snowflake.ID
	Tags         []snowflake.ID
	AllTags      bool // or one of them
	Archived     *bool
	Sort         string // creation_time, last_message_time, archive_time or relevance
	Ascending    bool
	Offset       int
	Limit        int
}

// threadOrders are what a search may sort by. What has a name that begins as asked is the most relevant.
var threadOrders = map[string]string{
	"creation_time":     `t.id`,
	"last_message_time": `coalesce(t.last_message_id, t.id)`,
	"archive_time":      `t.archive_timestamp`,
	"relevance":         `(case when lower(t.name) like lower($11) then 1 else 0 end, coalesce(t.last_message_id, t.id))`,
}

// SearchThreads returns a page of the threads that a search finds, and how many there are.
func (s *Store) SearchThreads(ctx context.Context, q ThreadSearch, viewer snowflake.ID) (threads []discord.Channel, total int, err error) {
	direction := ` desc`
	if q.Ascending {
		direction = ` asc`
	}
	order, known := threadOrders[q.Sort]
	if !known {
		return nil, 0, fmt.Errorf("search threads: no order %q", q.Sort)
	}
	scan := scanThreadFor(viewer)
	if q.Tags == nil {
		q.Tags = []snowflake.ID{}
	}
	prefix := literal.Replace(q.Name) + "%"
	rows, err := s.pool.Query(ctx, `select `+threadColumns+`, count(*) over ()`+threadFrom+`
		where t.parent_id = $2 and ($3 or t.type <> $4 or tm.user_id is not null) and ($5 = '' or t.name ~* $5)
		and ($6::bigint = 0 or t.id > $6) and ($7::bigint = 0 or t.id < $7)
		and (cardinality($8::bigint[]) = 0 or case when $9 then t.applied_tags @> $8 else t.applied_tags && $8 end)
		and ($10::boolean is null or t.archived = $10) and $11::text is not null
		order by `+order+direction+`, t.id desc offset $12 limit $13`,
		viewer, q.Channel, q.Private, discord.ChannelPrivateThread, q.pattern(), q.MinID, q.MaxID, q.Tags, q.AllTags,
		q.Archived, prefix, q.Offset, q.Limit)
	if err != nil {
		return nil, 0, fmt.Errorf("search threads: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		c, err := scan(withLast{rows, &total})
		if err != nil {
			return nil, 0, fmt.Errorf("search threads: %w", err)
		}
		threads = append(threads, c)
	}
	return threads, total, rows.Err()
}

const (
	// maxSlop and maxSlopped bound the words that may stand in between, and the words around them: patterns grow with both.
	maxSlop    = 10
	maxSlopped = 8
)

// pattern is the words of the name in their order, the last of them perhaps not at its end, with a few others in between.
func (q *ThreadSearch) pattern() string {
	words := strings.Fields(q.Name)
	for i := range words {
		words[i] = regexp.QuoteMeta(words[i])
	}
	slop := min(q.Slop, maxSlop)
	if len(words) > maxSlopped {
		slop = 0
	}
	return strings.Join(words, fmt.Sprintf(`\S*(?:\s+\S+){0,%d}\s+`, slop))
}

// PostOwners returns those of the threads that are in a channel, with the members that made them; nil for who is none any more.
func (s *Store) PostOwners(ctx context.Context, channel snowflake.ID, threads []snowflake.ID) (map[snowflake.ID]*discord.Member, error) {
	type owned struct {
		thread, guild, owner snowflake.ID
	}
	list, err := collect(ctx, s.pool, func(row pgx.Row) (o owned, err error) { return o, row.Scan(&o.thread, &o.guild, &o.owner) },
		`select id, guild_id, owner_id from threads where id = any($1) and parent_id = $2`, threads, channel)
	if err != nil {
		return nil, fmt.Errorf("posts of channel %s: %w", channel, err)
	}
	owners := make(map[snowflake.ID]*discord.Member, len(list))
	if len(list) == 0 {
		return owners, nil
	}
	users := make([]snowflake.ID, len(list))
	for i, o := range list {
		users[i] = o.owner
	}
	members, err := collect(ctx, s.pool, scanMember, `select `+memberColumns+memberFrom+`
		where m.guild_id = $1 and m.user_id = any($2)`, list[0].guild, users)
	if err != nil {
		return nil, fmt.Errorf("owners of posts in channel %s: %w", channel, err)
	}
	byID := make(map[snowflake.ID]*discord.Member, len(members))
	for i := range members {
		byID[members[i].User.ID] = &members[i]
	}
	for _, o := range list {
		owners[o.thread] = byID[o.owner]
	}
	return owners, nil
}

// FirstMessages returns the messages that threads began with, of forum posts and of threads that were made from a message.
func (s *Store) FirstMessages(ctx context.Context, threads []snowflake.ID, viewer snowflake.ID) ([]discord.Message, error) {
	return s.completed(ctx, viewer, func(ctx context.Context, q querier) ([]discord.Message, error) {
		messages, err := collect(ctx, q, scanMessage,
			`select `+messageColumns+messageFrom+`where m.id = any($1) and `+alive+` order by m.id`, threads)
		if err != nil {
			return nil, fmt.Errorf("first messages of threads: %w", err)
		}
		return messages, nil
	})
}
