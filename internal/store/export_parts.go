package store

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/jackc/pgx/v5"

	"guildhall.chat/guildhall/internal/snowflake"
)

// ExportPart is a list of things that are kept about a user. Its columns are named one by one, so that a column that is added
// for a secret is in no export; ids are texts, as in the API.
type ExportPart struct {
	Name  string
	query string // of $1, the user
}

// ExportParts are all lists but those of messages.
var ExportParts = []ExportPart{
	{"account", `select id::text, username, global_name, email, verified, date_of_birth, bio, pronouns, locale, avatar, banner,
		accent_color, flags, mfa_enabled, admin, created_at, seen_at, suspended_at, suspension, disabled_at from users where id = $1`},
	{"logins", `select id::text, user_agent, created_at, last_used, revoked_at from auth_sessions where user_id = $1 order by id`},
	{"settings", `select settings, notification_flags, email, consents from user_settings where user_id = $1`},
	{"settings_protos", `select type, version, encode(settings, 'base64') as settings from user_settings_protos where user_id = $1 order by type`},
	{"guild_settings", `select guild_id::text, settings from user_guild_settings where user_id = $1 order by guild_id`},
	{"guilds", `select g.id::text, g.name, g.owner_id = m.user_id as owner, m.nick, m.avatar, m.banner, m.bio, m.pronouns, m.roles::text[],
		m.joined_at, m.pending, m.timed_out_until, m.source, m.source_code, m.source_user::text from members m join guilds g on g.id = m.guild_id where m.user_id = $1 order by g.id`},
	{"channels", `select c.id::text, c.type, c.name, c.owner_id::text, r.closed,
		array(select o.user_id::text from channel_recipients o where o.channel_id = c.id and o.user_id <> $1 order by 1) as recipients
		from channel_recipients r join channels c on c.id = r.channel_id where r.user_id = $1 order by c.id`},
	{"relationships", `select r.other_id::text as user_id, u.username, r.type, r.nickname, r.ignored, r.since
		from relationships r join users u on u.id = r.other_id where r.user_id = $1 order by r.other_id`},
	{"notes", `select about_id::text as user_id, note from user_notes where user_id = $1 order by about_id`},
	{"read_states", `select type, entity_id::text, acked_id::text from read_states where user_id = $1 order by type, entity_id`},
	{"applications", `select id::text, name, description, icon, bot_id::text, redirect_uris, interactions_endpoint_url
		from applications where owner_id = $1 order by id`},
	{"authorizations", `select o.application_id::text, a.name, o.scopes from oauth2_authorizations o
		join applications a on a.id = o.application_id where o.user_id = $1 order by o.id`},
	{"role_connections", `select application_id::text, platform_name, platform_username, metadata from role_connections where user_id = $1`},
	{"join_requests", `select id::text, guild_id::text, status, responses, reviewed_at from join_requests where user_id = $1 order by id`},
	{"votes", `select message_id::text, answer_id from poll_votes where user_id = $1 order by message_id, answer_id`},
	{"reports", `select id::text, user_id::text, guild_id::text, channel_id::text, message_id::text, reason, closed_at, resolution
		from reports where reporter_id = $1 order by id`},
}

// Lists of what a user wrote, by the ids of messages in $1.
var (
	exportMessages = `select id::text, channel_id::text, guild_id::text, type, content, edited_at,
		mentions::text[], embeds, components, reference, parts -> 'poll' as poll, parts -> 'stickers' as stickers,
		jsonb_path_query_array(attachments, '$[*].filename') as files
		from messages m where m.id = any($1) and ` + alive + ` order by m.id`
	exportFiles = `select a.id::text, u.message_id::text, a.filename, a.content_type, a.size, a.width, a.height
		from attachment_uses u join attachments a on a.id = u.attachment_id where u.message_id = any($1) order by u.message_id, a.id`
)

// ReadExportPart calls each with the things of a part, as JSON.
func (s *Store) ReadExportPart(ctx context.Context, part ExportPart, user snowflake.ID, each func(json.RawMessage) error) error {
	return s.eachJSON(ctx, part.query, user, each)
}

// ReadExportMessages calls each with those of the messages that there are.
func (s *Store) ReadExportMessages(ctx context.Context, ids []snowflake.ID, each func(json.RawMessage) error) error {
	return s.eachJSON(ctx, exportMessages, ids, each)
}

// ReadExportFiles calls each with the files of the messages.
func (s *Store) ReadExportFiles(ctx context.Context, ids []snowflake.ID, each func(json.RawMessage) error) error {
	return s.eachJSON(ctx, exportFiles, ids, each)
}

func (s *Store) eachJSON(ctx context.Context, query string, arg any, each func(json.RawMessage) error) error {
	rows, err := s.pool.Query(ctx, `select to_json(t) from (`+query+`) as t`, arg)
	if err != nil {
		return fmt.Errorf("read for an export: %w", err)
	}
	var thing json.RawMessage
	if _, err := pgx.ForEachRow(rows, []any{&thing}, func() error { return each(thing) }); err != nil {
		return fmt.Errorf("read for an export: %w", err)
	}
	return nil
}

// FoundBehind returns the ids of messages that the search index has of a match, in order, from behind one on.
func (s *Store) FoundBehind(ctx context.Context, match string, after snowflake.ID, limit int) ([]snowflake.ID, error) {
	ids, err := collect(ctx, s.pool, scanID, `select message_id from message_search where doc @@ $1::tsquery and message_id > $2
		order by message_id limit $3`, match, after, limit)
	if err != nil {
		return nil, fmt.Errorf("messages of a match: %w", err)
	}
	return ids, nil
}
