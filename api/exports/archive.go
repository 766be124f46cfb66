package exports

import (
	"archive/zip"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"slices"

	"guildhall.chat/guildhall/api/search"
	"guildhall.chat/guildhall/internal/snowflake"
	"guildhall.chat/guildhall/internal/store"
)

const (
	idsAtOnce      = 20_000 // ids of messages that are held
	messagesAtOnce = 500    // read by a statement
)

// archive writes a user's data: a file of JSON a list.
func archive(ctx context.Context, s *store.Store, user snowflake.ID, to io.Writer) error {
	z := zip.NewWriter(to)
	for _, part := range store.ExportParts {
		err := list(z, part.Name, func(each each) error { return s.ReadExportPart(ctx, part, user, each) })
		if err != nil {
			return err
		}
	}
	written := func(read func(context.Context, []snowflake.ID, func(json.RawMessage) error) error) func(each) error {
		return func(each each) error {
			return messagesOf(ctx, s, user, func(ids []snowflake.ID) error { return read(ctx, ids, each) })
		}
	}
	if err := list(z, "messages", written(s.ReadExportMessages)); err != nil {
		return err
	}
	if err := list(z, "files", written(s.ReadExportFiles)); err != nil {
		return err
	}
	if err := z.Close(); err != nil {
		return fmt.Errorf("write archive: %w", err)
	}
	return nil
}

// each takes one thing of a list.
type each = func(json.RawMessage) error

// list writes a file that holds an array, a line each thing.
func list(z *zip.Writer, name string, read func(each) error) error {
	file, err := z.Create(name + ".json")
	if err != nil {
		return fmt.Errorf("write archive: %w", err)
	}
	before := "[\n"
	write := func(text ...[]byte) error {
		for _, t := range text {
			if _, err := file.Write(t); err != nil {
				return fmt.Errorf("write archive: %w", err)
			}
		}
		return nil
	}
	err = read(func(thing json.RawMessage) error {
		separator := before
		before = ",\n"
		return write([]byte(separator), thing)
	})
	if err != nil {
		return err
	}
	if before == "[\n" {
		return write([]byte("[]\n"))
	}
	return write([]byte("\n]\n"))
}

// messagesOf calls do with the ids of all that a user wrote, some at a time, in order.
func messagesOf(ctx context.Context, s *store.Store, user snowflake.ID, do func(ids []snowflake.ID) error) error {
	last := snowflake.ID(0)
	for {
		ids, err := s.FoundBehind(ctx, search.ByAuthor(user), last, idsAtOnce)
		if err != nil {
			return err
		}
		for some := range slices.Chunk(ids, messagesAtOnce) {
			if err := do(some); err != nil {
				return err
			}
		}
		if len(ids) < idsAtOnce {
			return nil
		}
		last = ids[len(ids)-1]
	}
}
