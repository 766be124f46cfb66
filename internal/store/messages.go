package store

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
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

// queueMessages inserts rows, all of them in one statement, and what belongs to each.
func queueMessages(b *pgx.Batch, inserts []messageInsert) error {
	n := len(inserts)
	ids, channels, authors := make([]snowflake.ID, n), make([]snowflake.ID, n), make([]snowflake.ID, n)
	guilds, webhooks := make([]*snowflake.ID, n), make([]*snowflake.ID, n)
	types, flags := make([]int, n), make([]int, n)
	contents, mentions, roles := make([]string, n), make([]string, n), make([]string, n)
	embeds, attachments, components := make([]string, n), make([]string, n), make([]string, n)
	nonces, references, snapshots, parts := make([]*string, n), make([]*string, n), make([]*string, n), make([]*string, n)
	tts, everyone := make([]bool, n), make([]bool, n)
	for i, m := range inserts {
		ids[i], channels[i], guilds[i], authors[i], webhooks[i] = m.ID, m.ChannelID, m.GuildID, m.Author.ID, m.WebhookID
		types[i], flags[i], contents[i], tts[i], everyone[i] = int(m.Type), m.Flags, m.Content, m.TTS, m.MentionEveryone
		mentions[i], roles[i] = arrayOf(mentionIDs(m.Message)), arrayOf(m.MentionRoles)
		if m.Nonce != nil {
			text := string(m.Nonce)
			nonces[i] = &text
		}
		if components[i] = string(m.Components); components[i] == "" {
			components[i] = "[]"
		}
		var e encoder
		embeds[i], attachments[i] = *e.text(m.Embeds, len(m.Embeds)), *e.text(m.Attachments, len(m.Attachments))
		if m.MessageReference != nil {
			references[i] = e.text(m.MessageReference, 1)
		}
		if m.MessageSnapshots != nil {
			snapshots[i] = e.text(m.MessageSnapshots, len(m.MessageSnapshots))
		}
		if p := partsOf(m.Message); p != nil {
			parts[i] = e.text(p, 1)
		}
		if e.err != nil {
			return fmt.Errorf("encode message %s: %w", m.ID, e.err)
		}
	}
	b.Queue(`insert into messages (id, channel_id, guild_id, author_id, type, content, tts, mention_everyone, mentions,
		mention_roles, embeds, attachments, components, flags, nonce, webhook_id, reference, snapshots, parts)
		select id, channel_id, guild_id, author_id, type, content, tts, everyone, mentions::bigint[], roles::bigint[],
			embeds::jsonb, attachments::jsonb, components::jsonb, flags, nonce, webhook_id, reference::jsonb, snapshots::jsonb,
			parts::jsonb
		from unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[], $5::int[], $6::text[], $7::boolean[], $8::boolean[],
			$9::text[], $10::text[], $11::text[], $12::text[], $13::text[], $14::int[], $15::text[], $16::bigint[], $17::text[],
			$18::text[], $19::text[]) as m (id, channel_id, guild_id, author_id, type, content, tts, everyone, mentions, roles,
			embeds, attachments, components, flags, nonce, webhook_id, reference, snapshots, parts)`,
		ids, channels, guilds, authors, types, contents, tts, everyone, mentions, roles, embeds, attachments, components, flags,
		nonces, webhooks, references, snapshots, parts)
	for _, m := range inserts {
		if m.Unfurl {
			b.Queue(unfurlInsert, m.ID, m.ChannelID)
		}
		queuePoll(b, m.Message)
		if len(m.Files) > 0 {
			b.Queue(useFiles, m.ID, m.ChannelID, m.Files)
		}
	}
	return nil
}

// encoder makes JSON texts and keeps the first error.
type encoder struct{ err error }

// text encodes a value. An empty list is "[]", nil or not.
func (e *encoder) text(value any, n int) *string {
	text := "[]"
	if n > 0 {
		encoded, err := json.Marshal(value)
		if err != nil && e.err == nil {
			e.err = err
		}
		text = string(encoded)
	}
	return &text
}

// arrayOf is the text form of an array of Postgres.
// https://www.postgresql.org/docs/current/arrays.html#ARRAYS-INPUT
func arrayOf(ids []snowflake.ID) string {
	text := []byte{'{'}
	for i, id := range ids {
		if i > 0 {
			text = append(text, ',')
		}
		text = strconv.AppendUint(text, uint64(id), 10)
	}
	return string(append(text, '}'))
}

// quoted escapes what has a meaning within a quoted element of an array.
var quoted = strings.NewReplacer(`\`, `\\`, `"`, `\"`)

// arrayOfTexts is arrayOf for texts.
func arrayOfTexts(texts []string) string {
	array := []byte{'{'}
	for i, text := range texts {
		if i > 0 {
			array = append(array, ',')
		}
		array = append(append(append(array, '"'), quoted.Replace(text)...), '"')
	}
	return string(append(array, '}'))
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
	if err := queueMessages(b, []messageInsert{insert}); err != nil {
		return err
	}
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
