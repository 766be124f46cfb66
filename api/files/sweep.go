package files

import (
	"context"
	"fmt"
	"time"
)

const (
	// looseLife is how long an upload waits for its message.
	looseLife = 24 * time.Hour
	sweepRows = 200
)

// Sweep removes the files that no message has.
func (f *Files) Sweep(ctx context.Context) error {
	for {
		ids, err := f.store.SpentFiles(ctx, time.Now().Add(-looseLife), sweepRows)
		if err != nil || len(ids) == 0 {
			return err
		}
		for _, id := range ids {
			if err := f.blobs.Delete(ctx, key(id)); err != nil {
				return fmt.Errorf("sweep file %s: %w", id, err)
			}
		}
		if err := f.store.ForgetFiles(ctx, ids); err != nil {
			return err
		}
	}
}
