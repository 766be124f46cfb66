package store

import (
	"github.com/jackc/pgx/v5"

	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/settings"
	"guildhall.chat/guildhall/internal/snowflake"
)

// Kept is what the platform keeps for a person's clients.
type Kept struct {
	Relationships []discord.Relationship
	ReadStates    []discord.ReadState
	GuildSettings []discord.UserGuildSettings
	// Version is of the last change of ReadStates and GuildSettings.
	Version  int64
	Settings settings.Legacy // what was set
	Proto    []byte          // the preloaded settings as a protocol buffer
	Notes    map[snowflake.ID]string
	Small    SmallSettings

	proto        []byte
	protoVersion int
	notes        []note
	counts       unread
}

// queue asks for all of it.
func (k *Kept) queue(b *pgx.Batch, user snowflake.ID) {
	b.Queue(relationshipsQuery, user).Query(collectInto(&k.Relationships, scanRelationship))
	b.Queue(readStates, user).Query(collectInto(&k.ReadStates, scanReadState))
	k.counts = unread{}
	k.counts.queue(b, user, nil)
	b.Queue(guildSettingsQuery, user).Query(collectInto(&k.GuildSettings, scanGuildSettings))
	b.Queue(`select greatest(coalesce((select max(version) from read_states where user_id = $1), 0),
		coalesce((select max(version) from user_guild_settings where user_id = $1), 0))`, user).
		QueryRow(func(row pgx.Row) error { return row.Scan(&k.Version) })
	b.Queue(`select settings from user_settings where user_id = $1`, user).QueryRow(func(row pgx.Row) (err error) {
		k.Settings, err = readSettings(row)
		return err
	})
	b.Queue(protoQuery, user, 1).QueryRow(func(row pgx.Row) (err error) {
		k.proto, k.protoVersion, err = readProto(row)
		return err
	})
	b.Queue(notesQuery, user).Query(func(rows pgx.Rows) (err error) {
		k.notes, err = pgx.CollectRows(rows, pgx.RowToStructByPos[note])
		return err
	})
	b.Queue(smallSettings, user).QueryRow(func(row pgx.Row) (err error) {
		k.Small, err = scanSmallSettings(row)
		return err
	})
}

// finish puts together what was read.
func (k *Kept) finish() error {
	k.ReadStates, k.Notes = withUnread(k.ReadStates, k.counts), notesBy(k.notes)
	p, err := settings.ReadProto(k.proto)
	k.Proto = p.WithVersion(k.protoVersion).Bytes()
	return err
}
