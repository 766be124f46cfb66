package store

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/snowflake"
)

// UpdateMessage writes what can be changed of a message. If its EditedTimestamp is newer than was's, what it said before
// is kept.
func (tx *Tx) UpdateMessage(ctx context.Context, was, m discord.Message) error {
	var edited *time.Time
	if m.EditedTimestamp != nil {
		edited = &m.EditedTimestamp.Time
	}
	if edited != nil && (was.EditedTimestamp == nil || edited.After(was.EditedTimestamp.Time)) {
		_, err := tx.Exec(ctx, `insert into message_edits (message_id, edited_at, content, embeds) values ($1, $2, $3, $4)`,
			m.ID, edited, was.Content, was.Embeds)
		if err != nil {
			return fmt.Errorf("keep message %s: %w", m.ID, err)
		}
	}
	_, err := tx.Exec(ctx, `update messages set content = $2, embeds = $3, components = $4, flags = $5, mentions = $6,
		mention_roles = $7, mention_everyone = $8, edited_at = $9, attachments = $10 where id = $1`,
		m.ID, m.Content, m.Embeds, m.Components, m.Flags, mentionIDs(m), m.MentionRoles, m.MentionEveryone, edited,
		m.Attachments)
	if err != nil {
		return fmt.Errorf("update message %s: %w", m.ID, err)
	}
	if m.Unfurl {
		if _, err := tx.Exec(ctx, unfurlInsert, m.ID, m.ChannelID); err != nil {
			return fmt.Errorf("queue links of message %s: %w", m.ID, err)
		}
	}
	if was.Flags&discord.MessageFlagCrossposted == 0 {
		return nil
	}
	if _, err := tx.Exec(ctx, recopy, []snowflake.ID{m.ID}); err != nil {
		return fmt.Errorf("queue copies of message %s: %w", m.ID, err)
	}
	return nil
}

// DeleteMessages marks those of a channel's messages deleted that exist and can be, and returns their ids, ascending. Their
// files go with them, and what they said before they were edited is forgotten.
func (tx *Tx) DeleteMessages(ctx context.Context, channel, by snowflake.ID, ids ...snowflake.ID) ([]snowflake.ID, error) {
	rows, err := tx.Query(ctx, `
		with held as (
			select id, type from messages m where id = any($1) and channel_id = $2 and `+alive+` order by id for no key update
		), gone as (
			update messages m set deleted_at = now(), deleted_by = $3 from held
			where m.id = held.id and held.type <> all($4) returning m.id
		), counted as (
			update threads set message_count = greatest(0, message_count - (select count(*) from gone where id <> $2))
			where id = $2
		), copied as (
			update crossposts set due = nextval('crosspost_queue'), attempts = 0, retry_at = now() from gone
			where source_id = gone.id and due is null
		), forgotten as (
			delete from message_edits e using gone where e.message_id = gone.id
		), unpinned as (
			delete from pins p using gone where p.message_id = gone.id
		), files as (
			delete from attachment_uses using gone where message_id = gone.id)
		select id from gone order by id`, ids, channel, by, undeletable)
	if err != nil {
		return nil, fmt.Errorf("delete messages: %w", err)
	}
	return pgx.CollectRows(rows, pgx.RowTo[snowflake.ID])
}

// undeletable are the message types that stay.
var undeletable = func() (types []int16) {
	for t := range discord.MessageType(64) {
		if !t.Deletable() {
			types = append(types, int16(t))
		}
	}
	return types
}()
