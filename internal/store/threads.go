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

// Thread is a thread as one user sees it: Member is that user's, nil for who is not in it.
type Thread struct {
	discord.Channel
	// Members is who is in it, of an archived one: nobody else may know any more.
	Members []events.ThreadMember
}

// Parent is the channel that the thread is in.
func (t *Thread) Parent() snowflake.ID { return **t.ParentID }

// Private reports whether only its members see the thread.
func (t *Thread) Private() bool { return t.Type == discord.ChannelPrivateThread }

// Head is what the header of an event says of the thread.
func (t *Thread) Head() *events.Thread {
	return &events.Thread{Parent: t.Parent(), Private: t.Private(), Members: t.Members}
}

// threadColumns are a thread's, t, with the member that a user is in it, tm. Members are counted when they are looked at, up
// to where the count ends (discord.MaxThreadMemberCount): so nobody waits for a counter.
const threadColumns = `t.id, t.guild_id, t.parent_id, t.type, t.name, t.owner_id, t.flags, t.applied_tags, t.rate_limit_per_user,
	t.archived, t.locked, t.invitable, t.auto_archive, t.archive_timestamp, t.message_count, t.total_messages,
	t.last_message_id, t.last_pin_at,
	(select count(*) from (select from thread_members c where c.thread_id = t.id limit 50) as counted),
	tm.joined_at, tm.flags, tm.muted, tm.mute`

// threadFrom joins the member of the user $1.
const threadFrom = ` from threads t left join thread_members tm on tm.thread_id = t.id and tm.user_id = $1 `

func scanThread(row pgx.Row) (discord.Channel, error) {
	var c discord.Channel
	var guild, parent, owner snowflake.ID
	var name string
	var slowmode int
	var invitable bool
	var archived time.Time
	var lastMessage *snowflake.ID
	var lastPin, joined *time.Time
	var flags *int
	var muted *bool
	var mute *discord.MuteConfig
	t := &discord.Thread{}
	m := &t.ThreadMetadata
	err := row.Scan(&c.ID, &guild, &parent, &c.Type, &name, &owner, &c.Flags, &t.AppliedTags, &slowmode,
		&m.Archived, &m.Locked, &invitable, &m.AutoArchiveDuration, &archived, &t.MessageCount, &t.TotalMessageSent,
		&lastMessage, &lastPin, &t.MemberCount, &joined, &flags, &muted, &mute)
	if err != nil {
		return c, err
	}
	m.ArchiveTimestamp = discord.At(archived)
	created := discord.At(c.ID.Time())
	m.CreateTimestamp = &created
	if c.Type == discord.ChannelPrivateThread {
		m.Invitable = &invitable
	}
	parentID, pinned := &parent, discord.AtOrNil(lastPin)
	c.GuildID, c.ParentID, c.OwnerID, c.Name, c.RateLimitPerUser = &guild, &parentID, &owner, &name, &slowmode
	c.LastMessageID, c.LastPinTimestamp, c.Thread = &lastMessage, &pinned, t
	if joined != nil {
		t.Member = &discord.ThreadMember{JoinTimestamp: discord.At(*joined), Flags: *flags, Muted: *muted, MuteConfig: mute}
	}
	return c, nil
}

// scanThreadFor is scanThread for the user whose member was joined.
func scanThreadFor(viewer snowflake.ID) func(pgx.Row) (discord.Channel, error) {
	return func(row pgx.Row) (discord.Channel, error) {
		c, err := scanThread(row)
		if err == nil && c.Member != nil {
			c.Member.ID, c.Member.UserID = c.ID, viewer
		}
		return c, err
	}
}

// membersOf is a thread's members, t, as events.ThreadMember.
const membersOf = `(select coalesce(jsonb_agg(jsonb_strip_nulls(jsonb_build_object('u', m.user_id::text,
	'j', (extract(epoch from m.joined_at) * 1000000)::bigint, 'f', m.flags, 'mu', m.muted, 'mc', m.mute)) order by m.user_id), '[]')
	from thread_members m where m.thread_id = t.id)`

// Thread returns a thread of a guild as a user sees it.
func (s *Store) Thread(ctx context.Context, guild, id, viewer snowflake.ID) (*Thread, error) {
	return thread(ctx, s.pool, guild, id, viewer, "")
}

// ThreadsByID returns those of the threads that there are, as a user sees them.
func (s *Store) ThreadsByID(ctx context.Context, ids []snowflake.ID, viewer snowflake.ID) ([]*Thread, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	list, err := collect(ctx, s.pool, scanThreadFor(viewer), `select `+threadColumns+threadFrom+`where t.id = any($2)`, viewer, ids)
	if err != nil {
		return nil, fmt.Errorf("threads: %w", err)
	}
	threads := make([]*Thread, len(list))
	for i, c := range list {
		threads[i] = &Thread{Channel: c}
	}
	return threads, nil
}

// HoldThread locks a thread until the end of the change. The guild must be held before, messages too.
func (tx *Tx) HoldThread(ctx context.Context, guild, id, viewer snowflake.ID) (*Thread, error) {
	return thread(ctx, tx, guild, id, viewer, `for no key update of t`)
}

func thread(ctx context.Context, q querier, guild, id, viewer snowflake.ID, lock string) (*Thread, error) {
	t := &Thread{}
	row := q.QueryRow(ctx, `select `+threadColumns+`, case when t.archived then `+membersOf+` end`+threadFrom+`where t.id = $2 and t.guild_id = $3 `+lock,
		viewer, id, guild)
	var err error
	if t.Channel, err = scanThreadFor(viewer)(withLast{row, &t.Members}); err != nil {
		return nil, fmt.Errorf("thread %s: %w", id, notFound(err))
	}
	return t, nil
}

// GuildOf returns the guild of a channel or thread, 0 of a DM.
func (s *Store) GuildOf(ctx context.Context, channel snowflake.ID) (guild snowflake.ID, err error) {
	err = s.pool.QueryRow(ctx, `select coalesce(guild_id, 0) from channels where id = $1
		union all select guild_id from threads where id = $1`, channel).Scan(&guild)
	if err != nil {
		return 0, fmt.Errorf("guild of channel %s: %w", channel, notFound(err))
	}
	return guild, nil
}
