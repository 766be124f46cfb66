package worker

import "context"

// archiveThreads archives threads in which nothing was said for as long as they say.
// https://discord.com/developers/docs/topics/threads#active--archived-threads
func (w *Worker) archiveThreads(ctx context.Context) error {
	for {
		more, err := w.store.ArchiveIdle(ctx)
		if err != nil || !more {
			return err
		}
	}
}
