package exports

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"time"

	"guildhall.chat/guildhall/internal/blob"
	"guildhall.chat/guildhall/internal/snowflake"
	"guildhall.chat/guildhall/internal/store"
)

const (
	attempts   = 5
	retryAfter = 5 * time.Minute
	sweepRows  = 100
)

// Job makes the archives that are asked for, and removes those that have expired.
type Job struct {
	store *store.Store
	blobs blob.Store
	log   *slog.Logger
}

// NewJob returns the job; its Step is repeated under a lease.
func NewJob(s *store.Store, blobs blob.Store, log *slog.Logger) *Job { return &Job{s, blobs, log} }

// Step makes what is due. An archive that fails is tried again later, a few times.
func (j *Job) Step(ctx context.Context) error {
	if err := j.sweep(ctx); err != nil {
		return err
	}
	// What users wrote is found by the search index: before it is complete much would be missing.
	progress, err := j.store.SearchProgress(ctx)
	if err != nil || !progress.Complete {
		return err
	}
	for {
		e, err := j.store.TakeExport(ctx, retryAfter, attempts)
		if errors.Is(err, store.ErrNotFound) {
			return nil
		}
		if err != nil {
			return err
		}
		if err := j.make(ctx, e); err != nil {
			return fmt.Errorf("export %s: %w", e.ID, err)
		}
		j.log.Info("export made", "export", e.ID.String(), "user", e.UserID.String())
	}
}

// make writes the archive to a temporary file, for its size must be known, and then to the blob store.
func (j *Job) make(ctx context.Context, e store.Export) error {
	file, err := os.CreateTemp("", "guildhall-export-*")
	if err != nil {
		return fmt.Errorf("temporary file: %w", err)
	}
	defer func() {
		_ = file.Close()
		_ = os.Remove(file.Name())
	}()
	if err := archive(ctx, j.store, e.UserID, file); err != nil {
		return err
	}
	size, err := file.Seek(0, io.SeekEnd)
	if err == nil {
		_, err = file.Seek(0, io.SeekStart)
	}
	if err != nil {
		return fmt.Errorf("temporary file: %w", err)
	}
	if err := j.blobs.Put(ctx, key(e.ID), file, size); err != nil {
		return err
	}
	err = j.store.FinishExport(ctx, e.ID, size, Lifetime)
	if errors.Is(err, store.ErrNotFound) { // the account was deleted meanwhile
		return j.remove(ctx, e.ID)
	}
	return err
}

func (j *Job) sweep(ctx context.Context) error {
	for {
		ids, err := j.store.ExpiredExports(ctx, sweepRows)
		if err != nil || len(ids) == 0 {
			return err
		}
		for _, id := range ids {
			if err := j.remove(ctx, id); err != nil {
				return err
			}
		}
	}
}

func (j *Job) remove(ctx context.Context, id snowflake.ID) error {
	if err := j.blobs.Delete(ctx, key(id)); err != nil {
		return err
	}
	return j.store.DropExport(ctx, id)
}
