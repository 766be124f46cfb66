package worker

import (
	"context"
	"time"
)

// purgeInterval is how soon what is to be deleted is looked for again when there was nothing more.
const purgeInterval = 2 * time.Second

// purge deletes the messages of channels that are gone and of users who were banned.
func (w *Worker) purge(ctx context.Context) error {
	for ctx.Err() == nil {
		more, err := w.store.Purge(ctx)
		if err != nil || !more {
			return err
		}
	}
	return nil
}
