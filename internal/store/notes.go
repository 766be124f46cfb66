package store

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"guildhall.chat/guildhall/internal/discord"
	"guildhall.chat/guildhall/internal/events"
	"guildhall.chat/guildhall/internal/snowflake"
)

// maxNotes bounds the notes of one user.
const maxNotes = 5000

// ErrTooManyNotes is returned when a user has as many notes as are kept.
var ErrTooManyNotes = errors.New("too many notes")

const notesQuery = `select about_id, note from user_notes where user_id = $1 order by about_id`

// note is one that a user has written about another.
type note struct {
	About snowflake.ID
	Text  string
}

// Notes returns what a user has noted, by whom it is about.
func (s *Store) Notes(ctx context.Context, user snowflake.ID) (map[snowflake.ID]string, error) {
	rows, err := s.pool.Query(ctx, notesQuery, user)
	if err != nil {
		return nil, fmt.Errorf("notes of user %s: %w", user, err)
	}
	list, err := pgx.CollectRows(rows, pgx.RowToStructByPos[note])
	if err != nil {
		return nil, fmt.Errorf("notes of user %s: %w", user, err)
	}
	return notesBy(list), nil
}

func notesBy(list []note) map[snowflake.ID]string {
	notes := make(map[snowflake.ID]string, len(list))
	for _, n := range list {
		notes[n.About] = n.Text
	}
	return notes
}

// Note returns what a user has noted about another; ErrNotFound.
func (s *Store) Note(ctx context.Context, user, about snowflake.ID) (text string, err error) {
	err = s.pool.QueryRow(ctx, `select note from user_notes where user_id = $1 and about_id = $2`, user, about).Scan(&text)
	if err != nil {
		return "", fmt.Errorf("note of user %s: %w", user, notFound(err))
	}
	return text, nil
}

// PutNote writes a note, or removes it if the text is empty. ErrNotFound: it is about nobody; ErrTooManyNotes.
func (tx *Tx) PutNote(ctx context.Context, user, about snowflake.ID, text string) error {
	if text == "" {
		_, err := tx.Exec(ctx, `delete from user_notes where user_id = $1 and about_id = $2`, user, about)
		if err != nil {
			return fmt.Errorf("remove note of user %s: %w", user, err)
		}
	} else if err := tx.writeNote(ctx, user, about, text); err != nil {
		return err
	}
	return tx.Emit(user, events.Header{Type: discord.EventUserNoteUpdate, User: about}, discord.NoteEvent{ID: about, Note: text})
}

func (tx *Tx) writeNote(ctx context.Context, user, about snowflake.ID, text string) error {
	var exists bool
	var others int
	err := tx.QueryRow(ctx, `select exists (select from users where id = $2),
		(select count(*) from user_notes where user_id = $1 and about_id <> $2)`, user, about).Scan(&exists, &others)
	switch {
	case err != nil:
		return fmt.Errorf("notes of user %s: %w", user, err)
	case !exists:
		return fmt.Errorf("note about user %s: %w", about, ErrNotFound)
	case others >= maxNotes:
		return ErrTooManyNotes
	}
	_, err = tx.Exec(ctx, `insert into user_notes (user_id, about_id, note) values ($1, $2, $3)
		on conflict (user_id, about_id) do update set note = excluded.note`, user, about, text)
	if err != nil {
		return fmt.Errorf("write note of user %s: %w", user, err)
	}
	return nil
}
