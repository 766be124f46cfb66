package store

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/events"
	"guildhall.chat/guildhall/internal/snowflake"
)

// messageInsert is a new row of messages.
type messageInsert struct {
	discord.Message
	GuildID *snowflake.ID
	Files   []snowflake.ID
}

func (m messageInsert) queue(b *pgx.Batch) {
	var nonce *string
	if m.Nonce != nil {
		text := string(m.Nonce)
		nonce = &text
	}
	b.Queue(`insert into messages (id, channel_id, guild_id, author_id, type, content, tts, mention_everyone, mentions,
		mention_roles, embeds, attachments, components, flags, nonce, webhook_id, reference, snapshots, parts)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19)`,
		m.ID, m.ChannelID, m.GuildID, m.Author.ID, m.Type, m.Content, m.TTS, m.MentionEveryone, mentionIDs(m.Message),
		m.MentionRoles, m.Embeds, m.Attachments, m.Components, m.Flags, nonce, m.WebhookID, m.MessageReference,
		m.MessageSnapshots, partsOf(m.Message))
	if m.Unfurl {
		b.Queue(unfurlInsert, m.ID, m.ChannelID)
	}
	queuePoll(b, m.Message)
	if len(m.Files) > 0 {
		b.Queue(useFiles, m.ID, m.ChannelID, m.Files)
	}
}

func mentionIDs(m discord.Message) []snowflake.ID {
	ids := make([]snowflake.ID, len(m.Mentions))
	for i, u := range m.Mentions {
		ids[i] = u.ID
	}
	return ids
}

// CreateGuildMessage inserts a message together with others of its guild that arrive at the same time; head and data are
// its MESSAGE_CREATE, files are what it has or forwards.
func (s *Store) CreateGuildMessage(ctx context.Context, guild snowflake.ID, m discord.Message, head events.Header, data any, files ...snowflake.ID) error {
	e, err := events.New(guild, head, data)
	if err != nil {
		return err
	}
	return s.writers.write(ctx, &pendingMessage{insert: messageInsert{m, &guild, files}, event: e})
}

// InsertMessage inserts a message within a change: a DM, whose events go to several logs, or one with other effects.
func (tx *Tx) InsertMessage(ctx context.Context, guild *snowflake.ID, m discord.Message, files ...snowflake.ID) error {
	b := &pgx.Batch{}
	insert := messageInsert{m, guild, files}
	insert.queue(b)
	// It is one of the two.
	b.Queue(`update channels set last_message_id = greatest(last_message_id, $2) where id = $1`, m.ChannelID, m.ID)
	activity{}.with(m).queue(b, m.ChannelID)
	queueUnread(b, []messageInsert{insert})
	if err := tx.SendBatch(ctx, b).Close(); err != nil {
		return fmt.Errorf("insert message: %w", err)
	}
	return nil
}

const messageColumns = `m.id, m.channel_id, m.type, m.content, m.tts, m.mention_everyone, m.mentions, m.mention_roles,
	m.embeds, m.attachments, m.components, m.flags, m.pinned, m.webhook_id, m.reference, m.snapshots, m.edited_at,
	m.parts, m.author_id, coalesce(u.username, ''), u.global_name, u.avatar, u.banner, u.accent_color, coalesce(u.bot, false),
	coalesce(u.flags, 0)`

// messageFrom joins the author's account; a webhook has none, its messages carry their author.
const messageFrom = ` from messages m left join users u on u.id = m.author_id `

// scanMessage reads a message whose mentions hold ids alone; see complete.
func scanMessage(row pgx.Row) (discord.Message, error) {
	var m discord.Message
	var mentions []snowflake.ID
	var components []byte
	var edited *time.Time
	var parts *messageParts
	targets := append([]any{&m.ID, &m.ChannelID, &m.Type, &m.Content, &m.TTS, &m.MentionEveryone, &mentions,
		&m.MentionRoles, &m.Embeds, &m.Attachments, &components, &m.Flags, &m.Pinned, &m.WebhookID, &m.MessageReference,
		&m.MessageSnapshots, &edited, &parts}, userTargets(&m.Author)...)
	if err := row.Scan(targets...); err != nil {
		return m, err
	}
	parts.give(&m)
	m.Components = json.RawMessage(components)
	m.Timestamp = discord.At(m.ID.Time())
	m.EditedTimestamp = discord.AtOrNil(edited)
	m.Mentions = make([]discord.Mention, len(mentions))
	for i, id := range mentions {
		m.Mentions[i].ID = id
	}
	if m.MentionRoles == nil {
		m.MentionRoles = []snowflake.ID{}
	}
	if m.Embeds == nil {
		m.Embeds = []discord.Embed{}
	}
	if m.Attachments == nil {
		m.Attachments = []discord.Attachment{}
	}
	return m, nil
}
