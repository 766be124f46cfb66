package store

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/snowflake"
)

// Linker makes the links to files in a message: they expire, so that they are made whenever a message is read.
type Linker interface{ Link(m *discord.Message) }

// LinkWith sets who makes the links to files in the messages that are read. It is called once, before the first of them.
func (s *Store) LinkWith(l Linker) { s.linker = l }

func (s *Store) link(messages []discord.Message) {
	if s.linker == nil {
		return
	}
	for i := range messages {
		s.linker.Link(&messages[i])
	}
}

// File is an uploaded file. Its bytes are in the blob store, under its id.
type File struct {
	ID          snowflake.ID
	ChannelID   snowflake.ID // for which it was uploaded
	UserID      snowflake.ID // who uploaded it
	Filename    string
	ContentType *string // nil: unknown
	Size        int64   // bytes
	Width       *int    // pixels, of a picture
	Height      *int
	There       bool // the bytes are in the blob store
}

const fileColumns = `a.id, a.channel_id, a.user_id, a.filename, a.content_type, a.size, a.width, a.height, a.state <> 0`

func scanFile(row pgx.Row) (f File, err error) {
	err = row.Scan(&f.ID, &f.ChannelID, &f.UserID, &f.Filename, &f.ContentType, &f.Size, &f.Width, &f.Height, &f.There)
	return f, err
}

// AddFiles notes files that no message has yet.
func (s *Store) AddFiles(ctx context.Context, files ...File) error {
	b := &pgx.Batch{}
	for _, f := range files {
		b.Queue(`insert into attachments (id, channel_id, user_id, filename, content_type, size, width, height, state)
			values ($1, $2, $3, $4, $5, $6, $7, $8, $9::boolean::int)`,
			f.ID, f.ChannelID, f.UserID, f.Filename, f.ContentType, f.Size, f.Width, f.Height, f.There)
	}
	if err := s.pool.SendBatch(ctx, b).Close(); err != nil {
		return fmt.Errorf("add files: %w", err)
	}
	return nil
}

// FileArrived notes that the bytes of an awaited file are there, and what they showed.
func (s *Store) FileArrived(ctx context.Context, f File) error {
	_, err := s.pool.Exec(ctx, `update attachments set content_type = $2, width = $3, height = $4, state = 1
		where id = $1 and state = 0`, f.ID, f.ContentType, f.Width, f.Height)
	if err != nil {
		return fmt.Errorf("file %s arrived: %w", f.ID, err)
	}
	return nil
}

// File returns a file that has not been dropped.
func (s *Store) File(ctx context.Context, id snowflake.ID) (File, error) {
	f, err := scanFile(s.pool.QueryRow(ctx, `select `+fileColumns+` from attachments a where a.id = $1 and a.state <> 3`, id))
	if err != nil {
		return f, fmt.Errorf("file %s: %w", id, notFound(err))
	}
	return f, nil
}

// LooseFiles returns those of a user's uploads for a channel that are there and that no message has.
func (s *Store) LooseFiles(ctx context.Context, channel, user snowflake.ID, ids []snowflake.ID) ([]File, error) {
	files, err := collect(ctx, s.pool, scanFile, `select `+fileColumns+` from attachments a
		where a.id = any($1) and a.channel_id = $2 and a.user_id = $3 and a.state = 1`, ids, channel, user)
	if err != nil {
		return nil, fmt.Errorf("loose files: %w", err)
	}
	return files, nil
}

// FilesOf returns the ids of the files that a message has or forwards.
func (s *Store) FilesOf(ctx context.Context, message snowflake.ID) ([]snowflake.ID, error) {
	rows, err := s.pool.Query(ctx, `select attachment_id from attachment_uses where message_id = $1`, message)
	if err != nil {
		return nil, fmt.Errorf("files of message %s: %w", message, err)
	}
	return pgx.CollectRows(rows, pgx.RowTo[snowflake.ID])
}

// useFiles gives a message the files that have not been dropped meanwhile.
const useFiles = `
with had as (
	update attachments set state = 2 where id = any($3) and state in (1, 2) returning id
)
insert into attachment_uses (message_id, attachment_id, channel_id) select $1, id, $2 from had
on conflict do nothing`

// ChangeFiles lets a message gain files, and lose some; those that no other message has are dropped.
func (tx *Tx) ChangeFiles(ctx context.Context, m discord.Message, gains, loses []snowflake.ID) error {
	b := &pgx.Batch{}
	if len(gains) > 0 {
		b.Queue(useFiles, m.ID, m.ChannelID, gains)
	}
	if len(loses) > 0 {
		b.Queue(`delete from attachment_uses where message_id = $1 and attachment_id = any($2)`, m.ID, loses)
	}
	if b.Len() == 0 {
		return nil
	}
	if err := tx.SendBatch(ctx, b).Close(); err != nil {
		return fmt.Errorf("files of message %s: %w", m.ID, err)
	}
	return nil
}

// SpentFiles drops uploads from before the time that were never sent, and returns the ids of at most limit files that have
// been dropped.
func (s *Store) SpentFiles(ctx context.Context, before time.Time, limit int) ([]snowflake.ID, error) {
	rows, err := s.pool.Query(ctx, `update attachments set state = 3 where id in (
			select id from attachments where state <> 2 and (state = 3 or id < $1) order by id limit $2 for update skip locked)
		returning id`, snowflake.FromTime(before), limit)
	if err != nil {
		return nil, fmt.Errorf("spent files: %w", err)
	}
	return pgx.CollectRows(rows, pgx.RowTo[snowflake.ID])
}

// ForgetFiles removes the rows of spent files whose bytes are gone.
func (s *Store) ForgetFiles(ctx context.Context, ids []snowflake.ID) error {
	if _, err := s.pool.Exec(ctx, `delete from attachments where id = any($1) and state = 3`, ids); err != nil {
		return fmt.Errorf("forget files: %w", err)
	}
	return nil
}
