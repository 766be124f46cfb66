package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/events"
	"guildhall.chat/guildhall/internal/snowflake"
)

// MaxActiveThreads is how many threads of a guild may be active, announcement threads apart.
const MaxActiveThreads = 1000

// ErrTooManyThreads is returned when a guild can have no more active threads.
var ErrTooManyThreads = errors.New("too many active threads")

// roomForThread fails with ErrTooManyThreads if there can't be one more active thread of the type. The guild is locked.
func (tx *Tx) roomForThread(ctx context.Context, guild snowflake.ID, kind discord.ChannelType) error {
	var active int
	err := tx.QueryRow(ctx, `select count(*) from threads where guild_id = $1 and not archived and (type = $2) = ($3 = $2)`,
		guild, discord.ChannelAnnouncementThread, kind).Scan(&active)
	if err != nil {
		return fmt.Errorf("count threads of guild %s: %w", guild, err)
	}
	if active >= MaxActiveThreads {
		return ErrTooManyThreads
	}
	return nil
}

// CreateThread adds a thread to a guild that is held, with its owner in it unless that is a webhook, tells those who see it, and returns it.
// ErrTaken: there is one of the id already.
func (tx *Tx) CreateThread(ctx context.Context, c discord.Channel) (*Thread, error) {
	guild := *c.GuildID
	if err := tx.roomForThread(ctx, guild, c.Type); err != nil {
		return nil, err
	}
	m := c.ThreadMetadata
	err := found(tx.Exec(ctx, `insert into threads (id, guild_id, parent_id, type, name, owner_id, flags, applied_tags,
		rate_limit_per_user, invitable, auto_archive, check_at)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, now() + make_interval(mins => $11)) on conflict do nothing`,
		c.ID, guild, **c.ParentID, c.Type, *c.Name, *c.OwnerID, c.Flags, tagIDs(c), *c.RateLimitPerUser,
		or(m.Invitable, true), m.AutoArchiveDuration))
	if errors.Is(err, ErrNotFound) {
		return nil, ErrTaken
	}
	if err != nil {
		return nil, fmt.Errorf("create thread: %w", err)
	}
	if _, err := tx.Exec(ctx, `insert into thread_members (thread_id, guild_id, user_id)
		select $1, guild_id, user_id from members where guild_id = $2 and user_id = $3`,
		c.ID, guild, *c.OwnerID); err != nil {
		return nil, fmt.Errorf("create thread: %w", err)
	}
	t, err := tx.HoldThread(ctx, guild, c.ID, *c.OwnerID)
	if err != nil {
		return nil, err
	}
	told := *t.Thread
	told.NewlyCreated, told.Member = true, nil
	head := *t.Head()
	if t.Member != nil {
		head.Members = []events.ThreadMember{{User: *c.OwnerID, Joined: t.Member.JoinTimestamp.UnixMicro()}}
	}
	if err := tx.emitThread(discord.EventThreadCreate, t, &head, told); err != nil {
		return nil, err
	}
	if t.Member == nil {
		return t, nil
	}
	return t, tx.emitThreadMembers(ctx, t, []snowflake.ID{*c.OwnerID}, nil)
}

func tagIDs(c discord.Channel) []snowflake.ID {
	if c.AppliedTags == nil {
		return []snowflake.ID{}
	}
	return c.AppliedTags
}

func (tx *Tx) emitThread(event string, t *Thread, head *events.Thread, told discord.Thread) error {
	c := t.Channel
	c.Thread = &told
	return tx.Emit(*c.GuildID, events.Header{Type: event, Guild: *c.GuildID, Channel: c.ID, Thread: head}, c)
}

// UpdateThread writes what can be changed of a thread that is held and tells those who see it. One that is not archived any
// more counts as active from now on; the guild must be held then.
func (tx *Tx) UpdateThread(ctx context.Context, was *Thread, after discord.Channel) (*Thread, error) {
	guild, m := *after.GuildID, after.ThreadMetadata
	woken := was.ThreadMetadata.Archived && !m.Archived
	if woken {
		if err := tx.roomForThread(ctx, guild, after.Type); err != nil {
			return nil, err
		}
	}
	_, err := tx.Exec(ctx, `update threads set name = $2, flags = $3, applied_tags = $4, rate_limit_per_user = $5,
		archived = $6, locked = $7, invitable = $8, auto_archive = $9,
		archive_timestamp = case when archived <> $6 then clock_timestamp() else archive_timestamp end,
		check_at = case when archived <> $6 or auto_archive <> $9 then now() + make_interval(mins => $9) else check_at end
		where id = $1`,
		after.ID, *after.Name, after.Flags, tagIDs(after), *after.RateLimitPerUser, m.Archived, m.Locked,
		or(m.Invitable, true), m.AutoArchiveDuration)
	if err != nil {
		return nil, fmt.Errorf("update thread %s: %w", after.ID, err)
	}
	viewer := snowflake.ID(0)
	if was.Member != nil {
		viewer = was.Member.UserID
	}
	t, err := tx.HoldThread(ctx, guild, after.ID, viewer)
	if err != nil {
		return nil, err
	}
	head := t.Head()
	if woken {
		head.Members = was.Members
	}
	told := *t.Thread
	told.Member = nil
	return t, tx.emitThread(discord.EventThreadUpdate, t, head, told)
}

// DeleteThread removes a thread that is held with its members and tells those who saw it. Its messages go in the background.
func (tx *Tx) DeleteThread(ctx context.Context, t *Thread) error {
	if err := found(tx.Exec(ctx, `delete from threads where id = $1`, t.ID)); err != nil {
		return fmt.Errorf("delete thread %s: %w", t.ID, err)
	}
	if _, err := tx.Exec(ctx, `update messages set flags = flags & ~$3::int where id = $1 and channel_id = $2`,
		t.ID, t.Parent(), discord.MessageFlagHasThread); err != nil {
		return fmt.Errorf("delete thread %s: %w", t.ID, err)
	}
	head := events.Header{Type: discord.EventThreadDelete, Guild: *t.GuildID, Channel: t.ID, Thread: t.Head()}
	return tx.Emit(*t.GuildID, head, discord.ThreadDeleteEvent{ID: t.ID, GuildID: *t.GuildID, ParentID: t.Parent(), Type: t.Type})
}

// MarkThread notes at a message of the parent that a thread was made from it.
func (tx *Tx) MarkThread(ctx context.Context, message snowflake.ID) error {
	_, err := tx.Exec(ctx, `update messages set flags = flags | $2 where id = $1`, message, discord.MessageFlagHasThread)
	if err != nil {
		return fmt.Errorf("mark message %s: %w", message, err)
	}
	return nil
}

// NotePost notes a new post as the last of its forum.
func (tx *Tx) NotePost(ctx context.Context, forum, post snowflake.ID) error {
	_, err := tx.Exec(ctx, `update channels set last_message_id = greatest(last_message_id, $2) where id = $1`, forum, post)
	if err != nil {
		return fmt.Errorf("note post in forum %s: %w", forum, err)
	}
	return nil
}

// HasPinned reports whether a forum has a pinned post.
func (tx *Tx) HasPinned(ctx context.Context, forum snowflake.ID) (has bool, err error) {
	err = tx.QueryRow(ctx, `select exists (select from threads where parent_id = $1 and not archived and flags & $2 <> 0)`,
		forum, discord.ChannelFlagPinned).Scan(&has)
	if err != nil {
		return false, fmt.Errorf("pinned posts of forum %s: %w", forum, err)
	}
	return has, nil
}

// idleBatch bounds how many threads one step of the archiver looks at.
const idleBatch = 100

// ArchiveIdle archives threads in which nothing was said for as long as they say, and reports whether there may be more.
// Pinned posts stay.
func (s *Store) ArchiveIdle(ctx context.Context) (more bool, err error) {
	// A thread that had messages since it was last looked at is looked at again when it can be idle at the earliest.
	rows, err := s.pool.Query(ctx, `
		with due as (select id from threads where not archived and check_at <= now() order by check_at limit $1),
		active as (
			select t.id, greatest(t.archive_timestamp, to_timestamp((coalesce(t.last_message_id, t.id) >> 22) / 1000.0 + 1420070400))
				+ make_interval(mins => t.auto_archive) as idle_at, t.flags & $2 <> 0 as pinned
			from threads t join due on due.id = t.id for no key update of t),
		kept as (
			update threads t set check_at = case when a.pinned then now() + interval '1 day' else a.idle_at end
			from active a where a.id = t.id and (a.pinned or a.idle_at > now()))
		select t.guild_id, t.id, a.pinned or a.idle_at > now() from active a join threads t on t.id = a.id order by t.guild_id, t.id`,
		idleBatch, discord.ChannelFlagPinned)
	if err != nil {
		return false, fmt.Errorf("idle threads: %w", err)
	}
	n := 0
	var guild, id snowflake.ID
	var kept bool
	idle := map[snowflake.ID][]snowflake.ID{}
	for rows.Next() {
		if err := rows.Scan(&guild, &id, &kept); err != nil {
			rows.Close()
			return false, fmt.Errorf("idle threads: %w", err)
		}
		if n++; !kept {
			idle[guild] = append(idle[guild], id)
		}
	}
	if err := rows.Err(); err != nil {
		return false, fmt.Errorf("idle threads: %w", err)
	}
	for guild, ids := range idle {
		if err := s.archive(ctx, guild, ids); err != nil {
			return false, err
		}
	}
	return n == idleBatch, nil
}

// archive archives those of a guild's threads that are still idle.
func (s *Store) archive(ctx context.Context, guild snowflake.ID, ids []snowflake.ID) error {
	return s.Change(ctx, func(tx *Tx) error {
		for _, id := range ids {
			t, err := tx.HoldThread(ctx, guild, id, 0)
			if errors.Is(err, ErrNotFound) {
				continue
			}
			if err != nil {
				return err
			}
			if t.ThreadMetadata.Archived || time.Now().Before(t.idleAt()) {
				continue
			}
			after := t.Channel
			archived := *t.Thread
			archived.ThreadMetadata.Archived = true
			after.Thread = &archived
			if _, err := tx.UpdateThread(ctx, t, after); err != nil {
				return err
			}
		}
		return nil
	})
}

// idleAt is when a thread is to be archived if nothing is said in it.
func (t *Thread) idleAt() time.Time {
	last := t.ID.Time()
	if t.LastMessageID != nil && *t.LastMessageID != nil {
		last = (*t.LastMessageID).Time()
	}
	if at := t.ThreadMetadata.ArchiveTimestamp.Time; at.After(last) {
		last = at
	}
	return last.Add(time.Duration(t.ThreadMetadata.AutoArchiveDuration) * time.Minute)
}
