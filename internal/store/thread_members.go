package store

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/events"
	"guildhall.chat/guildhall/internal/snowflake"
)

// maxThreadMembers is how many members a thread may have.
const maxThreadMembers = 1000

// AddThreadMembers takes those of the users that are members of the guild into a thread that is held, tells them the
// thread, and the others of them. It returns who was not in it before; ErrFull if they don't fit in.
func (tx *Tx) AddThreadMembers(ctx context.Context, t *Thread, users ...snowflake.ID) ([]snowflake.ID, error) {
	if len(users) == 0 {
		return nil, nil
	}
	rows, err := tx.Query(ctx, `insert into thread_members (thread_id, guild_id, user_id)
		select $1, guild_id, user_id from members where guild_id = $2 and user_id = any($3)
		on conflict do nothing returning user_id`, t.ID, *t.GuildID, users)
	if err != nil {
		return nil, fmt.Errorf("join thread %s: %w", t.ID, err)
	}
	added, err := pgx.CollectRows(rows, pgx.RowTo[snowflake.ID])
	if err != nil || len(added) == 0 {
		return nil, err
	}
	var n int
	if err := tx.QueryRow(ctx, `select count(*) from thread_members where thread_id = $1`, t.ID).Scan(&n); err != nil {
		return nil, fmt.Errorf("count members of thread %s: %w", t.ID, err)
	}
	if n > maxThreadMembers {
		return nil, ErrFull
	}
	t.MemberCount = min(n, discord.MaxThreadMemberCount)
	for _, user := range added {
		if err := tx.emitJoined(t, user); err != nil {
			return nil, err
		}
	}
	return added, tx.emitThreadMembers(ctx, t, added, nil)
}

// emitJoined tells a user the thread that it is in now.
func (tx *Tx) emitJoined(t *Thread, user snowflake.ID) error {
	c, told := t.Channel, *t.Thread
	told.Member = &discord.ThreadMember{ID: t.ID, UserID: user, JoinTimestamp: discord.At(time.Now())}
	c.Thread = &told
	head := events.Header{
		Type: discord.EventThreadCreate, Guild: *t.GuildID, Channel: t.ID, User: user, Only: []snowflake.ID{user}, Thread: t.Head(),
	}
	return tx.Emit(*t.GuildID, head, c)
}

// RemoveThreadMember takes a user out of a thread that is held; ErrNotFound if it is not in there.
func (tx *Tx) RemoveThreadMember(ctx context.Context, t *Thread, user snowflake.ID) error {
	err := found(tx.Exec(ctx, `delete from thread_members where thread_id = $1 and user_id = $2`, t.ID, user))
	if err != nil {
		return fmt.Errorf("leave thread %s: %w", t.ID, err)
	}
	err = tx.QueryRow(ctx, `select count(*) from (select from thread_members where thread_id = $1 limit $2) as counted`,
		t.ID, discord.MaxThreadMemberCount).Scan(&t.MemberCount)
	if err != nil {
		return fmt.Errorf("count members of thread %s: %w", t.ID, err)
	}
	return tx.emitThreadMembers(ctx, t, nil, []snowflake.ID{user})
}

func (tx *Tx) emitThreadMembers(ctx context.Context, t *Thread, added, removed []snowflake.ID) error {
	update := discord.ThreadMembersUpdateEvent{
		ID: t.ID, GuildID: *t.GuildID, MemberCount: t.MemberCount, RemovedMemberIDs: removed,
	}
	if len(added) > 0 {
		members, err := threadMembers(ctx, tx, t.ID, added)
		if err != nil {
			return err
		}
		for _, m := range members {
			m.Muted, m.MuteConfig = false, nil
			update.AddedMembers = append(update.AddedMembers, discord.AddedThreadMember{ThreadMember: m})
		}
	}
	head := events.Header{Type: discord.EventThreadMembersUpdate, Guild: *t.GuildID, Channel: t.ID, Thread: t.Head()}
	return tx.Emit(*t.GuildID, head, update)
}

// threadMembers returns those of the users that are in a thread, with their members of the guild.
func threadMembers(ctx context.Context, q querier, id snowflake.ID, users []snowflake.ID) ([]discord.ThreadMember, error) {
	members, err := collect(ctx, q, scanThreadMember, `select `+memberColumns+`, `+threadMemberColumns+threadMemberFrom+`
		where tm.thread_id = $1 and tm.user_id = any($2) order by tm.user_id`, id, users)
	if err != nil {
		return nil, fmt.Errorf("members of thread %s: %w", id, err)
	}
	return members, nil
}

const threadMemberColumns = `tm.thread_id, tm.user_id, tm.joined_at, tm.flags, tm.muted, tm.mute`

const threadMemberFrom = ` from thread_members tm join members m on m.guild_id = tm.guild_id and m.user_id = tm.user_id
	join users u on u.id = tm.user_id `

// scanThreadMember reads a member of the guild and its member of the thread.
func scanThreadMember(row pgx.Row) (discord.ThreadMember, error) {
	var tm discord.ThreadMember
	var joined time.Time
	member, err := scanMember(withRest{row, []any{&tm.ID, &tm.UserID, &joined, &tm.Flags, &tm.Muted, &tm.MuteConfig}})
	tm.JoinTimestamp, tm.Member = discord.At(joined), &member
	return tm, err
}

// withRest is withLast for several columns.
type withRest struct {
	pgx.Row
	rest []any
}

// Scan reads the row's other columns into dest.
func (r withRest) Scan(dest ...any) error { return r.Row.Scan(append(dest, r.rest...)...) }

// ThreadMember returns a user's member of a thread, with the member of the guild.
func (s *Store) ThreadMember(ctx context.Context, id, user snowflake.ID) (discord.ThreadMember, error) {
	members, err := threadMembers(ctx, s.pool, id, []snowflake.ID{user})
	if err == nil && len(members) == 0 {
		err = fmt.Errorf("member %s of thread %s: %w", user, id, ErrNotFound)
	}
	if err != nil {
		return discord.ThreadMember{}, err
	}
	return members[0], nil
}

// ThreadMembers returns a page of who is in a thread, by user, with their members of the guild.
func (s *Store) ThreadMembers(ctx context.Context, id snowflake.ID, page Page) ([]discord.ThreadMember, error) {
	members, err := collect(ctx, s.pool, scanThreadMember, `select `+memberColumns+`, `+threadMemberColumns+threadMemberFrom+`
		where tm.thread_id = $1 and tm.user_id > $2 order by tm.user_id limit $3`, id, page.After, page.Limit)
	if err != nil {
		return nil, fmt.Errorf("members of thread %s: %w", id, err)
	}
	return members, nil
}

// UpdateThreadMember writes the settings of a user for a thread that it is in, and tells the user. ErrNotFound if it is not.
func (tx *Tx) UpdateThreadMember(ctx context.Context, t *Thread, m discord.ThreadMember) error {
	err := found(tx.Exec(ctx, `update thread_members set flags = $3, muted = $4, mute = $5 where thread_id = $1 and user_id = $2`,
		t.ID, m.UserID, m.Flags, m.Muted, m.MuteConfig))
	if err != nil {
		return fmt.Errorf("update member of thread %s: %w", t.ID, err)
	}
	head := events.Header{
		Type: discord.EventThreadMemberUpdate, Guild: *t.GuildID, Channel: t.ID, User: m.UserID,
		Only: []snowflake.ID{m.UserID}, Thread: t.Head(),
	}
	return tx.Emit(*t.GuildID, head, discord.ThreadMemberUpdateEvent{ThreadMember: m, GuildID: *t.GuildID})
}

// EnterThread prepares a thread for a message: one that is archived becomes active again, and the users that are members of
// the guild are in it afterwards, as far as there is room. The caller has checked that all of them may.
func (s *Store) EnterThread(ctx context.Context, guild, id snowflake.ID, users []snowflake.ID) error {
	return s.Change(ctx, func(tx *Tx) error {
		if err := tx.LockGuild(ctx, guild); err != nil {
			return err
		}
		t, err := tx.HoldThread(ctx, guild, id, 0)
		if err != nil {
			return err
		}
		if t.ThreadMetadata.Archived {
			after, awake := t.Channel, *t.Thread
			awake.ThreadMetadata.Archived = false
			after.Thread = &awake
			if t, err = tx.UpdateThread(ctx, t, after); err != nil {
				return err
			}
		}
		if users, err = tx.fitting(ctx, t, users); err != nil {
			return err
		}
		_, err = tx.AddThreadMembers(ctx, t, users...)
		return err
	})
}

// fitting returns those of the users that are not in a thread, as many as it still takes.
func (tx *Tx) fitting(ctx context.Context, t *Thread, users []snowflake.ID) ([]snowflake.ID, error) {
	rows, err := tx.Query(ctx, `select u.id from unnest($2::bigint[]) with ordinality as u (id, nth)
		where not exists (select from thread_members m where m.thread_id = $1 and m.user_id = u.id) order by u.nth
		limit greatest(0, $3 - (select count(*) from thread_members where thread_id = $1))`, t.ID, users, maxThreadMembers)
	if err != nil {
		return nil, fmt.Errorf("count members of thread %s: %w", t.ID, err)
	}
	return pgx.CollectRows(rows, pgx.RowTo[snowflake.ID])
}
