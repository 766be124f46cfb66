package store

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/snowflake"
)

// ErrPollClosed is returned for a vote in a poll that has ended.
var ErrPollClosed = errors.New("the poll is closed")

// queuePoll queues the row of a new message's poll, if it has one.
func queuePoll(b *pgx.Batch, m discord.Message) {
	if m.Poll != nil && m.Type.Written() {
		b.Queue(`insert into polls (message_id, channel_id, expires_at) values ($1, $2, $3)`, m.ID, m.ChannelID, m.Poll.Expiry.Time)
	}
}

// addPolls fills in how the polls of messages stand; viewer is whose own votes are marked.
func addPolls(ctx context.Context, q querier, messages []discord.Message, viewer snowflake.ID) error {
	at := map[snowflake.ID]*discord.Poll{}
	var ids []snowflake.ID
	for i := range messages {
		if p := messages[i].Poll; p != nil {
			at[messages[i].ID] = p
			ids = append(ids, messages[i].ID)
		}
	}
	if len(ids) == 0 {
		return nil
	}
	rows, err := q.Query(ctx, `select p.message_id, p.expires_at, p.closed_at is not null, coalesce(v.answer_id, 0), count(v),
		coalesce(bool_or(v.user_id = $2), false)
		from polls p left join poll_votes v on v.message_id = p.message_id
		where p.message_id = any($1) group by p.message_id, v.answer_id order by p.message_id, v.answer_id`, ids, viewer)
	if err != nil {
		return fmt.Errorf("polls: %w", err)
	}
	var message snowflake.ID
	var expires time.Time
	var closed bool
	var c discord.PollAnswerCount
	_, err = pgx.ForEachRow(rows, []any{&message, &expires, &closed, &c.ID, &c.Count, &c.MeVoted}, func() error {
		p := at[message]
		p.Expiry, p.Results.IsFinalized = discord.At(expires), closed
		if c.ID != 0 {
			p.Results.AnswerCounts = append(p.Results.AnswerCounts, c)
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("polls: %w", err)
	}
	return nil
}

// Vote makes answers those that a user has voted for, and returns which are new and which are not any more. Until the end of
// the change nobody else votes in the poll, and it is not closed. ErrNotFound: there is no such poll.
func (tx *Tx) Vote(ctx context.Context, message, user snowflake.ID, answers []int) (added, removed []int, err error) {
	var over bool
	err = tx.QueryRow(ctx, `select closed_at is not null or expires_at <= now() from polls where message_id = $1 for update`, message).Scan(&over)
	if err != nil {
		return nil, nil, fmt.Errorf("poll %s: %w", message, notFound(err))
	}
	if over {
		return nil, nil, ErrPollClosed
	}
	rows, err := tx.Query(ctx, `select answer_id from poll_votes where message_id = $1 and user_id = $2 order by answer_id`, message, user)
	if err != nil {
		return nil, nil, fmt.Errorf("votes in %s: %w", message, err)
	}
	was, err := pgx.CollectRows(rows, pgx.RowTo[int])
	if err != nil {
		return nil, nil, fmt.Errorf("votes in %s: %w", message, err)
	}
	b := &pgx.Batch{}
	for _, answer := range was {
		if !slices.Contains(answers, answer) {
			removed = append(removed, answer)
			b.Queue(`delete from poll_votes where message_id = $1 and answer_id = $2 and user_id = $3`, message, answer, user)
		}
	}
	for _, answer := range answers {
		if !slices.Contains(was, answer) && !slices.Contains(added, answer) {
			added = append(added, answer)
			b.Queue(`insert into poll_votes (message_id, answer_id, user_id) values ($1, $2, $3)`, message, answer, user)
		}
	}
	if b.Len() == 0 {
		return nil, nil, nil
	}
	if err := tx.SendBatch(ctx, b).Close(); err != nil {
		return nil, nil, fmt.Errorf("vote in %s: %w", message, err)
	}
	return added, removed, nil
}

// Voters returns users who voted for an answer and have an id above after, ascending.
func (s *Store) Voters(ctx context.Context, message snowflake.ID, answer int, after snowflake.ID, limit int) ([]discord.User, error) {
	users, err := collect(ctx, s.pool, scanUser, `select `+userColumns+` from poll_votes v join users u on u.id = v.user_id
		where v.message_id = $1 and v.answer_id = $2 and v.user_id > $3 order by v.user_id limit $4`, message, answer, after, limit)
	if err != nil {
		return nil, fmt.Errorf("voters of %s: %w", message, err)
	}
	return users, nil
}

// ClosePoll ends a poll; ErrPollClosed if it has ended already.
func (tx *Tx) ClosePoll(ctx context.Context, message snowflake.ID) error {
	err := found(tx.Exec(ctx, `update polls set closed_at = now(), expires_at = least(expires_at, now())
		where message_id = $1 and closed_at is null`, message))
	if errors.Is(err, ErrNotFound) {
		return ErrPollClosed
	}
	if err != nil {
		return fmt.Errorf("close poll %s: %w", message, err)
	}
	return nil
}

// DuePoll is a poll whose time is over and that has yet to be closed.
type DuePoll struct {
	Message, Channel snowflake.ID
	Guild            *snowflake.ID
}

// DuePolls returns polls that are due. Those of messages that are gone are closed on the way.
func (s *Store) DuePolls(ctx context.Context, limit int) ([]DuePoll, error) {
	_, err := s.pool.Exec(ctx, `update polls p set closed_at = now() where p.closed_at is null and p.expires_at <= now()
		and not exists (select from messages m where m.id = p.message_id and `+alive+`)`)
	if err != nil {
		return nil, fmt.Errorf("close polls that are gone: %w", err)
	}
	rows, err := s.pool.Query(ctx, `select p.message_id, p.channel_id, m.guild_id from polls p join messages m on m.id = p.message_id
		where p.closed_at is null and p.expires_at <= now() order by p.expires_at limit $1`, limit)
	if err == nil {
		var due []DuePoll
		if due, err = pgx.CollectRows(rows, pgx.RowToStructByPos[DuePoll]); err == nil {
			return due, nil
		}
	}
	return nil, fmt.Errorf("due polls: %w", err)
}

// Recipients returns everybody who is in a DM.
func (s *Store) Recipients(ctx context.Context, channel snowflake.ID) ([]snowflake.ID, error) {
	rows, err := s.pool.Query(ctx, `select user_id from channel_recipients where channel_id = $1 order by user_id`, channel)
	if err == nil {
		var users []snowflake.ID
		if users, err = pgx.CollectRows(rows, pgx.RowTo[snowflake.ID]); err == nil {
			return users, nil
		}
	}
	return nil, fmt.Errorf("recipients of %s: %w", channel, err)
}
