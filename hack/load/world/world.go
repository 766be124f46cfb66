// Package world fills the database of a platform with accounts and guilds, by COPY, and posts messages into them through
// the API: what clients see of it is what they would see of accounts that registered one by one.
package world

import (
	"context"
	"fmt"
	"path/filepath"
	"time"

	"github.com/jackc/pgx/v5"

	"guildhall.chat/guildhall/internal/auth"
	"guildhall.chat/guildhall/internal/config"
	"guildhall.chat/guildhall/internal/permissions"
	"guildhall.chat/guildhall/internal/snowflake"
)

// World is the accounts and guilds of one platform.
type World struct {
	conn *pgx.Conn
	keys *auth.Keys
	next snowflake.ID
}

// Guild is a guild with one text channel. Its members have ids that follow each other.
type Guild struct {
	ID, Channel snowflake.ID
	Owner       snowflake.ID // a member, too, who posts and does not connect
}

// Open connects to the database and reads the signing keys, as the platform has them in its directory of secrets.
func Open(ctx context.Context, dsn, secrets string) (*World, error) {
	signing, err := config.LoadSigningKeys(secrets)
	if err != nil {
		return nil, err
	}
	keys, err := auth.NewKeys(signing)
	if err != nil {
		return nil, err
	}
	conn, err := pgx.Connect(ctx, dsn)
	if err != nil {
		return nil, fmt.Errorf("world: %w", err)
	}
	// Ids from a moment that has passed: the platform makes none of them any more.
	return &World{conn: conn, keys: keys, next: snowflake.FromTime(time.Now().Add(-time.Hour))}, nil
}

// Secrets returns the directory of secrets of the platform with its data in dir.
func Secrets(dir string) string { return filepath.Join(dir, "secrets") }

// Close ends the connection.
func (w *World) Close(ctx context.Context) error { return w.conn.Close(ctx) }

// Token returns an access token of an account of this world.
func (w *World) Token(user snowflake.ID) (string, error) { return w.keys.IssueAccess(user, user, 1) }

// ids returns n new ids, which follow each other.
func (w *World) ids(n int) (first snowflake.ID) {
	first = w.next
	w.next += snowflake.ID(n)
	return first
}

// Rooms adds text channels to a guild until it has so many, and returns the guild once for each of them.
func (w *World) Rooms(ctx context.Context, g Guild, channels int) ([]Guild, error) {
	rooms := []Guild{g}
	for len(rooms) < channels {
		room := g
		room.Channel = w.ids(1)
		_, err := w.conn.Exec(ctx, `insert into channels (id, guild_id, type, name) values ($1, $2, 0, 'general')`, room.Channel, g.ID)
		if err != nil {
			return nil, fmt.Errorf("world: channels: %w", err)
		}
		rooms = append(rooms, room)
	}
	return rooms, nil
}

// Messages counts the messages that the platform has stored.
func (w *World) Messages(ctx context.Context) (n int, err error) {
	err = w.conn.QueryRow(ctx, `select count(*) from messages`).Scan(&n)
	return n, err
}

// future is how far ahead of now the ids of rows are that the platform did not make.
const future = 24 * time.Hour

// Future returns an id beyond all that the platform makes within a day.
func (w *World) Future() snowflake.ID { return snowflake.FromTime(time.Now().Add(future)) }

// RemoveFuture removes the messages with ids of the future.
func (w *World) RemoveFuture(ctx context.Context) error {
	_, err := w.conn.Exec(ctx, `delete from messages where id > $1`, snowflake.FromTime(time.Now().Add(future/2)))
	if err != nil {
		return fmt.Errorf("world: messages: %w", err)
	}
	return nil
}

const ordinary = permissions.ViewChannel | permissions.SendMessages | permissions.ReadMessageHistory

// Populate makes guilds of so many members each, and returns them with the id of the first member; that of the first
// member of the next guild follows that of the last of this.
func (w *World) Populate(ctx context.Context, guilds, members int) ([]Guild, snowflake.ID, error) {
	made := make([]Guild, guilds)
	first, owners := w.ids(guilds*members), w.ids(guilds)
	for i := range made {
		id := w.ids(2)
		made[i] = Guild{ID: id, Channel: id + 1, Owner: owners + snowflake.ID(i)}
	}
	everybody := guilds*members + guilds // the owners follow the members
	user := func(i int) snowflake.ID { return first + snowflake.ID(i) }
	guildOf := func(i int) Guild {
		if i < guilds*members {
			return made[i/members]
		}
		return made[i-guilds*members]
	}
	tables := []struct {
		name    string
		columns []string
		rows    int
		row     func(i int) []any
	}{
		{"users", []string{"id", "username"}, everybody, func(i int) []any { return []any{user(i), "load" + user(i).String()} }},
		{"logs", []string{"id"}, everybody, func(i int) []any { return []any{user(i)} }},
		// a login has its user's id
		{"auth_sessions", []string{"id", "user_id"}, everybody, func(i int) []any { return []any{user(i), user(i)} }},
		{"logs", []string{"id"}, guilds, func(i int) []any { return []any{made[i].ID} }},
		{"guilds", []string{"id", "owner_id", "name", "member_count"}, guilds, func(i int) []any {
			return []any{made[i].ID, made[i].Owner, fmt.Sprintf("guild %d", i), members + 1}
		}},
		{"roles", []string{"id", "guild_id", "name", "permissions", "position"}, guilds, func(i int) []any {
			return []any{made[i].ID, made[i].ID, "@everyone", int64(ordinary), 0}
		}},
		{"channels", []string{"id", "guild_id", "type", "name"}, guilds, func(i int) []any {
			return []any{made[i].Channel, made[i].ID, int16(0), "general"}
		}},
		{"members", []string{"guild_id", "user_id"}, everybody, func(i int) []any { return []any{guildOf(i).ID, user(i)} }},
	}
	err := pgx.BeginFunc(ctx, w.conn, func(tx pgx.Tx) error {
		for _, t := range tables {
			rows := pgx.CopyFromSlice(t.rows, func(i int) ([]any, error) { return t.row(i), nil })
			if _, err := tx.CopyFrom(ctx, pgx.Identifier{t.name}, t.columns, rows); err != nil {
				return fmt.Errorf("world: %s: %w", t.name, err)
			}
		}
		return nil
	})
	if err != nil {
		return nil, 0, err
	}
	// As autovacuum would, a minute later.
	if _, err := w.conn.Exec(ctx, `analyze users, logs, auth_sessions, guilds, roles, channels, members`); err != nil {
		return nil, 0, fmt.Errorf("world: %w", err)
	}
	return made, first, nil
}
